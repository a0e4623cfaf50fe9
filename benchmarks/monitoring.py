"""Watching data in simulated companies: false alarms in quiet years, and which planted changes are found, by name.

``python -m benchmarks.monitoring --seeds 3`` simulates companies of three years, looks at each of their last 52 weeks
by what was known then, and plants each change in the last two weeks of the cleaned tables. A rival beside it is the
population stability index above 0.25 between the newest two weeks and the year before, as many tools set it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from features.monitoring.series import Series
from features.staging.stage import open_warehouse, stage
from models.monitoring.detection import alarms
from models.monitoring.naming import Finding, findings
from pipelines.monitoring.watch import all_series
from pipelines.simulate import simulate

__all__ = ["main"]

SCENARIOS = {"service": 3000, "product": 2000, "b2b": 1000}
_MONTHS = 36
_WEEKS = 52
_DAYS = 14
_MIN_WEEKS_BETWEEN = 8  # weeks: alarms of one figure nearer to each other are one episode
_FOLK_LIMIT = 0.25


@dataclass(frozen=True)
class Planted:
    """A change in the newest rows.

    Parameters
    ----------
    table : str
    columns : tuple of str
        Without which it cannot be planted.
    sql : str
        What is selected from ``rows``; ``{begin}`` and ``{end}`` stand for moments.
    names : tuple of str
        What it may be called.
    source : str
        Where it must be seen.
    """

    table: str
    columns: tuple[str, ...]
    sql: str
    names: tuple[str, ...]
    source: str


DRIFTS = {
    "seconds become minutes": Planted(
        "cases", ("handle_seconds", "closed_at"),
        "SELECT * REPLACE (CASE WHEN closed_at >= {begin} THEN handle_seconds / 60 ELSE handle_seconds END "
        "AS handle_seconds) FROM rows", ("unit",), "closed cases",
    ),
    "a tenth of activity is of a new product": Planted(
        "activity", ("item",),
        'SELECT * REPLACE (CASE WHEN "at" >= {begin} AND hash(customer_id, "at") % 10 = 0 '
        "THEN 'brand new' ELSE item END AS item) FROM rows", ("new_value",), "activity",
    ),
    "a channel is lost": Planted(
        "cases", ("channel",),
        "SELECT * FROM rows WHERE NOT (opened_at >= {begin} AND channel = (SELECT mode(channel) FROM rows "
        "WHERE channel <> (SELECT mode(channel) FROM rows)))", ("gone_value",), "cases",
    ),
    "activity stops": Planted(
        "activity", ("at",), 'SELECT * FROM rows WHERE "at" < {begin}', ("stopped",), "activity",
    ),
    "a column comes empty": Planted(
        "cases", ("team_id",),
        "SELECT * REPLACE (CASE WHEN opened_at >= {begin} THEN NULL ELSE team_id END AS team_id) FROM rows",
        ("column_lost",), "cases",
    ),
    "those of most value leave": Planted(
        "customers", ("left_at", "value"),
        "SELECT * REPLACE (CASE WHEN left_at IS NULL AND value > (SELECT quantile_cont(value, 0.67) FROM rows) "
        "AND hash(customer_id) % 12 = 0 THEN {begin} + to_hours(CAST(hash(customer_id, 1) % 330 AS INTEGER)) "
        "ELSE left_at END AS left_at) FROM rows", ("more", "level", "mix"), "leavers",
    ),
    "more of those of most value leave": Planted(
        "customers", ("left_at", "value"),
        "SELECT * REPLACE (CASE WHEN left_at IS NULL AND value > (SELECT quantile_cont(value, 0.67) FROM rows) "
        "AND hash(customer_id) % 5 = 0 THEN {begin} + to_hours(CAST(hash(customer_id, 1) % 330 AS INTEGER)) "
        "ELSE left_at END AS left_at) FROM rows", ("more", "level", "mix"), "leavers",
    ),
    "a third of people change teams": Planted(
        "cases", ("team_id", "employee_id"),
        "SELECT * REPLACE (CASE WHEN opened_at >= {begin} AND hash(employee_id) % 3 = 0 THEN 'new team' "
        "ELSE team_id END AS team_id) FROM rows", ("reorganised",), "people",
    ),
}  # fmt: skip
"""The last two weeks of each; whether it can be planted depends on a company's tables."""


def main() -> None:
    """Print one line per company and change, and both rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=11, help="the first seed")
    parser.add_argument("--scenario", choices=SCENARIOS, action="append")
    asked = parser.parse_args()
    false, folk, years, hits, tried = 0, 0, 0, 0, 0
    for scenario in asked.scenario or SCENARIOS:
        for seed in range(asked.first, asked.first + asked.seeds):
            with tempfile.TemporaryDirectory() as name:
                staged = _company(scenario, seed, Path(name))
                series = all_series(open_warehouse(staged))
                end = max(one.periods.end for one in series)
                quiet = _quiet(series)
                false, folk, years = false + len(quiet), folk + _folk(series), years + 1
                print(f"{scenario} {seed}: {len(quiet)} false alarms in a year; {', '.join(quiet) or 'none'}")
                for drift, planted in DRIFTS.items():
                    found = _found(staged, end, planted, Path(name) / "planted")
                    if found is None:
                        continue
                    tried, hits = tried + 1, hits + found[0]
                    print(f"  {drift}: {'found' if found[0] else 'MISSED'} ({found[1]})", flush=True)
    print(f"false alarms a year {false / years:.2f}, by the index {folk / years:.1f}; found by name {hits} of {tried}")


def _company(scenario: str, seed: int, folder: Path, /) -> Path:
    simulate(folder / "company", scenario=scenario, customers=SCENARIOS[scenario], months=_MONTHS, seed=seed)
    company = load_company(folder / "company" / "company.toml")
    stage(company, load_catalogue(company), folder / "staged")
    return folder / "staged"


def _quiet(series: Sequence[Series], /) -> list[str]:
    """Return the episodes of the last year in which nothing was planted."""
    found = alarms(series, all_periods=True)
    episodes: list[str] = []
    last: dict[int, datetime] = {}
    for alarm in sorted(found, key=lambda alarm: alarm.series.periods.begins[alarm.at]):
        of = alarm.series
        when = of.periods.begins[alarm.at]
        recent = last.get(id(of))
        last[id(of)] = when
        if when < of.periods.end - timedelta(weeks=_WEEKS) or (
            recent and when - recent < timedelta(weeks=_MIN_WEEKS_BETWEEN)
        ):
            continue
        episodes.append(f"{of.source} {of.column} {of.what} {of.value} {when:%Y-%m-%d}")
    return episodes


def _folk(series: Sequence[Series], /) -> int:
    """Return in how many weeks of a year some column's index is above the limit, by shares of values."""
    series = [one for one in series if one.what == "share" and one.periods.every == "week"]
    alarmed = 0
    for back in range(_WEEKS):
        indices: dict[tuple[str, str], float] = {}
        for one in series:
            part = _part_of_index(one, back)
            key = (one.source, one.column)
            indices[key] = indices.get(key, 0.0) + part
        alarmed += any(index > _FOLK_LIMIT for index in indices.values())
    return alarmed


def _part_of_index(one: Series, back: int, /) -> float:
    end = len(one.values) - back
    now = _pooled(one, end - 2, end)
    before = _pooled(one, max(0, end - 2 - _WEEKS), end - 2)
    return (now - before) * float(np.log(now / before))


def _pooled(one: Series, begin: int, end: int, /) -> float:
    rows = one.rows[begin:end].sum()
    count = np.nansum(one.values[begin:end] * one.rows[begin:end])
    return float(np.clip(count / max(rows, 1), 1e-4, 1))


def _found(staged: Path, end: datetime, planted: Planted, place: Path, /) -> tuple[bool, str] | None:
    """Return whether a planted change is found and called by its name, and what was found; None: it cannot be."""
    source = staged / f"{planted.table}.parquet"
    if not source.exists():
        return None
    warehouse = open_warehouse(staged)
    if not warehouse.has(planted.table, *planted.columns):
        return None
    shutil.copytree(staged, place)
    begin = f"TIMESTAMP '{end - timedelta(days=_DAYS):%Y-%m-%d %H:%M:%S}'"
    sql = planted.sql.format(begin=begin)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW rows AS FROM read_parquet('{source}')")
        connection.execute(f"COPY ({sql}) TO '{place / source.name}' (FORMAT parquet)")
    try:
        found = findings(alarms(all_series(open_warehouse(place), end), all_periods=True))
    finally:
        shutil.rmtree(place)
    named = any(one.change in planted.names and one.alarm.series.source == planted.source for one in found)
    return named, "; ".join(_words(one) for one in found) or "nothing"


def _words(finding: Finding, /) -> str:
    of = finding.alarm.series
    moved = f"{finding.alarm.before:.3g} to {finding.alarm.now:.3g}"
    return f"{finding.change} {of.source} {of.column} {of.value} {moved} (+{len(finding.also)})"


if __name__ == "__main__":
    main()
