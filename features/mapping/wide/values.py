"""Columns that are called like KPIs: which KPI, and how their numbers are read in its unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from baton.catalogue.kpi_names import kpi_meant
from baton.catalogue.schema import Kpi
from features.ingest.sql_text import literal, quoted
from features.mapping.looks import MISSING_WORDS, ColumnLook, Look
from features.mapping.signs import named_unit

if TYPE_CHECKING:
    import duckdb

__all__ = ["KpiColumn", "kpi_columns", "kpi_of_heading", "number_sql", "weight_columns"]

_BRACKETS = re.compile(r"[\[(（【][^\])）】]*[\])）】]")
_WEIGHT = re.compile(
    r"[\s_\-–:]*(weight|weighting|wt|权重|gewicht|gewichtung|peso|poids)[\s_]*[(（]?[%％]?[)）]?$", re.I
)
_NUMBERED = re.compile(r"[_ ]\(?\d+\)?$")
_PERCENT = re.compile(r"[%％]|\b(percent|pct|prozent)\b", re.IGNORECASE)
_AMBIGUOUS = r",\d{3}(\D|$)|\..*,|,.*,|,.*\."
_MAX_RATING = 10.0  # ratings are given on scales up to it; beyond, a CSAT is a share of satisfied customers
_MAX_SHARE = 1.0
_MIN_PERCENT = 1.5  # a largest value between a share and this may be a share above 1 or a small percentage
_SCORES = frozenset({"quality_score"})
_MIN_SCORE = 1.5  # a score of 100 points whose largest value is below it is a share
_TIMES: Mapping[str, float] = {"seconds": 1.0, "hours": 3600.0, "days": 86_400.0}


@dataclass(frozen=True)
class KpiColumn:
    """A column that is called like a KPI.

    Parameters
    ----------
    kpi : str
        The catalogue's id.
    sql : str
        Its values in the KPI's unit, of the table ``raw``; empty where nobody can tell the unit.
    why : str
        What speaks for it, or why it is left out.
    """

    column: ColumnLook
    kpi: str
    sql: str
    why: str


@cache
def _catalogue() -> Mapping[str, Kpi]:
    from baton.catalogue.load import load_kpis
    from baton.company import Company

    return load_kpis(Company())


def kpi_of_heading(heading: str, /) -> str | None:
    """Return the KPI that a heading names, with or without its unit.

    Examples
    --------
    >>> [kpi_of_heading(heading) for heading in ("CSAT (1-5)", "FCR %", "AHT sec", "Rank")]
    ['csat', 'first_contact_resolution', 'handle_seconds', None]
    """
    bare = _BRACKETS.sub(" ", heading).strip()
    names = [heading, bare]
    if named_unit(bare) is not None and len(bare.split()) > 1:
        names.append(" ".join(bare.split()[:-1]))
    return next((kpi for name in names if name and (kpi := kpi_meant(name, _catalogue())) is not None), None)


@dataclass(frozen=True)
class _Seen:
    """What all values of a column show: how many there are, in which manner, and their range."""

    present: int
    numbers: int
    with_sign: int
    low: float
    high: float


def kpi_columns(look: Look, unit: str, connection: duckdb.DuckDBPyConnection, /) -> tuple[KpiColumn, ...]:
    """Return the columns that are called like KPIs, those too that are left out.

    Parameters
    ----------
    unit : str
        Whose values they are: ``employee``, ``team`` or ``customer``.
    connection : DuckDBPyConnection
        In which the export's relation is.
    """
    named = {column.name: kpi for column in look.columns if (kpi := kpi_of_heading(column.name)) is not None}
    found = []
    for name, kpi in named.items():
        column = look.column(name)
        sql, why = "", ""
        if sum(other == kpi for other in named.values()) > 1:
            why = f"several columns are called like {kpi}: which one is meant?"
        elif unit not in _catalogue()[kpi].grains:
            why = f"{kpi} is no KPI of a {unit}"
        elif not column.present or not column.is_number or column.durations > 0:
            why = f"called like {kpi}, but its values are no plain numbers"
        else:
            sql, why = _read(column, _catalogue()[kpi], look, connection)
        found.append(KpiColumn(column, kpi, sql, why))
    return tuple(found)


def number_sql(column: ColumnLook, look: Look, connection: duckdb.DuckDBPyConnection, /) -> str:
    """Return SQL of a column's numbers, of the table ``raw``; empty where commas may part thousands or decimals."""
    value = f"raw.{quoted(column.name)}"
    if column.raw_type != "VARCHAR":
        return f"try_cast({value} as double)"
    unclear = connection.execute(
        f"SELECT count(*) FILTER (regexp_matches({value}, {literal(_AMBIGUOUS)})) FROM {look.relation} AS raw"
    ).fetchall()[0][0]
    return "" if unclear else f"try_cast(trim(replace(replace({value}, '%', ''), ',', '.')) as double)"


def _seen(number: str, column: ColumnLook, look: Look, connection: duckdb.DuckDBPyConnection, /) -> _Seen:
    value = f"trim(cast(raw.{quoted(column.name)} as varchar))"
    known = f"lower({value}) NOT IN ({', '.join(map(literal, MISSING_WORDS))})"
    present, numbers, signs, low, high = connection.execute(
        f"SELECT count(*) FILTER ({known}), count({number}), count(*) FILTER (contains({value}, '%')), "
        f"min({number}), max({number}) FROM {look.relation} AS raw"
    ).fetchall()[0]
    return _Seen(present, numbers, signs, low or 0.0, high or 0.0)


def _read(column: ColumnLook, kpi: Kpi, look: Look, connection: duckdb.DuckDBPyConnection, /) -> tuple[str, str]:
    """Return SQL and reason of a KPI's values; without SQL, the reason why not."""
    called = f"called like {kpi.id}"
    number = number_sql(column, look, connection)
    if not number:
        return "", f"{called}, but its commas may part thousands or decimals"
    seen = _seen(number, column, look, connection)
    if seen.with_sign not in {0, seen.present}:
        return "", f"{called}, but only some of its values have a percent sign"
    others = seen.present - seen.numbers
    sql, why = _in_unit(number, column, kpi, seen)
    rest = f"; {others:,} values are no numbers and stay out" if others and sql else ""
    return sql, f"{called}{why}{rest}"


def _in_unit(number: str, column: ColumnLook, kpi: Kpi, seen: _Seen, /) -> tuple[str, str]:
    span = f"its values from {seen.low:g} to {seen.high:g}"
    if kpi.unit == "share":
        return _share(number, seen, span)
    if kpi.unit in _TIMES:
        factor = named_unit(column.name)
        if factor is None:
            return "", ", but neither name nor values say in which unit of time"
        factor /= _TIMES[kpi.unit]
        return (number, "") if factor == 1 else (f"{factor:.12g} * {number}", f"; × {factor:.6g}, by the unit named")
    if kpi.id in _SCORES:
        is_score = seen.low >= 0 and _MIN_SCORE <= seen.high <= 100
        return (number, "") if is_score else ("", f", but {span} are no points of 100")
    if seen.with_sign or _PERCENT.search(column.name):
        return "", f", but it is a percentage, and the KPI is in {kpi.unit}"
    if kpi.id == "csat" and not 0 <= seen.low <= seen.high <= _MAX_RATING:
        return "", f", but {span} are no ratings"
    return number, f"; read in {kpi.unit}, from {seen.low:g} to {seen.high:g}"


def _share(number: str, seen: _Seen, span: str, /) -> tuple[str, str]:
    if seen.low < 0 or seen.high > 100:
        return "", f", but {span} are no shares"
    if seen.with_sign or seen.high >= _MIN_PERCENT:
        return f"{number} / 100", "; percent read as shares"
    if seen.high > _MAX_SHARE:
        return "", f", but {span} may be shares or percent"
    return number, "; shares as they stand: none is above 1"


def weight_columns(look: Look, /) -> tuple[tuple[ColumnLook, str], ...]:
    """Return the columns of weights, each with the KPI's id or, where none is known, what the heading calls it.

    A heading that says no more than that it is a weight belongs to the column before it.
    """
    found = []
    before = ""
    for column in look.columns:
        heading = column.name if _WEIGHT.search(column.name) else _NUMBERED.sub("", column.name)
        match = _WEIGHT.search(heading)
        if match is None:
            before = column.name
        elif column.present and column.is_number:
            name = heading[: match.start()].strip() or before
            if name:
                found.append((column, kpi_of_heading(name) or _BRACKETS.sub(" ", name).strip(" %")))
    return tuple(found)
