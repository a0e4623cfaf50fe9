"""Whether it is time to train a challenger: by the data's time, by changes in the data, and never on faulty data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from baton.messages.message import Message
from baton.retraining.settings import Retraining
from features.training.table import TrainingTable
from models.monitoring.naming import Finding
from models.retraining.rows import Unseen, newest_label, unseen_rows
from pipelines.monitoring.watch import Watch
from pipelines.monitoring.words import finding_words

__all__ = ["Decision", "Known", "decide", "faults_of", "signs_of"]

FAULTS = frozenset({"stopped", "column_lost", "missing", "unit", "gone_value"})
"""Changes that say more of an export than of the world: nothing is learned from them before somebody has looked."""


@dataclass(frozen=True)
class Decision:
    """Whether a challenger is trained.

    Parameters
    ----------
    status : str
        ``due``, ``not_due``, ``held`` (the data look faulty), ``older`` (than the champion's) or ``waiting`` (too few
        rows that the champion has not learned from).
    why : tuple of Message
    unseen : Unseen or None
        Rows to compare on; None where that was not asked.
    """

    status: str
    why: tuple[Message, ...]
    unseen: Unseen | None = None


def signs_of(found: Watch | None, noted: Mapping[str, Any], /) -> list[Message]:
    """Return the changes since the last challenger that a model should learn from, each in a sentence."""
    if found is None:
        return []
    since = noted.get("monitored_until")
    changes = [one for one in found.findings if one.change not in FAULTS and _after(one, since)]
    words = [finding_words(one)[0] for one in changes]
    wrong = [one for one in found.predictions if one.realised is not None and one.realised.differs]
    if any(since is None or pd.Timestamp(one.as_of) > pd.Timestamp(since) for one in wrong):
        words.append(Message("monitor.differs"))
    return words


def faults_of(found: Watch | None, /) -> list[Message]:
    """Return the changes that look like faults of an export."""
    return [] if found is None else [finding_words(one)[0] for one in found.findings if one.change in FAULTS]


def _after(finding: Finding, since: str | None, /) -> bool:
    return since is None or pd.Timestamp(finding.since) >= pd.Timestamp(since)


@dataclass(frozen=True)
class Known:
    """What is known of a champion, and of the last challenger.

    Parameters
    ----------
    about : mapping
        Of the champion's predictor: ``to``, the time of the last row that it has learned from.
    units : collection of int, optional
        Hashes of the units that it has learned from, in a table without time.
    noted : mapping
        Of the last challenger: ``labelled_to``, ``monitored_until``, ``new``.
    """

    about: Mapping[str, Any]
    units: Collection[int] | None = None
    noted: Mapping[str, Any] = field(default_factory=dict)


def decide(
    table: TrainingTable, known: Known, settings: Retraining, monitored: Watch | None = None, *, force: bool = False
) -> Decision:
    """Say whether a challenger is trained for an outcome whose champion can be used.

    Parameters
    ----------
    monitored : Watch, optional
        What is seen in the data; None where that is no reason.
    force : bool
        Whether schedule and faults count for nothing; rows that the champion has not seen are needed all the same.
    """
    about, noted = known.about, known.noted
    unseen = unseen_rows(table, about, known.units)
    newest = newest_label(table)
    if not unseen.known:
        return Decision("waiting", (Message("retraining.not_known", {"outcome": table.outcome}),), unseen)
    if newest is not None and newest < pd.Timestamp(about["to"]):
        dates = {"newest": f"{newest:%Y-%m-%d}", "champion": f"{pd.Timestamp(about['to']):%Y-%m-%d}"}
        return Decision("older", (Message("retraining.older", dates),), unseen)
    reasons = [*_scheduled(table, about, unseen, noted, settings), *signs_of(monitored, noted)]
    if force:
        reasons = [Message("retraining.forced"), *reasons]
    if not reasons:
        return Decision("not_due", (_not_due(newest, about, noted, settings, unseen),), unseen)
    faults = faults_of(monitored)
    if faults and not force:
        return Decision("held", (Message("retraining.held"), *faults), unseen)
    few = _too_few(table, unseen, settings)
    if few is not None:
        return Decision("waiting", (few,), unseen)
    return Decision("due", tuple(reasons), unseen)


def _since(about: Mapping[str, Any], noted: Mapping[str, Any], /) -> pd.Timestamp:
    """Return up to when the champion, or a later challenger, has learned."""
    return max(pd.Timestamp(about["to"]), pd.Timestamp(noted.get("labelled_to") or about["to"]))


def _scheduled(
    table: TrainingTable, about: Mapping[str, Any], unseen: Unseen, noted: Mapping[str, Any], settings: Retraining, /
) -> list[Message]:
    newest = newest_label(table)
    if newest is None:  # without time there is no schedule: enough new units are one
        new = int(unseen.rows.sum())
        return [Message("retraining.new_units", {"n": new})] if new >= settings.min_rows + noted.get("new", 0) else []
    days = (newest - _since(about, noted)).days
    return [Message("retraining.scheduled", {"days": days})] if days >= settings.every_days else []


def _not_due(
    newest: pd.Timestamp | None,
    about: Mapping[str, Any],
    noted: Mapping[str, Any],
    settings: Retraining,
    unseen: Unseen,
    /,
) -> Message:
    if newest is None:
        values = {"n": int(unseen.rows.sum()), "needed": settings.min_rows + int(noted.get("new", 0))}
        return Message("retraining.few_new_units", values)
    days = (newest - _since(about, noted)).days
    if days <= 0:
        return Message("retraining.nothing_newer", {"date": f"{newest:%Y-%m-%d}"})
    return Message("retraining.not_due", {"days": days, "every": settings.every_days})


def _too_few(table: TrainingTable, unseen: Unseen, settings: Retraining, /) -> Message | None:
    label = table.labelled["label"].to_numpy()[unseen.rows]
    events = int((label > 0).sum())
    rarer = min(events, len(label) - events)
    enough = len(label) >= settings.min_rows and (table.kind == "number" or rarer >= settings.min_events)
    if enough:
        return None
    values = {"n": len(label), "events": rarer, "min_rows": settings.min_rows, "min_events": settings.min_events}
    if unseen.since is None:
        return Message("retraining.too_few_units", values)
    return Message("retraining.too_few", values | {"since": f"{unseen.since:%Y-%m-%d}"})
