"""How a raw column becomes a contract column: SQL that reads text as time, number, flag or id, or says null.

A date such as 03/04/2024 reads both ways; the profile of the whole column tells which, or that nobody can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baton.tables import ColumnType
from features.sql_text import literal, quoted

__all__ = ["SQL_TYPES", "CastPlan", "DateOrder", "cast_sql", "is_numeric", "known"]

DateOrder = Literal["day", "month", "both", "neither", "none"]

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
_UNKNOWN = ("na", "n/a", "#n/a", "null", "none", "nan", "nat", "-", "?")
_BLANKS = " \t\r\n\u00a0\u3000"
_TRUE = ("true", "t", "yes", "y", "1", "1.0", "是", "有")
_FALSE = ("false", "f", "no", "n", "0", "0.0", "否", "无")
_CLOCK = r"([ T]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_LOCAL = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}" + _CLOCK
_ABSOLUTE = _LOCAL[:-1] + r" ?(Z|UTC|[+-]\d{2}(:?\d{2})?)"
_DAY_MONTH = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})"
_DAY_MONTH_SHORT = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})($|[ T])"
_OTHER_DATES = (
    (r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3"),
    (r"^(\d{4})[-/.](\d{1,2})$", r"\1-\2-01"),
    (r"^(\d{4})[.](\d{1,2})[.](\d{1,2})", r"\1-\2-\3"),
    (r"^(\d{4})年(\d{1,2})月(\d{1,2})日\s*", r"\1-\2-\3 "),
)
_NAMED_DATES = ("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y")
_HALF_CLOCKS = (" %I:%M %p", " %I:%M:%S %p", " %I:%M%p")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", *_HALF_CLOCKS)
_THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"


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
    decimal_comma : bool
        For a number that comes as text: whether ``1,5`` is one and a half.
    timezone : str
        In which times without an offset are.
    end_of_day : bool
        For a time that comes as a date alone: whether it means the end of that day.
    """

    column: str
    raw_column: str
    type: ColumnType
    raw_type: str
    order: DateOrder = "none"
    decimal_comma: bool = False
    timezone: str = "UTC"
    end_of_day: bool = False

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
    text = f"nullif(trim({raw}, {literal(_BLANKS)}), '')"
    if plan.type in {"id", "text"}:
        return text
    listed = ", ".join(map(literal, _UNKNOWN))
    return f"CASE WHEN strlen({raw}) < 8 AND lower({text}) IN ({listed}) THEN NULL ELSE {text} END"


def cast_sql(plan: CastPlan, /) -> str:
    """Return SQL that reads a known value, in a column of the plan's name, as its type; null where it cannot."""
    value = quoted(plan.column)
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
    if plan.raw_type.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"CAST(timezone('UTC', {value}) AS TIMESTAMP)"
    if plan.raw_type.startswith(("TIMESTAMP", "DATE")):
        return _to_utc(f"TRY_CAST({value} AS TIMESTAMP)", plan)
    if plan.from_text:
        return _time_from_text(plan, value)
    return (
        _time_from_text(plan, f"CAST({value} AS VARCHAR)") if is_numeric(plan.raw_type) else "CAST(NULL AS TIMESTAMP)"
    )


def _time_from_text(plan: CastPlan, text: str, /) -> str:
    """Read the common ways in turn, the usual ones first: each value is looked at by as few patterns as can be."""
    cases = [_when_iso(plan, text)]
    if plan.order in {"day", "month"}:
        day_month = r"\2-\1" if plan.order == "day" else r"\1-\2"
        for pattern, replacement in ((_DAY_MONTH, rf"\3-{day_month}"), (_DAY_MONTH_SHORT, rf"20\3-{day_month}\4")):
            iso = f"regexp_replace({text}, {literal(pattern)}, {literal(replacement)})"
            cases.append(f"WHEN regexp_matches({text}, {literal(pattern)}) THEN {_iso(plan, iso)}")
    for pattern, replacement in _OTHER_DATES:
        iso = f"trim(regexp_replace({text}, {literal(pattern)}, {literal(replacement)}))"
        cases.append(f"WHEN regexp_matches({text}, {literal(pattern)}) THEN {_iso(plan, iso)}")
    formats = [date + clock for date in _NAMED_DATES for clock in _CLOCKS]
    formats += [date + clock for date in ("%Y-%m-%d", "%Y/%m/%d") for clock in _HALF_CLOCKS]
    named = f"try_strptime({text}, [{', '.join(map(literal, formats))}])"
    return f"CASE WHEN {text} IS NULL THEN NULL {' '.join(cases)} ELSE {_to_utc(named, plan)} END"


def _when_iso(plan: CastPlan, text: str, /) -> str:
    return (
        f"WHEN regexp_full_match({text}, {literal(_LOCAL)}) THEN {_to_utc(f'TRY_CAST({text} AS TIMESTAMP)', plan)} "
        f"WHEN regexp_full_match({text}, {literal(_ABSOLUTE)}) "
        f"THEN CAST(timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ)) AS TIMESTAMP)"
    )


def _iso(plan: CastPlan, text: str, /) -> str:
    halves = ", ".join(literal("%Y-%m-%d" + clock) for clock in _HALF_CLOCKS)
    return f"CASE {_when_iso(plan, text)} ELSE {_to_utc(f'try_strptime({text}, [{halves}])', plan)} END"


def _to_utc(timestamp: str, plan: CastPlan, /) -> str:
    if plan.timezone == "UTC":
        return timestamp
    return f"timezone('UTC', timezone({literal(plan.timezone)}, {timestamp}))"


def _number(plan: CastPlan, value: str, /) -> str:
    if plan.from_text:
        number = _number_from_text(value, plan.decimal_comma)
    elif is_numeric(plan.raw_type) or plan.raw_type == "BOOLEAN":
        number = f"CAST({value} AS DOUBLE)"
    elif plan.raw_type == "INTERVAL":
        number = f"epoch({value})"
    else:
        return f"CAST(NULL AS {SQL_TYPES[plan.type]})"
    number = f"CASE WHEN isnan({number}) THEN NULL ELSE {number} END"
    if plan.type == "number":
        return number
    return f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS BIGINT) END"


def _number_from_text(value: str, decimal_comma: bool, /) -> str:
    if decimal_comma:
        plain = f"replace(regexp_replace({value}, '[. \\x{{00A0}}\\x{{202F}}]', '', 'g'), ',', '.')"
        written = f"CASE WHEN contains({value}, ',') THEN {plain} ELSE {value} END"
    else:
        thousands = f"regexp_full_match({value}, {literal(_THOUSANDS)})"
        written = f"CASE WHEN {thousands} THEN replace({value}, ',', '') ELSE {value} END"
    return f"TRY_CAST({written} AS DOUBLE)"


def _flag(plan: CastPlan, value: str, /) -> str:
    if plan.raw_type == "BOOLEAN":
        return value
    if not plan.from_text and not is_numeric(plan.raw_type):
        return "CAST(NULL AS BOOLEAN)"
    text = f"lower(CAST({value} AS VARCHAR))"
    true, false = ", ".join(map(literal, _TRUE)), ", ".join(map(literal, _FALSE))
    return f"CASE WHEN {text} IN ({true}) THEN TRUE WHEN {text} IN ({false}) THEN FALSE END"
