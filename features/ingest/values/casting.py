"""How a raw column becomes a contract column: SQL that reads text as time, number, flag or id, or says null.

A date such as 03/04/2024 reads both ways; the profile of the whole column shows which, or that it is ambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from baton.contract.sources import ColumnType
from baton.messages.message import Message
from features.ingest.sql_text import literal, quoted
from features.ingest.values.missing_words import BLANKS, without_missing_words
from features.ingest.values.number_text import NumberFormat, number_sql
from features.ingest.values.time_text import Iso, digits_sql, time_text_sql, to_utc

__all__ = [
    "FALSE_WORDS",
    "FILE",
    "SQL_TYPES",
    "TRUE_WORDS",
    "WITH_ZONE",
    "CastPlan",
    "DateOrder",
    "cast_sql",
    "is_numeric",
    "known",
    "trimmed",
]

FILE = "__file"
"""Name of the number of the file that a row came from, in typed tables: 1, 2, … in the order of names."""

DateOrder = Literal["day", "month", "both", "neither", "none"]

WITH_ZONE = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
"""How DuckDB's names of times with a zone begin; those in nanoseconds are a type of their own."""

SQL_TYPES: dict[ColumnType, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
}

_NUMERIC = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
)
TRUE_WORDS = (
    "true",
    "t",
    "yes",
    "y",
    "1",
    "1.0",
    "ja",
    "wahr",
    "oui",
    "vrai",
    "si",
    "sí",
    "sì",
    "sim",
    "はい",
    "○",
    "〇",
    "verdadero",
    "是",
    "有",
)
FALSE_WORDS = (
    "false", "f", "no", "n", "0", "0.0", "nein", "falsch", "non", "faux", "não", "nao", "falso", "否", "无",
    "いいえ", "無", "×",
)  # fmt: skip


@dataclass(frozen=True)
class CastPlan:
    """How one raw column is read.

    Parameters
    ----------
    column, raw_column : str
        Its name in the contract (or its own, for an attribute) and in the source.
    type : str
        The contract's type; attributes are ``number`` or ``text``.
    raw_type : str
        DuckDB's name of the source's type.
    order : str
        For a time that comes as text: whether numeric dates have the day or the month first.
    number : NumberFormat
        For a number that comes as text: its decimal mark, and what percent signs and durations mean.
    factor : float
        For a number that the source counts in a unit of its own, such as a Parquet duration in nanoseconds: what one
        of them is.
    kept_words : frozenset of str
        Words of the list for "no value" that are values in this column.
    by_file : tuple of (int, CastPlan)
        Where files of one table write the column differently: the plan of each file.
    doubt : Message, optional
        Why it is ambiguous how its numbers are to be read; None where it is clear.
    currencies : tuple of (str, int)
        The currencies that its amounts name, and how many do.
    timezone : str
        In which times without an offset are.
    end_of_day : bool
        For a time that comes as a date alone: whether it means the end of that day.
    is_trimmed : bool
        Whether no text has blanks around it, none being blank.
    has_missing_words : bool
        Whether any text may be a word for "no value".
    iso : str
        For a time that comes as text: whether all are ISO's, ``local`` (without an offset) or some ``absolute``.
    """

    column: str
    raw_column: str
    type: ColumnType
    raw_type: str
    order: DateOrder = "none"
    timezone: str = "UTC"
    end_of_day: bool = False
    number: NumberFormat = field(default_factory=NumberFormat)
    factor: float = 1.0
    kept_words: frozenset[str] = frozenset()
    by_file: tuple[tuple[int, CastPlan], ...] = ()
    doubt: Message | None = None
    currencies: tuple[tuple[str, int], ...] = ()
    is_trimmed: bool = False
    has_missing_words: bool = True
    iso: Iso = ""

    @property
    def from_text(self) -> bool:
        """Whether the source gives text."""
        return self.raw_type == "VARCHAR"


def is_numeric(raw_type: str, /) -> bool:
    """Whether DuckDB's type is a number."""
    return raw_type.split("(", maxsplit=1)[0] in _NUMERIC


def known(plan: CastPlan, /) -> str:
    """Return SQL for the raw value, null where it is blank or says that it is unknown."""
    raw = quoted(plan.raw_column)
    if plan.raw_type in {"FLOAT", "DOUBLE"}:
        return f"CASE WHEN isnan({raw}) THEN NULL ELSE {raw} END"
    if not plan.from_text:
        return raw
    # what the column has nothing of is not looked for in it again: queries stay short, and fast
    text = raw if plan.is_trimmed else trimmed(raw)
    if not plan.has_missing_words:
        return text
    kept = plan.kept_words | frozenset(FALSE_WORDS if plan.type == "flag" else ())
    return without_missing_words(text, raw, kept)


def trimmed(raw: str, /) -> str:
    """Return SQL for a text without the blanks around it, null where nothing is left."""
    return f"nullif(trim({raw}, {literal(BLANKS)}), '')"


def cast_sql(plan: CastPlan, /) -> str:
    """Return SQL that reads a known value, in a column of the plan's name, as its type; null where it cannot."""
    value = quoted(plan.column)
    if plan.by_file:
        cases = (f"WHEN {file} THEN {cast_sql(of_file)}" for file, of_file in plan.by_file)
        return f"CASE {FILE} {' '.join(cases)} END"
    if plan.type == "time":
        time = _time(plan, value)
        return f"({time}) + INTERVAL '86399.999999 seconds'" if plan.end_of_day else time
    if plan.type == "flag":
        return _flag(plan, value)
    if plan.type in {"number", "integer"}:
        return _number(plan, value)
    if plan.raw_type in {"FLOAT", "DOUBLE"}:
        # 7.0 is how a data frame writes the id 7 once one is missing
        whole = f"{value} = floor({value}) AND abs({value}) < 9e15"
        return f"CASE WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE CAST({value} AS VARCHAR) END"
    if plan.raw_type.startswith("DECIMAL"):
        return f"regexp_replace(CAST({value} AS VARCHAR), '\\.0+$', '')"
    return value if plan.from_text else f"CAST({value} AS VARCHAR)"


def _time(plan: CastPlan, value: str, /) -> str:
    if plan.raw_type.startswith(WITH_ZONE):
        return f"CAST(timezone('UTC', CAST({value} AS TIMESTAMPTZ)) AS TIMESTAMP)"
    if plan.raw_type.startswith(("TIMESTAMP", "DATE")):
        return to_utc(f"TRY_CAST({value} AS TIMESTAMP)", plan.timezone)
    if plan.from_text:
        return time_text_sql(value, plan.order, plan.timezone, plan.iso)
    return digits_sql(value, plan.timezone) if is_numeric(plan.raw_type) else "CAST(NULL AS TIMESTAMP)"


def _number(plan: CastPlan, value: str, /) -> str:
    if plan.from_text:
        number = number_sql(plan.column, plan.number)
    elif is_numeric(plan.raw_type) or plan.raw_type == "BOOLEAN":
        number = f"CAST({value} AS DOUBLE)" + (f" * {plan.factor!r}" if plan.factor != 1 else "")
    elif plan.raw_type == "INTERVAL":
        number = f"epoch({value})"
    elif plan.raw_type == "TIME":
        number = f"epoch({value}) / {float(plan.number.unit_seconds or 1)!r}"
    else:
        return f"CAST(NULL AS {SQL_TYPES[plan.type]})"
    number = f"CASE WHEN isnan({number}) THEN NULL ELSE {number} END"
    if plan.type == "number":
        return number
    return f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS BIGINT) END"


def _flag(plan: CastPlan, value: str, /) -> str:
    if plan.raw_type == "BOOLEAN":
        return value
    if not plan.from_text and not is_numeric(plan.raw_type):
        return "CAST(NULL AS BOOLEAN)"
    text = f"lower(CAST({value} AS VARCHAR))"
    true, false = ", ".join(map(literal, TRUE_WORDS)), ", ".join(map(literal, FALSE_WORDS))
    return f"CASE WHEN {text} IN ({true}) THEN TRUE WHEN {text} IN ({false}) THEN FALSE END"
