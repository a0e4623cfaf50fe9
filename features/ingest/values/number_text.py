"""Numbers as people and systems write them: what a text may be as a number, and SQL that reads it by a column's format.

A text is taken apart once: signs, a currency, the figures, 万 or 亿, a percent sign. Which of dot and comma is the
decimal mark is never inferred from one value where it could be either (1.250): the column decides (``number_columns``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from features.ingest.sql_text import literal, quoted
from features.ingest.values.currency_signs import CURRENCIES
from features.ingest.values.missing_words import BLANKS

__all__ = [
    "NARROW",
    "WIDE",
    "Decimal",
    "NumberFormat",
    "duration_unit",
    "figures_sql",
    "first_look",
    "number_profile",
    "number_sql",
]

Decimal = Literal[".", ",", "mixed", "unsure"]

LONGEST_NUMBER_BYTES = 60  # no number is longer, and a long text need not be looked at

WIDE = "".join(chr(code + 0xFEE0) for code in range(0x21, 0x7F))
NARROW = "".join(map(chr, range(0x21, 0x7F)))
_ODD = {"−": "-", "‐": "-", "–": "-", "’": "'", "‘": "'", "´": "'", "`": "'", "٫": ".", "٬": "'"}
_ODD |= {blank: " " for blank in BLANKS if blank not in " \u200b\ufeff"}
_BELOW = "'|-', '(|)'"  # signs of numbers below zero that do not begin with a minus
_TIMES = {"万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8}
# deterministic by the next letter, which makes it fast: what stands before the first figure, figures, and the rest
_PARTS = r"^([^0-9]*)([0-9][0-9., ']*)([^0-9., '].*)?$"
_GROUPED_BY_BLANKS = r"[1-9]\d{0,2}([ ']\d{3})+([.,]\d*)?"
_CLOCK_THREE = r"-?(\d{1,4} ?(d|days?),? ?)?\d{1,4}:[0-5]?\d:[0-5]?\d([.,]\d+)?"
_INFINITE = "[-+]?inf(inity)?"
_CLOCK_TWO = r"-?\d{1,4}:[0-5]\d"
_AMOUNT = r"\d+(?:[.,]\d+)?"
_SPOKEN_PARTS: tuple[tuple[str, int], ...] = (
    ("d|days?|tage?|dias?|jours?|天", 86400),
    ("h|hrs?|hours?|std\\.?|stunden?|heures?|horas?|ore|小时|小時", 3600),
    ("m|mins?|minutes?|minuten?|minutos?|分|分钟|分鐘", 60),
    ("s|secs?|seconds?|sek\\.?|sekunden?|segundos?|secondes?|秒", 1),
)
_SPOKEN_CLOCK = "-?" + " ?".join(f"(?:{_AMOUNT} ?(?:{words}))?" for words, _ in _SPOKEN_PARTS)
_ISO_CLOCK = f"-?p(?:{_AMOUNT}d)?(?:t(?:{_AMOUNT}h)?(?:{_AMOUNT}m)?(?:{_AMOUNT}s)?)?"
_UNITS = (
    ("seconds", 1),
    ("secs", 1),
    ("minutes", 60),
    ("mins", 60),
    ("hours", 3600),
    ("秒", 1),
    ("分钟", 60),
    ("小时", 3600),
)
_SPOKEN = ("duration", "talk", "hold", "handl", "wait", "queue", "aht", "时长", "耗时", "等待")


@dataclass(frozen=True)
class NumberFormat:
    """How the texts of one column are read as numbers.

    Parameters
    ----------
    decimal : {".", ",", "mixed", "unsure"}
        The decimal mark; the other one groups. ``mixed``: the column writes both as decimal marks; ``unsure``: 1.250
        reads both ways and nothing decides.
    percent_is_share : bool
        Whether 12 % is 0.12; else it is 12, where the column counts in points of a hundred.
    unit_seconds : int
        For durations such as 0:02:23: seconds of the column's own unit; 0: the column holds no durations.
    is_dressed : bool
        Whether any number has more than a leading sign, figures and marks, so that texts must be taken apart.
    """

    decimal: Decimal = "."
    percent_is_share: bool = True
    unit_seconds: int = 0
    is_dressed: bool = True


def duration_unit(column: str, /) -> int:
    """Return the seconds of the unit in which a column's durations are, inferred from its name; 0: it says nothing.

    Examples
    --------
    >>> duration_unit("wait_seconds"), duration_unit("overtime_hours"), duration_unit("AvgTalkDuration")
    (1, 3600, 1)
    """
    name = column.casefold()
    unit = next((seconds for word, seconds in _UNITS if name.endswith(word)), 0)
    return unit or int(any(word in name for word in _SPOKEN))


def figure_columns(column: str, /) -> tuple[str, str]:
    """Return the names of the columns that hold what a text is made of, and its shape, worked out once per value."""
    return quoted(f"__number:{column}"), quoted(f"__shape:{column}")


def figures_sql(relation: str, columns: Sequence[str], /) -> str:
    """Return the query of a relation with the ``figure_columns`` of these text columns.

    Shapes are ``small`` (up to 999) and ``large`` integers, ``code`` (007, or more digits than a number keeps), ``dot``
    and ``comma`` (that mark can only be the decimal one), ``dot_three`` and ``comma_three`` (1.250: either), the same
    ending in a zero (``dot_round``, ``comma_round``), ``clock_three`` and ``clock_two`` (0:02:23, 02:23).
    """
    query = relation
    for step in (_parts, _tokens, _number, _shape):
        listed = ", ".join(["*", *(step(column) for column in columns)])
        query = f"(SELECT {listed} FROM {query})"
    return query


def first_look(text: str, /) -> dict[str, str]:
    """Return SQL aggregates over texts as they are: shapes, and how many have figures but no shape.

    Those may be dressed: $5, 12 %, (5), 1 234. Only they need ``figures_sql``, which takes time and memory.
    """
    short = f"strlen({text}) <= {LONGEST_NUMBER_BYTES}"
    # most texts do not begin like a number: a cheap look spares them the patterns
    first = f"ascii({text}) BETWEEN 43 AND 57 OR ascii({text}) IN (80, 112)"  # 80 and 112: PT12M
    begins = f"{short} AND ({first} OR regexp_full_match(lower({text}), {literal(_INFINITE)}))"
    shape = f"CASE WHEN {begins} THEN {_shape_of(text, f'ltrim({text}, {literal(chr(43) + chr(45))})')} END"
    return {
        "shapes": f"histogram({shape})",
        "odd": f"count(*) FILTER ({short} AND regexp_matches({text}, '[0-9０-９]') AND ({shape}) IS NULL)",
    }


def number_profile(column: str, /) -> dict[str, str]:
    """Return SQL aggregates over ``figures_sql``: counts of shapes, percent signs, currencies, (5) and 5-."""
    number, shape = figure_columns(column)
    percent = f"{number}.after = '%' AND {shape} IS NOT NULL"
    nonzero = f"{shape} NOT LIKE 'clock%' AND regexp_matches({number}.figures, '[1-9]')"
    dressed = f"{shape} IS NOT NULL AND {number}.figures <> ltrim({quoted(column)}, '+-') AND {shape} NOT LIKE 'clock%'"
    return {
        "shapes": f"histogram({shape})",
        "percent": f"count(*) FILTER ({percent})",
        "dressed": f"count(*) FILTER ({dressed})",
        "below": f"count(*) FILTER ({shape} IS NOT NULL AND {quoted(f'__tokens:{column}')}.signs IN ({_BELOW}))",
        "bare": f"count(*) FILTER ({nonzero} AND NOT coalesce({percent}, FALSE))",
        "currencies": f"histogram({number}.money) FILTER ({shape} IS NOT NULL AND {number}.money <> '')",
    }


def number_sql(column: str, how: NumberFormat, /) -> str:
    """Return SQL over ``figures_sql`` that reads a text as DOUBLE by its column's format; null where it is none."""
    text, number = quoted(column), figure_columns(column)[0]
    decimal, group = (",", ".") if how.decimal == "," else (".", ",")
    plain = f"replace(replace({number}.figures, {literal(group)}, ''), {literal(decimal)}, '.')"
    if not how.is_dressed:
        return _undressed(text, decimal, group, how.unit_seconds)
    # dividing by 100 is exact to the last digit, multiplying by 0.01 is not
    share = f"CASE WHEN {number}.after = '%' THEN {100.0 if how.percent_is_share else 1.0} ELSE 1 END"
    cases = [f"WHEN {number} IS NULL THEN NULL"]
    if decimal == ".":
        cases.append(f"WHEN {number}.plain THEN TRY_CAST({text} AS DOUBLE)")
    cases += [_duration(text, how.unit_seconds)] if how.unit_seconds else []
    fits = f"regexp_full_match({number}.figures, {literal(_locale(decimal, group))})"
    cases.append(f"WHEN {fits} THEN TRY_CAST({plain} AS DOUBLE) * {number}.factor / ({share})")
    cases.append(f"WHEN isinf(TRY_CAST({text} AS DOUBLE)) AND {number}.plain THEN TRY_CAST({text} AS DOUBLE)")
    return f"CASE {' '.join(cases)} END"


def _undressed(text: str, decimal: str, group: str, unit_seconds: int, /) -> str:
    """Read a text that is but a sign, figures and marks: fast, and with little memory for tables of many columns."""
    plain = f"replace(replace({text}, {literal(group)}, ''), {literal(decimal)}, '.')"
    fits = f"regexp_full_match({text}, {literal(f'[-+]?({_locale(decimal, group)})')})"
    clocks = _duration(text, unit_seconds) if unit_seconds else ""
    infinite = f"regexp_full_match(lower({text}), {literal(_INFINITE)})"
    return (
        f"CASE WHEN {fits} THEN TRY_CAST({plain} AS DOUBLE) {clocks} "
        f"WHEN {infinite} THEN TRY_CAST({text} AS DOUBLE) END"
    )


def _parts(column: str, /) -> str:
    """Return what a short text is made of; null where it is a number as it stands, or no number can be that long."""
    text, odd, plain_forms = quoted(column), "".join(_ODD), "".join(_ODD.values())
    half = f"translate({text}, {literal(WIDE + odd)}, {literal(NARROW + plain_forms)})"
    # translating takes long, and few texts need it
    strange = literal(f"[{WIDE[0]}-{WIDE[-1]}{odd}]")
    half = f"CASE WHEN regexp_matches({text}, {strange}) THEN {half} ELSE {text} END"
    simple = f"TRY_CAST({text} AS DOUBLE) IS NOT NULL AND NOT contains({text}, '_')"
    return (
        f"CASE WHEN strlen({text}) > {LONGEST_NUMBER_BYTES} OR ({simple}) THEN NULL "
        f"ELSE regexp_extract({half}, {literal(_PARTS)}, ['before', 'figures', 'after']) END "
        f"AS {quoted(f'__parts:{column}')}"
    )


def _tokens(column: str, /) -> str:
    """Return the words before and after the figures, signs and blanks taken off, and the signs."""
    parts = quoted(f"__parts:{column}")
    before, after = (f"lower(translate({parts}.{side}, ' ()+-', ''))" for side in ("before", "after"))
    times = f"CASE WHEN left({after}, 1) IN ({', '.join(map(literal, _TIMES))}) THEN left({after}, 1) ELSE '' END"
    both = f"concat({parts}.before, '|', {parts}.after)"
    # replacing takes long, and few texts have signs here
    signs = f"CASE WHEN regexp_matches({both}, '[-+()]') THEN regexp_replace({both}, '[^-+()|]', '', 'g') ELSE '|' END"
    return (
        f"CASE WHEN {parts} IS NULL THEN NULL ELSE {{'before': {before}, 'times': {times}, "
        f"'after': ltrim({after}, {literal(''.join(_TIMES))}), 'signs': {signs}}} END AS {quoted(f'__tokens:{column}')}"
    )


def _number(column: str, /) -> str:
    """Return the figures without grouping blanks, what they are multiplied by, currency and percent sign."""
    text, parts, tokens = quoted(column), quoted(f"__parts:{column}"), quoted(f"__tokens:{column}")
    known = literal("|".join(("", "", *CURRENCIES, "")))
    grouped = f"regexp_full_match({parts}.figures, {literal(_GROUPED_BY_BLANKS)})"
    bare = f"translate({parts}.figures, {literal(chr(32) + chr(39))}, '')"
    leading = f"{tokens}.before IN ('.', ',')"
    figures = f"CASE WHEN {grouped} THEN {bare} WHEN {leading} THEN concat({tokens}.before, trim({parts}.figures)) "
    figures += f"ELSE trim({parts}.figures) END"
    exponent = f"regexp_full_match({tokens}.after, 'e[0-9]{{1,3}}') AND contains(lower({parts}.after), 'e')"
    listed = ", ".join(map(literal, ("|", "+|", "-|", "|-", "|+", "(|)")))
    valid = (
        f"{tokens}.signs IN ({listed}) AND (contains({known}, concat('|', {tokens}.before, '|')) OR {leading}) "
        f"AND ({tokens}.after IN ('', '%') "
        f"OR (contains({known}, concat('|', {tokens}.after, '|')) AND {tokens}.before = ''))"
    )
    times = " ".join(f"WHEN {literal(word)} THEN {factor!r}" for word, factor in _TIMES.items())
    factor = f"(CASE WHEN {tokens}.signs IN ('-|', '|-', '(|)') THEN -1.0 ELSE 1.0 END) * "
    factor += f"(CASE {tokens}.times {times} ELSE 1.0 END)"
    scientific = f"concat({parts}.figures, {parts}.after)"
    minus = f"CASE WHEN starts_with({text}, '-') THEN -1.0 ELSE 1.0 END"

    def made(figures: str, factor: str, money: str, after: str, plain: str) -> str:
        return f"{{'figures': {figures}, 'factor': {factor}, 'money': {money}, 'after': {after}, 'plain': {plain}}}"

    unsigned = f"ltrim({text}, '+-')"
    money = f"nullif(concat({tokens}.before, nullif({tokens}.after, '%')), '')"
    return (
        f"CASE WHEN {text} IS NULL OR strlen({text}) > {LONGEST_NUMBER_BYTES} THEN NULL "
        f"WHEN {parts} IS NULL THEN {made(unsigned, minus, 'NULL', 'NULL', 'TRUE')} "
        f"WHEN {exponent} AND {tokens}.before = '' THEN {made(scientific, minus, 'NULL', 'NULL', 'FALSE')} "
        f"WHEN {valid} THEN {made(figures, factor, money, f'{tokens}.after', 'FALSE')} "
        f"ELSE {made(literal(''), '1.0', 'NULL', 'NULL', 'FALSE')} END AS {figure_columns(column)[0]}"
    )


def _shape(column: str, /) -> str:
    text, (number, shape) = quoted(column), figure_columns(column)
    return f"CASE WHEN {number} IS NULL THEN NULL ELSE {_shape_of(text, f'{number}.figures')} END AS {shape}"


def _shape_of(text: str, figures: str, /) -> str:
    dot = f"regexp_full_match({figures}, {literal(_locale('.', ','))})"
    comma = f"regexp_full_match({figures}, {literal(_locale(',', '.'))})"
    return (
        f"CASE WHEN {figures} = '0' OR regexp_full_match({figures}, '[1-9][0-9]{{0,2}}') THEN 'small' "
        f"WHEN regexp_full_match({figures}, '0[0-9]+([.,].*)?|[0-9]{{16,}}') THEN 'code' "
        f"WHEN regexp_full_match({figures}, '[0-9]+([eE][-+]?[0-9]+)?') THEN 'large' "
        f"WHEN {dot} AND {comma} THEN concat(CASE WHEN contains({figures}, '.') THEN 'dot' ELSE 'comma' END, "
        f"CASE WHEN ends_with({figures}, '0') THEN '_round' ELSE '_three' END) "
        f"WHEN {dot} THEN 'dot' WHEN {comma} THEN 'comma' "
        f"WHEN regexp_full_match({text}, {literal(_CLOCK_THREE)}) THEN 'clock_three' "
        f"WHEN regexp_full_match({text}, {literal(_CLOCK_TWO)}) THEN 'clock_two' "
        f"WHEN {_is_spoken(text)} THEN 'clock_three' "
        f"WHEN regexp_full_match(lower({text}), {literal(_INFINITE)}) THEN 'small' END"
    )


def _locale(decimal: str, group: str, /) -> str:
    """Return the pattern of figures with this decimal mark: groups of three, India's of two and China's of four."""
    d, g = f"[{decimal}]", f"[{group}]"
    fraction = rf"({d}\d*)?([eE][-+]?\d+)?"
    threes = rf"[1-9]\d{{0,2}}({g}\d{{3}})+"
    lakhs = rf"[1-9]\d?({g}\d{{2}})+{g}\d{{3}}"
    fours = rf"[1-9]\d{{0,3}}({g}\d{{4}}){{2,}}|[1-9]\d{{0,3}}({g}\d{{4}})+{d}\d+"
    return rf"(\d+|{threes}|{lakhs}){fraction}|{d}\d+([eE][-+]?\d+)?|{fours}"


def _is_spoken(text: str, /) -> str:
    """Return SQL that tests whether a text is a duration in words or by ISO 8601: 12m 11s, 731 s, PT12M11S."""
    # a unit that is not the last of its kind stands behind a digit: a cheap look spares most texts the patterns
    worded = f"regexp_matches({text}, '\\d ?[A-Za-z天小分秒]')"
    either = literal(f"{_SPOKEN_CLOCK}|{_ISO_CLOCK}")
    return f"({worded} AND regexp_full_match(lower({text}), {either}))"


def _spoken(text: str, /) -> str:
    """Return SQL for the seconds of such a duration."""
    parts = []
    for words, seconds in _SPOKEN_PARTS:
        found = f"regexp_extract(lower({text}), {literal(f'({_AMOUNT}) ?(?:{words})(?:[^a-z]|t[0-9]|$)')}, 1)"
        parts.append(f"coalesce(TRY_CAST(replace({found}, ',', '.') AS DOUBLE), 0) * {seconds}")
    return f"({' + '.join(parts)})"


def _duration(text: str, unit_seconds: int, /) -> str:
    """Return the cases of 1 day 2:03:04 and 2:03:04, and of two parts: hours first in hours, else minutes."""
    place = f"regexp_extract({text}, '(\\d+):(\\d+):(\\d+([.,]\\d+)?)$', {{}})"
    three = [f"TRY_CAST(replace({place.format(group)}, ',', '.') AS DOUBLE)" for group in (1, 2, 3)]
    days = f"coalesce(TRY_CAST(regexp_extract({text}, '^-?(\\d+) ?d', 1) AS DOUBLE), 0)"
    two = [f"TRY_CAST(regexp_extract({text}, '(\\d+):(\\d+)$', {group}) AS DOUBLE)" for group in (1, 2)]
    sign = f"(CASE WHEN starts_with({text}, '-') THEN -1 ELSE 1 END)"
    cases = (
        f"WHEN regexp_full_match({text}, {literal(_CLOCK_THREE)}) "
        f"THEN {sign} * ({days} * 86400 + {three[0]} * 3600 + {three[1]} * 60 + {three[2]}) / {unit_seconds}"
    )
    cases += f" WHEN {_is_spoken(text)} THEN {sign} * {_spoken(text)} / {unit_seconds}"
    if unit_seconds == 60:
        return cases  # whether 1:30 is hours or minutes is ambiguous there
    first = 3600 if unit_seconds == 3600 else 60
    return (
        f"{cases} WHEN regexp_full_match({text}, {literal(_CLOCK_TWO)}) "
        f"THEN {sign} * ({two[0]} * {first} + {two[1]} * {first // 60}) / {unit_seconds}"
    )
