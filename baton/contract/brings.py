"""What each source table and column brings to a run, the most valuable first: one list for all who say what is lacking.

The checks say it of every table that is not there, `baton init --from` writes it into the company file, and the report
and the end of a run say it of the few that are worth most.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from baton.messages.message import Message

__all__ = ["ASKED_BEFORE_LEFT_OUT", "Lacking", "lacking", "next_tables"]

MAX_NEXT = 3  # more at once is a list that nobody reads


@dataclass(frozen=True)
class Lacking:
    """A table, or a column of one, that a company does not have.

    Parameters
    ----------
    table, column : str
        Column is empty where the whole table is meant.
    what : str
        Key of the sentence that says what it would bring.
    useful_with : tuple of str
        Tables of which one must be there, else this one brings nothing by itself; empty: none need be.
    columns : tuple of str
        Of the table, those that what it brings needs.
    """

    table: str
    column: str
    what: str
    useful_with: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """What it is called in the contract."""
        return f"{self.table}.{self.column}" if self.column else self.table

    def left_out(self) -> Message:
        """Return the sentence that says what is left out for want of it."""
        if self.column:
            return Message("left_out.column", {"what": Message(self.what), "column": self.place})
        return Message("left_out.table", {"what": Message(self.what), "table": self.table})

    def as_next(self) -> Message:
        """Return the sentence that says what could be shown with it."""
        if self.column:
            return Message("next.column", {"column": self.place, "what": Message(self.what)})
        values = {"name": Message(_NAMES[self.table]), "columns": self.columns, "what": Message(self.what)}
        return Message("next.table", values | {"table": self.table})


_NAMES = {
    "customers": "table_name.customers",
    "activity": "table_name.activity",
    "cases": "table_name.cases",
    "case_steps": "table_name.case_steps",
    "employees": "table_name.employees",
    "work": "table_name.work",
    "measures": "table_name.measures",
    "teams": "table_name.teams",
    "scorecards": "table_name.scorecards",
}
_SERVED = ("cases", "measures")
_BRINGS = (
    Lacking("cases", "", "left_out.cases", (), ("case_id", "opened_at", "closed_at", "employee_id", "csat")),
    Lacking("cases", "employee_id", "left_out.per_employee"),
    Lacking("cases", "csat", "left_out.ratings"),
    Lacking("customers", "", "left_out.customers", (), ("customer_id", "joined_at", "left_at", "value")),
    Lacking("customers", "left_at", "left_out.churn"),
    Lacking("cases", "customer_id", "left_out.whose_case", ("customers",)),
    Lacking("employees", "", "left_out.employees", _SERVED, ("employee_id", "team_id", "role", "hired_at")),
    Lacking("scorecards", "", "left_out.scorecards", _SERVED, ("team_id", "role", "kpi", "weight", "valid_from")),
    Lacking("cases", "text", "left_out.texts"),
    Lacking("cases", "closed_at", "left_out.at_closing"),
    Lacking("cases", "team_id", "left_out.per_team"),
    Lacking("customers", "value", "left_out.money"),
    Lacking("activity", "", "left_out.activity", (), ("customer_id", "at", "kind")),
    Lacking("case_steps", "", "left_out.case_steps", ("cases",), ("case_id", "at", "activity")),
    Lacking("work", "", "left_out.work", _SERVED, ("employee_id", "from", "to", "training_hours")),
    Lacking("teams", "", "left_out.teams", _SERVED, ("team_id", "name", "stage")),
    Lacking("measures", "", "left_out.measures", (), ("unit", "unit_id", "from", "to", "kpi", "value")),
)
ASKED_BEFORE_LEFT_OUT = frozenset({"cases.csat", "cases.text", "cases.team_id"})
"""What checks do not report as left out: whether it is needed depends on the outcomes that are asked for."""


def lacking(have: Mapping[str, Collection[str]], /) -> tuple[Lacking, ...]:
    """Return what a company does not have, the most valuable first.

    Parameters
    ----------
    have : mapping of str to collection of str
        The columns of each table that is there.

    Returns
    -------
    tuple of Lacking
        Whole tables, and columns of tables that are there.

    Examples
    --------
    >>> [each.place for each in lacking({"cases": {"case_id", "csat", "employee_id", "customer_id"}})][:3]
    ['customers', 'employees', 'scorecards']
    """
    return tuple(
        each
        for each in _BRINGS
        if (each.table not in have if not each.column else each.table in have and each.column not in have[each.table])
    )


def next_tables(have: Mapping[str, Collection[str]], /) -> tuple[Message, ...]:
    """Return the few sentences that say what could be shown next, and with which table or column.

    Parameters
    ----------
    have : mapping of str to collection of str
        The columns of each table that is there.

    Examples
    --------
    >>> for line in next_tables({"cases": {"case_id", "csat"}}):
    ...     print(line.text)
    With the column cases.employee_id: KPIs, decline and coaching per employee
    With a table of customers (customers: customer_id, joined_at, left_at, value): who leaves (rule `left_at`), \
customers' worth, segments and attributes
    With a table of employees (employees: employee_id, team_id, role, hired_at): roles, tenure, the fairness audit, \
and teams where cases name people only
    """
    useful = [each for each in lacking(have) if not each.useful_with or set(each.useful_with) & set(have)]
    return tuple(each.as_next() for each in useful[:MAX_NEXT])
