"""Units whose service is likely to decline; of people only counts over groups that are large enough."""

from __future__ import annotations

import pandas as pd

from baton.charts.charts import Bar, Figure, bars
from baton.charts.drawing import Pen
from baton.informative import held_out_interval
from baton.outcomes import Outcome, kind_of
from baton.wording.wording import Bilingual, natural_order, number, percent, say, verbatim
from pipelines.report.data.left_out import outcome_left_out
from pipelines.report.data.results import Results

__all__ = ["decline_figures", "prone_units", "units_tile"]

_MAX_BARS = 12


def prone_units(results: Results, /) -> list[tuple[str, str, pd.DataFrame]]:
    """Return (unit, metric, rows) of every predicted decline that may be shown, in the company file's order."""
    decline = results.get("decline")
    if decline is None:
        return []
    found = []
    for (unit, metric), rows in decline.groupby(["unit", "metric"], sort=False):
        if results.no_better_than_guessing(str(Outcome("decline", str(unit), str(metric)))):
            continue
        kept = _showable(results, str(unit), rows)
        if len(kept):
            found.append((str(unit), str(metric), kept))
    order = {(block.unit, block.metric): index for index, block in enumerate(results.company.outcomes.decline)}
    return sorted(found, key=lambda block: order.get((block[0], block[1]), len(order)))  # type: ignore[index]


def _guessed(results: Results, /) -> bool:
    """Whether any decline was predicted no better than by guessing."""
    return any(results.no_better_than_guessing(key) for key in results.evaluation if kind_of(key) == "decline")


def _showable(results: Results, unit: str, rows: pd.DataFrame, /) -> pd.DataFrame:
    """Rows of groups of at least ``min_group`` people; people without a known team are left out."""
    group = results.company.policy.min_group
    if unit == "team":
        return rows[[not results.too_small(team) for team in rows["unit_id"]]]
    if unit != "employee":
        return rows
    team = rows["unit_id"].astype(str).map(results.team_of)
    kept = rows.assign(team_id=team)[team.notna()]
    return kept[kept.groupby("team_id")["unit_id"].transform("size") >= group]


def horizon(results: Results, unit: str, metric: str, /) -> int:
    """Return how many days a decline's prediction looks ahead."""
    blocks = results.company.outcomes.decline
    return next((block.horizon_days for block in blocks if (block.unit, block.metric) == (unit, metric)), 30)


def units_tile(results: Results, /) -> tuple[Bilingual, Bilingual, Bilingual, str]:
    """Return label, figure, note and tone of the first screen's tile."""
    label, found = say("tile.units"), prone_units(results)
    if not found:
        if results.get("decline") is not None:
            if _guessed(results):
                return label, say("word.unknown"), say("tile.units_guessed"), "plain"
            return label, say("word.none"), say("tile.units_small", group=results.company.policy.min_group), "plain"
        why = outcome_left_out(results, "decline")
        note = say("tile.units_missing") if why is None else say("tile.not_predicted", reason=why)
        return label, say("word.not_computed"), note, "plain"
    unit, metric, rows = found[0]
    value = say("tile.units_value", n=round(float(rows["probability"].sum())), total=len(rows))
    note = say(
        "tile.units_note",
        units=say(f"unit.{unit}"),
        metric=results.kpi_name(metric),
        days=horizon(results, unit, metric),
    )
    return label, value, note, "bad"


def decline_figures(results: Results, pen: Pen, /) -> tuple[list[Figure], list[Bilingual]]:
    """Return a figure per predicted decline, and notes on what is not shown."""
    decline = results.get("decline")
    if decline is None:
        return [], []
    figures, notes = [], []
    shown = {(unit, metric) for unit, metric, _ in prone_units(results)}
    for unit, metric, rows in prone_units(results):
        figures.append(
            _people(results, pen, metric, rows) if unit == "employee" else _units(results, pen, unit, metric, rows)
        )
    for unit, metric in decline[["unit", "metric"]].drop_duplicates().itertuples(index=False):
        name = results.kpi_name(str(metric))
        outcome = str(Outcome("decline", str(unit), str(metric)))
        if results.no_better_than_guessing(outcome):
            low, high = held_out_interval(results.evaluation[outcome])
            if low is None or high is None:
                notes.append(say("risk.guessed_unit_untested", metric=name, unit=say(f"unit.{unit}")))
                continue
            auc = say("word.between", low=number(low, 2), high=number(high, 2))
            notes.append(say("risk.guessed", metric=name, unit=say(f"unit.{unit}"), auc=auc))
        elif (str(unit), str(metric)) not in shown:
            notes.append(say("risk.no_units", metric=name, group=results.company.policy.min_group))
    return figures, notes


def _units(results: Results, pen: Pen, unit: str, metric: str, rows: pd.DataFrame, /) -> Figure:
    ranked = rows.sort_values(["probability", "unit_id"], ascending=[False, True])
    drawn, table = [], []
    for index, (unit_id, probability) in enumerate(zip(ranked["unit_id"], ranked["probability"], strict=True)):
        name = results.team_name(unit_id) if unit == "team" else _unit_name(results, unit, str(unit_id))
        if index < _MAX_BARS:
            drawn.append(Bar(name, 100 * float(probability), percent(float(probability)), "bad"))
        table.append((name, percent(float(probability))))
    return Figure(
        name=f"decline-{unit}-{metric}",
        title=say(
            "risk.units_title",
            unit=_capitalised(say(f"unit_title.{unit}")),
            metric=results.kpi_name(metric),
            days=horizon(results, unit, metric),
        ),
        note=say("risk.units_note"),
        drawings=bars(drawn, pen, say("risk.units_axis")),
        header=(say(f"unit_title.{unit}"), say("risk.chance")),
        rows=table,
    )


def _capitalised(text: Bilingual, /) -> Bilingual:
    return Bilingual(text.en[:1].upper() + text.en[1:], text.zh)


def _unit_name(results: Results, unit: str, unit_id: str, /) -> Bilingual:
    if unit == "stage":
        for stage in results.catalogue.stages:
            if stage.id == unit_id:
                return Bilingual(verbatim(stage.name.en).en, verbatim(stage.name.zh).zh)
    return verbatim(unit_id)


def _people(results: Results, pen: Pen, metric: str, rows: pd.DataFrame, /) -> Figure:
    """Expected numbers per team, by name of team: the whole team counts, so nobody is flagged."""
    counted = rows.groupby("team_id")["probability"].agg(["sum", "size"])
    named = sorted(
        ((results.team_name(team), row) for team, row in counted.iterrows()), key=lambda pair: natural_order(pair[0])
    )
    drawn, table = [], []
    for name, row in named:
        count = say("risk.people_count", n=round(float(row["sum"])), total=int(row["size"]))
        drawn.append(Bar(name, float(round(row["sum"])), count, "bad"))
        table.append((name, count))
    return Figure(
        name=f"decline-employee-{metric}",
        title=say("risk.people_title", metric=results.kpi_name(metric)),
        note=say("risk.people_note", group=results.company.policy.min_group),
        drawings=bars(drawn, pen, say("risk.people_column")),
        header=(say("card.choose"), say("risk.people_column")),
        rows=table,
    )
