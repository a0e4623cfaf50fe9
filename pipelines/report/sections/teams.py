"""One page per team: its card, how it stands, its months, its customers, and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
from markupsafe import Markup

from baton.charts.charts import Figure
from baton.charts.drawing import Pen
from baton.charts.plots import Point
from baton.charts.small import beside_line
from baton.wording.wording import Bilingual, listed, say, signed
from pipelines.report.data.objective import Objective, objective_of, turned_effects
from pipelines.report.data.results import Results
from pipelines.report.data.standing import company_standing, team_months, team_standing
from pipelines.report.sections.cards import Card
from pipelines.report.sections.coaching import team_advice
from pipelines.report.sections.fields import four_fields
from pipelines.report.sections.retention.pictures import Group, teams_staying
from pipelines.report.sections.targets import Draft, Target, team_objectives, team_targets

__all__ = ["TeamPage", "Trend", "company_fields", "team_pages"]

_MAX_TEAMS = 40
_MAX_TRENDS = 6
_MIN_MONTHS = 4


@dataclass(frozen=True)
class Trend:
    """A KPI's months in small: name, what it was and is, and the drawing."""

    name: Bilingual
    value: Bilingual
    drawing: Markup
    lower: bool


@dataclass(frozen=True)
class TeamPage:
    """A team's page."""

    team_id: str
    anchor: str
    name: Bilingual
    finding: Bilingual
    customers: Bilingual | None
    staying: Group | None
    cards: tuple[Card, ...]
    fields: Figure | None
    key: tuple[tuple[Bilingual, str], ...]
    trends: tuple[Trend, ...]
    advice: tuple[tuple[Bilingual, Bilingual, Bilingual, Bilingual], ...]
    targets: tuple[Target, ...]
    objectives: tuple[Draft, ...]


def team_pages(results: Results, cards: Sequence[Card], pen: Pen, /) -> tuple[tuple[TeamPage, ...], int]:
    """Return the pages of the teams whose cards may be shown, and how many have none for want of room."""
    teams = list(dict.fromkeys(card.team_id for card in cards))
    months = team_months(results)
    standing = team_standing(results, months)
    objective = objective_of(results)
    effects = turned_effects(results, objective) if objective is not None else pd.DataFrame()
    fields = None if objective is None else _Fields(results, pen, objective, effects)
    leaving, staying = _leaving(results), teams_staying(results)
    lines = _Lines.of(months)
    pages = []
    for number_, team in enumerate(teams[:_MAX_TEAMS], start=1):
        own = [card for card in cards if card.team_id == team]
        mine = standing[standing["team_id"] == team]
        drawn, key = _fields(fields, mine, number_)
        kpis = _kpi_rows(results, own, mine)
        pages.append(
            TeamPage(
                team_id=team,
                anchor=f"team-{number_}",
                name=results.team_name(team),
                finding=_finding(results, mine),
                customers=_customers(results, leaving.get(team)),
                staying=staying.get(team),
                cards=tuple(own),
                fields=drawn,
                key=tuple(key),
                trends=_trends(results, lines, team, kpis),
                advice=team_advice(results, team),
                targets=team_targets(results, team),
                objectives=team_objectives(results, team),
            )
        )
    return tuple(pages), max(len(teams) - _MAX_TEAMS, 0)


def company_fields(
    results: Results, pen: Pen, /
) -> tuple[Figure | None, tuple[tuple[Bilingual, str], ...], Bilingual | None]:
    """Return the four fields of the whole company, their key, and which KPIs lack evidence."""
    objective = objective_of(results)
    if objective is None:
        return None, (), None
    standing = company_standing(results, team_months(results))
    effects = turned_effects(results, objective)
    effects = effects.assign(x=effects["kpi"].map(standing)).dropna(subset=["x"])
    unknown = [
        kpi for kpi in standing.index if kpi not in set(effects["kpi"]) and results.catalogue[kpi].role == "lever"
    ]
    missing = say("fields.untold", kpis=listed([results.kpi_name(kpi) for kpi in unknown])) if unknown else None
    if effects.empty:
        return None, (), missing
    drawn, key = _Fields(results, pen, objective, effects).drawn("fields", say("fields.note"), say("fields.across"))
    return drawn, tuple(key), missing


@dataclass(frozen=True)
class _Fields:
    """Effects on an outcome beside how well somebody does: the four fields."""

    results: Results
    pen: Pen
    objective: Objective
    rows: pd.DataFrame

    def drawn(self, name: str, note: Bilingual, across: Bilingual, /) -> tuple[Figure, list[tuple[Bilingual, str]]]:
        points = [
            Point(
                self.results.kpi_name(str(row["kpi"])), float(row["x"]), float(row["effect"]), float(row["low"]),
                float(row["high"]), str(row["tone"]),
            )
            for row in self.rows.to_dict("records")
        ]  # fmt: skip
        days = self.results.company.snapshots.horizon_days
        axis = self.objective.axis(days)
        figure = Figure(
            name=name,
            title=say("fields.title"),
            note=note,
            drawings=four_fields(points, self.pen, across, axis),
            header=(say("card.kpi"), say("fields.standing_column"), say("why.effect_column")),
            rows=[(point.label, signed(point.x, 1), self.objective.in_words(point.y)) for point in points],
        )
        return figure, [(point.label, point.tone) for point in points]


def _fields(
    company: _Fields | None, mine: pd.DataFrame, place: int, /
) -> tuple[Figure | None, list[tuple[Bilingual, str]]]:
    if company is None or mine.empty or company.rows.empty:
        return None, []
    rows = company.rows.assign(x=company.rows["kpi"].map(mine.set_index("kpi")["standing"])).dropna(subset=["x"])
    if rows.empty:
        return None, []
    note = say("fields.team_note", n=int(mine["peers"].max()) - 1)
    return replace(company, rows=rows).drawn(f"fields-{place}", note, say("fields.team_across"))


def _finding(results: Results, mine: pd.DataFrame, /) -> Bilingual:
    levers = mine[[results.catalogue[kpi].role != "context" for kpi in mine["kpi"]]] if len(mine) else mine
    if len(levers) < 2:
        return say("teams.alone")
    best, worst = levers.loc[levers["standing"].idxmax()], levers.loc[levers["standing"].idxmin()]
    return say(
        "teams.best_worst",
        n=int(levers["peers"].max()) - 1,
        best=results.kpi_name(str(best["kpi"])),
        worst=results.kpi_name(str(worst["kpi"])),
    )


def _leaving(results: Results, /) -> dict[str, float]:
    """Expected leavers per team, by its share in serving each customer."""
    churn = results.get("churn")
    if churn is None or results.shares.empty or results.flat:
        return {}
    joined = results.shares.merge(churn[["customer_id", "probability"]], left_on="unit_id", right_on="customer_id")
    expected = (joined["share"] * joined["probability"]).groupby(joined["team_id"].astype(str)).sum()
    return {str(team): float(value) for team, value in expected.items()}


def _customers(results: Results, expected: float | None, /) -> Bilingual | None:
    if expected is None or expected < 1:
        return None
    return say("teams.customers", n=round(expected), days=results.company.snapshots.horizon_days)


def _kpi_rows(results: Results, cards: Sequence[Card], mine: pd.DataFrame, /) -> list[str]:
    """KPIs whose months are drawn: those on the card by their points, then where the team stands furthest apart."""
    lines = sorted((row for card in cards for row in card.lines), key=lambda row: -row.weight)
    distinct = mine.assign(size=mine["standing"].abs()).sort_values("size", ascending=False)["kpi"] if len(mine) else []
    return [kpi for kpi in dict.fromkeys([*(row.kpi for row in lines), *distinct]) if kpi in results.catalogue]


@dataclass(frozen=True)
class _Lines:
    """Months of teams, and of the teams that are compared, by KPI: one column each."""

    own: dict[tuple[str, str], pd.Series]
    peers: dict[tuple[str, str], pd.Series]

    @classmethod
    def of(cls, months: pd.DataFrame, /) -> _Lines:
        if months.empty:
            return cls({}, {})
        own = months.pivot_table(index="from", columns=["team_id", "kpi"], values="value")
        peers = months.pivot_table(index="from", columns=["peers", "kpi"], values="value")
        return cls({key: own[key] for key in own.columns}, {key: peers[key] for key in peers.columns})


def _trends(results: Results, lines: _Lines, team: str, kpis: Sequence[str], /) -> tuple[Trend, ...]:
    found = []
    for kpi in kpis:
        own = lines.own.get((team, kpi), pd.Series(dtype=float)).dropna()
        if len(own) < _MIN_MONTHS or len(found) == _MAX_TRENDS:
            continue
        peers = lines.peers[results.departments.get(team, ""), kpi].reindex(own.index)
        first, last = (results.measured(kpi, float(own.iloc[at])) for at in (0, -1))
        value = say("word.between", low=first, high=last)
        lower = results.catalogue[kpi].better == "lower"
        found.append(Trend(results.kpi_name(kpi), value, beside_line(own.tolist(), peers.tolist()), lower))
    return tuple(found)
