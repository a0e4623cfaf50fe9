"""The contract's result tables: grain, key, columns, types and units of every table that a run leaves.

What they are stands in ``results.toml``; ``baton/run_results.py`` writes and reads them by it, and
``docs/result-tables.md`` is made from it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from baton.errors import ResultError
from baton.nearest import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "DEFECT",
    "ResultColumn",
    "ResultTable",
    "ResultType",
    "cast",
    "checked_columns",
    "of_step",
    "result_table",
    "result_tables",
]

DEFECT = "this is a defect of Baton: please report it"
_KINDS = {
    "text": {"string", "categorical"},
    "time": {"datetime64", "datetime"},
    "number": {"floating", "integer", "mixed-integer-float"},
    "integer": {"integer"},
    "flag": {"boolean"},
}
"""What pandas calls the values that fit a type without being turned into another."""

ResultType = Literal["text", "time", "number", "integer", "flag", "texts", "words", "list of words", "drivers"]


@dataclass(frozen=True)
class ResultColumn:
    """One column of a result table.

    Parameters
    ----------
    type : {"text", "time", "number", "integer", "flag", "texts", "words", "list of words", "drivers"}
        ``text`` covers ids; ``time`` is UTC without zone, microseconds; ``texts`` is a list; ``words`` a sentence in
        English and Chinese ({en, zh}); ``drivers`` a list of {kpi, value, label, attribution}.
    unit : str
        What its numbers count; empty for what has none.
    meaning : str
    nullable : bool
        Whether null, which means unknown, may stand in it.
    required : bool
        Whether the table is not written without it.
    """

    name: str
    type: ResultType
    unit: str
    meaning: str
    nullable: bool = False
    required: bool = True

    @property
    def arrow(self) -> pa.DataType:
        """What it is in Parquet."""
        import pyarrow as pa

        words = pa.struct([("en", pa.string()), ("zh", pa.string())])
        driver = [("kpi", pa.string()), ("value", pa.float64()), ("label", pa.string()), ("attribution", pa.float64())]
        return {
            "text": pa.string(),
            "time": pa.timestamp("us"),
            "number": pa.float64(),
            "integer": pa.int64(),
            "flag": pa.bool_(),
            "texts": pa.list_(pa.string()),
            "words": words,
            "list of words": pa.list_(words),
            "drivers": pa.list_(pa.struct(driver)),
        }[self.type]

    @property
    def pandas(self) -> str:
        """What it is in a data frame."""
        plain = {"text": "str", "time": "datetime64[us]", "number": "float64", "integer": "int64"}
        return plain.get(self.type, "object") if self.type != "flag" else ("boolean" if self.nullable else "bool")


@dataclass(frozen=True)
class ResultTable:
    """One table that a run leaves.

    Parameters
    ----------
    name : str
        Its file in the run's folder, without ending.
    step : str
        The step of a run that makes it.
    grain : str
        What one row is.
    key : tuple of str
        Columns whose combination is unique, null counting as a value; empty where rows may repeat.
    when : str
        When it is there.
    columns : tuple of ResultColumn
    others : ResultColumn or None
        What further columns are, where their names are not known beforehand.
    """

    name: str
    step: str
    grain: str
    key: tuple[str, ...]
    when: str
    columns: tuple[ResultColumn, ...]
    others: ResultColumn | None = None

    @property
    def file(self) -> str:
        """Its file in the run's folder."""
        return f"{self.name}.parquet"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns, in order."""
        return tuple(column.name for column in self.columns)

    def missing(self, present: Iterable[str], /) -> list[str]:
        """Return columns that must be there and are not among those present."""
        here = set(present)
        return [column.name for column in self.columns if column.required and column.name not in here]

    def unknown(self, present: Iterable[str], /) -> list[str]:
        """Return columns among those present that the contract does not know."""
        return [] if self.others is not None else [name for name in present if name not in self.names]

    def found(self, present: Iterable[str], /) -> list[ResultColumn]:
        """Return the columns that are present, in the contract's order; further ones follow in theirs."""
        present = [str(name) for name in present]
        known = [column for column in self.columns if column.name in present]
        if self.others is None:
            return known
        more = [name for name in present if name not in self.names]
        return known + [ResultColumn(name, self.others.type, self.others.unit, self.others.meaning) for name in more]


@cache
def result_tables() -> Mapping[str, ResultTable]:
    """Return all result tables by name.

    Examples
    --------
    >>> result_tables()["weights"].key
    ('team_id', 'role', 'kpi')
    """
    path = Path(__file__).with_name("results.toml")
    return {name: _table(name, entry) for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def result_table(name: str, /) -> ResultTable:
    """Return one result table.

    Raises
    ------
    KeyError
        If the contract has no table of that name.
    """
    tables = result_tables()
    if name not in tables:
        raise KeyError(f"{name!r}: the contract of results has no such table{did_you_mean(name, tables)}")
    return tables[name]


def of_step(step: str, /) -> tuple[str, ...]:
    """Return the names of the tables that a step leaves at the top of the run's folder, in the contract's order.

    Examples
    --------
    >>> of_step("process")
    ('bottlenecks', 'flows', 'handoffs', 'processes')
    """
    return tuple(name for name, table in result_tables().items() if table.step == step and "/" not in name)


def cast(name: str, rows: pd.DataFrame | Sequence[Mapping[str, Any]], /) -> pd.DataFrame:
    """Return rows as the contract has them: its columns in its order, of its types.

    Parameters
    ----------
    name : str
        Of the table.
    rows : pandas.DataFrame or sequence of mapping

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ResultError
        If a column is missing or unknown, holds values of another kind, or is null where nothing may be unknown.

    Examples
    --------
    >>> cast("advice/cards", [{"team_id": "t1", "role": "", "kpi": "csat", "weight": 40}]).dtypes.astype(str).to_dict()
    {'team_id': 'str', 'role': 'str', 'kpi': 'str', 'weight': 'float64'}
    >>> cast("advice/cards", [{"team_id": "t1", "role": "", "kpi": "csat", "weight": "40"}])
    Traceback (most recent call last):
    baton.errors.ResultError: advice/cards.parquet: column 'weight' holds string, not number; this is a defect of ...
    """
    table = result_table(name)
    frame: Any = rows
    if not isinstance(rows, pd.DataFrame):
        frame = pd.DataFrame(list(rows)) if len(rows) else pd.DataFrame(columns=list(table.names), dtype=object)
    columns = checked_columns(table, frame.columns)
    cast_ = {column.name: _values(table, frame[column.name], column) for column in columns}
    return pd.DataFrame(cast_, index=frame.index)


def checked_columns(table: ResultTable, present: Iterable[str], /) -> list[ResultColumn]:
    """Return the columns that are present, in the contract's order.

    Raises
    ------
    ResultError
        If one is missing or unknown.
    """
    present = list(present)
    for how, names in (("is missing", table.missing(present)), ("is not in the contract", table.unknown(present))):
        if names:
            raise ResultError(f"{table.file}: column {names[0]!r} {how}; {DEFECT}")
    return table.found(present)


def _values(table: ResultTable, values: pd.Series, column: ResultColumn, /) -> pd.Series:
    """Return a column's values as the contract's type; those of another kind are refused, not turned."""
    if column.pandas == "object":
        made = dict if column.type == "words" else (list, tuple, np.ndarray)
        odd = next((value for value in values if not isinstance(value, made) and not pd.isna(value)), None)
        kind, fits = type(odd).__name__, odd is None
    else:
        kind = pd.api.types.infer_dtype(values, skipna=True)
        fits = kind in _KINDS[column.type] or bool(values.isna().all())
    if not fits:
        raise ResultError(f"{table.file}: column {column.name!r} holds {kind}, not {column.type}; {DEFECT}")
    unknown = int(values.isna().sum())
    if unknown and not column.nullable and (column.name in table.key or column.type in ("flag", "integer")):
        raise ResultError(f"{table.file}: column {column.name!r} is null in {unknown:,} rows; {DEFECT}")
    try:
        return values.astype(column.pandas)
    except (TypeError, ValueError) as error:
        raise ResultError(f"{table.file}: column {column.name!r}: {error}; {DEFECT}") from error


def _table(name: str, entry: Mapping[str, Any], /) -> ResultTable:
    optional = set(entry.get("optional", ()))
    columns = tuple(_column(column, text, column not in optional) for column, text in entry.get("columns", {}).items())
    others = _column("*", entry["others"], False) if "others" in entry else None
    return ResultTable(name, entry["step"], entry["grain"], tuple(entry["key"]), entry["when"], columns, others)


def _column(name: str, text: str, required: bool, /) -> ResultColumn:
    kind, *rest = (part.strip() for part in text.split(" | "))
    unit, meaning = rest if len(rest) == 2 else ("", rest[0])
    nullable, kind = kind.endswith("?"), kind.removesuffix("?")
    if kind not in get_args(ResultType):
        raise KeyError(f"results.toml: {name}: {kind!r} is no type of a result's column")
    return ResultColumn(name, kind, unit, meaning, nullable, required)  # type: ignore[arg-type]
