"""Measures the plain figures of a company: by month, team, topic, channel, weekday and hour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis

from features.figures.definitions import CASE_FIGURES, CaseFigure
from features.figures.monthly import monthly_counts
from features.figures.small_groups import hidden
from features.figures.times import Span, local, partial_months
from features.ingest.sql_text import quoted
from features.staging.rows_over_time import with_row_then
from features.staging.warehouse import Warehouse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAX_MONTHS", "YEAR_DAYS", "figures"]

YEAR_DAYS = 365
"""Days up to the end of the data that teams, topics, channels, weekdays and hours are measured over."""

MAX_MONTHS = 25
"""Months, the latest, that are shown: two years, and the same month of the year before."""

_GROUPS = {"all": None, "team": "team", "topic": "topic", "channel": "channel"}
_TIMES = ("opened_at", "responded_at", "closed_at", "rated_at")
_HOURS = {"weekday": "isodow(opened)::VARCHAR", "hour": "strftime(opened, '%H')"}
_BY_HOUR = ("cases", "time_to_response", "wait")
"""Figures that depend on when a customer comes; the others depend on when the work is done."""

_CASES = """
CREATE OR REPLACE TEMP TABLE figure_cases AS
SELECT {columns}, {opened} AS opened FROM ({cases}) WHERE opened_at <= {end}
"""
_MEASURED = """
SELECT {by} AS by, {group} AS "group", count(*) AS rows, count(value) AS n, {aggregate} AS value,
       count(DISTINCT employee_id) FILTER (value IS NOT NULL) AS people
FROM (SELECT *, {moment} AS moment, ({value})::DOUBLE AS value FROM figure_cases) WHERE {within} GROUP BY ALL
"""
_MOMENTS = {
    "opened": "opened_at",
    "responded": "coalesce(responded_at, opened_at)",
    "closed": "coalesce(closed_at, opened_at)",
    "rated": "coalesce(rated_at, closed_at, opened_at)",
}


def figures(warehouse: Warehouse, zones: Mapping[str, str], min_group: int, /) -> pd.DataFrame:
    """Return the plain figures that a company's tables carry.

    Parameters
    ----------
    zones : mapping of str to str
        Time zone per table: months, weekdays and hours are those of the clock on its wall.
    min_group : int
        Figures of how people work are hidden where fewer people are behind them.

    Returns
    -------
    pandas.DataFrame
        The columns of ``figures.parquet``; no rows where the company has neither cases, customers nor activity.
    """
    import pandas as pd

    parts = [*_case_figures(warehouse, zones.get("cases", "UTC")), *monthly_counts(warehouse, zones)]
    if not parts:
        return pd.DataFrame()
    found = _latest(pd.concat(parts, ignore_index=True))
    found["hidden"] = hidden(found, min_group)
    found["value"] = found["value"].mask(found["hidden"])
    columns = ["figure", "unit", "by", "group", "n", "known_share", "value", "hidden", "partial"]
    return found[columns].reset_index(drop=True)


def _latest(found: pd.DataFrame, /) -> pd.DataFrame:
    """Return the figures in order, of months no more than the latest."""
    months = found[found["by"] == "month"].sort_values("group")
    latest = months.groupby("figure", sort=False).tail(MAX_MONTHS)
    kept = found[(found["by"] != "month") | found.index.isin(latest.index)]
    place = {name: at for at, name in enumerate(dict.fromkeys(found["figure"]))}
    order = {name: at for at, name in enumerate(("all", "month", *dict.fromkeys(found["by"])))}
    return kept.sort_values(
        ["figure", "by", "group"],
        key=lambda column: (
            column if column.name == "group" else column.map(place if column.name == "figure" else order)
        ),
        kind="stable",
    )


def _case_figures(warehouse: Warehouse, zone: str, /) -> Iterator[pd.DataFrame]:
    if "cases" not in warehouse or "cases" not in warehouse.observed_until:
        return
    cases = _Cases(warehouse, zone)
    for figure in CASE_FIGURES:
        if set(figure.needs) <= warehouse.present["cases"]:
            measured = cases.measured(figure)
            if measured["n"].sum():
                yield measured


def _cases_query(warehouse: Warehouse, /) -> str:
    """Return the query of all cases with team and topic: the case's own team, else its handler's of that time."""
    cases = warehouse["cases"]
    cases = cases.mutate(topic=ibis.coalesce(cases.root_cause, cases.process))
    if warehouse.has("employees", "team_id"):
        cases = with_row_then(warehouse, "employees", cases, "employee_id", "opened_at", {"handlers_team": "team_id"})
        cases = cases.mutate(team=ibis.coalesce(cases.team_id, cases.handlers_team))
    else:
        cases = cases.mutate(team=cases.team_id)
    return ibis.to_sql(cases, dialect="duckdb")


class _Cases:
    """The cases of a company, ready to be measured."""

    def __init__(self, warehouse: Warehouse, zone: str, /) -> None:
        backend: Any = warehouse["cases"].get_backend()
        self.engine: Any = backend.con.cursor()  # its temporary table goes with it
        self.zone = zone
        self.end = f"TIMESTAMP '{warehouse.observed_until['cases']}'"
        described = [*_GROUPS.values(), "employee_id", *_TIMES, *_values()]
        columns = ", ".join(dict.fromkeys(quoted(name) for name in described if name))
        opened = local("opened_at", zone)
        query = _CASES.format(columns=columns, opened=opened, cases=_cases_query(warehouse), end=self.end)
        self.engine.execute(query)
        groups = [name for name in _GROUPS.values() if name]
        counted = ", ".join(f"count({quoted(name)})" for name in groups)
        midnight = "count(*) FILTER (opened_at <> date_trunc('day', opened_at))"
        span = f"min(opened), {local(self.end, zone)}"
        start, end, with_hour, *known = self._row(f"SELECT {span}, {midnight}, {counted} FROM figure_cases")
        self.span = Span(start or end, end)
        self.has_hours = bool(with_hour)  # an export of days alone says nothing of the clock
        self.groups = {name for name, count in zip(groups, known, strict=True) if count}

    def measured(self, figure: CaseFigure, /) -> pd.DataFrame:
        """Return one figure by everything that it can be measured by."""
        found = self.engine.execute(" UNION ALL ".join(self._queries(figure))).df()
        partial = partial_months(self.span, self._delay(figure))
        return found.assign(
            figure=figure.name,
            unit=figure.unit,
            about_work=figure.about_work,
            known_share=found["n"] / found["rows"],
            partial=(found["by"] == "month")
            & (found["group"].isin(partial) | (found["group"] > f"{self.span.end:%Y-%m}").fillna(False)),
        )

    def _row(self, query: str, /) -> tuple[Any, ...]:
        return self.engine.execute(query).fetchall()[0]

    def _queries(self, figure: CaseFigure, /) -> Iterator[str]:
        end = local(self.end, self.zone)
        # answers and ratings that came after the last case was opened count as well: they are of these cases
        year = f"{{0}} > {end} - INTERVAL {YEAR_DAYS} DAYS"
        measured = [("month", "strftime(moment, '%Y-%m')", "TRUE")]
        measured += [
            (by, "NULL::VARCHAR" if name is None else quoted(name), year.format("moment"))
            for by, name in _GROUPS.items()
            if name is None or name in self.groups
        ]
        if figure.name in _BY_HOUR and self.has_hours:
            measured += [(by, group, year.format("opened")) for by, group in _HOURS.items()]
            if figure.name == "cases":
                both = f"{_HOURS['weekday']} || '-' || {_HOURS['hour']}"
                measured.append(("weekday_hour", both, year.format("opened")))
        for by, group, within in measured:
            yield _MEASURED.format(
                by=f"'{by}'",
                group=group,
                aggregate=figure.aggregate,
                within=within,
                moment=local(_MOMENTS[figure.moment], self.zone),
                value=figure.value.format(end=self.end),
            )

    def _delay(self, figure: CaseFigure, /) -> timedelta:
        """Return how long after their beginning the data lack long cases: those that were opened before."""
        if figure.unit != "seconds" or figure.moment == "opened":
            return timedelta()
        late = f"quantile_cont(epoch({_MOMENTS[figure.moment]} - opened_at), 0.9)"
        known = f"({figure.value.format(end=self.end)}) IS NOT NULL"
        (seconds,) = self._row(f"SELECT {late} FROM figure_cases WHERE {known}")
        return timedelta(seconds=max(float(seconds or 0), 0.0))


def _values() -> list[str]:
    return [name for figure in CASE_FIGURES for name in figure.needs]
