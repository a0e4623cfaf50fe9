"""A company as it stood at an earlier moment: what came later is not there, what was decided later is not known."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import duckdb

from baton.company import load_company
from features.ingest.sql_text import literal, quoted

__all__ = ["as_exported"]

_HAPPENED = {
    "customers": "joined_at", "activity": "at", "cases": "opened_at", "case_steps": "at", "employees": "hired_at",
    "work": "to", "measures": "to", "scorecards": "valid_from",
}  # fmt: skip
_DECIDED = {
    "customers": {"left_at": ("left_at",)},
    "employees": {"left_at": ("left_at",)},
    "cases": {
        "responded_at": ("responded_at", "wait_seconds"),
        "closed_at": (
            "closed_at", "resolved_first", "reopened", "transferred", "handle_seconds", "cost", "root_cause"
        ),
        "rated_at": ("rated_at", "csat", "nps"),
    },
}  # fmt: skip
_PERIODS = ("work", "measures")


def as_exported(source: Path, target: Path, end: datetime, /) -> dict[str, int]:
    """Write a simulated company as its systems would have exported it at a moment.

    Parameters
    ----------
    source, target : Path
        Folders with ``company.toml``; tables are CSV or Parquet files below it, in the contract's columns. Files that
        are in the target already are written anew.
    end : datetime
        What happened from then on is left out; periods that end by then are there.

    Returns
    -------
    dict of str to int
        Rows per table.
    """
    company = load_company(source)
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "company.toml", target / "company.toml")
    rows: dict[str, int] = {}
    for name, table in company.tables.items():
        place = target / str(table.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        rows[name] = _copy(name, source / str(table.path), place, end)
    return rows


def _copy(name: str, path: Path, place: Path, end: datetime, /) -> int:
    is_parquet = path.suffix == ".parquet"
    reader = f"read_parquet({literal(str(path))})"
    if not is_parquet:
        reader = f"read_csv({literal(str(path))}, all_varchar = true)"
    engine = duckdb.connect()
    columns = [row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()]
    moment = f"TIMESTAMP '{end:%Y-%m-%d %H:%M:%S}'"
    hidden: dict[str, str] = {}
    for decides, decided in _DECIDED.get(name, {}).items():
        if decides in columns:
            hidden |= {column: f"TRY_CAST({quoted(decides)} AS TIMESTAMP) >= {moment}" for column in decided}
    listed = ", ".join(
        f"CASE WHEN {hidden[column]} THEN NULL ELSE {quoted(column)} END AS {quoted(column)}"
        if column in hidden
        else quoted(column)
        for column in columns
    )
    there = "TRUE"
    if _HAPPENED.get(name) in columns:
        happened = f"TRY_CAST({quoted(_HAPPENED[name])} AS TIMESTAMP)"
        there = f"coalesce({happened} {'<=' if name in _PERIODS else '<'} {moment}, TRUE)"
    how = "FORMAT parquet, COMPRESSION zstd" if is_parquet else "FORMAT csv, HEADER"
    query = f"SELECT {listed} FROM {reader} WHERE {there}"
    engine.execute(f"COPY ({query}) TO {literal(str(place))} ({how})")
    return int(engine.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0])
