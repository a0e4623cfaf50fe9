"""A simulated company as its tables were on two evenings, and the day between them as events."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import Company, load_company
from baton.contract.sources import TABLES
from baton.errors import RequestError
from features.ingest.settled import staged_columns, staged_scales, staged_types
from features.kpis.known_at import _CASE_COLUMNS, RATING_DELAY_DAYS
from features.staging.pseudonyms import load_key, pseudonym
from features.staging.stage import stage
from serving.events.rows import EVENT_TABLES, EventTable, checked_row

WEEK = pd.Timedelta(days=RATING_DELAY_DAYS)


@dataclass(frozen=True)
class Kept:
    """An event as the service keeps it."""

    number: int
    table_name: str
    row: dict[str, Any]
    occurred_at: datetime
    last_at: datetime
    received_at: datetime


def read(company: Company, name: str) -> pd.DataFrame:
    path = company.resolve(str(company.tables[name].path))
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, low_memory=False)
    for column in TABLES[name].columns:
        if column.type == "time" and column.name in frame:
            times = pd.to_datetime(frame[column.name], format="ISO8601", utc=True)
            frame[column.name] = times.dt.tz_localize(None).astype("datetime64[us]")
    return frame


def as_known(name: str, frame: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    """The table as it was at a moment: what happened later is not in it, nor filled in."""
    first = {"cases": "opened_at", "customers": "joined_at"}.get(name, TABLES[name].time)
    if first is None:
        return frame
    found = frame[frame[first].isna() | (frame[first] <= moment)].copy()
    if name == "customers":
        found.loc[found["left_at"] > moment, "left_at"] = pd.NaT
    if name == "cases":
        rated = found["rated_at"].fillna(found["closed_at"] + WEEK)
        steps = {"responded_at": found["responded_at"], "closed_at": found["closed_at"], "rated_at": rated}
        for step, known in steps.items():
            later = ~(known <= moment)
            for column in found.columns:
                if _CASE_COLUMNS.get(column, "closed_at") == step:
                    found[column] = found[column].astype("object").where(~later, None)
    return found


def evening(source: Company, place: Path, moment: datetime) -> Company:
    """The company with its tables as they were at a moment, staged in ``out/staged``."""
    shutil.copytree(source.folder, place, ignore=shutil.ignore_patterns("out", ".baton"))
    company = load_company(place)
    for name, table in company.tables.items():
        path = company.resolve(str(table.path))
        found = as_known(name, read(source, name), moment)
        if path.suffix == ".parquet":
            for column in TABLES[name].columns:
                if column.type == "time" and column.name in found:
                    found[column.name] = pd.to_datetime(found[column.name])
                elif (
                    column.name in found and found[column.name].dtype == object and column.type in ("number", "integer")
                ):
                    found[column.name] = pd.to_numeric(found[column.name])
            found.to_parquet(path, index=False)
        else:
            found.to_csv(path, index=False)
    stage(company, load_catalogue(company), place / "out" / "staged", now=moment)
    return company


def day_between(source: Company, before: Company, start: datetime, end: datetime) -> list[Kept]:
    """The events of a day: new rows, and of rows that are there what has changed."""
    key = load_key(before.resolve(before.privacy.key))
    staged = before.folder / "out" / "staged"
    scales, types = staged_scales(staged), staged_types(staged)
    events: list[Kept] = []
    for name, present in staged_columns(staged).items():
        if name not in EVENT_TABLES:
            continue
        numbers = frozenset(column for column, kind in types.get(name, {}).items() if kind == "number")
        table = EventTable(name, present, numbers, scales.get(name, {}), lambda person: person.startswith("p-"))
        for row in changed(name, read(source, name), start, end):
            if row.get("employee_id") is not None:
                row["employee_id"] = pseudonym(key, str(row["employee_id"]))
            try:
                found = checked_row(table, row, end)
            except RequestError as error:  # the night empties what cannot be, the day refuses it
                found = checked_row(table, {name: row[name] for name in row if name != error.field}, end)
            received = end - timedelta(minutes=1)
            number = len(events) + 1
            events.append(Kept(number, name, found.row, received, found.last_at or received, received))
    return events


def changed(name: str, frame: pd.DataFrame, start: datetime, end: datetime) -> list[dict[str, Any]]:
    old, new = as_known(name, frame, start), as_known(name, frame, end)
    rows = []
    for place, row in new.iterrows():
        values = {column: sent(value) for column, value in row.items()}
        if place in old.index:
            was = {column: sent(value) for column, value in old.loc[place].items()}
            values = {column: value for column, value in values.items() if value != was[column]}
            if not values:
                continue
            ident = {"cases": "case_id", "customers": "customer_id"}[name]
            values[ident] = was[ident]
        rows.append({column: value for column, value in values.items() if value is not None})
    return [whole(name, row) for row in rows]


def whole(name: str, row: dict[str, Any]) -> dict[str, Any]:
    for column in TABLES[name].columns:
        value = row.get(column.name)
        if column.type == "integer" and value is not None:
            row[column.name] = int(value)
        if column.type == "flag" and value is not None:
            row[column.name] = str(value).lower() in ("true", "1", "1.0")
    return row


def sent(value: Any) -> Any:
    """A value as JSON would say it; None where it is unknown."""
    if value is None or value is pd.NaT or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value.isoformat()}Z"
    return value.item() if hasattr(value, "item") else value
