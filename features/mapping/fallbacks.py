"""Columns that a table must have and whose names say nothing: found by what their values look like, and asked about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from features.mapping.column_guess import ColumnGuess
from features.mapping.looks import ColumnLook, Look
from features.mapping.names import column_fits
from features.mapping.writing import comparable

__all__ = ["with_required"]

_SCORE = 0.55  # a guess that is asked about, never one that stands
_MIN_OTHERS = {"cases": 3, "customers": 3}
"""So many other columns are the table's by their names, before its key is looked for by values."""
_MIN_CLEAR = 0.6
_MIN_UNIQUE = 0.99
_NAMED_KEY = 0.95  # a name that is on the list as it stands, or nearly
_MIN_ROWS = 20  # of fewer rows anything may differ
_MAX_KEY_CHARACTERS = 40
_NO_KEY = (
    "url",
    "link",
    "mail",
    "phone",
    "name",
    "amount",
    "price",
    "subject",
    "title",
    "电话",
    "手机",
    "姓名",
    "名称",
)
_NO_BEGINNING = frozenset(
    "last updated modified update due target expected birth renewal expiry next seen sync".split()
)


def with_required(table: str, look: Look, columns: tuple[ColumnGuess, ...], /) -> tuple[ColumnGuess, ...]:
    """Return guesses with the key and the beginning of cases and customers, where no name says them.

    Parameters
    ----------
    table : str
        Of the contract.
    columns : tuple of ColumnGuess
        What was found by names.
    """
    if table == "measures":
        return _with_unit(look, columns)
    if table == "activity":
        return _with_moment(look, columns)
    key = {"cases": "case_id", "customers": "customer_id"}.get(table)
    if key is None or look.rows < _MIN_ROWS:
        return columns
    clear = sum(guess.score >= _MIN_CLEAR for guess in columns if guess.column != key)
    if table == "customers" and clear >= _MIN_OTHERS[table]:
        columns = _with_repeated_key(look, columns)
    found = {guess.column for guess in columns}
    added = []
    if key not in found and clear >= _MIN_OTHERS[table]:
        column = next(_keys(look, {guess.source for guess in columns}), None)
        if column is not None:
            added.append(_guess(key, column, "no name says which is the key; its values are short and all differ"))
    if table == "cases" and "opened_at" not in found and clear >= _MIN_OTHERS[table]:
        column = _beginning(look, {guess.source: guess.column for guess in columns})
        if column is not None:
            added.append(_guess("opened_at", column, "no name says when a case begins; no other time is earlier"))
    return (*added, *columns)


def _with_repeated_key(look: Look, columns: tuple[ColumnGuess, ...], /) -> tuple[ColumnGuess, ...]:
    """Return guesses of customers with the key that is called so although its values repeat, as in subscriptions.

    Only where another column has a value of its own in each row, which is the subscription's id and no customer's.
    """
    found = {guess.column: guess for guess in columns}
    now = found.get("customer_id")
    others = {guess.source for guess in columns if guess is not now}
    if (now is not None and not now.is_meaning) or next(_keys(look, others), None) is None:
        return columns
    for column in look.columns:
        fit = column_fits("customers", column.name).get("customer_id")
        if fit is not None and fit.score >= _NAMED_KEY and column.name not in others and not column.is_time:
            why = "the name is a usual one, and several rows have the same"
            return (_guess("customer_id", column, why), *(guess for guess in columns if guess is not now))
    return columns


def _with_unit(look: Look, columns: tuple[ColumnGuess, ...], /) -> tuple[ColumnGuess, ...]:
    """Return guesses of KPI values with whose they are, where periods, KPIs and values are clear."""
    found = {guess.column: guess.source for guess in columns}
    if "unit_id" in found or not {"from", "to", "kpi", "value"} <= set(found):
        return columns
    whose = [
        column
        for column in look.columns
        if column.name not in found.values()
        and 1 < column.distinct <= column.present / 2
        and column.known_share >= _MIN_UNIQUE
        and not (column.is_time or column.words > 2 or column.durations >= 0.5)
    ]
    if len(whose) != 1:
        return columns
    return (_guess("unit_id", whose[0], "no other column can say whose KPI it is"), *columns)


def _with_moment(look: Look, columns: tuple[ColumnGuess, ...], /) -> tuple[ColumnGuess, ...]:
    """Return guesses of what customers did with when, where who and what are clear and there is one time alone."""
    found = {guess.column for guess in columns}
    times = [column for column in look.columns if column.is_time and column.known_share >= _MIN_UNIQUE]
    is_clear = "customer_id" in found and bool({"amount", "item"} & found)
    if "at" in found or not is_clear or len(times) != 1 or look.rows < _MIN_ROWS:
        return columns
    return (_guess("at", times[0], "no name says when; there is no other time"), *columns)


def _guess(name: str, column: ColumnLook, why: str, /) -> ColumnGuess:
    return ColumnGuess(name, column.name, _SCORE, why)


def _keys(look: Look, used: set[str], /) -> Iterator[ColumnLook]:
    for column in look.columns:
        name = comparable(column.name)
        has_decimals = column.is_number and any("." in value for value in column.values)
        if (
            column.name not in used
            and column.unique_share >= _MIN_UNIQUE
            and column.known_share >= _MIN_UNIQUE
            and not (column.is_time or has_decimals or column.durations >= 0.5 or column.words > 2)
            and column.characters <= _MAX_KEY_CHARACTERS
            and not any(word in name for word in _NO_KEY)
        ):
            yield column


def _beginning(look: Look, used: Mapping[str, str], /) -> ColumnLook | None:
    """Return the time that nearly always is there and begins no later than any other of the table."""
    times = [column for column in look.columns if column.is_time and column.first is not None]
    may = [
        column
        for column in times
        if column.known_share >= _MIN_UNIQUE
        and column.name not in used
        and not _NO_BEGINNING & set(comparable(column.name).split())
    ]
    earliest = min((column.first for column in times), default=None)
    return next((column for column in may if column.first.date() <= earliest.date()), None)  # type: ignore[union-attr]
