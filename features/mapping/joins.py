"""Keys that several exports share: which column refers to which table, and what another file adds to a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from baton.contract.sources import TABLES
from features.ingest.sql_text import quoted
from features.mapping.fits import value_fit
from features.mapping.guesses import SURE, ColumnGuess, TableGuess, guess_columns, table_of
from features.mapping.lines import Line, TablePlan
from features.mapping.looks import ColumnLook, Look
from features.mapping.meaning import fits_by_meaning
from features.mapping.names import column_fits, is_a_name, is_plain
from features.mapping.writing import comparable

__all__ = ["by_keys", "joined", "of_customers"]

_MIN_OVERLAP = 0.5  # of the keys of the main table that another file knows, or they speak of different things
_REFERS = 0.6  # of a column's values that are keys of another table: it refers to that table
_MAX_KEYS = 5_000
_KEYS: Mapping[str, str] = {"cases": "case_id", "customers": "customer_id"}
_ADDED: Mapping[str, frozenset[str]] = {
    "cases": frozenset(TABLES["cases"].names) - {"case_id", "opened_at"},
    "customers": frozenset({"joined_at", "left_at", "segment", "value"}),
}
_MIN_ROWS = 5
_MIN_CUSTOMERS = 20  # of fewer different values some running numbers are keys by chance
_MAX_TRIED = 8  # columns that are compared with each of so many others
_MAY_REFER = 0.5
_FIRST = frozenset({"joined_at", "responded_at"})
_SURE = 0.95
_RATINGS = frozenset({"csat", "nps"})
_SUMMED = frozenset({"value", "cost", "handle_seconds"})


def by_keys(guesses: Mapping[str, TableGuess], connection: duckdb.DuckDBPyConnection, /) -> dict[str, TableGuess]:
    """Return guesses whose references hold the keys of the tables that they refer to.

    What a column is called may mislead (a requester is a person, an account is the customer); its values do not.

    Parameters
    ----------
    guesses : mapping of str to TableGuess
        Per table of the contract.
    """
    guesses = _with_customers(guesses, connection)
    found = {table: _with_used_key(guess, guesses, connection) for table, guess in guesses.items()}
    guesses = dict(found)
    for table, guess in guesses.items():
        for column, parent in _references(table):
            key = TABLES[parent].key[0]
            source = guesses[parent].source_of(key) if parent in guesses else None
            if source is not None and guesses[parent].look.relation != guess.look.relation:
                found[table] = _referring(found[table], column, (guesses[parent].look, source), connection)
    if "cases" in found:
        found["cases"] = _without_agents(found["cases"], found, connection)
    return found


def _with_customers(
    guesses: Mapping[str, TableGuess], connection: duckdb.DuckDBPyConnection, /
) -> Mapping[str, TableGuess]:
    """Return guesses whose people are customers, where they are the cases' customers and not those who handled them."""
    people, cases = guesses.get("employees"), guesses.get("cases")
    customer = cases.source_of("customer_id") if cases is not None else None
    if people is None or cases is None or customer is None or "customers" in guesses:
        return guesses
    if any(one.column == "role" and not one.is_meaning for one in people.columns):
        return guesses
    keys = [one.name for one in people.look.columns if value_fit("customers", "customer_id", one) == 1][:_MAX_TRIED]
    shares = {name: _share(cases.look, customer, people.look, name, connection) for name in keys}
    best = max(shares, key=lambda name: shares[name], default=None)
    agent = cases.source_of("employee_id")
    is_agent = agent is not None and any(
        _share(cases.look, agent, people.look, name, connection) >= _REFERS for name in keys
    )
    if best is None or shares[best] < _SURE or is_agent:
        return guesses
    why = f"{shares[best]:.0%} of the cases' customers are among its values"
    found = table_of("customers", people.look, [ColumnGuess("customer_id", best, _SURE, why)])
    if found is None:
        return guesses
    return {**{table: guess for table, guess in guesses.items() if table != "employees"}, "customers": found}


def of_customers(
    spare: Sequence[Look], guesses: Mapping[str, TableGuess], connection: duckdb.DuckDBPyConnection, /
) -> TableGuess | None:
    """Return the export of what customers did, where no name but the values of a column say which customer it was.

    Parameters
    ----------
    spare : sequence of Look
        Exports that are no table of their own.
    guesses : mapping of str to TableGuess
        Per table of the contract.
    """
    customers = guesses.get("customers")
    key = customers.source_of("customer_id") if customers is not None else None
    if "activity" in guesses or customers is None or key is None:
        return None
    for look in spare:
        shares = {
            column.name: _share(look, column.name, customers.look, key, connection)
            for column in look.columns
            if column.distinct >= _MIN_CUSTOMERS and value_fit("activity", "customer_id", column) == 1
        }
        best = max(shares, key=lambda name: shares[name], default=None)
        if best is not None and shares[best] >= _SURE:
            why = f"{shares[best]:.0%} of its values are keys of {customers.look.name}"
            found = table_of("activity", look, [ColumnGuess("customer_id", best, SURE - 0.01, why)])
            if found is not None:
                return found
    return None


def _without_agents(
    cases: TableGuess, guesses: Mapping[str, TableGuess], connection: duckdb.DuckDBPyConnection, /
) -> TableGuess:
    """Return cases without a customer whose values are keys of employees: a user may be either."""
    source = cases.source_of("customer_id")
    people = guesses.get("employees")
    key = people.source_of("employee_id") if people is not None else None
    if source is None or people is None or key is None or people.look.relation == cases.look.relation:
        return cases
    if "customers" in guesses or _share(cases.look, source, people.look, key, connection) < _REFERS:
        return cases
    return replace(cases, columns=tuple(one for one in cases.columns if one.column != "customer_id"))


def _references(table: str, /) -> tuple[tuple[str, str], ...]:
    return (*TABLES[table].references, *((("unit_id", "employees"),) if table == "measures" else ()))


def _with_used_key(
    guess: TableGuess, guesses: Mapping[str, TableGuess], connection: duckdb.DuckDBPyConnection, /
) -> TableGuess:
    """Return people or customers with the key by which other exports know them, where they know not the one guessed."""
    if guess.table not in {"customers", "employees"} or guess.look.rows < _MIN_ROWS:
        return guess
    key = TABLES[guess.table].key[0]
    now = guess.source_of(key)
    users = [
        (other.look, name)
        for table, other in guesses.items()
        for column, parent in _references(table)
        if parent == guess.table and other.look.relation != guess.look.relation
        for name in _named(table, column, other.look)
    ]
    keys = [look.name for look in guess.look.columns if value_fit(guess.table, key, look) == 1 and look.words <= 3]
    shares = {
        name: max((_share(look, user, guess.look, name, connection) for look, user in users), default=0.0)
        for name in keys[:_MAX_TRIED]
    }
    if max(shares.values(), default=0.0) < _REFERS and (now is None or is_a_name(now)):
        shares = _unnamed_users(guess, guesses, keys[:_MAX_TRIED], connection)
    # two people may share a name, so a number that is known as well is the key
    best = max(shares, key=lambda name: (shares[name] >= _REFERS, not is_a_name(name), shares[name]), default=None)
    if (
        best is None
        or best == now
        or shares[best] < _REFERS
        or (shares.get(now or "", 0.0) >= _REFERS and not is_a_name(now or ""))
    ):
        return guess
    why = f"other exports know them by it: {shares[best]:.0%} of what stands there"
    kept = tuple(one for one in guess.columns if one.column != key and one.source != best)
    return replace(guess, columns=(ColumnGuess(key, best, _SURE, why), *kept))


def _unnamed_users(
    guess: TableGuess, guesses: Mapping[str, TableGuess], keys: Sequence[str], connection: duckdb.DuckDBPyConnection, /
) -> dict[str, float]:
    """Return codes of people or customers that other exports hold in a column whose name says nothing of it.

    Running numbers are left out, as any two files share some.
    """
    users = [
        (other.look, one.name)
        for table, other in guesses.items()
        for column, parent in _references(table)
        if parent == guess.table and other.look.relation != guess.look.relation
        for one in other.look.columns
        if _is_text(one) and value_fit(table, column, one) == 1 and not _is_another(table, column, one.name)
    ]
    codes = [key for key in keys if _is_text(guess.look.column(key)) and not is_a_name(key)]
    shares = {
        key: max((_share(look, user, guess.look, key, connection) for look, user in users), default=0.0)
        for key in codes
    }
    return {key: share for key, share in shares.items() if share >= _SURE}


def _gives_way(one: ColumnGuess, guess: TableGuess, /) -> bool:
    """Whether values outweigh what a name is only like in meaning; numbers are the same by chance."""
    is_needed = one.column in TABLES[guess.table].required
    return one.is_meaning and not is_needed and _is_text(guess.look.column(one.source))


def _is_text(look: ColumnLook, /) -> bool:
    return not (look.is_number or look.is_time)


def _named(table: str, column: str, look: Look, /) -> list[str]:
    """Return the columns of an export that may refer to people or customers, by their names."""
    fits = {
        one.name: column_fits(table, one.name).get(column) or fits_by_meaning(table, one).get(column)
        for one in look.columns
        if not one.is_time
    }
    return [name for name, fit in fits.items() if fit is not None and fit.score >= _MAY_REFER][:_MAX_TRIED]


def _is_another(table: str, column: str, name: str, /) -> bool:
    """Whether a column is called after somebody else: a customer's name is no employee, whose keys it may hold."""
    fits = column_fits(table, name)
    other = {"employee_id": "customer_id", "customer_id": "employee_id"}.get(column, "")
    return other in fits and fits[other].score >= _MAY_REFER > (fits[column].score if column in fits else 0.0)


def _referring(
    guess: TableGuess, column: str, parent: tuple[Look, str], connection: duckdb.DuckDBPyConnection, /
) -> TableGuess:
    now = guess.source_of(column)
    others = {one.source for one in guess.columns if one.column != column and not _gives_way(one, guess)}
    shares = {
        look.name: _share(guess.look, look.name, *parent, connection)
        for look in guess.look.columns
        if look.name not in others and value_fit(guess.table, column, look) > 0
        if not _is_another(guess.table, column, look.name)
    }
    best = max(shares, key=lambda name: (shares[name], name == now), default=None)
    if best is None or shares[best] < _REFERS or (now is not None and best != now and shares.get(now, 0) >= _REFERS):
        return guess
    why = f"{shares[best]:.0%} of its values are keys of {parent[0].name}"
    kept = tuple(one for one in guess.columns if one.column != column and one.source != best)
    order = TABLES[guess.table].names
    columns = sorted((*kept, ColumnGuess(column, best, _SURE, why)), key=lambda one: order.index(one.column))
    return replace(guess, columns=tuple(columns))


def _share(main: Look, column: str, other: Look, key: str, connection: duckdb.DuckDBPyConnection, /) -> float:
    """Return which share of a column's values are keys of another table."""
    keys = f"SELECT trim(CAST({quoted(key)} AS VARCHAR)) FROM {other.relation}"
    values = f"SELECT DISTINCT trim(CAST({quoted(column)} AS VARCHAR)) AS v FROM {main.relation}"
    found = connection.execute(
        f"SELECT avg(CASE WHEN v IN ({keys}) THEN 1 ELSE 0 END) FROM ({values} "
        f"WHERE {quoted(column)} IS NOT NULL LIMIT {_MAX_KEYS})"
    ).fetchall()[0][0]
    return float(found or 0)


def joined(
    plan: TablePlan, guess: TableGuess, spare: Sequence[Look], connection: duckdb.DuckDBPyConnection, /
) -> TablePlan:
    """Add what other exports know of the same cases or customers, where their key is the same.

    Parameters
    ----------
    guess : TableGuess
        What it was made of.
    spare : sequence of Look
        Exports that are no table of their own.
    """
    key = guess.source_of(_KEYS[guess.table])
    if key is None:
        return plan
    lines, joins, others = [], [], {}
    have = {line.column for line in plan.lines if line.certainty != "left out"}
    for look in spare:
        other = _shared_key(guess.look, key, look, guess.table, connection)
        if other is None:
            continue
        found = [
            one
            for one in guess_columns(guess.table, look)
            if one.column in _ADDED[guess.table] - have and one.source != other
            if _is_clear(one, look) and not one.is_meaning
        ]
        if not found:
            continue
        name = f"other{len(others) + 1}"
        have |= {one.column for one in found}
        at = _time_of(look, found)
        values = {one.column: _one_value(one, look, at) for one in found}
        listed = ", ".join(f"{sql} as {column}" for column, (sql, _) in values.items())
        joins.append(
            f"left join (select {quoted(other)} as joined_key, {listed} from {name} group by 1) as {name}_of_row "
            f"on {name}_of_row.joined_key = raw.{quoted(key)}"
        )
        is_single = look.column(other).unique_share >= _SURE
        for one in found:
            which = values[one.column][1]
            several = "" if is_single else f", {which} of several rows" if which else ", of several rows"
            why = f"{one.why}; joined by {other!r}{several}"
            lines.append(Line(one.column, f"{name}_of_row.{one.column}", why, "likely", f"{look.name}.{one.source}"))
        others[name] = look
    if not joins:
        return plan
    own = [replace(line, sql=_of_raw(line)) for line in plan.lines]
    return replace(plan, lines=(*own, *lines), after="\n".join(["from raw", *joins]), joined=others)


def _is_clear(guess: ColumnGuess, look: Look, /) -> bool:
    """Whether it is known how a column's numbers are written; of several rows they are counted together."""
    return bool(guess.sql) or look.column(guess.source).decimal not in {"mixed", "unsure"}


def _time_of(look: Look, found: Sequence[ColumnGuess], /) -> str:
    """Return SQL of the time by which the rows of an export follow each other; empty where no time is the only one."""
    times = [column for column in look.columns if column.is_time]
    rated = [look.column(one.source) for one in found if one.column == "rated_at" and look.column(one.source).is_time]
    chosen = rated or times
    return chosen[0].as_time if len(chosen) == 1 else ""


def _one_value(guess: ColumnGuess, look: Look, at: str, /) -> tuple[str, str]:
    """Return SQL of one value of a row's several, and which it is: of ratings their mean, or the last of words.

    The largest of several ratings would make customers happier than they are, and texts of digits have another order
    than numbers.
    """
    value = guess.sql or quoted(guess.source)
    column = look.column(guess.source)
    number = guess.sql or column.as_number
    if guess.column in _FIRST:
        return f"min({column.as_time})", "the first"
    if guess.column == "left_at":
        return f"case when count(*) = count({column.as_time}) then max({column.as_time}) end", ""
    if column.is_time:
        return f"max({column.as_time})", "the last"
    if guess.column in _SUMMED and column.is_number:
        return f"sum(try_cast({number} as double))", "the sum"
    if guess.column in _RATINGS and column.is_number:
        return f"avg(try_cast({number} as double))", "the mean"
    if guess.column in _RATINGS and at:
        return f"arg_max({value}, {at})", "the last"
    return (f"max({number})", "the largest") if column.is_number and not _is_id(guess) else (f"max({value})", "")


def _is_id(guess: ColumnGuess, /) -> bool:
    return guess.column.endswith("_id")


def _of_raw(line: Line, /) -> str:
    return f"raw.{line.sql}" if line.sql == quoted(line.source) else line.sql


def _may_be_key(key: ColumnLook, column: ColumnLook, table: str, /) -> bool:
    """Whether a column may hold another one's keys by its name, where they are running numbers: any two share some."""
    if not key.is_number or comparable(key.name) == comparable(column.name):
        return True
    fit = column_fits(table, column.name).get(_KEYS[table])
    return fit is not None and fit.score >= _MAY_REFER and not is_plain(column.name)


def _shared_key(main: Look, key: str, other: Look, table: str, connection: duckdb.DuckDBPyConnection, /) -> str | None:
    """Return the column of another export that holds the main one's keys."""
    best, share = None, 0.0
    for column in other.columns:
        if (
            column.is_time
            or column.distinct < 3
            or column.words > 3
            or not _may_be_key(main.column(key), column, table)
        ):
            continue
        # either may know more than the other: churn events speak of those who left alone
        found = max(
            _share(main, key, other, column.name, connection), _share(other, column.name, main, key, connection)
        )
        if found >= max(share + 1e-9, _MIN_OVERLAP):
            best, share = column.name, found
    return best
