"""Times with words in them: months in several languages, a.m. and p.m., 上午 and 下午, clocks such as 14h05 and 14.05.

A text is brought into the order of ISO, once, and then read like any other.
"""

from __future__ import annotations

from features.ingest.sql_text import literal
from features.ingest.values.missing_words import BLANKS
from features.ingest.values.number_text import NARROW, WIDE

__all__ = ["has_written_clock", "is_written", "plainly_written"]

# in small letters without accents; English, German, French, Italian, Spanish, Portuguese
_MONTHS: tuple[str, ...] = (
    "january januar janner janvier gennaio enero janeiro jan jaen janv gen ene",
    "february februar feber fevrier febbraio febrero fevereiro feb fev fevr febr",
    "march marz maerz mars marzo marco mar mrz mae",
    "april avril aprile abril apr avr abr",
    "may mai maggio mayo maio mag",
    "june juni juin giugno junio junho jun giu",
    "july juli juillet luglio julio julho jul juil lug",
    "august aout agosto aug aou ago ag agt",
    "september septembre settembre septiembre setiembre setembro sept sep set sett",
    "october oktober octobre ottobre octubre outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "december dezember decembre dicembre diciembre dezembro dec dez dic",
)
_NUMBER_OF = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
_NAMES = "|".join(sorted(_NUMBER_OF, key=lambda name: (-len(name), name)))

MAX_BYTES = 60  # no date is longer, and a long text need not be looked at

_MORNING, _EVENING = "上午|早上|凌晨|清晨|午前", "下午|晚上|傍晚|中午|午後|午后"

_WEEKDAY = r"(?:[a-z]{2,10}\.?,? )?"
_SEP = r"(?:[-/. ]|\. | de | del | d')"
_CLOCK = r"(?:(?:,? |t|, ?)(?:(?:a las|as|alle|um|at|a|kl\.?) )?(\d.*))?"
_DAY_FIRST = rf"^{_WEEKDAY}(\d{{1,2}})(?:er|st|nd|rd|th|º|°|\.)?{_SEP}({_NAMES})\.?{_SEP}(\d{{4}}|\d{{2}}){_CLOCK}$"
_MONTH_FIRST = rf"^{_WEEKDAY}({_NAMES})\.?[- ](\d{{1,2}})(?:st|nd|rd|th)?(?:,? | de |-)(\d{{4}}){_CLOCK}$"
_POINTED = r"^\d{4}\. ?\d{1,2}\. ?\d{1,2}\."  # 2024. 4. 3. as in Korea and Hungary
_HALVES = rf"[ap]\.? ?m\.?$|{_MORNING}|{_EVENING}"
_DOTTED = r"[ t]\d{1,2}\.\d{2}(\.\d{2})?$"
_HOURS = r"\d ?(h|uhr|heures?|horas?|hs|hrs)\.? ?(\d{1,2} ?(m|min)?)?\.?$"


def is_written(text: str, /) -> str:
    """Return SQL that tests whether a text may be a time with words or unusual clocks in it."""
    unusual = f"{_NAMES}|{_HALVES}|{_DOTTED}|{_HOURS}|{_POINTED}"
    return (
        f"(strlen({text}) <= {MAX_BYTES} AND regexp_matches({text}, '[0-9０-９]') AND ("
        f"regexp_matches({_lower(text)}, {literal(unusual)}) OR regexp_matches({text}, '[０-９]')))"
    )


def has_written_clock(text: str, /) -> str:
    """Return SQL that tests whether a text ends in a clock without a colon, except midnight: 14h05, 14.05, 14.05.00."""
    lower = _lower(text)
    midnight = literal(r"[ t]0?0(\.00(\.00)?|h00)$")
    return f"(regexp_matches({lower}, {literal(f'{_DOTTED}|{_HOURS}')}) AND NOT regexp_matches({lower}, {midnight}))"


def plainly_written(text: str, /) -> str:
    """Return SQL that writes such a text as other times are written: numbers, colons, AM and PM behind.

    A text that says a half of the day twice, or one that does not fit its hour (13 p.m.), becomes no time later on.
    """
    plain = _lower(text)
    # 下午2:05 → 2:05 pm; where the hour is beyond noon the word adds nothing
    for words, half in ((_MORNING, "am"), (_EVENING, "pm")):
        plain = _replaced(plain, rf"^(.*?) *(?:{words}) *(\d.*)$", rf"\1 \2 {half}")
        plain = _replaced(plain, rf"^(.*\d\S*) *(?:{words})$", rf"\1 {half}")
    plain = _replaced(plain, r"(\d)[时時点點](\d{1,2})分(\d{1,2})秒", r"\1:\2:\3")
    plain = _replaced(plain, r"(\d)[时時点點](\d{1,2})分?", r"\1:\2")
    plain = _replaced(plain, r"(\d)[时時点點]", r"\1:00")
    plain = _replaced(plain, r" *\b([ap])\.? ?m\.?$", r" \1m")
    plain = _replaced(plain, r"(\d)([ap])m$", r"\1 \2m")
    plain = _replaced(plain, r"([ t])(\d{1,2})\.(\d{2})\.(\d{2})( [ap]m)?$", r"\1\2:\3:\4\5")
    plain = _replaced(plain, r"([ t]\d{1,2})\.(\d{2})( [ap]m)?$", r"\1:\2\3")
    plain = _replaced(plain, r"(\d{1,2}:\d{2}(?::\d{2})?) ?(?:uhr|h|hs|hrs|heures|horas)\.?$", r"\1")
    plain = _replaced(plain, r"(\d{1,2}) ?(?:h|uhr|heures?|horas?) ?(\d{1,2})(?: ?(?:m|min))?\.?$", r"\1:\2")
    plain = _replaced(plain, r"([ t]\d{1,2}) ?(?:h|uhr|heures?|horas?)\.?$", r"\1:00")
    plain = _replaced(plain, r" (\d{1,2}):(\d)( [ap]m)?$", r" \1:0\2\3")
    plain = _replaced(plain, r"(^|[ t])(\d{1,2}) ([ap]m)$", r"\1\2:00 \3")
    plain = _replaced(plain, r" (1[3-9]|2[0-3])(:\d{2}(?::\d{2})?) pm$", r" \1\2")
    plain = _replaced(plain, r"^(\d{4})年(\d{1,2})月(\d{1,2})日? *", r"\1-\2-\3 ")
    plain = _replaced(plain, r"^(\d{4})[./] ?(\d{1,2})[./] ?(\d{1,2})\b\.?", r"\1-\2-\3")
    # both orders as one: day, name, year, clock
    plain = _replaced(plain, _MONTH_FIRST, r"\2 \1 \3 \4")
    plain = f"trim({plain})"
    part = {group: f"regexp_extract(written, {literal(_DAY_FIRST)}, {group})" for group in (1, 2, 3, 4)}
    names, numbers = ", ".join(map(literal, _NUMBER_OF)), ", ".join(map(str, _NUMBER_OF.values()))
    month = f"[{numbers}][list_position([{names}], {part[2]})]"
    year = f"concat(CASE length({part[3]}) WHEN 2 THEN '20' ELSE '' END, {part[3]})"
    iso = f"trim(concat({year}, '-', {month}, '-', {part[1]}, ' ', {part[4]}))"
    named = f"CASE WHEN regexp_matches(written, {literal(_DAY_FIRST)}) THEN {iso} ELSE written END"
    plain = f"list_transform([{plain}], lambda written: {named})[1]"
    return f"upper(trim({plain}))"


def _lower(text: str, /) -> str:
    blanks = "".join(blank for blank in BLANKS if blank not in "\u200b\ufeff ")
    narrow = f"translate({text}, {literal(WIDE + blanks)}, {literal(NARROW + ' ' * len(blanks))})"
    return f"lower(strip_accents({narrow}))"


def _replaced(text: str, pattern: str, by: str, /) -> str:
    return f"regexp_replace({text}, {literal(pattern)}, {literal(by)})"
