"""The one way into a run's results and out of them: tables and documents of its folder, as the contract has them.

Whatever reads a run (the report, the service, the command line, notebooks, benchmarks) asks ``RunResults``; nobody else
opens a result by the name of its file.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from baton.contract.results import (
    DEFECT,
    ResultColumn,
    ResultTable,
    cast,
    checked_columns,
    result_table,
    result_tables,
)
from baton.errors import ArtefactError, ResultError
from baton.files import RunFolder, read_json, write_atomically, write_json
from baton.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

__all__ = ["EVALUATION", "MODELS", "RUN", "RunResults", "read_result", "write_result"]

EVALUATION, MODELS, RUN = "evaluation.json", "models.json", "run.json"
"""The documents among a run's results: how good predictions are, which models they come from, what was done."""


class RunResults:
    """The results in a run's folder.

    Parameters
    ----------
    folder : RunFolder or str or Path
    """

    def __init__(self, folder: RunFolder | str | Path, /) -> None:
        self.folder = folder if isinstance(folder, RunFolder) else RunFolder(folder)

    def path(self, name: str, /) -> Path:
        """Return where a table lies, there or not."""
        return self.folder.file(result_table(name).file)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables that are there."""
        return tuple(name for name in result_tables() if name in self)

    def __contains__(self, name: object, /) -> bool:
        return isinstance(name, str) and name in result_tables() and self.path(name).exists()

    def table(self, name: str, /, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, or some of its columns.

        Raises
        ------
        ArtefactError
            If the run has not left it, or the file is not as the contract says; the column is named.
        """
        return self.arrow(name, columns).to_pandas()

    def find(self, name: str, /, columns: Sequence[str] | None = None) -> pd.DataFrame | None:
        """Return a table, or None where the run has not left it.

        Raises
        ------
        ArtefactError
            If the file is not as the contract says.
        """
        return self.table(name, columns) if name in self else None

    def arrow(self, name: str, /, columns: Sequence[str] | None = None) -> pa.Table:
        """Return a table as Arrow has it; else as ``table``."""
        if name not in result_tables():
            raise ArtefactError(f"{self.folder.path}: a run leaves no table {name!r}{did_you_mean(name, self.names)}")
        if name not in self:
            raise ArtefactError(
                f"{self.path(name)}: this run has left no such table; `baton run` makes it if {result_table(name).when}"
            )
        return read_result(self.path(name), name, columns)

    def write(self, name: str, rows: pd.DataFrame | pa.Table, /) -> int:
        """Write a table, whole or not at all, and return how many rows it has.

        Raises
        ------
        ResultError
            If it is not as the contract says.
        OutputError
            If the disk is full or the folder cannot be written.
        """
        return write_result(self.path(name), name, rows)

    def remove(self, *names: str) -> None:
        """Remove tables that an earlier run has left."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """How good the predictions are, by outcome; empty where nothing was learned yet."""
        return self.document(EVALUATION, {})

    @cached_property
    def models(self) -> dict[str, Any]:
        """Which registered model each outcome is predicted by; empty where none is registered."""
        return self.document(MODELS, {})

    @cached_property
    def run(self) -> dict[str, Any]:
        """What the run did: inputs, versions, seeds, steps, what was left out, warnings.

        Raises
        ------
        ArtefactError
            If no run was finished in the folder.
        """
        return self.document(RUN)

    def recorded(self, key: str, /) -> Any:
        """Return one entry of ``run.json``.

        Raises
        ------
        ArtefactError
            If no run was finished in the folder, or it was one of before the entry.
        """
        if key not in self.run:
            raise ArtefactError(f"{self.folder.file(RUN)}: {key!r} is missing; {_again(self.folder.path)}")
        return self.run[key]

    def document(self, name: str, /, *default: Any) -> Any:
        """Return a document's content, or the default where it is not there.

        Raises
        ------
        ArtefactError
            If it is not there and there is no default, or it cannot be read.
        """
        if default and not self.folder.file(name).exists():
            return default[0]
        return read_json(self.folder.require(name))

    def write_document(self, name: str, value: Mapping[str, Any], /) -> None:
        """Write a document, whole or not at all."""
        write_json(self.folder.file(name), value)


def write_result(path: Path, name: str, rows: pd.DataFrame | pa.Table, /) -> int:
    """Write a result table by the contract, and return how many rows it has.

    Columns are put in the contract's order and made its types. What would change a value, or is not in the contract, is
    refused before anything is written.

    Parameters
    ----------
    name : str
        Of the table in the contract.
    rows : pandas.DataFrame or pyarrow.Table

    Raises
    ------
    ResultError
        If a column is missing or unknown, its values are of another type, or the key is not unique.
    OutputError
        If the disk is full or the folder cannot be written.
    """
    import pyarrow.parquet as pq

    table = result_table(name)
    typed = _typed(table, rows)
    repeated = _repeated(table, typed)
    if repeated:
        raise ResultError(f"{table.file}: {repeated:,} rows repeat {' × '.join(table.key)}; {DEFECT}")
    with write_atomically(path) as temporary:
        pq.write_table(typed, temporary)
    return typed.num_rows


def read_result(path: Path, name: str, /, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a result table that an earlier step, or a run of before, has written.

    Parameters
    ----------
    name : str
        Of the table in the contract.
    columns : sequence of str, optional
        Those that are wanted (default: all).

    Raises
    ------
    ArtefactError
        If it cannot be read, or has other columns than the contract.
    """
    import pyarrow.parquet as pq

    table = result_table(name)
    try:
        file = pq.ParquetFile(path)  # as one file: a folder's name with "=" in it would be read as a partition
        present = file.schema_arrow
        _refuse_other(path, table, present)
        return file.read(columns=None if columns is None else list(columns))
    except FileNotFoundError:
        raise ArtefactError(f"{path}: not there; {_again(path.parent)}") from None
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path}: cannot be read ({error}); delete it and {_again(path.parent)}") from error


def _refuse_other(path: Path, table: ResultTable, present: pa.Schema, /) -> None:
    """Refuse a file of other columns or kinds of values than the contract's."""
    for how, names in (("is missing", table.missing(present.names)), ("is not known", table.unknown(present.names))):
        if names:
            more = f" (as are {len(names) - 1} more)" if len(names) > 1 else ""
            raise ArtefactError(
                f"{path}: column {names[0]!r} {how}{more}; the file is of another version of Baton: "
                f"delete it and {_again(path.parent)}"
            )
    for column in table.found(present.names):
        if not _reads_as(present.field(column.name).type, column):
            raise ArtefactError(
                f"{path}: column {column.name!r} holds {present.field(column.name).type}, not {column.type}; "
                f"delete it and {_again(path.parent)}"
            )


def _reads_as(found: pa.DataType, column: ResultColumn, /) -> bool:
    """Whether a column on disk can be read as what the contract says: an empty one, or longer texts, are no fault."""
    import pyarrow as pa

    if pa.types.is_null(found):
        return True
    tests = {
        "text": (pa.types.is_string, pa.types.is_large_string),
        "time": (pa.types.is_timestamp,),
        "number": (pa.types.is_floating, pa.types.is_integer),
        "integer": (pa.types.is_integer,),
        "flag": (pa.types.is_boolean,),
        "words": (pa.types.is_struct,),
    }
    return any(test(found) for test in tests.get(column.type, (pa.types.is_list, pa.types.is_large_list)))


def _again(folder: Path, /) -> str:
    return f"run again: `baton run COMPANY --out {folder.parent if folder.name in ('advice', 'texts') else folder}`"


def _typed(table: ResultTable, rows: pd.DataFrame | pa.Table, /) -> pa.Table:
    import pyarrow as pa

    frame = cast(table.name, rows) if isinstance(rows, pd.DataFrame) else None
    columns = checked_columns(table, rows.column_names if frame is None else frame.columns)
    schema = pa.schema([(column.name, column.arrow) for column in columns])
    if frame is None:
        return pa.table({column.name: _as(table, rows[column.name], column) for column in columns}, schema=schema)
    try:
        return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ResultError(f"{table.file}: {' '.join(map(str, error.args))}; {DEFECT}") from error


def _as(table: ResultTable, values: pa.ChunkedArray, column: ResultColumn, /) -> pa.ChunkedArray:
    import pyarrow as pa

    try:
        return values.cast(column.arrow)
    except pa.ArrowException as error:
        raise ResultError(f"{table.file}: column {column.name!r}: {error}; {DEFECT}") from error


def _repeated(table: ResultTable, rows: pa.Table, /) -> int:
    return int(rows.select(list(table.key)).to_pandas().duplicated().sum()) if table.key else 0
