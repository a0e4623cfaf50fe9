"""Which guesses by meaning alone other columns contradict: a beginning before an end, a rating where somebody rated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from features.mapping.column_guess import ColumnGuess
from features.mapping.looks import Look
from features.mapping.writing import comparable

__all__ = ["contradicted", "with_other_reading"]

_BEFORE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cases": tuple(("opened_at", later) for later in ("responded_at", "closed_at", "rated_at", "due_at")),
    "customers": (("joined_at", "left_at"),),
    "employees": (("hired_at", "left_at"),),
    "work": (("from", "to"),),
    "measures": (("from", "to"),),
    "case_steps": (("started_at", "ended_at"),),
}
_REASONS = frozenset("reason motivo motif grund reden motivos raison 事由 原因".split())
_MAX_UNRATED = 0.1  # of the rows may have a rating without its time, or a time without its rating


def contradicted(table: str, look: Look, guesses: Sequence[ColumnGuess], /) -> Iterator[tuple[str, str]]:
    """Yield columns of the contract and of an export that do not belong together, for all that their names mean.

    Parameters
    ----------
    table : str
        Of the contract.
    guesses : sequence of ColumnGuess
        Those by known names stand.
    """
    found = {guess.column: guess for guess in guesses}
    for earlier, later in _BEFORE.get(table, ()):
        if earlier in found and later in found and _begins_later(look, found[earlier], found[later]):
            wrong = found[earlier] if found[earlier].is_meaning else found[later]
            if wrong.is_meaning:
                yield wrong.column, wrong.source
    rated = found.get("rated_at") if table == "cases" else None
    if rated is not None and rated.is_meaning:
        share = look.column(rated.source).known_share
        ratings = [look.column(found[name].source).known_share for name in ("csat", "nps") if name in found]
        if not any(abs(share - other) <= _MAX_UNRATED for other in ratings):
            yield rated.column, rated.source


def with_other_reading(guess: ColumnGuess, found: Collection[str], /) -> ColumnGuess:
    """Return a guess of a cause as one of two where nothing says what cases are about: a reason may be either.

    Parameters
    ----------
    found : collection of str
        Columns of the contract that are found.
    """
    is_either = guess.column == "root_cause" and "process" not in found and comparable(guess.source) in _REASONS
    return replace(guess, meanings=(*guess.meanings, "process")) if is_either else guess


def _begins_later(look: Look, earlier: ColumnGuess, later: ColumnGuess, /) -> bool:
    first, second = look.column(earlier.source).first, look.column(later.source).first
    return first is not None and second is not None and first > second
