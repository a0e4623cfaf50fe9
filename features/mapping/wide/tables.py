"""KPIs side by side, one row a unit and period: each value becomes a row of measures, each weight one of scorecards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from features.ingest.sql_text import literal, quoted
from features.mapping.column_guess import SURE, ColumnGuess
from features.mapping.guesses import TableGuess, guess_columns
from features.mapping.joins import by_keys
from features.mapping.lines import Line, TablePlan
from features.mapping.looks import Look
from features.mapping.names import NameFit, column_fits
from features.mapping.wide.periods import Period, period_of
from features.mapping.wide.values import KpiColumn, kpi_columns, kpi_of_heading, number_sql, weight_columns

__all__ = ["OF_EVENTS", "why_not_wide", "wide_plans"]

_MIN_NUMBERS = 3  # fewer columns of numbers are no table of KPIs
_MIN_KPIS = 2  # one alone may be an attribute of anything
_TOLERANCE = 0.01  # of what the weights of a card sum to
OF_EVENTS = frozenset({"activity", "case_steps", "cases", "customers", "snapshots"})
"""Tables whose numbers are of one case or customer each, which Baton computes KPIs from."""
_NO_UNITS = frozenset(
    "weight weights weighting target targets goal total average 权重 目标 目标值 合计 总计 平均 平均值 gewicht ziel "
    "summe peso poids objectif obiettivo totale".split()
)
"""What stands in place of a person or team in rows that are of nobody."""


@dataclass(frozen=True)
class _Wide:
    """An export with KPIs side by side.

    Parameters
    ----------
    unit : str
        Whose KPIs they are: ``employee`` or ``team``.
    found : mapping of str to ColumnGuess
        What its columns are of the table of measures.
    where : str
        SQL that leaves out rows of nobody, with a comment; empty where there is none.
    """

    look: Look
    unit: str
    found: Mapping[str, ColumnGuess]
    period: Period
    where: str


def wide_plans(
    looks: Sequence[Look], guesses: Mapping[str, TableGuess], connection: duckdb.DuckDBPyConnection, /
) -> list[TablePlan]:
    """Return measures and scorecards of the first export that has KPIs side by side, if they are not known otherwise.

    Parameters
    ----------
    guesses : mapping of str to TableGuess
        The tables that exports were taken for as they stand.
    """
    plans: list[TablePlan] = []
    events = {guess.look.relation for table, guess in guesses.items() if table in OF_EVENTS}
    for look in looks:
        wide = _wide(look, guesses, connection) if look.relation not in events and _has_kpis(look) else None
        if wide is None:
            continue
        have = {*guesses, *(plan.table for plan in plans)}
        found = [
            _measures(wide, guesses, connection) if "measures" not in have else None,
            _scorecards(wide, connection) if "scorecards" not in have else None,
        ]
        plans += [plan for plan in found if plan is not None]
    return plans


def why_not_wide(look: Look, /) -> str:
    """Return why an export with KPIs side by side becomes no table; empty where it has none, or can become one."""
    if not _has_kpis(look):
        return ""
    kpis = ", ".join(column.name for column in look.columns if kpi_of_heading(column.name) is not None)
    found = {guess.column: guess for guess in guess_columns("measures", look)}
    if period_of(look, found) is None:
        return f"KPIs side by side ({kpis}), but no column says of which month, quarter or period; add one"
    return (
        f"KPIs side by side ({kpis}), but no column says whose they are, some have several rows a period, no unit is "
        "clear, or another export gives the measures"
    )


def _has_kpis(look: Look, /) -> bool:
    numbers = [column for column in look.columns if column.is_number]
    return len(numbers) >= _MIN_NUMBERS and sum(kpi_of_heading(one.name) is not None for one in numbers) >= _MIN_KPIS


def _wide(look: Look, guesses: Mapping[str, TableGuess], connection: duckdb.DuckDBPyConnection, /) -> _Wide | None:
    guess = TableGuess("measures", look, guess_columns("measures", look), 0.0)
    guess = by_keys({**guesses, "measures": guess}, connection)["measures"]
    found = {one.column: one for one in guess.columns}
    period = period_of(look, found)
    if period is None:
        return None
    for whose in _whose(look, found):
        where = _one_row_a_period(look, whose, period, connection)
        if where is not None:
            return _Wide(look, _unit(whose), {**found, "unit_id": whose}, period, where)
    return None


def _whose(look: Look, found: Mapping[str, ColumnGuess], /) -> list[ColumnGuess]:
    """Return what may say whose KPIs they are: as guessed, and people or teams beside it, as both may be named."""
    named = [found["unit_id"]] if "unit_id" in found else []
    for column in look.columns:
        if any(one.source == column.name for one in named):
            continue
        scores = [
            column_fits(table, column.name).get(key, NameFit()).score
            for table, key in (("employees", "employee_id"), ("teams", "team_id"))
        ]
        if max(scores) >= SURE:
            named.append(ColumnGuess("unit_id", column.name, max(scores), "it has one row a period"))
    return [one for one in named if kpi_of_heading(one.source) is None]


def _one_row_a_period(
    look: Look, whose: ColumnGuess, period: Period, connection: duckdb.DuckDBPyConnection, /
) -> str | None:
    """Return SQL of which rows are somebody's; None where somebody has several a period."""
    who = f"trim(cast(raw.{quoted(whose.source)} as varchar))"
    nobody = ", ".join(map(literal, sorted(_NO_UNITS)))
    rows, different, seen = connection.execute(
        f"SELECT count(*), count(DISTINCT (who, since)) FILTER (who IS NOT NULL AND since IS NOT NULL), "
        f"(SELECT list(DISTINCT lower({who})) FROM {look.relation} AS raw WHERE lower({who}) IN ({nobody})) FROM "
        f"(SELECT {who} AS who, {period.begin} AS since FROM {look.relation} AS raw "
        f"WHERE {who} IS NOT NULL AND lower({who}) NOT IN ({nobody}))"
    ).fetchall()[0]
    if not rows or different < rows:
        return None
    return f"lower({who}) not in ({', '.join(map(literal, sorted(seen)))})" if seen else ""


def _unit(guess: ColumnGuess, /) -> str:
    """Return of what kind the units are: employees where their keys stand there, else by what the column is called."""
    if " are keys of " in guess.why:
        return "employee"
    scores = {
        "employee": column_fits("employees", guess.source).get("employee_id", NameFit()).score,
        "team": column_fits("teams", guess.source).get("team_id", NameFit()).score,
    }
    return max(scores, key=lambda one: scores[one])


def _measures(
    wide: _Wide, guesses: Mapping[str, TableGuess], connection: duckdb.DuckDBPyConnection, /
) -> TablePlan | None:
    """Return measures with a row for each KPI's value; None where no column can be read."""
    work = guesses.get("work")
    mapped = work.columns if work is not None and work.look.relation == wide.look.relation else ()
    known = {one.source: f"{one.column} of the table work already" for one in mapped}
    columns = [
        replace(one, sql="", why=known[one.column.name]) if one.column.name in known else one
        for one in kpi_columns(wide.look, wide.unit, connection)
    ]
    values = [one for one in columns if one.sql]
    if not values:
        return None
    who = wide.found["unit_id"]
    lines = [
        Line("unit", literal(wide.unit), f"as {who.source!r} is called or known", "likely"),
        Line("unit_id", f"raw.{quoted(who.source)}", who.why, "likely", who.source),
        *_dates(wide.period),
        Line("kpi", "by_kpi.kpi", "the columns below, by their headings", "likely"),
        Line("value", "by_kpi.value", "what stands in them", "likely"),
        *_left_out(wide.look, columns, {who.source, *wide.period.sources}, known),
    ]
    after = _unpivoted([(one.kpi, one.sql, f"{one.column.name!r}: {one.why}") for one in values], "value", wide.where)
    note = f"{wide.look.name} has a column for each KPI: turned into rows"
    return TablePlan("measures", wide.look, tuple(lines), after, note=note)


def _dates(period: Period, /) -> tuple[Line, Line]:
    return (
        Line("from", period.begin, period.why, "likely", period.sources[0]),
        Line("to", period.end, period.why, "likely", period.sources[1]),
    )


def _left_out(look: Look, columns: Sequence[KpiColumn], used: set[str], already: Mapping[str, str], /) -> list[Line]:
    """Return the further columns of numbers, each with the reason why it is no measure."""
    reasons = {**already, **{one.column.name: one.why for one in columns if not one.sql}}
    taken = used | {one.column.name for one in columns if one.sql}
    weights = {column.name for column, _ in weight_columns(look)}
    return [
        Line(
            "value",
            f"raw.{quoted(column.name)}",
            reasons.get(column.name)
            or ("a weight" if column.name in weights else "called like no KPI that Baton knows"),
            "left out",
            column.name,
        )
        for column in look.columns
        if column.name not in taken and (column.is_number or column.name in reasons)
    ]


def _unpivoted(rows: Sequence[tuple[str, str, str]], name: str, where: str, /) -> str:
    """Return the rest of a query that makes a row of each column: ids, SQL of the numbers, reasons."""
    listed = [
        f"  ({literal(key)}, {sql}){',' if place + 1 < len(rows) else ''} -- check: {why}"
        for place, (key, sql, why) in enumerate(rows)
    ]
    conditions = [f"by_kpi.{name} is not null", *([where] if where else [])]
    after = ["from raw cross join lateral (values", *listed, f") as by_kpi(kpi, {name})"]
    after.append("where " + "\n  and ".join(conditions) + (" -- rows of nobody" if where else ""))
    return "\n".join(after)


def _scorecards(wide: _Wide, connection: duckdb.DuckDBPyConnection, /) -> TablePlan | None:
    """Return the cards that weights beside the KPIs make, one for each team, role and period.

    None where the team is not known, weights are unclear, or people of one team and role have different ones.
    """
    weights = weight_columns(wide.look)
    cards = {one.column: one for one in guess_columns("scorecards", wide.look)}
    team = cards.get("team_id")
    if len(weights) < _MIN_KPIS or len({kpi for _, kpi in weights}) < len(weights) or team is None:
        return None
    numbers = [number_sql(column, wide.look, connection) for column, _ in weights]
    factor = _to_points(numbers, wide, (team, cards.get("role")), connection) if all(numbers) else None
    if factor is None:
        return None
    role = cards.get("role")
    rows = [
        (kpi, sql if factor == 1 else f"{factor:g} * {sql}", f"{column.name!r}")
        for (column, kpi), sql in zip(weights, numbers, strict=True)
    ]
    lines = [
        Line("team_id", f"raw.{quoted(team.source)}", team.why, "likely", team.source),
        *([Line("role", f"raw.{quoted(role.source)}", role.why, "likely", role.source)] if role else []),
        Line("kpi", "by_kpi.kpi", "the columns below, by their headings", "likely"),
        Line("weight", "by_kpi.weight", "what stands in them" + ("" if factor == 1 else "; × 100"), "likely"),
        Line("valid_from", wide.period.begin, "each period's card is its own", "likely", wide.period.sources[0]),
    ]
    after = _unpivoted(rows, "weight", wide.where) + "\ngroup by all"
    note = f"{wide.look.name} has the weights beside the KPIs: turned into rows"
    return TablePlan("scorecards", wide.look, tuple(lines), after, note=note)


def _to_points(
    numbers: Sequence[str],
    wide: _Wide,
    of: tuple[ColumnGuess, ColumnGuess | None],
    connection: duckdb.DuckDBPyConnection,
    /,
) -> float | None:
    """Return by what weights are multiplied to be points of 100; None where they sum to neither 1 nor 100."""
    keys = ", ".join([*(f"raw.{quoted(one.source)}" for one in of if one is not None), wide.period.begin])
    total = " + ".join(f"coalesce({number}, 0)" for number in numbers)
    where = f"WHERE {wide.where}" if wide.where else ""
    low, high, several = connection.execute(
        f"SELECT min(low), max(high), max(several) FROM (SELECT min({total}) AS low, max({total}) AS high, "
        f"count(DISTINCT ({', '.join(f'coalesce({number}, -1)' for number in numbers)},)) AS several "
        f"FROM {wide.look.relation} AS raw {where} GROUP BY {keys})"
    ).fetchall()[0]
    if several != 1:
        return None
    return next(
        (100 / whole for whole in (1, 100) if whole * (1 - _TOLERANCE) <= low and high <= whole * (1 + _TOLERANCE)),
        None,
    )
