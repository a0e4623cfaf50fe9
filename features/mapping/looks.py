"""What lies in an export: each column's types, ranges, unique values, as far as a sample of its rows shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from features.ingest.column_names import is_unnamed
from features.ingest.sql_text import literal, quoted
from features.ingest.values.casting import FALSE_WORDS, TRUE_WORDS
from features.ingest.values.number_columns import Numbers, decide_decimals
from features.ingest.values.number_text import first_look
from features.ingest.values.time_text import time_text_sql

if TYPE_CHECKING:
    import duckdb

__all__ = ["MAX_ROWS", "MISSING_WORDS", "ColumnLook", "Look", "first_rows", "look_at"]

MAX_ROWS = 50_000
"""Rows that a column's looks are read from: shares are known to well under a percent then, in a second."""

_MIN_ONE_WAY = 0.98
_FORMATS = tuple(
    f"{date}{clock}"
    for date in ("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%b-%y", "%d/%b/%y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y",
                 "%d-%m-%Y", "%Y/%m/%d", "%d-%b-%Y", "%d/%b/%Y", "%d %b %Y", "%b %d, %Y", "%Y年%m月%d日")
    for clock in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
)  # fmt: skip
"""Ways of writing times, the day first before the month first where both fit; 24 is no year of antiquity."""

_MAX_VALUES = 60
_MAYBE_TIMES = 0.8  # of the values hold a digit and are as long as a date, or nobody asks whether they are dates
_MAX_DISTINCT = 2_000  # values, each once, whose way of writing is looked at
MISSING_WORDS = ("", "?", "-", "n/a", "na", "null", "none", "nan", "#n/a", "nil", "无", "未知", "空")
"""What stands where a value is missing, in small letters."""
_FLAGS = (*TRUE_WORDS, *FALSE_WORDS)
_DURATION = r"^-?\d{1,4}:\d{2}(:\d{2}(\.\d+)?)?$"
_LIKE_TIME = r"^(\d{1,4}[-/.年 ]|\d{8}|\d{5}(\.|$)|[A-Za-zÀ-ÿ]{3,10}[ ,.]+\d)"
_NUMBER = r"^[-+]?(\d+([.,]\d+)*|[.,]\d+)\s*%?$"


@dataclass(frozen=True)
class ColumnLook:
    """How a column looks.

    Parameters
    ----------
    name, raw_type : str
        Its name and type in the source.
    rows, present, distinct : int
        Rows looked at, values that are there, and how many of them differ.
    times, clocked, digit_times, durations, numbers, flags : float
        Shares of the values that can be read so; ``clocked``: times with a time of day; ``digit_times``: times that are
        digits alone.
    low, high, median : float or None
        Of the numbers.
    characters, words : float
        Mean length of a value, and mean number of words (Chinese: of characters, halved).
    first, last : object
        The earliest and the latest time.
    time_format : str
        How times that come as text are written, for ``strptime``; empty where it is ISO 8601, or not one way alone.
    values : mapping of str to int
        The most frequent values.
    alike : mapping of str to float
        Columns of the contract (``table.column``) that its name is alike by meaning, and how much.
    personal : float
        How alike its name is, by meaning, to names of what says who somebody is, or how to reach them.
    decimal : str
        Of numbers that come as text: the mark of their decimals as all of the table's columns show it, ``mixed`` or
        ``unsure`` where they do not; empty where no number has a mark.
    is_grouped : bool
        Whether the other mark parts thousands.
    is_assumed : bool
        Whether nothing decides what 1,250 or 1.250 is, so that the dot is taken for the decimal mark.
    """

    name: str
    raw_type: str
    rows: int
    present: int
    distinct: int
    times: float = 0.0
    clocked: float = 0.0
    digit_times: float = 0.0
    durations: float = 0.0
    numbers: float = 0.0
    flags: float = 0.0
    low: float | None = None
    high: float | None = None
    median: float | None = None
    characters: float = 0.0
    words: float = 0.0
    first: Any = None
    last: Any = None
    time_format: str = ""
    values: Mapping[str, int] = field(default_factory=dict)
    alike: Mapping[str, float] = field(default_factory=dict)
    personal: float = 0.0
    decimal: str = ""
    is_grouped: bool = False
    is_assumed: bool = False

    @property
    def known_share(self) -> float:
        """Share of the rows that have a value."""
        return self.present / self.rows if self.rows else 0.0

    @property
    def unique_share(self) -> float:
        """Share of the values that differ."""
        return self.distinct / self.present if self.present else 0.0

    @property
    def is_time(self) -> bool:
        """Whether its values are dates or times, written as such."""
        return self.times >= 0.9 and self.digit_times < 0.5

    @property
    def as_time(self) -> str:
        """SQL of its values as times."""
        if self.raw_type != "VARCHAR":
            return f"cast({quoted(self.name)} as timestamp)"
        if self.time_format:
            return f"try_strptime({quoted(self.name)}, {literal(self.time_format)})"
        return f"try_cast({quoted(self.name)} as timestamp)"

    @property
    def as_number(self) -> str:
        """SQL of its values as numbers, of which 1,250.5 and 1.250,5 are both 1250.5."""
        value = quoted(self.name)
        if self.raw_type != "VARCHAR":
            return value
        if self.decimal == ",":
            parted = f"replace({value}, '.', '')" if self.is_grouped else value
            value = f"replace({parted}, ',', '.')"
        elif self.is_grouped:
            value = f"replace({value}, ',', '')"
        return f"TRY_CAST({value} AS DOUBLE)"

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.numbers >= 0.9 and not self.is_time


@dataclass(frozen=True)
class Look:
    """How a table looks.

    Parameters
    ----------
    name : str
        Of its file, sheet or database table.
    relation : str
        SQL name in the engine.
    rows : int
        All of them.
    place : mapping of str to str or int
        Where it lies, as the company file says it: ``path``, ``sheet``, ``encoding`` …, or ``source`` and ``table``.
    own_names : mapping of str to str
        What columns are called by themselves, where headings of several columns are set before their names.
    """

    name: str
    relation: str
    rows: int
    columns: tuple[ColumnLook, ...]
    place: Mapping[str, str | int] = field(default_factory=dict)
    own_names: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str, /) -> ColumnLook:
        """Return a column by its name in the source."""
        return next(column for column in self.columns if column.name == name)


def first_rows(relation: str, /) -> str:
    """Return SQL of the rows of an export that are looked at, named ``raw``."""
    return f"(SELECT * FROM {relation} LIMIT {MAX_ROWS}) AS raw"


def look_at(connection: duckdb.DuckDBPyConnection, relation: str, name: str, /, *, semicolons: bool = False) -> Look:
    """Look at a table.

    Parameters
    ----------
    relation : str
        SQL name of the table.
    name : str
        What its file, sheet or database table is called.
    semicolons : bool
        Whether its values are set apart by semicolons, as where the comma is the decimal mark.
    """
    described = connection.execute(f"DESCRIBE {relation}").fetchall()
    rows = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    sample = "sample_of_rows"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {sample} AS SELECT * FROM {relation} LIMIT {MAX_ROWS}")
    columns = [_column(connection, sample, row[0], row[1]) for row in described if not is_unnamed(row[0])]
    marked = _with_marks(connection, sample, columns, semicolons=semicolons)
    connection.execute(f"DROP TABLE {sample}")
    return Look(name, relation, rows, tuple(marked))


def _with_marks(
    connection: duckdb.DuckDBPyConnection, sample: str, columns: list[ColumnLook], /, *, semicolons: bool
) -> list[ColumnLook]:
    """Return columns with the marks of their numbers, decided as where tables are read: 1,250 reads both ways."""
    numeric = [column for column in columns if _is_text(column.raw_type) and column.is_number]
    if not numeric:
        return columns
    looked = [
        f"{first_look(f'trim({quoted(one.name)})')['shapes']}, bool_or(contains({quoted(one.name)}, ',')), "
        f"bool_or(contains({quoted(one.name)}, '.'))"
        for one in numeric
    ]
    row = connection.execute(f"SELECT {', '.join(looked)} FROM {sample}").fetchall()[0]
    numbers = {one.name: Numbers(one.present, row[3 * at] or {}) for at, one in enumerate(numeric)}
    decided = {name: one[0] for name, one in decide_decimals([numbers], None, semicolons).items()}
    marks = {
        one.name: {mark for mark, is_there in zip((",", "."), row[3 * at + 1 : 3 * at + 3], strict=True) if is_there}
        for at, one in enumerate(numeric)
    }
    return [
        _marked(connection, sample, one, numbers[one.name], decided[one.name], has=marks[one.name])
        if one.name in numbers
        else one
        for one in columns
    ]


def _marked(
    connection: duckdb.DuckDBPyConnection,
    sample: str,
    look: ColumnLook,
    numbers: Numbers,
    decided: tuple[str, str],
    /,
    *,
    has: Collection[str],
) -> ColumnLook:
    """Return a column with the mark of its numbers, and its range by it."""
    mark, reason = decided
    other = {".": ",", ",": "."}.get(mark, "")
    # a slip of the pen, as one 1,5 among many 1.5, must not become 15
    is_contrary = numbers.count({".": "comma", ",": "dot"}.get(mark, "")) > 0
    found = "" if not reason else "mixed" if is_contrary else mark
    marked = replace(look, decimal=found, is_grouped=other in has, is_assumed=reason == "default")
    if not marked.is_grouped or found not in {".", ","}:
        return marked
    low, high, median = connection.execute(
        f"SELECT min(x), max(x), median(x) FROM (SELECT {marked.as_number} AS x FROM {sample})"
    ).fetchall()[0]
    return replace(marked, low=low, high=high, median=median)


def _column(connection: duckdb.DuckDBPyConnection, sample: str, name: str, raw_type: str, /) -> ColumnLook:
    text = f"trim(CAST({quoted(name)} AS VARCHAR))"
    missing = ", ".join(map(literal, MISSING_WORDS))
    value = f"CASE WHEN lower({text}) NOT IN ({missing}) THEN {text} END"
    values = f"(SELECT {value} AS v FROM {sample})"
    rows, present, distinct = connection.execute(
        f"SELECT count(*), count(v), count(DISTINCT v) FROM {values}"
    ).fetchall()[0]
    look = ColumnLook(name, raw_type, rows, present, distinct)
    if not present:
        return look
    if not _is_text(raw_type):
        return _typed(connection, sample, look)
    return _of_text(connection, values, look)


def _is_text(raw_type: str, /) -> bool:
    """Whether DuckDB's type is a text."""
    return raw_type == "VARCHAR" or raw_type.startswith("ENUM")


def _frequent(connection: duckdb.DuckDBPyConnection, values: str, /) -> dict[str, int]:
    found = connection.execute(
        f"SELECT v, count(*) AS n FROM {values} WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {_MAX_VALUES}"
    ).fetchall()
    return dict(found)


def _of_text(connection: duckdb.DuckDBPyConnection, values: str, look: ColumnLook, /) -> ColumnLook:
    number = "TRY_CAST(replace(replace(replace(v, ',', '.'), '%', ''), ' ', '') AS DOUBLE)"
    flags = ", ".join(map(literal, _FLAGS))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE seen_values AS SELECT v, count(*) AS n FROM {values} WHERE v IS NOT NULL "
        f"GROUP BY v ORDER BY hash(v) LIMIT {_MAX_DISTINCT}"
    )
    found = connection.execute(
        f"""
        SELECT sum(n), sum(n) FILTER (regexp_matches(v, {literal(_DURATION)})),
          sum(n) FILTER (regexp_matches(v, {literal(_NUMBER)})), sum(n) FILTER (lower(v) IN ({flags})),
          min({number}), max({number}), median({number}),
          sum(n * length(v)), sum(n * (1 + length(v) - length(replace(v, ' ', '')) +
            length(regexp_replace(v, '[^\u4e00-\u9fff]', '', 'g')) / 2)),
          sum(n) FILTER (length(v) BETWEEN 6 AND 40 AND regexp_matches(v, {literal(_LIKE_TIME)})),
          sum(n) FILTER (regexp_full_match(v, '\\d{{5,19}}(\\.\\d+)?'))
        FROM seen_values
        """
    ).fetchall()[0]
    seen = found[0]
    shares = [(count or 0) / seen for count in found[1:4]]
    times = _times(connection, seen) if (found[9] or 0) >= _MAYBE_TIMES * seen else {}
    return replace(
        look,
        durations=shares[0],
        numbers=shares[1],
        flags=shares[2],
        low=found[4],
        high=found[5],
        median=found[6],
        characters=float(found[7] or 0) / seen,
        words=float(found[8] or 0) / seen,
        digit_times=(found[10] or 0) / seen,
        values=_frequent(connection, values),
        **times,
    )


def _times(connection: duckdb.DuckDBPyConnection, seen: int, /) -> dict[str, Any]:
    """Look at the values of the table of values as times: written in one common way, or in any that Baton reads."""
    tried = ", ".join(f"count(*) FILTER (try_strptime(v, {literal(form)}) IS NOT NULL)" for form in _FORMATS)
    is_iso = "v SIMILAR TO '\\d{4}-.*'"  # 5/1/24 is no day of the year 5
    distinct, iso, *formats = connection.execute(
        f"SELECT count(*), count(TRY_CAST(v AS TIMESTAMP)) FILTER ({is_iso}), {tried} FROM seen_values"
    ).fetchall()[0]
    best = max(range(len(_FORMATS)), key=lambda place: formats[place])
    form = ""
    if iso >= _MIN_ONE_WAY * distinct:
        time = "TRY_CAST(v AS TIMESTAMP)"
    elif formats[best] >= _MIN_ONE_WAY * distinct:
        form = _FORMATS[best]
        time = f"try_strptime(v, {literal(form)})"
    else:
        time = f"coalesce({time_text_sql('v', 'day', 'UTC')}, {time_text_sql('v', 'month', 'UTC')})"
    times, clocked, first, last = connection.execute(
        f"""
        WITH read AS (SELECT n, {time} AS t FROM seen_values)
        SELECT sum(n) FILTER (t IS NOT NULL), sum(n) FILTER (t <> date_trunc('day', t)), min(t), max(t) FROM read
        """
    ).fetchall()[0]
    return {
        "times": (times or 0) / seen,
        "clocked": (clocked or 0) / seen,
        "first": first,
        "last": last,
        "time_format": form,
    }


def _typed(connection: duckdb.DuckDBPyConnection, sample: str, look: ColumnLook, /) -> ColumnLook:
    column, kind = quoted(look.name), look.raw_type
    values = f"(SELECT CAST({column} AS VARCHAR) AS v FROM {sample})"
    frequent = _frequent(connection, values)
    if kind == "BOOLEAN":
        return replace(look, flags=1.0, values=frequent)
    if kind.startswith(("TIMESTAMP", "DATE")):
        first, last, clocked = connection.execute(
            f"SELECT min(t), max(t), count(*) FILTER (t <> date_trunc('day', t)) FROM "
            f"(SELECT CAST({column} AS TIMESTAMP) AS t FROM {sample})"
        ).fetchall()[0]
        return replace(look, times=1.0, clocked=clocked / look.present, first=first, last=last, values=frequent)
    if kind.startswith(("TIME", "INTERVAL")):
        return replace(look, durations=1.0, values=frequent)
    low, high, median, flags = connection.execute(
        f"SELECT min(x), max(x), median(x), count(*) FILTER (x IN (0, 1)) FROM "
        f"(SELECT TRY_CAST({column} AS DOUBLE) AS x FROM {sample})"
    ).fetchall()[0]
    whole = look.present and all("." not in value or value.endswith(".0") for value in frequent)
    return replace(
        look,
        numbers=1.0 if low is not None else 0.0,
        digit_times=1.0 if whole and low is not None and low > 1e9 else 0.0,
        flags=flags / look.present,
        low=low,
        high=high,
        median=median,
        characters=sum(map(len, frequent)) / max(1, len(frequent)),
        words=1.0,
        values=frequent,
    )
