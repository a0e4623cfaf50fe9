"""Plain figures: volumes, waits, ratings and customers as they are, before any model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from baton.charts.charts import Figure
from baton.charts.drawing import Pen
from baton.charts.small import heat_map, month_line
from baton.messages.message import Message
from baton.wording.wording import Bilingual, duration, money, number, percent, say, translated_message, verbatim
from features.figures.definitions import NAMES
from pipelines.report.data.results import Results

__all__ = ["FiguresSection", "figure_value", "figures_section"]

_MAX_GROUPS = 12  # rows that a person still reads; the others are in the file
_MIN_MONTHS = 3  # fewer make no line
_MIN_KNOWN = 0.5  # a figure that fewer cases have says so beside its value
_MAX_CENTS = 1000  # larger amounts are shown without cents
_GROUPED = {"team": "figures.team_title", "topic": "figures.topic_title", "channel": "figures.channel_title"}
_DAYS = tuple(str(day) for day in range(1, 8))


@dataclass(frozen=True)
class MonthLine:
    """A figure's months in small."""

    name: Bilingual
    drawing: Markup
    first: Bilingual
    last: Bilingual


@dataclass(frozen=True)
class GroupTable:
    """Figures by team, topic or channel."""

    title: Bilingual
    note: Bilingual
    header: tuple[Bilingual, ...]
    rows: tuple[tuple[Bilingual, ...], ...]


@dataclass(frozen=True)
class FiguresSection:
    """The section, for ``templates/figures.html.jinja``.

    Parameters
    ----------
    year : tuple of (Bilingual, Bilingual, Bilingual or None)
        Name, value and a remark of each figure over the last year.
    months : (header, rows) or None
        The lines as a table.
    """

    year_title: Bilingual
    year: tuple[tuple[Bilingual, Bilingual, Bilingual | None], ...]
    lines: tuple[MonthLine, ...]
    months_note: Bilingual | None
    months: tuple[tuple[Bilingual, ...], tuple[tuple[Bilingual, ...], ...]] | None
    groups: tuple[GroupTable, ...]
    hours: Figure | None


def figures_section(results: Results, pen: Pen, /) -> FiguresSection | None:
    """Return the section, or None where the run has no plain figures."""
    found = results.get("figures")
    if found is None:
        return None
    months, currency = found[found["by"] == "month"], results.company.company.currency
    lines, table = _months(months, currency)
    groups = tuple(_groups(results, found))
    year = tuple(_year(found[found["by"] == "all"], currency))
    latest = str(months["group"].max()) if len(months) else ""
    return FiguresSection(
        year_title=say("figures.year_title", end=_end(results, latest)),
        year=year,
        lines=lines,
        months_note=None if not lines else _months_note(months),
        months=table,
        groups=groups,
        hours=_hours(results, pen, found[found["by"] == "weekday_hour"]),
    )


def figure_value(unit: str, value: float, currency: str, /) -> Bilingual:
    """Return a figure's value as people write it; unknown is a dash."""
    if value != value:
        return say("figures.hidden")
    if unit == "share":
        return percent(value, 1)
    if unit == "seconds":
        return duration(value)
    if unit == "money":
        if abs(value) < _MAX_CENTS:
            return say("figures.money", currency=currency, n=number(value, 2))
        return money(value, currency)
    return number(value, {"rating": 2, "points": 1}.get(unit, 0))


def _end(results: Results, latest: str, /) -> Bilingual:
    return verbatim(latest if results.as_of is None else f"{results.as_of:%Y-%m-%d}")


def _name(figure: str, /) -> Bilingual:
    return translated_message(Message(NAMES[figure]))


def _year(rows: pd.DataFrame, currency: str, /) -> Iterator[tuple[Bilingual, Bilingual, Bilingual | None]]:
    for row in rows.itertuples():
        known = float(row.known_share)  # type: ignore[arg-type]
        few = say("figures.few", share=percent(known)) if known < _MIN_KNOWN else None
        yield _name(str(row.figure)), figure_value(str(row.unit), float(row.value), currency), few  # type: ignore[arg-type]


def _months(
    months: pd.DataFrame, currency: str, /
) -> tuple[tuple[MonthLine, ...], tuple[tuple[Bilingual, ...], tuple[tuple[Bilingual, ...], ...]] | None]:
    lines, columns = [], {}
    for figure, rows in months.groupby("figure", sort=False):
        known = rows.dropna(subset=["value"])
        if len(known) < _MIN_MONTHS:
            continue
        unit = str(rows["unit"].iloc[0])
        columns[str(figure)] = {
            str(month): figure_value(unit, value, currency)
            for month, value in zip(rows["group"], rows["value"], strict=True)
        }
        first, last = (
            say(
                "figures.between",
                month=str(known["group"].iloc[place]),
                value=figure_value(unit, float(known["value"].iloc[place]), currency),
            )
            for place in (0, -1)
        )
        lines.append(MonthLine(_name(str(figure)), month_line(rows), first, last))
    if not lines:
        return (), None
    partial = set(months.loc[months["partial"], "group"])
    every = sorted({str(month) for month in months["group"]})
    shown = [(say("figures.partial", month=month) if month in partial else verbatim(month), month) for month in every]
    rows_of = tuple(
        (name, *(column.get(month, say("figures.hidden")) for column in columns.values())) for name, month in shown
    )
    return tuple(lines), ((say("figures.month"), *map(_name, columns)), rows_of)


def _months_note(months: pd.DataFrame, /) -> Bilingual:
    return say("figures.months_note", first=str(months["group"].min()), last=str(months["group"].max()))


def _groups(results: Results, found: pd.DataFrame, /) -> Iterator[GroupTable]:
    for by, title in _GROUPED.items():
        rows = found[found["by"] == by]
        counts = rows[rows["figure"] == "cases"].sort_values("value", ascending=False, kind="stable")
        named = counts[counts["group"].notna()]
        if len(named) < 2:  # one group is the whole company
            continue
        listed = [*named["group"].head(_MAX_GROUPS), *([None] if counts["group"].isna().any() else [])]
        yield _group_table(results, say(title), rows, listed, len(named) - _MAX_GROUPS)


def _group_table(
    results: Results, title: Bilingual, rows: pd.DataFrame, groups: Sequence[str | None], further: int, /
) -> GroupTable:
    figures = list(dict.fromkeys(rows["figure"]))
    units = dict(zip(rows["figure"], rows["unit"], strict=True))
    values = {
        (None if pd.isna(group) else str(group), str(figure)): float(value)
        for group, figure, value in zip(rows["group"], rows["figure"], rows["value"], strict=True)
    }
    by_team = bool((rows["by"] == "team").all())

    def name(group: str | None) -> Bilingual:
        if group is None:
            return say("figures.unknown_group")
        return results.team_name(group) if by_team else verbatim(group)

    currency, nothing = results.company.company.currency, verbatim("")
    hidden = say("figures.some_hidden", group=results.company.policy.min_group) if rows["hidden"].any() else nothing
    more = say("figures.more", n=further) if further > 0 else nothing
    return GroupTable(
        title,
        say("figures.group_note", more=more, hidden=hidden),
        (say("figures.group"), *map(_name, figures)),
        tuple(
            (
                name(group),
                *(figure_value(units[each], values.get((group, each), float("nan")), currency) for each in figures),
            )
            for group in groups
        ),
    )


def _hours(results: Results, pen: Pen, rows: pd.DataFrame, /) -> Figure | None:
    if rows.empty:
        return None
    counts = {
        (str(place).split("-")[0], int(str(place).split("-")[1])): float(value)
        for place, value in zip(rows["group"], rows["value"], strict=True)
    }
    days = [say(key) for key in _DAY_NAMES]
    table = tuple(
        (verbatim(f"{hour:02d}"), *(number(counts.get((day, hour), 0.0)) for day in _DAYS)) for hour in range(24)
    )
    grid = [[counts.get((day, hour), 0.0) for hour in range(24)] for day in _DAYS]
    zone = results.company.tables["cases"].timezone if "cases" in results.company.tables else "UTC"
    return Figure(
        name="figures-hours",
        title=say("figures.hours_title"),
        note=say("figures.hours_note", zone=zone, n=number(max(counts.values()))),
        drawings=heat_map(days, grid, pen, say("figures.hours_axis")),
        header=(say("figures.hour"), *days),
        rows=table,
    )


_DAY_NAMES = (
    "figures.day_1",
    "figures.day_2",
    "figures.day_3",
    "figures.day_4",
    "figures.day_5",
    "figures.day_6",
    "figures.day_7",
)
