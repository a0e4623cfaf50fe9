"""How a raw column becomes a contract column: SQL that reads text as time, number, flag or id, or says null.

A date such as 03/04/2024 reads both ways; the profile of the whole column tells which, or that nobody can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baton.tables import ColumnType
from features.sources import literal, quoted

__all__ = ["SQL_TYPES", "CastPlan", "DateOrder", "cast_sql", "known", "profile_sql"]

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
_NUMERIC_DATE = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})($|[ T])"
_ISO = r"\d{4}-\d{1,2}-\d{1,2}([ T]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?)?"
_OFFSET = r":\d{2}.*(Z|UTC|[+-]\d{2}(:?\d{2})?)$"
_NAMED_DATES = ("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"
_DECIMAL_COMMA = r"[-+]?\d{1,3}([. \x{00A0}\x{202F}]\d{3})*,\d+|[-+]?\d+,\d+"


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
    """

    column: str
    raw_column: str
    type: ColumnType
    raw_type: str
    order: DateOrder = "none"
    decimal_comma: bool = False
    timezone: str = "UTC"

    @property
    def from_text(self) -> bool:
        """Whether the source gives text."""
        return self.raw_type == "VARCHAR"


def is_numeric(raw_type: str, /) -> bool:
    """Whether DuckDB's type is a number."""
    return raw_type.split("(", maxsplit=1)[0] in _NUMERIC


def known(plan: CastPlan, /) -> str:
    """Return SQL for the raw value, null where it is blank or says that it is unknown."""
    if not plan.from_text:
        return quoted(plan.raw_column)
    text = f"nullif(trim({quoted(plan.raw_column)}, {literal(_BLANKS)}), '')"
    if plan.type in {"id", "text"}:
        return text
    return f"CASE WHEN lower({text}) IN ({', '.join(map(literal, _UNKNOWN))}) THEN NULL ELSE {text} END"


def profile_sql(plan: CastPlan, /) -> str:
    """Return SQL aggregates (a struct) from which the way to read a text column is told.

    ``present``: values; ``numeric_dates``: dates such as 3/4/2024; ``short``: of them, those with a year of two digits;
    ``first``, ``second``: the largest first and second part; ``plain``, ``thousands``, ``comma``, ``zeros``: values
    that read as a number, as 1,234.5, as 1,5, and ids such as 007.
    """
    value = known(plan)
    dated = f"regexp_matches({value}, {literal(_NUMERIC_DATE)})"
    dates = f"FILTER ({dated})"
    parts = {
        "present": f"count({value})",
        "numeric_dates": f"count(*) {dates}",
        "short": f"count(*) FILTER ({dated} AND length(regexp_extract({value}, {literal(_NUMERIC_DATE)}, 3)) = 2)",
        "first": f"max(TRY_CAST(regexp_extract({value}, {literal(_NUMERIC_DATE)}, 1) AS INTEGER)) {dates}",
        "second": f"max(TRY_CAST(regexp_extract({value}, {literal(_NUMERIC_DATE)}, 2) AS INTEGER)) {dates}",
    }
    numbers = {
        "present": f"count({value})",
        "plain": f"count(TRY_CAST({value} AS DOUBLE))",
        "thousands": f"count(*) FILTER (regexp_full_match({value}, {literal(_THOUSANDS)}))",
        "comma": f"count(*) FILTER (regexp_full_match({value}, {literal(_DECIMAL_COMMA)}))",
        "zeros": f"count(*) FILTER (regexp_matches({value}, '^[-+]?0[0-9]'))",
    }
    chosen = parts if plan.type == "time" else numbers
    return "{" + ", ".join(f"{literal(name)}: {sql}" for name, sql in chosen.items()) + "}"


def cast_sql(plan: CastPlan, /) -> str:
    """Return SQL that reads the raw column as its type; null where it cannot."""
    value = known(plan)
    if plan.type == "time":
        return _time(plan, value)
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
        return _to_utc(f"TRY_CAST({value} AS TIMESTAMP)", plan.timezone)
    if not plan.from_text and not is_numeric(plan.raw_type):
        return "CAST(NULL AS TIMESTAMP)"
    text = _iso_text(plan, value if plan.from_text else f"CAST({value} AS VARCHAR)")
    named = ", ".join(literal(date + clock) for date in _NAMED_DATES for clock in _CLOCKS)
    halves = "['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M%p']"
    naive = f"coalesce(TRY_CAST({text} AS TIMESTAMP), try_strptime({text}, {halves}))"
    return (
        f"CASE WHEN {text} IS NULL THEN NULL "
        f"WHEN NOT regexp_full_match({text}, {literal(_ISO)}) "
        f"THEN {_to_utc(f'try_strptime({text}, [{named}])', plan.timezone)} "
        f"WHEN regexp_matches({text}, {literal(_OFFSET)}) "
        f"THEN CAST(timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ)) AS TIMESTAMP) "
        f"ELSE {_to_utc(naive, plan.timezone)} END"
    )


def _iso_text(plan: CastPlan, text: str, /) -> str:
    """Return SQL that writes the common ways of a date as 2024-04-03."""
    rewrites = [
        (r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3"),
        (r"^(\d{4})[-/.](\d{1,2})$", r"\1-\2-01"),
        (r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", r"\1-\2-\3"),
        (r"^(\d{4})年(\d{1,2})月(\d{1,2})日\s*", r"\1-\2-\3 "),
    ]
    if plan.order in {"day", "month"}:
        day_month = r"\2-\1" if plan.order == "day" else r"\1-\2"
        rewrites += [
            (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})($|[ T])", rf"20\3-{day_month}\4"),
            (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", rf"\3-{day_month}"),
        ]
    for pattern, replacement in rewrites:
        text = f"regexp_replace({text}, {literal(pattern)}, {literal(replacement)})"
    return f"trim({text})"


def _to_utc(timestamp: str, timezone: str, /) -> str:
    if timezone == "UTC":
        return timestamp
    return f"timezone('UTC', timezone({literal(timezone)}, {timestamp}))"


def _number(plan: CastPlan, value: str, /) -> str:
    if plan.from_text:
        if plan.decimal_comma:
            plain = f"replace(regexp_replace({value}, '[. \\x{{00A0}}\\x{{202F}}]', '', 'g'), ',', '.')"
            number = f"CASE WHEN contains({value}, ',') THEN TRY_CAST({plain} AS DOUBLE) ELSE TRY_CAST({value} AS DOUBLE) END"
        else:
            without = f"CASE WHEN regexp_full_match({value}, {literal(_THOUSANDS)}) THEN replace({value}, ',', '') ELSE {value} END"
            number = f"TRY_CAST({without} AS DOUBLE)"
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


def _flag(plan: CastPlan, value: str, /) -> str:
    if plan.raw_type == "BOOLEAN":
        return value
    if not plan.from_text and not is_numeric(plan.raw_type):
        return "CAST(NULL AS BOOLEAN)"
    text = f"lower(CAST({value} AS VARCHAR))"
    true, false = ", ".join(map(literal, _TRUE)), ", ".join(map(literal, _FALSE))
    return f"CASE WHEN {text} IN ({true}) THEN TRUE WHEN {text} IN ({false}) THEN FALSE END"
