"""Warehouses from inline tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ibis
import pytest

from baton.catalogue.schema import Kpi
from baton.contract.sources import TABLES
from features.ingest.sql_text import quoted
from features.staging.own_columns import exposed
from features.staging.warehouse import Warehouse

_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
}
_EXTRA = {str: "VARCHAR", datetime: "TIMESTAMP"}


def warehouse_from(
    rows: dict[str, list[dict[str, Any]]], observed_until: dict[str, datetime] | None = None
) -> Warehouse:
    """Make tables of the rows, with all of the contract's columns; extra columns take the type of their values."""
    engine = ibis.duckdb.connect(threads=1)
    run = engine.con.execute
    present = {}
    for name, records in rows.items():
        given = dict.fromkeys(key for record in records for key in record)
        types = {column.name: _TYPES[column.type] for column in TABLES[name].columns}
        for extra in given:
            values = [record[extra] for record in records if record.get(extra) is not None]
            types.setdefault(extra, _EXTRA.get(type(values[0]) if values else float, "DOUBLE"))
        listed = ", ".join(f"{quoted(column)} {kind}" for column, kind in types.items())
        run(f"CREATE TABLE {name} ({listed})").fetchall()
        marks = ", ".join("?" for _ in given)
        columns = ", ".join(quoted(column) for column in given)
        if records:
            values = [[record.get(column) for column in given] for record in records]
            engine.con.executemany(f"INSERT INTO {name} ({columns}) VALUES ({marks})", values)
        present[name] = frozenset(given) | frozenset(TABLES[name].required)
    return Warehouse({name: exposed(name, engine.table(name)) for name in rows}, present, observed_until or {})


def kpi_from(name: str, source: str = "cases", **details: Any) -> Kpi:
    standing = {"layer": "role", "perspective": "process", "better": "lower", "unit": "points", "role": "lever"}
    return Kpi.model_validate({"id": name, "name": name, "source": source} | standing | details)


@pytest.fixture(scope="session")
def make_warehouse() -> Callable[..., Warehouse]:
    return warehouse_from


@pytest.fixture(scope="session")
def make_kpi() -> Callable[..., Kpi]:
    return kpi_from
