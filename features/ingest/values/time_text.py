"""Times as people and systems write them: SQL that reads a text or a number as a time, by its own format.

Each format stands for itself, so that two of them may stand in one column; only whether 03/04/2024 has the day first is
inferred from the whole column (``CastPlan.order``). What is understood in part is no time, and counted as a fault.
"""

from __future__ import annotations

from typing import Literal

from features.ingest.sql_text import literal
from features.ingest.values.written_times import has_written_clock, is_written, plainly_written

__all__ = [
    "Iso",
    "digit_kind",
    "digits_sql",
    "is_absolute_iso",
    "is_digits",
    "is_local_iso",
    "iso_sql",
    "time_text_sql",
    "to_utc",
    "written_clock",
]

Iso = Literal["", "local", "absolute"]
"""Whether all times of a column are ISO's: without an offset, or some with one."""

_CLOCK = r"([ T]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_LOCAL = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}" + _CLOCK
_TIMED = _LOCAL[:-1]
_OFFSET = r"[-+]\d{2}(:?\d{2})?"
_ABSOLUTE = _TIMED + rf" ?(Z|UTC|GMT|{_OFFSET})"
_IN_ZONE = _TIMED + r" [A-Z][A-Za-z]+(/[A-Za-z_+-]+)+"
# abbreviations that mean one offset; CST, IST and BST mean several and are not read
_ABBREVIATIONS = {
    "WET": "+00:00", "WEST": "+01:00", "CET": "+01:00", "CEST": "+02:00", "EET": "+02:00", "EEST": "+03:00",
    "EDT": "-04:00", "EST": "-05:00", "CDT": "-05:00", "MDT": "-06:00", "MST": "-07:00", "PDT": "-07:00",
    "PST": "-08:00", "JST": "+09:00", "KST": "+09:00", "HKT": "+08:00", "SGT": "+08:00", "AEST": "+10:00",
    "AEDT": "+11:00",
}  # fmt: skip
_DAY_MONTH = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})"
_DAY_MONTH_SHORT = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})($|[ T])"
_OTHER_DATES = (
    (r"^(\d{4})[-/.](\d{1,2})$", r"\1-\2-01"),
    (r"^(\d{4})[.](\d{1,2})[.](\d{1,2})", r"\1-\2-\3"),
    (r"^(\d{4})年(\d{1,2})月(\d{1,2})日\s*(\d{1,2})[时時点點](\d{1,2})分(\d{1,2})秒$", r"\1-\2-\3 \4:\5:\6"),
    (r"^(\d{4})年(\d{1,2})月(\d{1,2})日\s*(\d{1,2})[时時点點](\d{1,2})分$", r"\1-\2-\3 \4:\5"),
    (r"^(\d{4})年(\d{1,2})月(\d{1,2})日\s*", r"\1-\2-\3 "),
    (r"^(\d{4})(\d{2})(\d{2})[T ]+(\d{1,2}:\d{2}.*)$", r"\1-\2-\3 \4"),
    (r"^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(.*)$", r"\1-\2-\3 \4:\5:\6\7"),
    (r"^(\d{4})(\d{2})(\d{2})[T ](\d{2})(\d{2})$", r"\1-\2-\3 \4:\5"),
    (rf"^(\d{{4}})(\d{{2}})(\d{{2}})(\d{{2}})(\d{{2}})(\d{{2}}) ?(Z|{_OFFSET})$", r"\1-\2-\3 \4:\5:\6\7"),
    (r"^(\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T]+\d{1,2}:\d{2}:\d{2}),(\d+)", r"\1.\2"),
    (r"^(.*\d) ?(?:UTC|GMT)([-+])(\d)$", r"\1\g0\3".replace(r"\g", r"\2")),
    (r"^(.*\d) ?(?:UTC|GMT)([-+]\d{2}(:?\d{2})?)$", r"\1\2"),
    (r"^(.*[Z\d])\[[A-Za-z_/+-]+\]$", r"\1"),
)
_NAMED_MONTH = r"^([A-Za-z]{3},? )?(\d{1,2}[- ][A-Za-z]{3}[- ]\d{4})[ T]+(\d{1,2}:\d{2}.*)$"
_NAMED_DATES = ("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y")
_HALF_CLOCKS = (" %I:%M %p", " %I:%M:%S %p", " %I:%M%p")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", *_HALF_CLOCKS)
_DIGITS = r"\d{5}(\.\d+)?|\d{8,19}(\.\d+)?"


def time_text_sql(text: str, order: str, timezone: str, iso: Iso = "", /) -> str:
    """Read the common ways in turn, the usual ones first: each value is looked at by as few patterns as can be.

    Parameters
    ----------
    text : str
        SQL of the text.
    order : str
        ``day`` or ``month`` where dates of numbers begin with it; anything else: they are not read.
    timezone : str
        Of times without an offset.
    iso : {"", "local", "absolute"}
        Whether all texts are ISO's, without an offset or some with one: then the query is a short one.
    """
    if iso == "local":
        return _local_iso(text, timezone)
    if iso == "absolute":
        return f"CASE WHEN {is_local_iso(text)} THEN {_local_iso(text, timezone)} ELSE {_absolute_iso(text)} END"
    # what is brought into another order is worked out once, and only for texts that may need it
    plain = "plain"
    for pattern, ordered in _of_numbers(order):
        plain = f"regexp_replace({plain}, {literal(pattern)}, {literal(ordered)})"
    written = f"list_transform([{plainly_written(text)}], lambda plain: {_local(plain, timezone)})[1]"
    return f"coalesce({_cases(text, order, timezone)}, CASE WHEN {is_written(text)} THEN {written} END)"


def _cases(text: str, order: str, timezone: str, /) -> str:
    cases = [iso_sql(text, timezone), f"WHEN {is_digits(text)} THEN {digits_sql(text, timezone)}"]
    formats = [date + clock for date in _NAMED_DATES for clock in _CLOCKS]
    formats += [date + clock for date in ("%Y-%m-%d", "%Y/%m/%d") for clock in _HALF_CLOCKS]
    formats.append("%a %b %d %H:%M:%S %Y")
    other = to_utc(f"try_strptime({text}, [{', '.join(map(literal, formats))}])", timezone)
    # the engine plans a query as long as it is: what reads the rest stands in it once, not once per pattern
    rest = f"CASE WHEN iso IS NULL THEN {other} ELSE {_rest('iso', timezone)} END"
    cases.append(f"ELSE list_transform([{_reordered(text, order)}], lambda iso: {rest})[1]")
    return f"CASE WHEN {text} IS NULL THEN NULL {' '.join(cases)} END"


def _reordered(text: str, order: str, /) -> str:
    """Return SQL of a text in the order of ISO by the first pattern that it matches; null where it matches none."""
    cases = []
    for pattern, replacement in _of_numbers(order):
        iso = f"regexp_replace({text}, {literal(pattern)}, {literal(replacement)})"
        cases.append(f"WHEN regexp_matches({text}, {literal(pattern)}) THEN {iso}")
    for pattern, replacement in _OTHER_DATES:
        iso = f"trim(regexp_replace({text}, {literal(pattern)}, {literal(replacement)}))"
        cases.append(f"WHEN regexp_matches({text}, {literal(pattern)}) THEN {iso}")
    day = f"try_strptime(regexp_extract({text}, {literal(_NAMED_MONTH)}, 2), ['%d %b %Y', '%d-%b-%Y'])"
    named = f"concat(strftime({day}, '%Y-%m-%d'), ' ', regexp_extract({text}, {literal(_NAMED_MONTH)}, 3))"
    cases.append(f"WHEN regexp_matches({text}, {literal(_NAMED_MONTH)}) THEN {named}")
    return f"CASE {' '.join(cases)} END"


def _of_numbers(order: str, /) -> list[tuple[str, str]]:
    """Return how dates such as 03/04/2024 and 03/04/24 are brought into the order of ISO."""
    if order not in {"day", "month"}:
        return []
    day_month = r"\2-\1" if order == "day" else r"\1-\2"
    return [(_DAY_MONTH, rf"\3-{day_month}"), (_DAY_MONTH_SHORT, rf"20\3-{day_month}\4")]


def _local(text: str, timezone: str, /) -> str:
    """Read an ISO time without a zone, its clock in 24 hours or with AM and PM."""
    halves = ", ".join(literal("%Y-%m-%d" + clock) for clock in _HALF_CLOCKS)
    return to_utc(
        f"CASE WHEN regexp_full_match({text}, {literal(_LOCAL)}) THEN TRY_CAST({text} AS TIMESTAMP) "
        f"ELSE try_strptime({text}, [{halves}]) END",
        timezone,
    )


def iso_sql(text: str, timezone: str, /) -> str:
    """Return the cases of ISO dates and times: without a zone, with an offset, with a zone's name."""
    zones = " ".join(f"WHEN {literal(name)} THEN {literal(offset)}" for name, offset in _ABBREVIATIONS.items())
    short = (
        f"concat(regexp_extract({text}, '^(.*\\d) ?[A-Z]+$', 1), CASE regexp_extract({text}, '[A-Z]+$') {zones} END)"
    )
    listed = "|".join(_ABBREVIATIONS)
    return (
        f"WHEN {is_local_iso(text)} THEN {_local_iso(text, timezone)} "
        f"WHEN {is_absolute_iso(text)} THEN {_absolute_iso(text)} "
        f"WHEN regexp_full_match({text}, {literal(f'{_TIMED} ?({listed})')}) THEN {_absolute(short)} "
        f"WHEN regexp_full_match({text}, {literal(_IN_ZONE)}) THEN {_absolute(text)}"
    )


def is_local_iso(text: str, /) -> str:
    """Return SQL that tests whether a text is written as most systems write times: 2024-04-03 14:05:00, no zone."""
    return f"regexp_full_match({text}, {literal(_LOCAL)})"


def is_absolute_iso(text: str, /) -> str:
    """Return SQL that tests the same of times with an offset: 2024-04-03T14:05:00Z, 2024-04-03 14:05 +02:00."""
    return f"regexp_full_match({text}, {literal(_ABSOLUTE)})"


def _local_iso(text: str, timezone: str, /) -> str:
    return to_utc(f"TRY_CAST({text} AS TIMESTAMP)", timezone)


def _absolute_iso(text: str, /) -> str:
    joined = f"regexp_replace({text}, ' +({_OFFSET})$', '\\1')"
    return _absolute(joined)


def is_digits(text: str, /) -> str:
    """Return SQL that tests whether a text may be a time written in digits alone."""
    return f"regexp_full_match({text}, {literal(_DIGITS)})"


def digits_sql(number: str, timezone: str, /) -> str:
    """Return SQL that reads a number as a time by its size, which no two of these ways share.

    Excel's days (20000 to 79999), 20240403 and its longer forms (…14, …1405, …140500), seconds, milliseconds,
    microseconds and nanoseconds since 1970. Excel's days and the forms of digits are local, the others UTC.
    """
    size, value = f"TRY_CAST({number} AS DOUBLE)", f"TRY_CAST({number} AS DECIMAL(38, 9))"
    whole = f"TRY_CAST(round({value}) AS HUGEINT)"
    days = f"make_timestamp(CAST(round(({value} - 25569) * 86400000) AS BIGINT) * 1000)"
    cases = [f"WHEN {size} >= 20000 AND {size} < 80000 THEN {to_utc(days, timezone)}"]
    for low, high, form in (
        ("19000101", "21001231", "%Y%m%d"),
        ("1990010100", "2100123123", "%Y%m%d%H"),
        ("190001010000", "210012312359", "%Y%m%d%H%M"),
        ("19000101000000", "21001231235959", "%Y%m%d%H%M%S"),
    ):
        compact = f"try_strptime(CAST({whole} AS VARCHAR), {literal(form)})"
        is_form = f"{size} BETWEEN {low} AND {high} AND {size} = floor({size}) AND {compact} IS NOT NULL"
        cases.append(f"WHEN {is_form} THEN {to_utc(compact, timezone)}")
    for low, high, microseconds in (
        ("1e8", "1e10", f"CAST(round({value} * 1000000) AS BIGINT)"),
        ("1e11", "1e13", f"CAST(round({value} * 1000) AS BIGINT)"),
        ("1e14", "1e16", f"CAST(round({value}) AS BIGINT)"),
        ("1e17", "1e19", f"CAST(({whole} + 500) // 1000 AS BIGINT)"),
    ):
        cases.append(f"WHEN {size} >= {low} AND {size} < {high} THEN make_timestamp({microseconds})")
    return f"CASE {' '.join(cases)} END"


def digit_kind(number: str, /) -> str:
    """Return SQL that names how a number is read as a time: ``days`` of a spreadsheet, or a unit since 1970."""
    value, time = f"TRY_CAST({number} AS DOUBLE)", digits_sql(number, "UTC")
    return (
        f"CASE WHEN {time} IS NULL THEN NULL WHEN {value} < 80000 THEN 'days' "
        f"WHEN {value} BETWEEN 19000101 AND 21001231 OR {value} BETWEEN 1990010100 AND 2100123123 "
        f"OR {value} BETWEEN 190001010000 AND 210012312359 OR {value} BETWEEN 1e13 AND 1e14 THEN NULL "
        f"WHEN {value} < 1e10 THEN 'seconds' WHEN {value} < 1e13 THEN 'milliseconds' "
        f"WHEN {value} < 1e16 THEN 'microseconds' ELSE 'nanoseconds' END"
    )


def written_clock(text: str, midnight: str, /) -> str:
    """Return SQL that tests whether a text has a time of day other than midnight."""
    time = digits_sql(text, "UTC")
    return (
        f"CASE WHEN {is_digits(text)} THEN list_transform([{time}], lambda t: t <> date_trunc('day', t))[1] "
        f"ELSE (contains({text}, ':') AND NOT regexp_matches({text}, {literal(midnight)})) "
        f"OR regexp_matches({text}, '\\dT\\d{{4}}|^\\d{{12,}}[-+Z ]|\\d[时時点點]') OR {has_written_clock(text)} END"
    )


def to_utc(timestamp: str, timezone: str, /) -> str:
    """Return SQL that takes a local time to UTC.

    A time that the clocks skip in spring counts an hour later; one that they repeat in autumn counts as the second.
    """
    if timezone == "UTC":
        return timestamp
    return f"timezone('UTC', timezone({literal(timezone)}, {timestamp}))"


def _absolute(text: str, /) -> str:
    return f"CAST(timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ)) AS TIMESTAMP)"


def _rest(text: str, timezone: str, /) -> str:
    """Read a text that was brought into the order of ISO, with whatever clock it has."""
    return f"CASE {iso_sql(text, timezone)} ELSE {_local(text, timezone)} END"
