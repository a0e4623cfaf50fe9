"""What happened to whom at a time at which they were not there: before they joined or were hired, after they left."""

from __future__ import annotations

from collections.abc import Iterator

from baton.messages.message import Message
from features.ingest.intake import ROW, Intake, TypedTable
from features.ingest.sql_text import literal, quoted
from features.quality.row_rules import EARLIEST, LATEST, Rule, row_is_in

__all__ = ["rating_notes", "time_order"]

_OF_CUSTOMERS = {"cases": "opened_at", "activity": "at"}
_OF_EMPLOYEES = {"cases": ("opened_at", "opened_at"), "work": ("from", "to"), "measures": ("from", "to"),
                 "coaching_log": ("started_at", "started_at")}  # fmt: skip
_MAJORITY = 0.5  # of the rows whose owner has such a date: then the dates are wrong, or stand for something else

_FLAGS = ("churn", "churned", "is_churned", "has_churned", "cancelled", "canceled", "is_cancelled", "is_canceled",
          "left", "has_left", "terminated", "is_terminated", "流失", "是否流失", "已流失",
          "离网", "是否离网")  # fmt: skip
"""Columns of customers that say yes where somebody has left."""

_STATES = ("status", "state", "account_status", "customer_status", "contract_status", "subscription_status",
           "customer_state", "lifecycle_status", "状态", "客户状态", "账户状态")  # fmt: skip
"""Columns of customers that name what somebody is."""

_PRESENCE = ("active", "is_active", "在网", "是否在网")
"""Columns of customers that say no where somebody has left."""

_YES = ("1", "1.0", "yes", "y", "true", "t", "是")
_NO = ("0", "0.0", "no", "n", "false", "f", "否")
_GONE = ("churned", "churn", "cancelled", "canceled", "left", "terminated", "closed", "inactive", "lost", "ended",
         "former", "gekündigt", "résilié", "流失", "已流失", "离网", "已离网", "销户", "已注销")  # fmt: skip


def time_order(intake: Intake, table: TypedTable, /) -> Iterator[Rule]:
    """Yield the rules of one table."""
    name = table.spec.name
    if name in _OF_CUSTOMERS:
        yield from _customers(intake, table, _OF_CUSTOMERS[name])
    if name in _OF_EMPLOYEES:
        yield from _employees(intake, table, *_OF_EMPLOYEES[name])
    if name == "customers":
        yield from _flags(table)


def _customers(intake: Intake, table: TypedTable, column: str, /) -> Iterator[Rule]:
    people = intake.tables.get("customers")
    if people is None or not people.rows or not {"customer_id", column} <= set(table.plans):
        return
    event = f"t.{quoted(column)}"
    if "joined_at" in people.plans:
        # who left and came back was there from the first joining on
        first = _dated(people, "customer_id", "min(joined_at)")
        test = f"{event} < date_trunc('day', p.moment)"
        what = Message("fault.before_joined", {"column": column})
        yield from _found(intake, table, ("before_joined", column, "customer_id"), (first, test), what)
    if "left_at" in people.plans:
        gone = _dated(people, "customer_id", "max(left_at)", f"max(left_at) >= {_last_known(people)}")
        test = f"{event} >= date_trunc('day', p.moment) + INTERVAL 1 DAY"
        what = Message("fault.after_left", {"column": column})
        yield from _found(intake, table, ("after_left", column, "customer_id"), (gone, test), what)


def _last_known(people: TypedTable, /) -> str:
    """SQL of the latest moment at which a row says that somebody is there: who came back is not gone."""
    since = [name for name in ("joined_at", "valid_from") if name in people.plans]
    held = [
        f"max({name}) FILTER (left_at IS NULL OR {name} < left_at)" if name == "valid_from" else f"max({name})"
        for name in since
    ]
    return f"coalesce(greatest({', '.join([*held, 'NULL'])}), max(left_at))"


def _employees(intake: Intake, table: TypedTable, begins: str, ends: str, /) -> Iterator[Rule]:
    people = intake.tables.get("employees")
    key = "unit_id" if table.spec.name == "measures" else "employee_id"
    if people is None or not people.rows or "employee_id" not in people.plans:
        return
    if not {key, begins, ends} <= set(table.plans):
        return
    own = " AND t.unit = 'employee'" if table.spec.name == "measures" else ""
    if "hired_at" in people.plans:
        hired = _dated(people, "employee_id", "min(hired_at)")
        before = "<" if begins == ends else "<="  # a period ends before the moment that it gives as its end
        test = f"t.{quoted(ends)} {before} date_trunc('day', p.moment){own}"
        what = Message("fault.before_hired", {"column": ends})
        yield from _found(intake, table, ("outside_employment", ends, key), (hired, test), what)
    if "left_at" in people.plans:
        having = "count(*) = count(left_at)"
        if "hired_at" in people.plans:  # who left before they were hired is a fault of its own
            having += " AND coalesce(max(left_at) >= max(hired_at), TRUE)"
        left = _dated(people, "employee_id", "max(left_at)", having)
        test = f"t.{quoted(begins)} >= date_trunc('day', p.moment) + INTERVAL 1 DAY{own}"
        what = Message("fault.after_employment", {"column": begins})
        yield from _found(intake, table, ("outside_employment", begins, key), (left, test), what)


def _dated(people: TypedTable, key: str, moment: str, having: str = "TRUE", /) -> str:
    """SQL of one moment per person; dates that are far off count as that, once."""
    column = moment[moment.index("(") + 1 : -1]
    plausible = f"{column} IS NULL OR ({column} >= {EARLIEST} AND {column} < {LATEST})"
    return f"SELECT {key} AS id, {moment} AS moment FROM {people.relation} WHERE {plausible} GROUP BY 1 HAVING {having}"


def _found(
    intake: Intake, table: TypedTable, place: tuple[str, str, str], dated: tuple[str, str], what: Message, /
) -> Iterator[Rule]:
    """Yield the rule if it finds rows, with their share of those whose owner has that date."""
    (kind, column, id_column), (moments, test) = place, dated
    joined = f"{table.relation} AS t JOIN ({moments}) AS p ON p.id = t.{quoted(id_column)}"
    rows, of = intake.rows(f"SELECT count(*) FILTER ({test}), count(p.moment) FROM {joined}")[0]
    if not rows:
        return
    key = "remedy.most_dated" if rows > _MAJORITY * of else "remedy.share_of_dated"
    remedy = Message(key, {"share": rows / of, "of": of})
    found = row_is_in(f"(SELECT t.{ROW} FROM {joined} WHERE {test})")
    yield Rule(kind, column, found, what, (column,), (id_column, column), remedy)


def _flags(table: TypedTable, /) -> Iterator[Rule]:
    """Yield customers that a column says have left, and no date says when."""
    undated = "left_at IS NULL" if "left_at" in table.plans else "TRUE"
    for column in table.attributes:
        name = column.strip().lower().replace(" ", "_").replace("-", "_")
        words = _YES if name in _FLAGS else _GONE if name in _STATES else _NO if name in _PRESENCE else ()
        if not words:
            continue
        listed = ", ".join(map(literal, words))
        yield Rule(
            "left_without_date",
            column,
            f"{undated} AND lower(trim({quoted(column)}::VARCHAR)) IN ({listed})",
            Message("fault.left_without_date", {"column": column}),
            shown=(column,),
            remedy=Message("remedy.give_left_at"),
        )


def rating_notes(intake: Intake, table: TypedTable, /) -> Iterator[Message]:
    """Say of how many ratings nothing says when they were given, and what they count as."""
    named = [name for name in ("csat", "nps") if name in table.plans]
    if table.spec.name != "cases" or not named:
        return
    rated = " OR ".join(f"{name} IS NOT NULL" for name in named)
    closed, never = intake.rows(
        f"SELECT count(closed_at), count(*) - count(closed_at) FROM {table.relation} "
        f"WHERE ({rated}) AND rated_at IS NULL"
    )[0]
    if closed:
        yield Message("note.rated_at_closing", {"n": closed})
    if never:
        yield Message("note.rated_at_unknown", {"n": never})
