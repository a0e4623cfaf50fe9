"""Columns beyond the contract: which become attributes, and which are left out, with the reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from baton.contract.sources import TABLES
from baton.privacy.meanings import kind_of, meanings_of
from features.mapping.headings import is_afterwards
from features.mapping.looks import ColumnLook, Look
from features.mapping.writing import comparable, normalised

__all__ = ["Extra", "extras_of"]

_MAX_CATEGORIES = 60
_KEEPS = frozenset({"cases", "customers", "employees", "snapshots", "work", "activity"})
"""Tables whose further columns become attributes; in others they would say nothing."""

# names that say who somebody is, or how to reach them
_PERSONAL = re.compile(
    r"\b(name|first name|last name|surname|e ?mail|mail|phone|mobile|tel|fax|address|street|ssn|passport|iban|card|"
    r"birth|birthday|dob|password|url|ip|lat|latitude|longitude|long|zip|postcode|postal)\b|"
    r"姓名|电话|手机|邮箱|地址|身份证|证件|生日|微信|卡号|邮编|氏名|携帯|住所|メール|生年"
)
# names of what is known only when a case is over, or when a customer has left
_AFTERWARDS = re.compile(
    r"\b(closed?|closing|resol\w+|solved|solution|survey|rating|rated|satisf\w+|score|status|state|outcome|result|sla|"
    r"handl\w+|duration|completed?|finished|final|last|churn\w*|left|cancel\w*|reason|refund\w*|escalat\w*|reopen\w*|"
    r"updated?|modified|cltv|lifetime|delivered|review\w*|count|number of)\b|"
    r"状态|结果|关闭|完成|解决|评分|评价|满意|流失|离|原因|次数|更新|最后|时长"
)


_OF_SOMEBODY = frozenset({"contact", "name", "person"})
_MAX_ANSWERS = 6  # yes, no, "no phone service": whether somebody has a telephone, and no number of one
_MAX_DIGITS = 2
_PERSONAL_MEANING = 0.66  # of 39 headings of names, addresses and numbers 32 lie above it, of 79 others one


@dataclass(frozen=True)
class Extra:
    """A column that the contract does not name.

    Parameters
    ----------
    name : str
        What it would be called.
    source : str
        In the export.
    why_not : str
        Why it is left out; empty where it is kept.
    is_protected : bool
        Whether it is of people and for the fairness audit alone.
    is_cleared : bool
        Whether it is called like a telephone or a mail, and its values are none.
    """

    name: str
    source: str
    why_not: str = ""
    is_protected: bool = False
    is_cleared: bool = False


def extras_of(table: str, look: Look, used: Collection[str], /) -> Iterator[Extra]:
    """Yield the other columns of an export.

    Parameters
    ----------
    table : str
        Of the contract.
    used : collection of str
        Columns that are mapped.
    """
    taken = set(TABLES[table].names)  # an attribute must not be called as a column of the contract
    for column in look.columns:
        if column.name in used:
            continue
        name = re.sub(r"\W+", "_", normalised(column.name)).strip("_") or "column"
        while name in taken:
            name += "_"
        taken.add(name)
        if table == "employees" and _is_protected(column):
            yield Extra(name, column.name, is_protected=True)
        else:
            why_not = _why_not(table, column)
            yield Extra(name, column.name, why_not, is_cleared=not why_not and bool(meanings_of(column.name)))


def _is_protected(column: ColumnLook, /) -> bool:
    return column.distinct > 1 and any(kind_of(meaning) == "protected" for meaning in meanings_of(column.name))


def _reaches_nobody(column: ColumnLook, /) -> bool:
    """Whether values are a few words or small numbers, and no telephone numbers or addresses."""
    return 1 < column.distinct <= _MAX_ANSWERS and not any(
        "@" in value or sum(letter.isdigit() for letter in value) > _MAX_DIGITS for value in column.values
    )


def _of_somebody(column: ColumnLook, kinds: Collection[str], /) -> str:
    """Return that a column says who somebody is: by the words of its name, or by what an encoder reads in it."""
    if (kinds or _PERSONAL.search(comparable(column.name))) and not (kinds == {"contact"} and _reaches_nobody(column)):
        return "it says who somebody is or where"
    if column.personal >= _PERSONAL_MEANING and not _reaches_nobody(column):
        return "its heading seems to mean who somebody is or where"
    return ""


def _why_not(table: str, column: ColumnLook, /) -> str:
    name = comparable(column.name)
    if table not in _KEEPS:
        return "not in the contract"
    if not column.present or column.distinct < 2:
        return "it says the same everywhere" if column.present else "it is empty"
    kinds = {kind_of(meaning) for meaning in meanings_of(column.name)}
    if not kinds <= _OF_SOMEBODY:
        return "sensitive: it tells of health, family, origin or age"
    if who := _of_somebody(column, kinds):
        return who
    if _AFTERWARDS.search(name) or is_afterwards(column.name):
        return "it may be known only afterwards, and would give the answer away"
    if column.is_time:
        return "a time that the contract does not know"
    if table == "activity" and column.words <= 2:
        return ""  # two lines of one basket differ in no more than the product: without it they would count as one
    if column.is_number:
        is_amount = column.decimal in (".", ",")  # no id is written with decimals
        is_id = column.unique_share >= 0.98 and column.distinct >= 50 and not is_amount
        return "all values differ: an id, as it seems" if is_id else ""
    if column.distinct > _MAX_CATEGORIES or column.words > 6:
        return f"{column.distinct:,} different texts"
    return ""
