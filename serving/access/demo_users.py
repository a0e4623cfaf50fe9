"""Ready-made users of a simulated company, to try what each role sees and may decide."""

from __future__ import annotations

from dataclasses import dataclass

from baton.company import Company
from baton.errors import AccessError
from baton.files import DEFAULT_OUT, RunFolder
from baton.run_results import RunResults
from serving.access.granting import Request, give, show, take
from serving.access.users import Granted

__all__ = ["DemoUsers", "give_demo_users"]

_TRUTH = "truth.json"  # which only a simulated company has
_NAMES = {"analyst": "demo-analyst", "second": "demo-analyst-2", "manager": "demo-manager", "employee": "demo-employee"}


@dataclass(frozen=True)
class DemoUsers:
    """The users, the team that the manager leads, and the employee of it that the last one is.

    There are two analysts: a contest is answered by somebody who made no part of the decision.
    """

    users: tuple[Granted, ...]
    team_id: str
    employee: str


def give_demo_users(company: Company, /) -> DemoUsers:
    """Grant two analysts, a manager and an employee of one team; each time anew, so that old tokens end.

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
    )
    return DemoUsers(tuple(give(company, each) for each in wanted), team, employee)
