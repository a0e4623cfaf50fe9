"""Cleans a company's tables by the treatment of each fault, makes employees pseudonymous, and writes Parquet.

Everything after reads these files through one embedded engine (see docs/decisions/0001-one-engine-after-staging.md).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import ArtefactError, OutputError, SourceError, TableError
from baton.files import RunFolder, read_json, write_atomically, write_json
from features.ingest.clean_query import cleaned_query
from features.ingest.intake import ColumnTypes, Intake, TypedTable, opened
from features.ingest.locked import lock
from features.ingest.settled import SIDECAR, scales_of, types_of
from features.ingest.sql_text import literal, one_line, path_literal, quoted
from features.kpis.cause_kpis import CAUSE_COLUMN
from features.quality.checks import Examination, damage, examine
from features.quality.faults import CheckReport
from features.quality.scales import Agreed
from features.staging.known_people import known_people
from features.staging.masked_columns import MAX_TEXTS_HELD, without_names
from features.staging.own_columns import attribute, is_own
from features.staging.privacy import SensitiveColumnFilter
from features.staging.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "due",
    "open_warehouse",
    "refuse",
    "stage",
    "with_text_causes",
]


def stage(
    company: Company,
    catalogue: Catalogue,
    folder: Path,
    /,
    *,
    agreed: Agreed | None = None,
    now: datetime | None = None,
    types: ColumnTypes | None = None,
) -> CheckReport:
    """Check the sources, clean them, and write them as Parquet.

    Parameters
    ----------
    folder : Path
        Where ``<table>.parquet`` and ``tables.json`` go; tables of an earlier run that are gone are removed.
    agreed : mapping, optional
        The scales of ratings that models were trained on, where they are to score these tables.
    now : datetime, optional
        UTC without zone: what lies after it has not happened. None: the clock.
    types : mapping of str to mapping of str to str, optional
        Per table, the attributes' types that models were trained on: ``number`` or ``text``.

    Returns
    -------
    CheckReport
        What was found, and how it was treated.

    Raises
    ------
    TableError, SourceError
        If a fault stops the run; nothing is written then.
    OutputError
        If the disk is full or the folder cannot be written.
    """
    with opened(company, folder) as intake:
        intake.types = types or {}
        found = examine(intake, catalogue, agreed, now=now)
        refuse(found.report)
        column_filter = SensitiveColumnFilter(intake, outside=_results_folder(folder))
        decided = (*found.report.decided, *column_filter.notes)
        _make(folder)
        described: dict[str, Any] = {}
        for name, table in intake.tables.items():
            if not table.rows:
                continue
            described[name] = _write(intake, found, column_filter, table, folder / f"{name}.parquet")
        attribute_types = types_of(intake.tables, column_filter.dropped)
    for stale in folder.glob("*.parquet"):
        if stale.stem not in described:
            stale.unlink()
    report = replace(found.report, decided=decided)
    faults = [
        {
            "table": fault.table,
            "column": fault.column,
            "kind": fault.kind,
            "count": fault.count,
            "treatment": fault.treatment,
        }
        for fault in report.faults
    ]
    content = {
        "tables": described,
        "faults": faults,
        "scales": found.scales,
        "types": attribute_types,
        "pseudonymised": company.privacy.pseudonymise,
        "due": None if found.due is None else found.due.isoformat(),
    }
    write_json(folder / SIDECAR, content)
    return report


def due(folder: Path, /) -> datetime | None:
    """Return the first time that only the clock kept out of staged tables; None: there is none, or no staged table."""
    place = folder / SIDECAR
    due = read_json(place).get("due") if place.exists() else None
    return None if due is None else datetime.fromisoformat(due)


def refuse(report: CheckReport, /) -> None:
    """Raise the faults that stop a run, in one sentence.

    Raises
    ------
    SourceError
        If all that is wrong is that one table cannot be read.
    TableError
        Otherwise.
    """
    stopping = [fault for fault in report.faults if fault.stops]
    if not stopping:
        return
    if len(stopping) == 1 and stopping[0].kind == "unreadable_table":
        raise SourceError(stopping[0].message)
    shown = "; ".join(
        fault.message if fault.kind == "unreadable_table" else fault.as_message().text for fault in stopping[:3]
    )
    more = f"; and {len(stopping) - 3} more, `baton validate` shows all" if len(stopping) > 3 else ""
    raise TableError(shown + more)


def open_cleaned(folder: RunFolder, /) -> Warehouse:
    """Open what a run has cleaned.

    Raises
    ------
    ArtefactError
        If there is no run.
    """
    if not any(folder.staged.glob("*.parquet")):
        raise ArtefactError(f"{folder.path}: no cleaned tables there; `baton run` makes them")
    return open_warehouse(folder.staged)


def open_warehouse(
    folder: Path,
    /,
    *,
    threads: int | None = None,
    memory_limit: str = "3GB",
    cases: Path | None = None,
) -> Warehouse:
    """Open staged tables in one embedded engine.

    Parameters
    ----------
    folder : Path
        As written by ``stage``.
    threads : int, optional
        None: one per core.
    memory_limit : str
        Beyond it, the engine goes to disk.
    cases : Path, optional
        The cases with what their texts are about (``with_text_causes``), to be read instead of the staged ones.

    Raises
    ------
    ArtefactError
        If the folder holds no staged tables.
    """
    sidecar = read_json(folder / SIDECAR)
    described = sidecar["tables"]
    spill = tempfile.mkdtemp(prefix="baton-spill-")  # readable by its owner alone, and gone with the connection
    connection = ibis.duckdb.connect(
        threads=threads or os.cpu_count() or 1, memory_limit=memory_limit, temp_directory=spill
    )
    weakref.finalize(connection, shutil.rmtree, spill, ignore_errors=True)
    connection.raw_sql("SET TimeZone='UTC'").fetchall()
    # DuckDB merges selections itself, in a hundredth of the time that Ibis takes for it
    ibis.options.sql.fuse_selects = False
    files = [place.resolve() for place in [*folder.glob("*.parquet"), *([cases] if cases is not None else [])]]
    lock(lambda setting: connection.raw_sql(setting).fetchall(), files=files, folders=[Path(spill)])
    for name in described:
        path = cases if name == "cases" and cases is not None else folder / f"{name}.parquet"
        if not path.exists():
            raise ArtefactError(f"{path}: not there; run again")
        connection.raw_sql(f"CREATE VIEW {name} AS {_exposed_sql(connection, name, path)}").fetchall()
    return Warehouse(
        tables={name: connection.table(name) for name in described},
        present={
            name: frozenset(table["present"]) | ({CAUSE_COLUMN} if name == "cases" and cases is not None else set())
            for name, table in described.items()
        },
        observed_until={
            name: datetime.fromisoformat(table["observed_until"])
            for name, table in described.items()
            if table["observed_until"] is not None
        },
        scales=scales_of(sidecar.get("scales", {})),
    )


def _exposed_sql(connection: Any, name: str, path: Path, /) -> str:
    """Return SQL of a staged table in which users' own columns have the names of the warehouse (``exposed``)."""
    relation = f"read_parquet({path_literal(path.resolve())})"
    columns = [row[0] for row in connection.raw_sql(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
    named = [(column, attribute(column) if is_own(name, column) else column) for column in columns]
    return f"SELECT {', '.join(f'{quoted(old)} AS {quoted(new)}' for old, new in named)} FROM {relation}"


def with_text_causes(folder: Path, causes: pa.Table, place: Path, /) -> None:
    """Write the staged cases with the column ``text_cause``, in their order.

    Parameters
    ----------
    folder : Path
        As written by ``stage``.
    causes : pyarrow.Table
        ``case_id`` (once) and ``text_cause``.
    place : Path
        The Parquet file to write.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    import duckdb

    connection = duckdb.connect()
    connection.register("causes", causes)
    lock(connection.execute, files=[(folder / "cases.parquet").resolve()], folders=[place.parent])
    staged = path_literal((folder / "cases.parquet").resolve())
    with write_atomically(place) as temporary:
        try:
            connection.execute(
                f"COPY (SELECT c.* EXCLUDE (file_row_number), k.{CAUSE_COLUMN} "
                f"FROM (SELECT COLUMNS(lambda name: name <> '{CAUSE_COLUMN}') "
                f"FROM read_parquet({staged}, file_row_number = true)) AS c "
                f"LEFT JOIN causes AS k USING (case_id) ORDER BY c.file_row_number) "
                f"TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
            )
        except duckdb.IOException as error:
            raise OutputError(f"{place}: cannot be written ({one_line(error)}); free space or choose --out") from None
        finally:
            connection.close()


def _results_folder(folder: Path, /) -> Path:
    """Return the folder of the whole run if this is a part of one."""
    return folder.parent if (folder.parent / ".steps").exists() else folder


def _make(folder: Path, /) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be made ({error.strerror or error}); choose another folder with --out"
        ) from error


def _write(
    intake: Intake, found: Examination, column_filter: SensitiveColumnFilter, table: TypedTable, path: Path, /
) -> dict[str, Any]:
    query, present = cleaned_query(found, column_filter, table)
    if column_filter.masked[table.spec.name]:
        query = without_names(intake, query, column_filter.masked[table.spec.name])
    if table.spec.name == "cases" and "text" in present:
        query = _without_personal_data(intake, query)
    with write_atomically(path) as temporary:
        try:
            intake.connection.execute(f"COPY ({query}) TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)")
        except Exception as error:
            raise _unwritten(error, intake, table.spec.name, path) from None
        rows = intake.rows(f"SELECT count(*) FROM read_parquet({path_literal(temporary.resolve())})")[0][0]
    return {
        "present": sorted(present),
        "rows": rows,
        "observed_until": found.ends[table.spec.name].isoformat() if table.spec.name in found.ends else None,
    }


def _without_personal_data(intake: Intake, query: str, /) -> str:
    """Return the query with texts cleaned and masked: nothing that is stored holds what names somebody."""
    import pyarrow as pa
    from duckdb.func import ARROW

    from baton.characters import normalise
    from features.text.cleaning import clean
    from features.text.masking import mask

    # texts that repeat are worked on once, without holding a company's every text in memory
    people = known_people(intake)
    masked_text = lru_cache(maxsize=MAX_TEXTS_HELD)(lambda text: mask(people.mask(normalise(clean(text)))))

    def masked(texts: pa.ChunkedArray) -> pa.Array:
        return pa.array([None if text is None else masked_text(text) for text in texts.to_pylist()], pa.string())

    # DuckDB evaluates a function's annotations, which a lambda has not
    function: Any = lambda texts: masked(texts)  # noqa: E731, PLW0108
    intake.connection.create_function("baton_masked", function, ["VARCHAR"], "VARCHAR", type=ARROW)
    return f"SELECT * REPLACE (baton_masked(CAST(text AS VARCHAR)) AS text) FROM ({query})"


def _unwritten(error: Exception, intake: Intake, name: str, path: Path, /) -> Exception:
    """Return why a table could not be written: the disk, or a source that breaks while it is read to its end."""
    import duckdb

    if not isinstance(error, duckdb.Error):
        return error
    if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException) and f".{path.name}." in str(error):
        return OutputError(f"{path}: cannot be written ({one_line(error)}); free space or choose --out")
    return damage(error, intake.company, name)
