"""What people call tables and columns: names made comparable, and how well one fits another."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from baton.contract.sources import TABLES
from features.mapping.headings import heading_fits, is_known
from features.mapping.writing import comparable

__all__ = ["NameFit", "bare_names", "column_fits", "core_of", "is_a_name", "is_plain", "known_names", "table_fit"]

_NAMES = Path(__file__).parent / "column_names.toml"
# words that say which table a column is of, not what it holds
_OF_TABLE: Mapping[str, frozenset[str]] = {
    "cases": frozenset("ticket case incident call issue complaint request interaction conversation sys u".split()),
    "customers": frozenset("customer client account contact member user subscriber company".split()),
    "employees": frozenset("employee agent staff worker person hr".split()),
    "activity": frozenset("event order transaction activity".split()),
    "teams": frozenset(("team", "group")),
}
_OF_TABLE_ZH: Mapping[str, tuple[str, ...]] = {
    "cases": ("工单", "投诉", "会话", "通话", "案件", "诉求", "服务单"),
    "customers": ("客户", "用户", "会员"),
    "employees": ("员工", "坐席", "人员"),
}
_IN_BRACKETS = re.compile(r"(\s*[\[(（【][^\])）】]*[\])）】])+\s*$")
_UNITS = re.compile(
    r"( in)? (seconds?|secs?|s|minutes?|mins?|min|hours?|hrs?|h|ms|milliseconds?|days?|percent|eur|usd|gbp|"
    r"sekunden|minuten|stunden|minutes|heures|segundos|minutos|horas|seg|sek|ore|minuti|secondi)$|"
    r" ?%$|(毫秒|秒|分钟|小时|天|元)$"
)
# what is set before or behind the word of a time, an id, a count or a text, as each system likes
_AROUND: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "time": (
        frozenset("date time datetime timestamp the de d du la le l des of last fecha hora data datum heure".split()),
        frozenset("at on ts dt date time datetime timestamp utc gmt tz day local am".split()),
    ),
    "id": (frozenset(("the",)), frozenset("id no nr num number code ref reference key uuid guid".split())),
    "integer": (
        frozenset("number no of count total times anzahl nombre de numero num nb cantidad".split()),
        frozenset("count number total times".split()),
    ),
    "text": (frozenset(("the",)), frozenset("name key code title label value".split())),
    "number": (frozenset(("the", "total", "avg", "average")), frozenset(("value",))),
    "flag": (frozenset(("is", "was", "has")), frozenset("flag yn".split())),
}
# words beside a known name that leave it what it is
_NEUTRAL = frozenset(
    "the of a an in by id no nr number code name key utc gmt local current our my full primary main total overall new "
    "level type field custom value text ticket case incident call customer client order issue complaint request "
    "interaction survey account user original actual de la das der die number seconds sec min currently times "
    "custom chart".split()
)
_NEUTRAL_ZH = re.compile(r"(元|适用|所属|所在|归属|当前|考核|工单|客户|员工|诉求|名称|编号|代码|号|的|日期|时间|id)*")
_FIRST_PART = re.compile(r"[^\W_]+(?:\s*[_:./|>]+\s*|\s+-\s+)")
_MIN_PREFIXED, _MIN_PREFIXED_SHARE = 4, 0.7  # columns that begin alike, before it is the table's own prefix
_ANYWHERE = frozenset({"customer_id", "employee_id", "team_id", "role"})
"""Columns that mean the same in every table, so that a name that one table knows is known in the others."""

_TOO_PLAIN = frozenset({"id", "name", "code", "number", "编号", "姓名", "full name", "record id", "person id", "title"})
_BY_NAME = frozenset({"name", "email", "mail", "login", "username"})  # what stands in for an id
_NAME_INSTEAD_OF_ID = 0.82  # two people may share a name
_SAME, _ALIKE, _INSTEAD_OF_ID, _WITHOUT_TABLE, _MISSPELT = 1.0, 0.95, 0.86, 0.9, 0.75
_WITHIN, _WITHIN_OTHER = 0.6, 0.3  # among neutral words; among words that make it something else (Customer City)
_QUALIFIED = re.compile(r"^.*(?:\S: +|\S(?:->|\.|::|/)(?=\D)|\S > | - )(\S.*)$")  # Account: Industry, account.industry
_OF_SOMETHING = 0.75  # what a name says of the thing before it, which may be another than the row
_WEAK = 0.7  # a name marked by ? in the list: it may be, and is asked


@dataclass(frozen=True)
class NameFit:
    """How well a name says what a column is.

    Parameters
    ----------
    score : float
        0 to 1.
    known_as : str
        The known name that it is like.
    rank : int
        The place of that name among those of its column: the usual ones come first.
    is_meaning : bool
        Whether it rests on what the name means alone, as an encoder reads it.
    """

    score: float = 0.0
    known_as: str = ""
    rank: int = 0
    is_meaning: bool = False


@dataclass(frozen=True)
class _Known:
    name: str
    core: str
    is_weak: bool = False


@cache
def _known() -> Mapping[str, Mapping[str, tuple[_Known, ...]]]:
    with _NAMES.open("rb") as file:
        raw = tomllib.load(file)
    return {
        table: {column: _listed(table, column, names) for column, names in columns.items()}
        for table, columns in raw.items()
    }


def _listed(table: str, column: str, names: str, /) -> tuple[_Known, ...]:
    kind = _kind(table, column)
    found: dict[str, _Known] = {}
    for name in [*names.split(","), column]:
        plain = comparable(name)
        found.setdefault(plain, _Known(plain, core_of(plain, kind), name.strip().startswith("?")))
    return tuple(found.values())


@cache
def _kind(table: str, column: str, /) -> str:
    spec = TABLES[table].column(column) if table in TABLES else None
    return spec.type if spec is not None else ""


@cache
def core_of(name: str, kind: str, /) -> str:
    """Return a name without what systems set before and behind it; itself where nothing is left.

    Examples
    --------
    >>> core_of("submitted ts", "time"), core_of("date logged", "time"), core_of("account uuid", "id")
    ('submitted', 'logged', 'account')
    """
    before, behind = _AROUND.get(kind, (frozenset(), frozenset()))
    words = name.split()
    while len(words) > 1 and words[-1] in behind:
        words.pop()
    while len(words) > 1 and words[0] in before:
        words.pop(0)
    return " ".join(words)


def is_a_name(name: str, /) -> bool:
    """Whether a column holds what people are called, as it says itself.

    Examples
    --------
    >>> is_a_name("Agent Name"), is_a_name("员工姓名"), is_a_name("Agent ID")
    (True, True, False)
    """
    plain = comparable(name)
    return plain.endswith(
        ("name", "nom", "nombre", "nome", "姓名", "名称", "名字", "昵称", "氏名", "名前", "者名", "客名")
    )


def is_plain(name: str, /) -> bool:
    """Whether a name says that something is an id, a number or a name, and not of what.

    Examples
    --------
    >>> is_plain("ID"), is_plain("Customer ID")
    (True, False)
    """
    return comparable(name) in _TOO_PLAIN


def bare_names(table: str, names: Sequence[str], /) -> dict[str, str]:
    """Return names without what nearly all names of a table begin with: ``Ticket: Created``, ``hs_created``.

    Parameters
    ----------
    table : str
        Of the contract: a word that means something else than it, as ``review_``, makes other things of its columns.
    names : sequence of str
        Of one export.

    Examples
    --------
    >>> bare_names("cases", ["sc_opened", "sc_closed", "sc_agent", "sc_csat"])["sc_agent"]
    'agent'
    >>> bare_names("cases", ["review_id", "review_date", "review_score", "review_text"])
    {}
    """
    firsts = Counter(found[0] for name in names if (found := _FIRST_PART.match(name)))
    first, count = firsts.most_common(1)[0] if firsts else ("", 0)
    word = comparable(first)
    is_table = word in _OF_TABLE.get(table, ()) or word.removesuffix("s") in _OF_TABLE.get(table, ())
    if count < max(_MIN_PREFIXED, _MIN_PREFIXED_SHARE * len(names)) or (is_known(first) and not is_table):
        return {}
    return {name: name[len(first) :] for name in names if name.startswith(first) and len(name) > len(first)}


def column_fits(table: str, name: str, /) -> dict[str, NameFit]:
    """Return how well a name fits each column of a contract table; columns that it does not fit at all are left out.

    Parameters
    ----------
    table : str
        A table of the contract.
    name : str
        As the export has it.

    Examples
    --------
    >>> column_fits("cases", "Ticket Number")["case_id"].score
    1.0
    >>> sorted(column_fits("employees", "Shoe size"))
    []
    """
    if name.strip().casefold() in TABLES[table].names:
        return {name.strip().casefold(): NameFit(_SAME, name.strip().casefold())}
    plain = comparable(_IN_BRACKETS.sub("", name)) or comparable(name)
    if not plain:
        return {}  # signs alone, as #
    forms = [plain, _UNITS.sub("", plain).strip() or plain]
    found = {}
    for column in TABLES[table].names:
        # a name without its unit says how long or how many, and never who, what or when
        of_column = forms if _kind(table, column) in {"number", "integer"} else forms[:1]
        fits = (_fit(table, column, of_column, known, rank) for rank, known in enumerate(_columns(table, column)))
        best = max(fits, key=lambda fit: (fit.score, -fit.rank), default=NameFit())
        if best.score > 0:
            found[column] = best
    for column, score in heading_fits(table, name).items():
        if score > found.get(column, NameFit()).score:
            found[column] = NameFit(score)
    qualified = _QUALIFIED.match(name)
    if qualified and not is_plain(qualified[1]):
        for column, fit in column_fits(table, qualified[1]).items():
            if column not in found:
                found[column] = replace(fit, score=min(_OF_SOMETHING * fit.score, _OF_SOMETHING))
    return found


@cache
def _columns(table: str, column: str, /) -> tuple[_Known, ...]:
    own = _known().get(table, {}).get(column, _listed(table, column, column))
    if column not in _ANYWHERE:
        return own
    have = {known.name for known in own}
    others = [
        known
        for other in TABLES
        if other != table
        for known in _known().get(other, {}).get(column, ())
        if known.name not in have and known.name not in _TOO_PLAIN
    ]
    return (*own, *{known.name: replace(known, is_weak=True) for known in others}.values())


def known_names(table: str, column: str, /) -> tuple[tuple[str, str], ...]:
    """Return the names that say what a column of the contract is, each with and without what systems set around them.

    Parameters
    ----------
    table, column : str
        Of the contract.
    """
    return tuple((known.name, known.core) for known in _known().get(table, {}).get(column, ()) if not known.is_weak)


@cache
def _bare(table: str, name: str, /) -> str:
    of_table = _OF_TABLE.get(table, frozenset())
    bare = " ".join(word for word in name.split() if word not in of_table)
    for word in _OF_TABLE_ZH.get(table, ()):
        bare = bare.removeprefix(word)
    return bare


def _fit(table: str, column: str, forms: list[str], known: _Known, rank: int, /) -> NameFit:
    score = max(_likeness(table, column, form, known) for form in forms)
    return NameFit(min(score, _WEAK) if known.is_weak else score, known.name, rank) if score else NameFit()


def _likeness(table: str, column: str, name: str, known: _Known, /) -> float:
    kind = _kind(table, column)
    if name.replace(" ", "") == known.name.replace(" ", ""):
        return _SAME
    if len(known.core) > 2 and core_of(name, kind) == known.core and known.core not in _TOO_PLAIN:
        return _ALIKE
    words = name.split()
    # a case has no name that could stand in for its id
    by_name = kind == "id" and column != "case_id" and len(words) > 1 and words[-1] in _BY_NAME
    if by_name and core_of(" ".join(words[:-1]), kind) == known.core:
        return _NAME_INSTEAD_OF_ID if words[-1] == "name" else _INSTEAD_OF_ID
    bare = _bare(table, name)
    if bare and bare != name and bare not in _TOO_PLAIN and bare == known.name:
        return _WITHOUT_TABLE
    if _misspelt(name, known.name):
        return _MISSPELT
    is_person = words[-1] == "by" and not known.name.endswith(" by")  # created by: who, not when
    if not is_person and not known.name.endswith(" id") and _contains(name, known.name):
        return _within(name, known.name)
    return 0.0


def _within(name: str, known: str, /) -> float:
    rest = name.replace(known, " ", 1)
    is_neutral = _NEUTRAL_ZH.fullmatch(rest.strip()) if re.search(r"[\u4e00-\u9fff]", name) else None
    if is_neutral or set(rest.split()) <= _NEUTRAL:
        return _WITHIN + 0.25 * len(known) / len(name)
    return _WITHIN_OTHER


def _misspelt(name: str, known: str, /) -> bool:
    """Whether one letter is wrong, missing or too many in a name of some length."""
    if min(len(name), len(known)) < 7 or abs(len(name) - len(known)) > 1 or not name.isascii():
        return False
    short, long = sorted((name, known), key=len)
    at = next((place for place, letter in enumerate(short) if letter != long[place]), len(short))
    same_length = len(short) == len(long)
    return short[at + same_length :] == long[at + 1 :]


def _contains(name: str, known: str, /) -> bool:
    """Whether a known name stands within another as whole words (in Chinese: as letters)."""
    if len(known) < 2 or len(known) >= len(name) or known not in name:  # the pattern is compiled for few of thousands
        return False
    if re.search(r"[\u4e00-\u9fff]", known):
        return True
    return len(known) > 3 and re.search(rf"\b{re.escape(known)}\b", name) is not None


def table_fit(name: str, table: str, /) -> float:
    """Return how well a file's or sheet's name says which table it is, 0 to 1.

    Examples
    --------
    >>> [table_fit(name, "cases") for name in ("Support-Tickets 2025-03", "open calls north", "notes")]
    [1.0, 0.8, 0.0]
    """
    whole = " ".join(re.sub(r"[\d%]+", " ", comparable(name)).split())
    known = [one.name for one in _known()["tables"].get(table, ())]
    if whole in known:
        return 1.0
    return 0.8 if any(_contains(whole, one) for one in known) else 0.0
