"""A version of a policy as others read it: lines of scorecards, a document, and what differs between two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.decisions.answers import written
from serving.policy.versions import Version

__all__ = ["FORMAT", "LINE", "as_document", "differences", "lines_of", "summary_of"]

FORMAT = "baton.policy/1"
"""Of the document; another number where a reader of this one could not read it."""

LINE = ("team_id", "role", "kpi", "weight", "target", "valid_from")
"""Columns of a line: those of the table ``scorecards``."""


def lines_of(version: Version, /) -> list[dict[str, Any]]:
    """Return the scorecards of a version as lines of the table ``scorecards``; without points there is a target."""
    lines = []
    for key in sorted({*version.cards, *version.targets}):
        held, targets = version.cards.get(key), version.targets.get(key, {})
        points: Mapping[str, float] = {} if held is None else held.value
        for kpi in sorted({*points, *targets}):
            target = targets.get(kpi)
            since = held.since if held is not None and kpi in points else "" if target is None else target.since
            lines.append(
                {
                    "team_id": key[0],
                    "role": key[1],
                    "kpi": kpi,
                    "weight": points.get(kpi),
                    "target": None if target is None else target.value[kpi],
                    "valid_from": since or None,
                }
            )
    return lines


def summary_of(version: Version, /) -> dict[str, Any]:
    """Return who made a version when, why and on which evidence."""
    change = version.change
    return {
        "version": version.number,
        "at": written(change.at),
        "what": change.what,
        "evidence": change.evidence or None,
        "proposed_by": change.proposed_by,
        "confirmed_by": change.confirmed_by,
        "reason": change.reason,
        "cards": len(change.cards),
        "targets": sum(map(len, change.targets.values())),
    }


def as_document(version: Version, company: str, /) -> dict[str, Any]:
    """Return a version as a document for other systems."""
    return {
        "format": FORMAT,
        "company": company,
        **summary_of(version),
        "scorecards": lines_of(version),
        "limits": dict(version.limits),
    }


def differences(before: Version, after: Version, /) -> list[dict[str, Any]]:
    """Return what differs between two versions: lines of cards, and limits.

    Returns
    -------
    list of dict
        ``team_id``, ``role``, ``kpi`` (or ``limit``), ``what`` (weight, target or limit), ``before``, ``after``.
    """
    rows: list[dict[str, Any]] = []
    lines = [
        {(line["team_id"], line["role"], line["kpi"]): line for line in lines_of(each)} for each in (before, after)
    ]
    for key in sorted({*lines[0], *lines[1]}):
        for what in ("weight", "target"):
            values = [side.get(key, {}).get(what) for side in lines]
            if values[0] != values[1]:
                rows.append(
                    dict(zip(("team_id", "role", "kpi", "what", "before", "after"), (*key, what, *values), strict=True))
                )
    for name in sorted({*before.limits, *after.limits}):
        values = [before.limits.get(name), after.limits.get(name)]
        if values[0] != values[1]:
            rows.append(
                {"team_id": None, "role": None, "kpi": name, "what": "limit", "before": values[0], "after": values[1]}
            )
    return rows
