"""Help and coaching, without naming anybody: counts for people, advice for teams and processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from baton.wording.coaching import action_of, needs_of, words_of
from baton.wording.wording import Bilingual, say, verbatim
from pipelines.report.data.results import Results

__all__ = ["Support", "support_section", "team_advice"]

_MAX_ROWS = 12


@dataclass(frozen=True)
class Support:
    """The section: sentences, a table of counts, and a table of advice to teams and processes.

    Parameters
    ----------
    lacking : bool
        Whether nothing could be advised for want of a table, which the section on trust says.
    """

    people: Bilingual | None
    counts: tuple[tuple[Bilingual, Bilingual], ...]
    advice: tuple[tuple[Bilingual, Bilingual, Bilingual, Bilingual, Bilingual], ...]
    note: Bilingual | None
    lacking: bool = False


def support_section(results: Results, /) -> Support:
    """Put the section together."""
    coaching = results.get("coaching")
    if coaching is None:
        effects = results.get("effects")
        lacking = effects is None or bool(effects["effect"].isna().all())
        return Support(None, (), (), say("support.missing" if lacking else "support.none"), lacking)
    people = coaching[coaching["level"] == "employee"]
    others = coaching[coaching["level"] != "employee"]
    people_rows, counts = _people(results, people)
    return Support(people_rows, counts, _advice(results, others), None)


def _people(
    results: Results, people: pd.DataFrame, /
) -> tuple[Bilingual | None, tuple[tuple[Bilingual, Bilingual], ...]]:
    """People per KPI in the whole company, without a sum from which a small group could be worked out."""
    group = results.company.policy.min_group
    if not len(people):
        return None, ()
    if people["employee_id"].nunique() < group:
        return say("support.people_small", group=group), ()
    per_kpi = people.groupby("kpi")["employee_id"].nunique().sort_values(ascending=False, kind="stable")
    large = per_kpi[per_kpi >= group]
    rows = [(results.kpi_name(str(kpi)), verbatim(f"{int(count):,}")) for kpi, count in large.items()]
    rest = people.loc[~people["kpi"].isin(large.index), "employee_id"].nunique()
    if rest >= group and len(per_kpi) - len(large) > 1:
        rows.append((say("support.other_kpis", group=group), verbatim(f"{int(rest):,}")))
    return say("support.people"), tuple(rows)


def _advice(
    results: Results, others: pd.DataFrame, /
) -> tuple[tuple[Bilingual, Bilingual, Bilingual, Bilingual, Bilingual], ...]:
    ranked = others.sort_values("priority", ascending=False, kind="stable") if "priority" in others else others
    rows = []
    for row in ranked.to_dict("records"):
        if row["level"] == "team" and results.too_small(row["team_id"]):
            continue
        rows.append(
            (
                _place(results, row),
                results.kpi_name(str(row["kpi"])),
                action_of(results.catalogue, row),
                words_of(row.get("reason")),
                needs_of(row.get("needs")),
            )
        )
    return tuple(rows[:_MAX_ROWS])


def team_advice(results: Results, team_id: str, /) -> tuple[tuple[Bilingual, Bilingual, Bilingual, Bilingual], ...]:
    """Return what would help one team as a team: KPI, action, reason, what to provide first."""
    coaching = results.get("coaching")
    if coaching is None or results.too_small(team_id):
        return ()
    mine = coaching[(coaching["level"] == "team") & (coaching["team_id"].astype(str) == team_id)]
    return tuple(
        (
            results.kpi_name(str(row["kpi"])),
            action_of(results.catalogue, row),
            words_of(row.get("reason")),
            needs_of(row.get("needs")),
        )
        for row in mine.to_dict("records")
    )


def _place(results: Results, row: dict[str, Any], /) -> Bilingual:
    if row["level"] == "team":
        return results.team_name(row["team_id"])
    unit = next(
        (row[key] for key in ("process", "unit_id", "team_id") if row.get(key) is not None and not pd.isna(row[key])),
        None,
    )
    return say("support.of_process") if unit is None else verbatim(results.team_names.get(str(unit), str(unit)))
