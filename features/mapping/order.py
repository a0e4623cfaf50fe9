"""Which guesses by meaning alone other columns contradict: a beginning before an end, a rating where somebody rated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from features.mapping.column_guess import ColumnGuess
from features.mapping.looks import Look

__all__ = ["contradicted"]

_BEFORE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cases": tuple(("opened_at", later) for later in ("responded_at", "closed_at", "rated_at", "due_at")),
    "customers": (("joined_at", "left_at"),),
    "employees": (("hired_at", "left_at"),),
    "work": (("from", "to"),),
    "measures": (("from", "to"),),
    "case_steps": (("started_at", "ended_at"),),
}
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


def _begins_later(look: Look, earlier: ColumnGuess, later: ColumnGuess, /) -> bool:
    first, second = look.column(earlier.source).first, look.column(later.source).first
    return first is not None and second is not None and first > second
