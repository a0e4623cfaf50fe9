"""On Spark every KPI of every preset, and every training table, is what it is on DuckDB; what would not be is refused."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from baton.catalogue.expressions import checked
from baton.catalogue.load import available_presets, load_catalogue
from baton.catalogue.schema import Kpi
from baton.company import Company
from baton.contract.sources import TABLES
from baton.engine.settings import Engine
from baton.errors import ArtefactError, CatalogueError, CompanyFileError
from features.kpis import evaluate as metrics
from features.kpis.spark_sql import for_spark, refuse_not_on_spark
from features.staging import spark as on_cluster
from features.staging.own_columns import exposed
from features.staging.spark import explaining_spark, on_spark, refuse_without_spark
from features.staging.warehouse import Warehouse
from features.training.engines import refuse_engine
from tests.oracles.conftest import _TYPES, _arrow, kpi_of

LOCAL = Engine(name="spark", master="local[2]")
HERE = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
needs_spark = pytest.mark.skipif(not HERE, reason="PySpark is an extra: pip install -r requirements-spark.lock")
START, DAYS = datetime(2024, 1, 1), 200
DATES = [datetime(2024, 4, 1), datetime(2024, 6, 2, 12, 30)]
UNITS = ("customer", "employee", "team", "stage", "process", "customer_kind")


def of_presets() -> list[Kpi]:
    catalogues = [load_catalogue(Company.model_validate({"kpis": {"presets": [name]}})) for name in available_presets()]
    return list({kpi: catalogue[kpi] for catalogue in catalogues for kpi in catalogue}.values())


def words() -> list[str]:
    """Every text that an expression of a preset looks for."""
    texts = [text for kpi in of_presets() for text in (kpi.expr, kpi.denominator) if text is not None]
    literals = {node.name.strip("%") for text in texts for node in checked(text).walk() if is_text(node)}
    return sorted(literals)


def is_text(node: Any) -> bool:
    return type(node).__name__ == "Literal" and node.is_string


def filled(name: str, rng: np.random.Generator, kpis: list[Kpi]) -> pd.DataFrame:
    """A table of the contract with something in every column, and gaps; times with microseconds."""
    count = 3000
    frame = {}
    looked_for = words()
    for column in TABLES[name].columns:
        stem = column.name.removesuffix("_id")
        if column.name == "case_id":
            numbers = np.arange(count) if name == "cases" else rng.integers(0, count, count)
            values: list[Any] = [f"case{number}" for number in numbers]
        elif column.type == "id":
            values = [f"{stem}{number}" for number in rng.integers(0, 12, count)]
        elif column.type == "text":
            values = [looked_for[number] for number in rng.integers(0, len(looked_for), count)]
        elif column.type == "time":
            micros = rng.integers(0, DAYS * 86_400_000_000, count)
            values = [START + timedelta(microseconds=int(each)) for each in micros]
        elif column.type == "flag":
            values = [bool(flag) for flag in rng.random(count) < 0.5]
        elif column.type == "integer":
            values = [int(number) for number in rng.integers(0, 6, count)]
        else:
            low, high = column.low or 0.0, 10.0 if column.high is None else column.high
            values = list(rng.uniform(low, high, count))
        gaps = np.zeros(count, bool) if column.required else rng.random(count) < 0.15
        frame[column.name] = [None if gone else value for value, gone in zip(values, gaps, strict=True)]
    table = pd.DataFrame(frame)
    if name == "measures":
        named = [kpi.id for kpi in kpis if kpi.source == "measures"]
        table["kpi"] = [named[number % len(named)] for number in range(count)]
        table["unit"] = [("employee", "team")[number // 8 % 2] for number in range(count)]
        table["unit_id"] = [f"{unit}{number % 12}" for number, unit in enumerate(table["unit"])]
    if {"from", "to"} <= set(table):
        table["from"] = [datetime(2024, 1 + number // 12 % 6, 1) for number in range(count)]
        table["to"] = table["from"] + pd.DateOffset(months=1)
    table = table.drop(columns="valid_from", errors="ignore")
    key = [column for column in TABLES[name].key if column in table]
    return table.drop_duplicates(key) if key else table


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, Path]:
    """A company with all tables of the contract, on DuckDB, and the folder of its Parquet files."""
    import pyarrow.parquet as pq

    folder, rng, kpis = tmp_path_factory.mktemp("staged"), np.random.default_rng(3), of_presets()
    engine = ibis.duckdb.connect(threads=1)
    engine.raw_sql("SET TimeZone='UTC'")
    tables, present = {}, {}
    for name in ("customers", "activity", "cases", "case_steps", "employees", "work", "measures"):
        frame = filled(name, rng, kpis)
        types = {column.name: _TYPES[column.type] for column in TABLES[name].columns}
        pq.write_table(_arrow(frame.reindex(columns=list(types)), types), folder / f"{name}.parquet")
        engine.raw_sql(f"CREATE VIEW {name} AS SELECT * FROM '{folder / name}.parquet'")
        tables[name], present[name] = exposed(name, engine.table(name)), frozenset(frame.columns)
    return Warehouse(tables, present), folder


@pytest.fixture(scope="module")
def clustered(everything: tuple[Warehouse, Path]) -> Warehouse:
    return on_spark(*everything, LOCAL)


@needs_spark
@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_every_kpi_of_every_preset_is_what_it_is_on_duckdb(
    unit: Any, everything: tuple[Warehouse, Path], clustered: Warehouse
) -> None:
    here, _ = everything
    kpis = metrics.available(here, of_presets(), unit)
    assert len(kpis) > 20
    assert metrics.available(clustered, of_presets(), unit) == kpis
    one, other = (frame_of(metrics.evaluate(each, kpis, unit, DATES, [30, 90])) for each in (here, clustered))
    assert one[["unit_id", "as_of"]].equals(other[["unit_id", "as_of"]])
    numbers = one.columns.drop(["unit_id", "as_of"])
    assert one[numbers].notna().any().all()
    gap = (one[numbers].astype(float) - other[numbers].astype(float)).abs()
    # ages of open cases are counted in whole seconds on Spark, in microseconds on DuckDB
    least = np.where(numbers.str.startswith("open_case_age_days"), 1 / 86400, 1e-9)
    differs = (gap > 1e-9 * one[numbers].astype(float).abs() + least) | (one[numbers].isna() != other[numbers].isna())
    assert list(numbers[differs.any(axis=0)]) == []


def frame_of(table: Any) -> pd.DataFrame:
    frame = table.to_pyarrow().to_pandas().sort_values(["unit_id", "as_of"], ignore_index=True)
    return frame.assign(as_of=frame["as_of"].astype("datetime64[us]"))


@needs_spark
@pytest.mark.slow
def test_training_tables_are_what_they_are_on_duckdb(small_company: Path, tmp_path: Path) -> None:
    from baton.company import load_company
    from features.staging.stage import open_warehouse, stage
    from features.training.build import build
    from features.training.engines import build_on_engine

    company = load_company(small_company)
    catalogue = load_catalogue(company)
    stage(company, catalogue, tmp_path)
    here = open_warehouse(tmp_path, threads=1)
    clustered = company.model_copy(update={"engine": LOCAL})
    one = build(company, catalogue, here)
    other = build_on_engine(clustered, catalogue, here, (tmp_path, None), lambda *_: None)
    assert one.tables.keys() == other.tables.keys() != set()
    assert one.skipped.keys() == other.skipped.keys()
    for name, table in one.tables.items():
        found = other.tables[name]
        assert replace(found, frame=table.frame, shares=table.shares, times=table.times, notes=table.notes) == table
        for left, right in ((table.frame, found.frame), (table.shares, found.shares), (table.times, found.times)):
            pd.testing.assert_frame_equal(left, right, rtol=1e-9, atol=1e-9)


@needs_spark
@pytest.mark.slow
def test_a_query_that_fails_on_spark_is_one_sentence(clustered: Warehouse) -> None:
    rows = clustered["cases"]
    broken = rows.mutate(number=rows.case_id.cast("int64"))
    with (
        pytest.raises(ArtefactError, match=r"Spark at local\[2\] failed \(\[CAST_INVALID_INPUT\]"),
        explaining_spark(LOCAL),
    ):
        broken.number.sum().to_pyarrow()


GONE = type("Py4JNetworkError", (Exception,), {"__module__": "py4j.protocol"})


@pytest.mark.parametrize(
    "error", [GONE("Answer from Java side is empty\n\tat x"), ConnectionRefusedError(111, "refused")]
)
def test_a_spark_that_dies_half_way_is_one_sentence_and_other_errors_stay_as_they_are(error: Exception) -> None:
    one_sentence = r"Spark at local\[2\] failed \([^\n]*\); nothing of this step was kept"
    with pytest.raises(ArtefactError, match=one_sentence), explaining_spark(LOCAL):
        raise error
    with pytest.raises(KeyError), explaining_spark(LOCAL):
        raise KeyError("x")


def test_floats_are_no_decimals_and_differences_count_boundaries_on_spark() -> None:
    tree = for_spark(checked("date_diff('hour', opened_at, closed_at) / 2.5 + 3"))
    text = tree.sql(dialect="spark")
    assert "CAST(2.5 AS DOUBLE)" in text
    assert "CAST(3 " not in text
    assert text.count("UNIX_SECONDS") == 2
    assert "/ 3600" in text
    assert "DATEDIFF" not in text


def test_every_expression_of_every_preset_is_taken_by_spark() -> None:
    refuse_not_on_spark(of_presets())


@pytest.mark.parametrize(
    ("expr", "part"),
    [
        ("cast(csat as integer)", "cast to int"),
        ("date_diff('month', opened_at, closed_at)", "date_diff of months"),
        ("regexp_matches(channel, 'a+')", "regexp"),
        ("case when channel = 'a\\b' then 1 end", "a backslash"),
        ("round(csat, 1)", "round"),
        ("7 % 3", "mod"),
    ],
)
def test_what_spark_computes_otherwise_is_refused_with_the_kpis_name(expr: str, part: str) -> None:
    with pytest.raises(CatalogueError, match=rf"mine \([^)]*{part}") as refusal:
        refuse_engine(
            LOCAL,
            [
                kpi_of("mine", expr=expr),
                kpi_of("other", aggregate="ratio", denominator="handle_seconds % 2", expr="cost"),
            ],
        )
    assert "other (" in str(refusal.value)
    refuse_engine(Engine(), [kpi_of("mine", expr=expr)])


def test_without_pyspark_java_or_a_master_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(on_cluster.importlib.util, "find_spec", lambda _: None)
        with pytest.raises(ArtefactError, match="pip install --no-deps -r requirements-spark.lock"):
            refuse_without_spark(LOCAL)
    monkeypatch.setattr(on_cluster.importlib.util, "find_spec", lambda _: object())
    with monkeypatch.context() as patch:
        patch.setattr(on_cluster.shutil, "which", lambda _: None)
        patch.setenv("JAVA_HOME", "/nowhere")
        with pytest.raises(ArtefactError, match="there is no Java"):
            refuse_without_spark(LOCAL)
    monkeypatch.setattr(on_cluster.shutil, "which", lambda _: "/usr/bin/java")
    refuse_without_spark(LOCAL)
    with socket.create_server(("127.0.0.1", 0)) as master:
        port = master.getsockname()[1]
        refuse_without_spark(Engine(name="spark", master=f"spark://127.0.0.1:{port}"))
    with pytest.raises(ArtefactError, match=rf"nothing answers at spark://127.0.0.1:{port}"):
        refuse_without_spark(Engine(name="spark", master=f"spark://127.0.0.1:{port}"))


@pytest.mark.parametrize("line", ['master = "http://x"', 'settings = { "hive.x" = "1" }', 'name = "dask"'])
def test_what_is_no_setting_of_an_engine_is_refused(line: str, tmp_path: Path) -> None:
    from baton.company import load_company

    (tmp_path / "company.toml").write_text(f"[engine]\n{line}\n", "utf-8")
    with pytest.raises(CompanyFileError, match="engine"):
        load_company(tmp_path)
