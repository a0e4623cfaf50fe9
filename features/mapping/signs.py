"""What values alone say of a column, and how values in another unit are read."""

from __future__ import annotations

import re

from features.ingest.sql_text import literal, quoted
from features.ingest.values.casting import FALSE_WORDS, TRUE_WORDS
from features.mapping.fits import is_of_channels
from features.mapping.looks import ColumnLook
from features.mapping.writing import comparable

__all__ = ["by_values", "named_unit", "reads_as", "unit_factor"]

_SECONDS = {
    "ms": 0.001, "milliseconds": 0.001, "millisekunden": 0.001, "毫秒": 0.001,
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "秒": 1.0, "sekunden": 1.0, "segundos": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "分钟": 60.0, "minuten": 60.0,
    "minutos": 60.0, "分": 60.0,
    "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "小时": 3600.0, "stunden": 3600.0,
    "heures": 3600.0, "horas": 3600.0, "ore": 3600.0,
    "sek": 1.0, "seg": 1.0, "segs": 1.0, "std": 3600.0, "heure": 3600.0, "hora": 3600.0, "secondes": 1.0,
    "day": 86400.0, "days": 86400.0, "天": 86400.0,
    "초": 1.0, "분": 60.0, "시간": 3600.0, "sn": 1.0, "saniye": 1.0, "dk": 60.0, "dakika": 60.0, "saat": 3600.0,
    "сек": 1.0, "секунд": 1.0, "секунды": 1.0, "с": 1.0, "мин": 60.0, "минут": 60.0, "минуты": 60.0, "ч": 3600.0,
    "час": 3600.0, "часов": 3600.0, "часы": 3600.0, "sekundy": 1.0, "sekund": 1.0, "minuty": 60.0, "minut": 60.0,
    "godz": 3600.0, "godziny": 3600.0, "godzin": 3600.0, "uur": 3600.0, "uren": 3600.0, "seconden": 1.0,
    "segundo": 1.0, "minuto": 60.0, "minuti": 60.0, "secondi": 1.0, "ora": 3600.0, "sekunder": 1.0, "timmar": 3600.0,
    "minuter": 60.0, "sekundu": 1.0, "hodiny": 3600.0, "hodin": 3600.0, "ثانية": 1.0, "دقيقة": 60.0, "ساعة": 3600.0,
}  # fmt: skip
_PLURAL = frozenset(
    "seconds minutes hours sekunden minuten stunden heures segundos minutos horas ore minuti uren".split()
)
_JAPANESE = {
    "时间": "小时",
    "日": "天",
}  # units in brackets, as 通話時間（時間）; elsewhere the words mean a time and a date
_DURATIONS = frozenset({"wait_seconds", "handle_seconds"})
_COUNTS = frozenset({"transferred", "reopened"})
_MONTHLY = re.compile(r"\b(month|monthly|mrr|pro monat|monatlich|mensuel|mensual)\b|月")
_BRACKETS = re.compile(r"[\[(（【]([^\])）】]*)[\])）】]")
_ALIKE = 0.62  # what values alone say is likely at best


def by_values(table: str, name: str, column: ColumnLook, /) -> float:
    """Return how likely values alone make a column a contract column; their names say nothing.

    Only long texts and the names of channels are so unlike anything else that they speak for themselves.
    """
    if table == "cases" and name == "text" and column.words >= 8 and column.distinct > 50 and not column.is_number:
        return _ALIKE
    return _ALIKE if (table, name) == ("cases", "channel") and is_of_channels(column) else 0.0


def unit_factor(name: str, column: ColumnLook, /) -> float:
    """Return by what a column is multiplied to be in the contract's unit, as its name says; 1 where it need not be.

    Examples
    --------
    >>> from features.mapping.looks import ColumnLook
    >>> unit_factor("wait_seconds", ColumnLook("Wait (min)", "VARCHAR", 9, 9, 9, numbers=1.0))
    60.0
    """
    if name in _DURATIONS and column.is_number and column.durations < 0.5:
        return _SECONDS.get(_last_word(column.name), 1.0)
    words = comparable(column.name)
    if name == "value" and _MONTHLY.search(words) and "12" not in words:
        return 12.0
    return 1.0


def named_unit(name: str, /) -> float | None:
    """Return how many seconds the unit of time has that a column's name ends with; None where it says none.

    Examples
    --------
    >>> named_unit("AHT (min)"), named_unit("平均处理时长(秒)"), named_unit("AHT")
    (60.0, 1.0, None)
    """
    return _SECONDS.get(_last_word(name))


def _last_word(name: str, /) -> str:
    in_brackets = (comparable(part) for part in _BRACKETS.findall(name))
    named = next((part for part in in_brackets if part in _SECONDS or part in _JAPANESE), None)
    if named is not None:
        return _JAPANESE.get(named, named)
    words = comparable(name)
    chinese = next(
        (unit for unit in ("毫秒", "秒", "分钟", "小时", "天") if words.removesuffix("数").endswith(unit)), None
    )
    if chinese:
        return chinese
    parts = words.split() or [""]
    # Horas dedicadas, Minutes on hold: what is counted comes first in some languages
    return parts[0] if parts[-1] not in _SECONDS and parts[0] in _PLURAL else parts[-1]


def reads_as(name: str, column: ColumnLook, factor: float, /) -> str | None:
    """Return the SQL of a column in the contract's unit, ``""`` where it is the column as it stands.

    None: nobody can tell, as with numbers of a duration whose name has no unit, or that write decimals both ways.
    """
    is_duration = name in _DURATIONS and column.is_number and column.durations < 0.5
    if is_duration and _last_word(column.name) not in _SECONDS:
        return None
    value = quoted(column.name)
    if name in _COUNTS and column.flags >= 0.9 and not column.is_number:
        yes, no = (", ".join(map(literal, words)) for words in (TRUE_WORDS, FALSE_WORDS))
        text = f"lower(trim(cast({value} as varchar)))"
        return f"case when {text} in ({yes}) then 1 when {text} in ({no}) then 0 end"
    if factor == 1:
        return ""
    if column.raw_type == "VARCHAR" and column.decimal in {"mixed", "unsure"}:
        return None
    return f"{factor:g} * {column.as_number}"
