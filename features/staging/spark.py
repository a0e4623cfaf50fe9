"""The staged tables on Spark: the same expressions, run by the engine of a cluster.

Staging itself, and what is DuckDB's own SQL, stay on one machine (docs/decisions/0028-more-machines.md).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis

from baton.engine.settings import Engine
from baton.errors import ArtefactError
from features.staging.own_columns import exposed
from features.staging.warehouse import Warehouse

__all__ = ["explaining_spark", "on_spark", "refuse_without_spark"]

_LOCK = "requirements-spark.lock"
_SECONDS = 5.0  # a master that does not answer by then is down: Spark itself would try for three minutes
_FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",  # what does not fit a type is an error, as in DuckDB
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.ui.showConsoleProgress": "false",
}
"""What values depend on; no setting of a company's changes it."""


def refuse_without_spark(engine: Engine, /) -> None:
    """Refuse Spark where it cannot be there: looked at before anything runs.

    Raises
    ------
    ArtefactError
        If PySpark or Java is not installed, or nothing answers at the master's address.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise ArtefactError(
            f'[engine] name = "spark": PySpark is not installed; run `pip install --no-deps -r {_LOCK}`, or choose '
            'name = "duckdb"'
        )
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").exists()):
        raise ArtefactError(
            '[engine] name = "spark": there is no Java; install a Java 17 runtime or set JAVA_HOME to one, or choose '
            'name = "duckdb"'
        )
    if not engine.master.startswith("spark://"):
        return
    places = engine.master.removeprefix("spark://").split(",")
    if not any(map(_answers, places)):
        raise ArtefactError(
            f"[engine] master: nothing answers at {engine.master}; start Spark there, or give another address"
        )


def on_spark(warehouse: Warehouse, folder: Path, engine: Engine, /, *, cases: Path | None = None) -> Warehouse:
    """Return the same tables on Spark.

    Parameters
    ----------
    warehouse : Warehouse
        Staged tables on DuckDB; all but the tables is taken from it.
    folder : Path
        Where they are staged: every machine of the cluster must find it under this path.
    cases : Path, optional
        The cases with what their texts are about, to be read instead of the staged ones.

    Returns
    -------
    Warehouse

    Raises
    ------
    ArtefactError
        If Spark cannot be started or cannot read the tables.
    """
    with explaining_spark(engine):
        connection = ibis.pyspark.connect(_session(engine))
        places = {name: folder / f"{name}.parquet" for name in warehouse.tables}
        if cases is not None:
            places["cases"] = cases
        tables = {
            name: exposed(name, connection.read_parquet(place.resolve().as_uri(), table_name=f"baton_{name}"))
            for name, place in places.items()
        }
    return replace(warehouse, tables=tables)


@contextmanager
def explaining_spark(engine: Engine, /) -> Iterator[None]:
    """Say in one sentence what goes wrong on Spark.

    Raises
    ------
    ArtefactError
        If it does: it cannot be started, has died half-way, or refuses a query.
    """
    try:
        yield
    except Exception as error:
        kinds = {kind.__module__.split(".")[0] for kind in type(error).__mro__}
        if not kinds & {"pyspark", "py4j"} and not isinstance(error, ConnectionError):  # its process is gone
            raise
        raise ArtefactError(
            f"[engine] Spark at {engine.master} failed ({_first_line(error)}); nothing of this step was kept: see its "
            'log and run again, or choose name = "duckdb"'
        ) from error


def _session(engine: Engine, /) -> Any:
    # by name, since it is an extra
    sql, logger = importlib.import_module("pyspark.sql"), importlib.import_module("pyspark.logger")
    builder = sql.SparkSession.builder.master(engine.master).appName("baton").config("spark.ui.enabled", "false")
    for name, value in {**engine.settings, **_FIXED}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):  # they would log queries that are refused
        logger.PySparkLogger.getLogger(name).disabled = True
    return session


def _answers(place: str, /) -> bool:
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def _first_line(error: Exception, /) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    found = next(
        (line for line in lines if re.match(r"\[[A-Z_.]+\]", line)), lines[0] if lines else type(error).__name__
    )
    return f"{found:.200}"
