"""What the name of a column or a KPI means for privacy: by meaning, in several languages, not letter by letter."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from baton.characters import normalise

if TYPE_CHECKING:
    from baton.company import Privacy

__all__ = ["Match", "is_cleared", "kind_of", "meanings_of", "private_match", "words_of"]

_WORDS = Path(__file__).with_name("meanings.toml")
_PARTS = re.compile(r"[^\W\d_]+")
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_IN_NAMES_OF_PERSONS = frozenset(
    "name id code no nr number login full first last current original primary case ticket sys".split()
)
_HAN = re.compile("[\u3400-\u9fff]")


def words_of(name: str, /) -> list[str]:
    """Return the words that a column's name is put together from.

    Examples
    --------
    >>> words_of("customerZIP_code2")
    ['customer', 'ZIP', 'code']
    """
    return _PARTS.findall(_CAPITALS.sub(" ", name))


@dataclass(frozen=True)
class Match:
    """A name that means something which may not be used.

    Parameters
    ----------
    kind : {"sensitive", "protected"}
    meaning : str
        A table of ``meanings.toml``; empty where the name itself stands on the company file's list.
    listed : str
        The entry of the company file's list that it stands for.
    """

    kind: str
    meaning: str
    listed: str


def meanings_of(name: str, /) -> frozenset[str]:
    """Return what a name means.

    Parameters
    ----------
    name : str
        Of a column or a KPI, in any of the languages of ``meanings.toml``.

    Returns
    -------
    frozenset of str
        Tables of ``meanings.toml``.

    Examples
    --------
    >>> sorted(meanings_of("ABSENCE_DAYS_TOTAL")), sorted(meanings_of("sexOfCustomer")), sorted(meanings_of("病假天数"))
    (['absence'], ['gender'], ['absence'])
    >>> sorted(meanings_of("handle_seconds")), sorted(meanings_of("training_hours")), sorted(meanings_of("message"))
    ([], [], [])
    """
    return _meanings(name)


@cache
def _meanings(name: str, /) -> frozenset[str]:
    plain = normalise(name)
    parts = tuple(_bare(part) for part in words_of(plain))
    found = {meaning for meaning, words in _words().items() if any(_fits(word, plain, parts) for word in words)}
    # a person's role is the whole of a name, or what is said of the person: closed_by, but not agent_group
    role = tuple(part for part in parts if part not in _IN_NAMES_OF_PERSONS)
    if any(_fits(f"={word}", plain, named) for word in _words()["person"] for named in (parts, role)) or (
        len(parts) > 1 and parts[-1] == "by"
    ):
        found.add("person")
    elif not _HAN.search(plain):
        found.discard("person")
    return frozenset(found)


@cache
def _words() -> dict[str, tuple[str, ...]]:
    described = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    return {meaning: tuple(entry["words"]) for meaning, entry in described.items()}


def kind_of(meaning: str, /) -> str:
    """Return the kind of a meaning: sensitive, protected, personal, contact, name or person."""
    return _kinds()[meaning]


@cache
def _kinds() -> dict[str, str]:
    described = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    return {meaning: str(entry["kind"]) for meaning, entry in described.items()}


def _bare(part: str, /) -> str:
    """Return a part of a name in small letters without accents."""
    decomposed = unicodedata.normalize("NFD", part.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _fits(word: str, plain: str, parts: tuple[str, ...], /) -> bool:
    if _HAN.search(word):
        return word in plain
    wanted = word.removeprefix("=").split()
    if word.startswith("="):
        return len(parts) == len(wanted) and all(map(_part_fits, wanted, parts))
    places = range(len(parts) - len(wanted) + 1)
    return any(all(_part_fits(one, part) for one, part in zip(wanted, parts[at:], strict=False)) for at in places)


def _part_fits(word: str, part: str, /) -> bool:
    if word.endswith("*"):
        return part.startswith(word[:-1])
    if word.startswith("*"):
        return part.endswith(word[1:])
    return part == word


def is_cleared(privacy: Privacy, table: str, column: str, /) -> bool:
    """Whether the company file says that a column means nothing private (``[privacy] cleared``)."""
    wanted = {f"{table}.{column}".casefold(), column.casefold()}
    return any(entry.casefold() in wanted for entry in privacy.cleared)


def private_match(privacy: Privacy, name: str, /, *, table: str = "") -> Match | None:
    """Return the entry of the company file's lists that a name stands for, by itself or by its meaning.

    Parameters
    ----------
    name : str
        Of a column or a KPI.
    table : str
        The column's table.

    Examples
    --------
    >>> from baton.company import Privacy
    >>> private_match(Privacy(), "Krankheitstage")
    Match(kind='sensitive', meaning='absence', listed='absence_days')
    >>> private_match(Privacy(cleared=("cases.sick_bed",)), "sick_bed", table="cases")
    >>> private_match(Privacy(sensitive=()), "Krankheitstage")
    """
    lists = {"sensitive": privacy.sensitive, "protected": privacy.protected}
    for kind, listed in lists.items():
        same = next((entry for entry in listed if entry.casefold() == name.casefold()), None)
        if same is not None:
            return Match(kind, "", same)
    meant = meanings_of(name)
    if not meant or is_cleared(privacy, table, name):
        return None
    for kind, listed in lists.items():
        for entry in listed:
            shared = meanings_of(entry) & meant
            if shared:
                return Match(kind, min(shared), entry)
    return None
