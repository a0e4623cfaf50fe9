"""Which people an answer shows: each view of somebody's row is in the audit log before the answer leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from serving.access.principal import Principal

if TYPE_CHECKING:
    from serving.audit.log import Recorder
    from serving.state.store import State

__all__ = ["customers_shown", "people_shown", "record_customers", "record_views"]


def people_shown(body: Mapping[str, Any], /) -> tuple[str, ...]:
    """Return the pseudonyms of the employees whose rows an answer holds.

    Examples
    --------
    >>> people_shown({"rows": [{"unit": "employee", "unit_id": "p-1", "probability": 0.2},
    ...                        {"unit": "employee", "unit_id": "p-2", "probability": None},
    ...                        {"unit": "team", "unit_id": "t1", "probability": 0.2}, {"employee_id": "p-3"}]})
    ('p-1', 'p-3')
    """
    return tuple(dict.fromkeys(person for row in body.get("rows", ()) if (person := _person(row)) is not None))


def customers_shown(body: Mapping[str, Any], /) -> int:
    """Return how many customers' chances of leaving an answer holds.

    Examples
    --------
    >>> customers_shown({"rows": [{"customer_id": "c1", "probability": 0.2}, {"customer_id": "c2", "error": "unknown"},
    ...                           {"customer_id": None, "probability": 0.3}]})
    1
    >>> customers_shown({"risk": 0.4, "customer": {"customer_id": "c1", "churn_probability": 0.2}})
    1
    """
    rows = sum(
        row.get("customer_id") is not None and row.get("probability") is not None for row in body.get("rows", ())
    )
    return rows + int((body.get("customer") or {}).get("churn_probability") is not None)


def record_customers(state: State, record: Recorder, principal: Principal, route: str, customers: int, /) -> None:
    """Write one row into the audit log for a request by which a system was shown customers.

    Parameters
    ----------
    record : callable
        Writes a line of the audit log: ``AuditLog.append``.
    customers : int
        How many.

    Raises
    ------
    OutputError
        If it cannot be written: then the answer may not leave.
    """
    from serving.audit.log import Entry

    with state.writing() as session:
        record(session, Entry("view_customers", principal, detail={"kind": route, "customers": customers}))


def record_views(
    state: State, record: Recorder, principal: Principal, route: str, about: Iterable[tuple[str | None, str]], /
) -> None:
    """Write one row per person into the audit log, all of them or none.

    Parameters
    ----------
    record : callable
        Writes a line of the audit log: ``AuditLog.append``.
    about : iterable of tuple of str
        Team and pseudonym of each person.

    Raises
    ------
    OutputError
        If they cannot be written: then the answer may not leave.
    """
    from serving.audit.log import Entry

    with state.writing() as session:
        for team, person in about:
            record(session, Entry("view_person", principal, team, person, {"kind": route}))


def _person(row: Mapping[str, Any], /) -> str | None:
    if row.get("unit") == "employee":
        return row.get("unit_id") if row.get("probability") is not None else None
    return row.get("employee_id")
