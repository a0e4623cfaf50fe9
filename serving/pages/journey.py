"""Journey: stages, the KPIs and teams that answer for them, where cases wait, and what internal customers say."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from baton.charts.drawing import Pen
from baton.charts.small import beside_line
from baton.wording.journey import JourneyStage, written_points
from baton.wording.waiting import middle_wait
from baton.wording.wording import Bilingual, duration, listed, percent, say
from serving.access.rules import may
from serving.access.sight import Sight
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf, in_order
from serving.pages.paging import Paged, paged
from serving.pages.reading.of_journey import WaitsOf
from serving.pages.reading.of_run import OfRun

__all__ = ["show_journey"]

_INTERNAL = "internal_satisfaction"
_MAX_WAITS = 12
_MAX_INTERNAL = 50


def show_journey(asked: Asked, of: PagesOf, /) -> Reply:
    """Show the journey as far as the teams answer for it whom somebody may see."""
    read = of.read()
    sight = of.sight(asked.who, read.run)
    cards = read.journey.cards
    with_cards = () if cards is None else cards["team_id"].astype(str).unique()
    teams = frozenset(team for team in with_cards if sight.team("weights", team))
    stages = read.journey.stages(teams)
    chosen = next((stage for stage in stages if stage.id == asked.query.get("stage")), None)
    waits = WaitsOf(read.journey, _figured(read, sight), may(asked.who, "causes_of_team"), of.named)
    ranked = in_order(teams, of.named)
    page = paged(asked, len(ranked))
    section = waits.section(Pen((asked.language,)))
    return Shown(
        "journey",
        {
            "has_cards": cards is not None,
            "any": bool(teams),
            "finding": _finding(stages, len(teams)) if teams else None,
            "stages": [stage for stage in stages if stage.on_card or stage.measurable or stage.absent],
            "chosen": chosen,
            "columns": _columns(read, stages, chosen, teams),
            "rows": _points(read, stages, chosen, ranked[page.rows]),
            "page": page if ranked else Paged(1, 1, 0, "", ""),
            "waits": section,
            "team_waits": [_written(row) for row in waits.by_team(_MAX_WAITS)],
            "internal": _internal(read, sight, of),
        },
    )


def _figured(read: OfRun, sight: Sight, /) -> frozenset[str]:
    """Return the teams whose figures somebody may see."""
    return frozenset(team for team in read.run.members.teams if sight.team_figures("live_kpis", team))


def _finding(stages: tuple[JourneyStage, ...], count: int, /) -> Bilingual | None:
    """Return which stages no card of these teams measures; None where the company's stages cannot be read."""
    real = stages[:-1]
    if not real:
        return None
    blind = [say("word.quoted", text=stage.name) for stage in real if not stage.on_card]
    if blind:
        return say("pages_journey.blind", stages=listed(blind), n=count)
    heaviest = max(real, key=lambda stage: stage.share)
    return say("pages_journey.covered", stage=heaviest.name, n=count)


def _kpis_of(read: OfRun, stage: str, teams: Collection[str], /) -> list[str]:
    """Return the KPIs of a stage that cards of teams hold, those with most points first."""
    cards = read.journey.cards
    if cards is None:
        return []
    seen = cards[cards["team_id"].isin(teams)]
    points = seen.groupby("kpi", observed=True)["current_weight"].sum().sort_values(ascending=False, kind="stable")
    catalogue = read.names.catalogue
    return [str(kpi) for kpi in points.index if str(kpi) in catalogue and catalogue[str(kpi)].stage == stage]


def _columns(
    read: OfRun, stages: tuple[JourneyStage, ...], chosen: JourneyStage | None, teams: Collection[str], /
) -> list[tuple[str, Bilingual]]:
    if chosen is not None:
        return [(kpi, read.names.kpi(kpi)) for kpi in _kpis_of(read, chosen.id, teams)]
    return [(stage.id, stage.name) for stage in stages]


def _points(
    read: OfRun, stages: tuple[JourneyStage, ...], chosen: JourneyStage | None, teams: list[str], /
) -> list[tuple[str, dict[str, Bilingual]]]:
    """Return by team the points of each stage, or of each KPI of a chosen one: the mean over its cards."""
    cards, catalogue = read.journey.cards, read.names.catalogue
    if cards is None:
        return []
    seen = cards[cards["team_id"].isin(teams)].astype({"team_id": str, "kpi": str})
    column = seen["kpi"]
    if chosen is None:
        known = {stage.id for stage in stages}
        column = seen["kpi"].map(lambda kpi: catalogue[kpi].stage if kpi in catalogue else "any")
        column = column.where(column.isin(known), "any")
    sums = seen.groupby([seen["team_id"], column.rename("column")])["current_weight"].sum()
    count = seen.assign(role=seen["role"].fillna("")).groupby("team_id")["role"].nunique()
    found: dict[str, dict[str, Bilingual]] = {team: {} for team in teams}
    for (team, name), points in sums.items():  # type: ignore[misc]
        found[str(team)][str(name)] = written_points(float(points) / int(count[team]))
    return list(found.items())


def _written(row: dict[str, Any], /) -> dict[str, Any]:
    known = row["share_of_time"]
    return {
        "team": str(row["team_id"]),
        "step": row["step"],
        "process": row["process"],
        "cases": int(row["cases"]),
        "middle": duration(middle_wait(row)),
        "long": duration(float(row["long_seconds"])) if row["long_seconds"] == row["long_seconds"] else None,
        "share": percent(float(known)) if known == known else None,
    }


def _internal(read: OfRun, sight: Sight, of: PagesOf, /) -> list[tuple[str, Any, Bilingual, Bilingual | None]]:
    """Return what internal customers say of teams: the line of months beside the middle, the last month, the middle."""
    found = []
    teams = _figured(read, sight)
    for team in in_order(teams, of.named):
        course = read.months.of_team(team, _INTERNAL)
        if course is None or len(found) >= _MAX_INTERNAL:
            continue
        last = read.names.measured(_INTERNAL, float(course.own[-1]))
        middle = float(course.middle[-1])
        others = read.names.measured(_INTERNAL, middle) if middle == middle else None
        found.append((team, beside_line(course.own.tolist(), course.middle.tolist()), last, others))
    return found
