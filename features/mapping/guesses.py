"""Guesses: which export is which table of the contract, which column is which, and how sure that is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from baton.contract.sources import TABLES
from features.mapping.column_guess import SURE, ColumnGuess
from features.mapping.fallbacks import with_required
from features.mapping.fits import value_fit
from features.mapping.headings import SAYS_PERHAPS, mentions
from features.mapping.looks import ColumnLook, Look
from features.mapping.meaning import fits_by_meaning
from features.mapping.names import NameFit, bare_names, column_fits, is_a_name, table_fit
from features.mapping.order import contradicted, with_other_reading
from features.mapping.signs import by_values, reads_as, unit_factor
from features.mapping.writing import comparable

__all__ = ["SURE", "ColumnGuess", "TableGuess", "best_tables", "guess_columns", "table_of", "why_no_table"]

_LIKELY = 0.5  # below it nothing is mapped
_MIN_TABLE = 0.45  # below it an export is no table of the contract
_CLEAR_TABLE = 0.62  # an export whose name says nothing is asked about below it
_OF_A_NAME = 0.8
_GENERIC = frozenset("type kind class typ art tipo soort 类型 种类".split())
_OF_WHAT = 0.75  # Payment: Type is a type of something, and nobody knows of what where nothing stands before it
_MAX_TRIES = 12  # times that columns are matched anew without what values contradict
_WISHED = 1.001  # the end of a case says more than its first answer, where one column may be either
_HOUR, _LONG = 3600, 0.8
_KNOWN = 0.9  # a name that is on the list as it stands
_NEAR_BY_WORDS = 0.25  # of a column that is known by its words alone, any other that may be it is a rival
_NEAR_KNOWN = 0.12  # of two known names of a text (a reason, a cause) the one further back may be meant
_NEAR = 0.03  # two columns that fit as well as each other to within this: nobody can tell which is meant


@dataclass(frozen=True)
class TableGuess:
    """A table of the contract and the export that it comes from.

    Parameters
    ----------
    table : str
        Of the contract.
    score : float
        0 to 1.
    missing : tuple of str
        Required columns that nothing fits.
    """

    table: str
    look: Look
    columns: tuple[ColumnGuess, ...]
    score: float
    missing: tuple[str, ...] = ()
    unused: tuple[str, ...] = field(default=())

    @property
    def standing(self) -> float:
        """How it stands beside other tables that the export may be: columns by their meaning alone count half."""
        by_meaning = sum(guess.score for guess in self.columns if guess.is_meaning)
        return self.score * (1 - 0.5 * by_meaning / max(1e-9, sum(guess.score for guess in self.columns)))

    def source_of(self, column: str, /) -> str | None:
        """Return where a contract column comes from."""
        return next((guess.source for guess in self.columns if guess.column == column), None)


def guess_columns(table: str, look: Look, /) -> tuple[ColumnGuess, ...]:
    """Return which columns of an export are which of a contract table, each used once.

    Parameters
    ----------
    table : str
        Of the contract.
    """
    fits = _name_fits(table, look)
    named = _matched(table, look, fits)
    used = {guess.source for guess in named} | {name for name, fit in fits.items() if _is_known(fit)}
    rest = replace(look, columns=tuple(column for column in look.columns if column.name not in used))
    found = {guess.column for guess in named}
    alike = {
        column.name: {name: fit for name, fit in fits_by_meaning(table, column).items() if name not in found}
        for column in rest.columns
    }
    more = _matched(table, rest, alike)
    for _ in range(_MAX_TRIES):
        wrong = list(contradicted(table, look, [*named, *more]))
        if not wrong:
            break
        for name, source in wrong:
            alike[source].pop(name, None)  # two rules may speak against the same pair
        more = _matched(table, rest, alike)
    guesses = [with_other_reading(guess, found | {one.column for one in more}) for guess in (*named, *more)]
    return tuple(_in_order(table, guesses, look))


def _is_known(fits: Mapping[str, NameFit], /) -> bool:
    """Whether a name says what a column is, be it another of the same or values that contradict it."""
    return any(fit.score >= SAYS_PERHAPS for fit in fits.values())


def _matched(table: str, look: Look, fits: Mapping[str, Mapping[str, NameFit]], /) -> list[ColumnGuess]:
    """Return the columns of a contract table and of an export that fit each other best, all together."""
    from scipy.optimize import linear_sum_assignment

    spec = TABLES[table]
    scores = np.zeros((len(spec.names), len(look.columns)))
    for place, name in enumerate(spec.names):
        for other, column in enumerate(look.columns):
            scores[place, other] = _score(table, name, column, fits[column.name].get(name, NameFit()))
    wished = _wished(table, look, scores)
    chosen = []
    pairs = [(place, other) for place, other in zip(*linear_sum_assignment(-(wished**2)), strict=True)]
    taken = {other: float(scores[place, other]) for place, other in pairs if scores[place, other] >= _LIKELY}
    filled = {place for place, other in pairs if scores[place, other] >= _LIKELY}
    for place, other in pairs:
        score, column = float(scores[place, other]), look.columns[other]
        if score < _LIKELY:
            continue
        name = spec.names[place]
        fit = fits[column.name].get(name, NameFit())
        factor = unit_factor(name, column)
        sql = reads_as(name, column, factor)
        if sql is None:
            continue
        rivals = tuple(
            look.columns[at].name
            for at in _rivals(scores, (place, other), taken, is_word=spec.columns[place].type == "text")
        )
        meanings = tuple(spec.names[at] for at in _meanings(scores, (place, other), filled))
        why, doubt = _why(column, fit, factor), _doubt(column) if factor != 1 else ""
        score = min(score, SURE - _NEAR) if doubt else score
        chosen.append(ColumnGuess(name, column.name, score, why + doubt, sql, rivals, meanings, fit.is_meaning))
    return chosen


def _wished(table: str, look: Look, scores: np.ndarray, /) -> np.ndarray:
    """Return scores with what goes before where names say no more: an end, and a number before the name beside it."""
    spec = TABLES[table]
    wished = scores * np.array([[_WISHED if name == "closed_at" else 1.0] for name in spec.names])
    names = np.array([is_a_name(column.name) for column in look.columns], dtype=bool)
    for place, column in enumerate(spec.columns):
        # two may have one name, and other exports know them by the number
        if column.type == "id" and scores[place, ~names].max(initial=0.0) >= SURE:
            wished[place, names] *= _OF_A_NAME
    return wished


def _rivals(scores: np.ndarray, at: tuple[int, int], taken: Mapping[int, float], /, *, is_word: bool) -> Iterator[int]:
    """Yield the other columns of an export that may be meant as well, and are nothing else."""
    place, chosen = at
    score = scores[place, chosen]
    near = _NEAR_BY_WORDS if score < _KNOWN else _NEAR_KNOWN if is_word else _NEAR
    for other in range(scores.shape[1]):
        if other == chosen or scores[place, other] < max(score - near, _LIKELY):
            continue
        if scores[place, other] == scores[:, other].max() or taken.get(other, 0.0) < scores[place, other]:
            yield other


def _meanings(scores: np.ndarray, at: tuple[int, int], filled: Collection[int], /) -> Iterator[int]:
    """Yield what else the words of a column's name say as well, where no other column is that."""
    place, chosen = at
    if scores[place, chosen] >= _KNOWN:
        return
    for other in range(scores.shape[0]):
        if other != place and other not in filled and scores[other, chosen] >= scores[place, chosen] - _NEAR:
            yield other


def _name_fits(table: str, look: Look, /) -> dict[str, dict[str, NameFit]]:
    """Return how well each column's name fits, with and without headings above it and what all names begin with."""
    bare = bare_names(table, [column.name for column in look.columns])
    found = {column.name: column_fits(table, column.name) for column in look.columns}
    own = {name: short for name, short in look.own_names.items() if name in found}
    for name, short in (*bare.items(), *own.items()):
        for column, fit in column_fits(table, short).items():
            weaker = replace(fit, score=min(fit.score, _OF_WHAT)) if comparable(short) in _GENERIC else fit
            if weaker.score > found[name].get(column, NameFit()).score:
                found[name][column] = weaker
    return found


def _score(table: str, name: str, column: ColumnLook, fit: NameFit, /) -> float:
    """Return how likely a column is a contract column: its name says it, and its values do not contradict."""
    value = value_fit(table, name, column)
    if value == 0:
        return 0.0
    # the usual names come first in the list; one further back is a little less telling
    by_name = fit.score * (1 - 0.004 * min(fit.rank, 40)) * (0.35 + 0.65 * value)
    if unit_factor(name, column) >= _HOUR:
        by_name *= _LONG  # hours and days are how long a case was open rather than how long somebody worked on it
    return max(by_name, by_values(table, name, column))


def _why(column: ColumnLook, fit: NameFit, factor: float, /) -> str:
    parts = []
    if fit.is_meaning:
        parts.append("by its meaning, as no list knows its words")
    elif fit.score >= 0.99:
        parts.append("the name is a usual one")
    elif fit.score > 0:
        parts.append(f"the name is like {fit.known_as!r}" if fit.known_as else "its words say so")
    parts.append(_seen(column))
    if factor != 1:
        parts.append(f"its unit is taken from the name: × {factor:g}")
    return "; ".join(parts)


def _doubt(column: ColumnLook, /) -> str:
    """Return what may be read wrongly of texts that are multiplied as numbers; empty where nothing is."""
    doubts = []
    if column.raw_type == "VARCHAR" and column.numbers < 1:
        doubts.append(f"; {1 - column.numbers:.1%} of its values are no plain numbers and count as unknown")
    if column.is_assumed and column.is_grouped:
        doubts.append("; 1,250 is read as 1250")
    elif column.is_assumed:
        doubts.append("; 1.250 is read as 1.25")
    return "".join(doubts)


def _seen(column: ColumnLook, /) -> str:
    share = "" if column.known_share > 0.995 else f", {column.known_share:.0%} known"
    if column.is_time:
        return f"times from {column.first:%Y-%m-%d} to {column.last:%Y-%m-%d}{share}"
    if column.durations >= 0.9:
        return f"durations{share}"
    if column.is_number and column.low is not None:
        return f"{column.distinct:,} numbers from {column.low:g} to {column.high:g}{share}"
    if column.unique_share > 0.98:
        return f"all values differ{share}"
    return f"{column.distinct:,} different values{share}"


def _in_order(table: str, guesses: list[ColumnGuess], look: Look, /) -> list[ColumnGuess]:
    """Return guesses in the contract's order, without times that lie before the opening as a rule."""
    order = {name: place for place, name in enumerate(TABLES[table].names)}
    guesses = sorted(guesses, key=lambda guess: order[guess.column])
    first = {"cases": "opened_at", "customers": "joined_at", "employees": "hired_at"}.get(table)
    start = next((look.column(guess.source) for guess in guesses if guess.column == first), None)
    if start is None or start.first is None:
        return guesses
    kept = []
    for guess in guesses:
        column = look.column(guess.source)
        is_later = TABLES[table].column(guess.column).type == "time" and guess.column != first  # type: ignore[union-attr]
        if is_later and column.last is not None and column.last < start.first:
            continue
        kept.append(guess)
    return kept


_BY_HAND = frozenset({"merged_ids", "coaching_log"})
"""Tables that are named in the company file, and never guessed."""


def best_tables(looks: Sequence[Look], /) -> list[TableGuess]:
    """Return the tables of the contract that exports hold, each once, the surest first."""
    candidates = [
        guess
        for look in looks
        for table in TABLES
        if table not in _BY_HAND and (guess := table_of(table, look)) is not None
    ]
    candidates.sort(key=lambda guess: (-guess.standing, guess.table))
    taken: set[str] = set()
    used: dict[str, set[str]] = {}
    chosen = []
    for guess in candidates:
        # orders are what customers did, and cases as well where somebody promised or delivered something
        is_order = guess.table == "cases" and _is_order(guess.source_of("case_id") or "")
        already = used.setdefault(guess.look.relation, set())
        if guess.table in taken or already - ({"activity"} if is_order else set()):
            continue
        taken.add(guess.table)
        already.add(guess.table)
        chosen.append(guess)
    return chosen


def table_of(table: str, look: Look, /, known: Sequence[ColumnGuess] = ()) -> TableGuess | None:
    """Return how an export would be a contract table; None where it cannot be.

    Parameters
    ----------
    table : str
        Of the contract.
    known : sequence of ColumnGuess
        What its values have shown already.
    """
    spec = TABLES[table]
    sources, names = {one.source for one in known}, {one.column for one in known}
    rest = replace(look, columns=tuple(column for column in look.columns if column.name not in sources))
    guessed = (*known, *(one for one in guess_columns(table, rest) if one.column not in names))
    columns = with_required(table, look, guessed)
    found = {guess.column: guess for guess in columns}
    missing = tuple(name for name in spec.required if name not in found)
    named = table_fit(look.name, table)
    may_lack = 1 if (named == 1 and len(columns) > 2) or (table == "measures" and missing == ("unit",)) else 0
    if not _has_the_shape(table, found, look) or len(missing) > may_lack:
        return None
    explained = sum(guess.score for guess in columns) / max(1, len(look.columns))
    required = np.mean([found[name].score if name in found else 0.0 for name in spec.required])
    beyond = min(
        1.0, sum(guess.score for guess in columns if guess.column not in spec.required) / _CHARACTERISTIC[table]
    )
    score = float(0.2 * named + 0.3 * required + 0.35 * beyond + 0.15 * min(1.0, explained))
    if score < _MIN_TABLE:
        return None
    return TableGuess(table, look, columns if named or score >= _CLEAR_TABLE else _doubted(columns), score, missing)


def _doubted(columns: Sequence[ColumnGuess], /) -> tuple[ColumnGuess, ...]:
    """Return guesses none of which stands by itself, as nobody knows whether the export is that table at all."""
    why = "; but is this export that table at all?"
    return tuple(replace(one, score=min(one.score, SURE - _NEAR), why=one.why + why) for one in columns)


# so many columns beyond the required ones make a table sure
_CHARACTERISTIC: Mapping[str, float] = {
    "customers": 2, "activity": 2, "cases": 5, "case_steps": 1, "employees": 2, "work": 2, "measures": 1, "teams": 1,
    "scorecards": 1, "snapshots": 1,
}  # fmt: skip


_REPEATS = 0.8  # fewer of a log's or a period's keys may differ: they stand in it several times
_MAX_TEAMS = 5_000
# of each group one column, or it is another table
_NEEDS: Mapping[str, tuple[set[str], ...]] = {
    "activity": ({"at"},),
    "case_steps": ({"at"},),
    "cases": ({"closed_at", "due_at"},),
    "work": ({"from", "to"},),
    "snapshots": ({"churned", "outcome"},),
    "customers": ({"joined_at", "left_at", "value", "segment"},),
    "employees": ({"team_id", "role", "hired_at"},),
    "teams": ({"name", "department", "stage"},),
    "measures": ({"unit_id"}, {"kpi"}, {"value"}),
    "scorecards": ({"kpi"}, {"weight"}),
}


def _has_the_shape(table: str, found: Mapping[str, ColumnGuess], look: Look, /) -> bool:
    """Whether rows repeat what they repeat in the contract's table, and what tells it from others is there."""

    def unique(column: str) -> float:
        return look.column(found[column].source).unique_share if column in found else 0.0

    if table in {"activity", "case_steps"} and unique("customer_id" if table == "activity" else "case_id") >= _REPEATS:
        return False
    # what is bought of a supplier is not what a customer did
    if table == "activity" and "customer_id" in found and mentions("supplier", found["customer_id"].source):
        return False
    if table == "work" and (unique("employee_id") >= _REPEATS or len(found) < 3):
        return False
    if table == "teams" and (look.rows > _MAX_TEAMS or not _is_of_teams(found, look)):
        return False
    if table == "cases" and not _is_order(found["case_id"].source if "case_id" in found else ""):
        return True
    # an order is a case where somebody promised or delivered something; else it is what a customer did
    return all(group & set(found) for group in _NEEDS.get(table, ()))


def _is_of_teams(found: Mapping[str, ColumnGuess], look: Look, /) -> bool:
    """Whether the file or its key is called like a team: anything has an id and a name."""
    key = found["team_id"].source if "team_id" in found else ""
    return table_fit(look.name, "teams") > 0 or comparable(key) not in {"id", "name", "code", "title", "number", "编号"}


def _is_order(name: str, /) -> bool:
    return "order" in comparable(name).split() or mentions("order", name)


_MIN_NEAR = 2  # columns that are known by their names, before an export is said to be near a table


def why_no_table(look: Look, /) -> str:
    """Return which table an export is nearest to, and which of its columns nothing fits; empty where it is near none.

    Parameters
    ----------
    look : Look
        Of an export that was taken for no table.
    """
    near = ("", (), 0)
    for table, spec in TABLES.items():
        if table in _BY_HAND:
            continue
        found = {guess.column for guess in guess_columns(table, look)}
        missing = tuple(name for name in spec.required if name not in found)
        if missing and len(found) > near[2]:
            near = (table, missing, len(found))
    table, missing, count = near
    return f"it is like {table}, but no column seems to be {' or '.join(missing)}" if count >= _MIN_NEAR else ""
