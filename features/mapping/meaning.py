"""What headings mean, as a sentence encoder reads them: for the words that no list knows, in its languages.

A list of words ends where another vendor or language begins. An encoder puts "Numer klienta" beside "customer number"
without a list; it also puts much beside it that is none, so what rests on meaning alone is never more than likely.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from baton.contract.sources import TABLES
from features.ingest.values.rating_words import read_ratings
from features.mapping.fits import value_fit
from features.mapping.looks import ColumnLook, Look
from features.mapping.names import NameFit, core_of, known_names
from features.mapping.writing import normalised, spoken

__all__ = ["Embed", "fits_by_meaning", "with_meanings"]

Embed = Callable[[Sequence[str]], np.ndarray]
"""Vectors of length 1 (texts, dimensions) of texts."""

_NOTHING = Path(__file__).parent / "other_columns.toml"
_MIN_ALIKE = 0.5  # below it two headings have no more in common than any two
_FITS = (
    0.54,
    0.74,
)  # how well headings fit that are hardly alike, and those that are most; a name that is known fits better
_MAX_ALIKE = 0.9
_MIN_VALUE_FIT = 0.8  # of the values of an id: another one in each case, or one for all, is no id of a person or a team
_OWN_WORDS = frozenset({"stage", "scenario", "lifecycle", "unit", "valid_from"})  # their values are Baton's own words
_SCALES = {"csat": frozenset({2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 100.0}), "nps": frozenset({9.0, 10.0})}
_NEAREST = 2  # one known name may be near by chance


@dataclass(frozen=True)
class _Known:
    """Vectors of the known names of one column of the contract, with and without what systems set around them."""

    place: str
    kind: str
    whole: np.ndarray
    cores: np.ndarray


@dataclass(frozen=True)
class _Anchors:
    """What headings are compared with: known names of all columns, and per table what is none of them."""

    known: tuple[_Known, ...]
    others: Mapping[str, np.ndarray]
    personal: np.ndarray


def with_meanings(looks: Iterable[Look], embed: Embed, /) -> list[Look]:
    """Return looks whose columns say what their headings are alike by meaning: known columns, names of people.

    Parameters
    ----------
    looks : iterable of Look
    embed : callable
        Of a sentence encoder; it reads headings and known names alone, never values.
    """
    looks = list(looks)
    names = sorted({column.name for look in looks for column in look.columns})
    anchors = _anchors(embed)
    cores = {kind: [core_of(normalised(name), kind) for name in names] for kind in {one.kind for one in anchors.known}}
    texts = sorted({text for of_kind in cores.values() for text in of_kind} | set(map(spoken, names)))
    vectors = dict(zip(texts, embed(texts), strict=True))
    alike = {
        name: _alike(anchors, vectors[spoken(name)], {kind: vectors[of_kind[place]] for kind, of_kind in cores.items()})
        for place, name in enumerate(names)
    }
    personal = {name: round(float((anchors.personal @ vectors[spoken(name)]).max()), 4) for name in names}
    return [
        replace(
            look,
            columns=tuple(
                replace(column, alike=alike[column.name], personal=personal[column.name]) for column in look.columns
            ),
        )
        for look in looks
    ]


def fits_by_meaning(table: str, column: ColumnLook, /) -> dict[str, NameFit]:
    """Return how well the meaning of a column's heading fits columns of a contract table.

    Parameters
    ----------
    table : str
        Of the contract.
    """
    least, most = _FITS
    found = {}
    for place, alike in column.alike.items():
        of_table, _, name = place.partition(".")
        if of_table == table and _may_be(table, name, column):
            share = min(1.0, (alike - _MIN_ALIKE) / (_MAX_ALIKE - _MIN_ALIKE))
            found[name] = NameFit(least + (most - least) * share, is_meaning=True)
    return found


def _may_be(table: str, name: str, column: ColumnLook, /) -> bool:
    """Whether values do not speak against a meaning: more is asked of them than where a name is known."""
    if name in _OWN_WORDS:
        return False
    if name in {"csat", "nps"}:
        return column.high in _SCALES[name] if column.is_number else read_ratings(column.values) is not None
    least = _MIN_VALUE_FIT if _kind(table, name) == "id" else 0.0
    return value_fit(table, name, column) > least


@lru_cache(maxsize=2)
def _anchors(embed: Embed, /) -> _Anchors:
    known = {(table, spec.name): known_names(table, spec.name) for table in TABLES for spec in TABLES[table].columns}
    texts = {text for pairs in known.values() for pair in pairs for text in pair}
    others = {text for table in TABLES for text in _other_columns(table)}
    listed = sorted(texts | others | set(_personal()))
    vectors = dict(zip(listed, embed(listed), strict=True))
    return _Anchors(
        tuple(
            _Known(f"{table}.{column}", _kind(table, column), *(np.stack([vectors[text] for text in side]) for side in
                                                               zip(*pairs, strict=True)))
            for (table, column), pairs in known.items()
            if pairs
        ),
        {table: np.stack([vectors[text] for text in _other_columns(table)]) for table in TABLES},
        np.stack([vectors[text] for text in _personal()]),
    )  # fmt: skip


def _kind(table: str, column: str, /) -> str:
    spec = TABLES[table].column(column)
    return spec.type if spec is not None else ""


def _alike(anchors: _Anchors, whole: np.ndarray, cores: Mapping[str, np.ndarray], /) -> dict[str, float]:
    """Return how alike a heading is to columns of the contract, where it is no more alike to what is none."""
    least = {table: max(_MIN_ALIKE, float((others @ whole).max())) for table, others in anchors.others.items()}
    found = {}
    for known in anchors.known:
        score = (_near(known.whole @ whole) + _near(known.cores @ cores[known.kind])) / 2
        if score >= least[known.place.partition(".")[0]]:
            found[known.place] = round(score, 4)
    return found


def _near(products: np.ndarray, /) -> float:
    return float(np.sort(products)[-_NEAREST:].mean())


@cache
def _other_columns(table: str, /) -> tuple[str, ...]:
    """Return headings of what exports hold beside the columns of a table of the contract."""
    listed = _listed()
    return _names([*listed["any"].values(), *listed.get(table, {}).values()])


@cache
def _personal() -> tuple[str, ...]:
    """Return headings of what says who somebody is."""
    return _names(_listed()["personal"].values())


@cache
def _listed() -> dict[str, dict[str, str]]:
    with _NOTHING.open("rb") as file:
        return tomllib.load(file)


def _names(texts: Iterable[str], /) -> tuple[str, ...]:
    return tuple(name.strip() for text in texts for name in text.split(","))
