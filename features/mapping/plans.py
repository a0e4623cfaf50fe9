"""From guesses to tables: one query each, joined, split or grouped where the export has another shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from baton.contract.sources import TABLES
from features.ingest.sql_text import literal, quoted
from features.mapping.doubts import doubted_ends, doubted_opening, doubted_work
from features.mapping.extras import Extra, extras_of
from features.mapping.grouped import has_several_rows, one_row_each
from features.mapping.guesses import TableGuess, best_tables, guess_columns
from features.mapping.joins import by_keys, joined, of_customers
from features.mapping.lines import Line, TablePlan, line_of
from features.mapping.looks import Look
from features.mapping.names import NameFit, column_fits
from features.mapping.rows import seen_in_rows
from features.mapping.wide.tables import wide_plans

__all__ = ["plans_for"]

_MIN_ROWS_TO_REPEAT = 300  # of so many cases some customers have two
_MIN_ONE_EACH = 0.9  # of a file's rows have a key of their own, or its rows are grouped before they are joined


def plans_for(looks: Sequence[Look], connection: duckdb.DuckDBPyConnection, /) -> list[TablePlan]:
    """Return how the exports become tables of the contract.

    Parameters
    ----------
    looks : sequence of Look
    connection : DuckDBPyConnection
        In which their relations are.
    """
    guesses, spare = _guessed(looks, connection)
    plans = {table: _plain(guess) for table, guess in guesses.items()}
    for table in ("cases", "customers"):
        if table in guesses:
            whole = joined(plans[table], guesses[table], spare, connection)
            plans[table] = _seen_cases(whole, connection) if table == "cases" else whole
    plans = {table: doubted_ends(plan) for table, plan in plans.items()}
    if "measures" in guesses:
        plans["measures"] = _with_unit(plans["measures"], guesses["measures"])
    if "cases" not in guesses and "case_steps" in guesses:
        grouped = _cases_of_log(guesses["case_steps"])
        if grouped is not None:
            plans["cases"] = grouped
    if "cases" in plans and "employees" not in plans:
        people = _people_of_cases(plans["cases"])
        if people is not None:
            plans["employees"] = people
    if (
        "activity" in plans
        and not {"customers", "snapshots"} & set(plans)
        and guesses["activity"].source_of("customer_id")
    ):
        plans["customers"] = _customers_of_activity(guesses["activity"])
    if "customers" in guesses:
        plans["customers"] = _one_row_each(plans["customers"], guesses["customers"])
    plans |= {plan.table: plan for plan in wide_plans(looks, guesses, connection)}
    return sorted(plans.values(), key=lambda plan: list(TABLES).index(plan.table))


def _guessed(
    looks: Sequence[Look], connection: duckdb.DuckDBPyConnection, /
) -> tuple[dict[str, TableGuess], list[Look]]:
    """Return which exports are which tables, and those that are none."""
    guesses = by_keys({guess.table: guess for guess in best_tables(looks)}, connection)
    used = {guess.look.relation for guess in guesses.values()}
    spare = [look for look in looks if look.relation not in used]
    found = of_customers(spare, guesses, connection)
    if found is not None:
        guesses[found.table] = found
        spare = [look for look in spare if look.relation != found.look.relation]
    return guesses, spare


def _seen_cases(plan: TablePlan, connection: duckdb.DuckDBPyConnection, /) -> TablePlan:
    return doubted_work(doubted_opening(seen_in_rows(plan, connection), connection), connection)


def _plain(guess: TableGuess, /) -> TablePlan:
    used = {column.source for column in guess.columns}
    mapped = [_doubted(line, guess.look) if guess.table == "cases" else line for line in map(line_of, guess.columns)]
    lines = [*mapped, *(_extra(extra) for extra in extras_of(guess.table, guess.look, used))]
    return TablePlan(guess.table, guess.look, tuple(lines))


def _doubted(line: Line, look: Look, /) -> Line:
    """Doubt a customer of cases who is another one in each: it is the id of something else, as it seems."""
    if line.column != "customer_id" or look.rows < _MIN_ROWS_TO_REPEAT:
        return line
    if look.column(line.source).unique_share < _MIN_ONE_EACH:
        return line
    return line.doubted("nearly every case has another: is it the customer's id?")


def _extra(extra: Extra, /) -> Line:
    certainty = "left out" if extra.why_not else "protected" if extra.is_protected else "sure"
    why = "for the fairness audit alone" if extra.is_protected else extra.why_not or "an attribute of its own"
    if extra.is_cleared:
        why = "an attribute of its own: called like a contact, but a few words that reach nobody"
    return Line(extra.name, quoted(extra.source), why, certainty, extra.source, extra.is_cleared)


def _cases_of_log(guess: TableGuess, /) -> TablePlan | None:
    """Return cases as the log knows them: one row a case, times of its fields, the first team and person."""
    key, at = guess.source_of("case_id"), guess.source_of("at")
    if key is None or at is None:
        return None
    # within the log no case is unique: what repeats is looked at as if it were
    look = replace(guess.look, columns=tuple(
        replace(column, distinct=column.present) if column.name == key else column for column in guess.look.columns
    ))  # fmt: skip
    moved = guess.look.column(at).as_time
    found = [one for one in guess_columns("cases", look) if one.column != "case_id"]
    lines = [Line("case_id", quoted(key), "one row for all its steps", "sure", key)]
    for one in found:
        kind = TABLES["cases"].column(one.column)
        value = f"nullif(cast({quoted(one.source)} as varchar), '?')"
        if one.column == "opened_at":
            sql = f"min({guess.look.column(one.source).as_time})"
        elif kind is not None and kind.type in {"time", "number", "integer"}:
            sql = f"arg_max({value}, {moved})"
        else:
            sql = f"arg_min({value}, {moved})"
        lines.append(Line(one.column, sql, f"{one.why}; of the case's {'last' if 'max' in sql else 'first'} step",
                          "likely", one.source))  # fmt: skip
    if all(line.column != "opened_at" for line in lines):
        lines.append(Line("opened_at", f"min({moved})", "its first step", "likely", at))
    note = f"{guess.look.name} has several rows a case: grouped by {key!r}"
    return TablePlan("cases", guess.look, tuple(lines), f"from raw group by {quoted(key)}", note=note)


def _with_unit(plan: TablePlan, guess: TableGuess, /) -> TablePlan:
    """Say of what kind the units of measures are, by what their column is called."""
    source = guess.source_of("unit_id")
    if guess.source_of("unit") is not None or source is None:
        return plan
    scores = {
        unit: column_fits(table, source).get(key, NameFit()).score
        for unit, (table, key) in {
            "employee": ("employees", "employee_id"),
            "team": ("teams", "team_id"),
            "customer": ("customers", "customer_id"),
        }.items()
    }
    unit = max(scores, key=lambda one: scores[one])
    line = Line("unit", literal(unit), f"as {source!r} is called", "likely")
    return replace(plan, lines=(line, *plan.lines))


def _people_of_cases(plan: TablePlan, /) -> TablePlan | None:
    """Return the people that cases name."""
    person = next((line for line in plan.lines if line.column == "employee_id" and line.source), None)
    if person is None or person.sql.startswith("arg_") or "." in person.source:
        return None
    team = next((line for line in plan.lines if line.column == "team_id" and not line.sql.startswith("other")), None)
    lines = [Line("employee_id", quoted(person.source), "everybody whom a case names", person.certainty, person.source)]
    if team is not None and team.certainty != "left out":
        lines.append(
            Line("team_id", f"mode({quoted(team.source)})", "the team of most of their cases", "likely", team.source)
        )
    after = f"from raw where {quoted(person.source)} is not null group by {quoted(person.source)}"
    return TablePlan(
        "employees", plan.look, tuple(lines), after, note=f"no file of employees: taken from {plan.look.name}"
    )


def _customers_of_activity(guess: TableGuess, /) -> TablePlan:
    """Return the customers that an activity log names, known from their first row on."""
    key, at = guess.source_of("customer_id") or "", guess.source_of("at") or ""
    lines = (
        Line("customer_id", quoted(key), "everybody who did something", "sure", key),
        Line("joined_at", f"min({guess.look.column(at).as_time})", "the first thing that they did", "likely", at),
    )
    note = f"no file of customers: taken from {guess.look.name}"
    return TablePlan("customers", guess.look, lines, f"from raw group by {quoted(key)}", note=note)


def _ended(plan: TablePlan, guess: TableGuess, /) -> str:
    """Return SQL of when a row of customers ended, null where it goes on; empty where no column says so."""
    left = next((line for line in plan.lines if line.column == "left_at"), None)
    if left is None:
        return ""
    end = guess.look.column(left.source).as_time
    gone = _gone(guess)
    return f"case when {gone} then {end} end" if gone else end


def _gone(guess: TableGuess, /) -> str:
    """Return SQL that tests whether a status says that somebody left; empty where there is none."""
    status = next((column for column in guess.look.columns if _is_status(column.values)), None)
    if status is None:
        return ""
    words = ", ".join(literal(value) for value in status.values if value.strip().casefold() in _GONE)
    return f"{quoted(status.name)} in ({words})"


def _one_row_each(plan: TablePlan, guess: TableGuess, /) -> TablePlan:
    """Return customers with one row each, and left_at emptied where a status says that they are still here."""
    if not has_several_rows(guess):
        return _left_by_status(plan, guess)
    plain = _plain(guess)  # what other exports add would stand in each of the several rows
    return one_row_each(plain, guess, _ended(plain, guess))


def _left_by_status(plan: TablePlan, guess: TableGuess, /) -> TablePlan:
    """Return customers with left_at emptied where a status says that they are still here."""
    gone = _gone(guess)
    left = next((line for line in plan.lines if line.column == "left_at"), None)
    if not gone or left is None:
        return plan
    status = next(column for column in guess.look.columns if _is_status(column.values))
    sql = f"case when {gone} then {left.sql} end"
    emptied = replace(
        left, sql=sql, why=f"{left.why}; only where {status.name!r} says that they left", certainty="likely"
    )
    return replace(plan, lines=tuple(emptied if line is left else line for line in plan.lines))


_GONE = frozenset(
    "churned cancelled canceled left inactive closed terminated lost expired former ended deleted unsubscribed "
    "流失 已流失 离网 注销 已注销 退订 停用 已销户 解约 已解约 gekundigt inaktiv baja inactivo resilie".split()
)
_HERE = frozenset("active current open live stayed joined existing 正常 在网 活跃 有效 在用 aktiv activo actif".split())


def _is_status(values: Mapping[str, int], /) -> bool:
    words = {value.strip().casefold() for value in values}
    return len(words) <= 8 and bool(words & _GONE) and bool(words & _HERE)
