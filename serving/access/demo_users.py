"""Ready-made users of a simulated company, to try what each role sees and may decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from baton.company import Company
from baton.errors import AccessError
from baton.files import DEFAULT_OUT, RunFolder
from baton.run_results import RunResults
from serving.access.granting import Request, give, give_password, show, take
from serving.access.passwords import new_password
from serving.access.users import Granted

__all__ = ["DemoUsers", "give_demo_users"]

_TRUTH = "truth.json"  # which only a simulated company has
_NAMES = {
    "analyst": "demo-analyst",
    "second": "demo-analyst-2",
    "manager": "demo-manager",
    "employee": "demo-employee",
    "auditor": "demo-auditor",
}


@dataclass(frozen=True)
class DemoUsers:
    """The users, the team that the manager leads, and the employee of it that the last one is.

    There are two analysts: a contest is answered by somebody who made no part of the decision.

    Parameters
    ----------
    passwords : mapping of str to str
        By user, to sign in to the pages with; they cannot be shown again.
    """

    users: tuple[Granted, ...]
    passwords: Mapping[str, str]
    team_id: str
    employee: str


def give_demo_users(company: Company, /) -> DemoUsers:
    """Grant two analysts, a manager and an employee of one team, and an auditor; each time anew.

    Raises
    ------
    AccessError
        If the company is not a simulated one.
    ArtefactError
        If it has no finished run with coaching.
    """
    if not (company.folder / _TRUTH).is_file():
        raise AccessError("ready-made users are for simulated companies alone; `baton access grant` gives real ones")
    offers = RunResults(RunFolder(company.folder / DEFAULT_OUT)).table("coaching")
    persons = offers[offers["employee_id"].notna() & offers["team_id"].notna()].sort_values(["team_id", "employee_id"])
    if persons.empty:
        raise AccessError("the run offers no employee help, so there is nobody to show; try another simulated company")
    team, employee = str(persons["team_id"].iloc[0]), str(persons["employee_id"].iloc[0])
    there = {row["user"] for row in show(company) if row["role"] != "none"}
    for name in _NAMES.values():
        if name in there:
            take(company, name)
    wanted = (
        Request(_NAMES["analyst"], "analyst"),
        Request(_NAMES["second"], "analyst"),
        Request(_NAMES["manager"], "manager", teams=(team,)),
        Request(_NAMES["employee"], "employee", employee=employee),
        Request(_NAMES["auditor"], "auditor"),
    )
    given = tuple(give(company, each) for each in wanted)
    passwords = {name: new_password() for name in _NAMES.values()}
    for name, password in passwords.items():
        give_password(company, name, password)
    return DemoUsers(given, passwords, team, employee)
