"""Live through a service company of known truth: its tables, its company file, and what is true in it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from baton.errors import CompanyFileError
from baton.progress import Progress, silent
from simulation.engine.written import Lived

if TYPE_CHECKING:
    import pandas as pd

    from simulation.scenarios.service.truth import Story

__all__ = ["live", "make_story"]

_FOLDERS = {
    "customers": "crm/customers.csv",
    "activity": "crm/activity.parquet",
    "cases": "service_desk/cases.parquet",
    "case_steps": "service_desk/case_steps.parquet",
    "employees": "hr/employees.csv",
    "work": "hr/work.csv",
    "measures": "hr/measures.csv",
    "teams": "hr/teams.csv",
    "scorecards": "hr/scorecards.csv",
}


def live(
    *,
    customers: int,
    months: int,
    seed: int,
    employees: int | None,
    world: str,
    progress: Progress = silent,
) -> Lived:
    """Live through a service company.

    Parameters
    ----------
    customers, months, seed, employees, world, progress
        As for ``pipelines.simulate.simulate``.

    Returns
    -------
    Lived

    Raises
    ------
    CompanyFileError
        If there is no such world, or too few people for its roles.
    """
    import pandas as pd

    from simulation.scenarios.service import records
    from simulation.scenarios.service.company_file import company_file
    from simulation.scenarios.service.steps import case_steps

    story = make_story(
        customers=customers, months=months, seed=seed, employees=employees, world=world, progress=progress
    )
    progress("writing tables", 0, len(_FOLDERS))
    cases, generated = records.cases(story, seed)
    steps = case_steps(story, cases, seed)
    tables: dict[str, pd.DataFrame] = {
        "customers": records.customers(story),
        "activity": records.activity(story, seed),
        "cases": cases,
        "case_steps": steps.frame,
        "employees": records.employees(story, seed),
        "work": records.work(story, seed),
        "measures": records.measures(story, seed),
        "teams": records.teams(story),
        "scorecards": records.scorecards(story),
    }
    true = pd.DataFrame({"case_id": cases["case_id"], "cause": generated.true}).dropna()
    return Lived(
        tables,
        _FOLDERS,
        company_file(story.world, seed, _FOLDERS),
        partial(_truth, story, seed, generated.shares, steps.bottlenecks),
        {"truth_causes.parquet": true.astype("str")},
    )


def _truth(story: Story, seed: int, causes: dict[str, float], bottlenecks: Any, /) -> dict[str, Any]:
    from simulation.scenarios.service.company_file import roles
    from simulation.scenarios.service.records import declines

    effects = story.effects()
    return {
        "world": story.world.name,
        "seed": seed,
        "effects": effects,
        "weights": story.weights(effects),
        "roles": roles(story.world),
        "controllability": {kpi: lever.controllability for kpi, lever in story.world.levers.items()},
        "decline": declines(story),
        "bottlenecks": bottlenecks,
        "causes": [{"cause": cause, "share": share} for cause, share in causes.items()],
        "new_causes": _new_causes(story),
    }


def make_story(
    *,
    customers: int,
    months: int,
    seed: int,
    employees: int | None = None,
    world: str = "service",
    progress: Progress = silent,
) -> Story:
    """Live through a company without writing it: for benchmarks that need the truth of many.

    Parameters
    ----------
    customers, months, seed, employees, world
        As for ``simulate``.

    Returns
    -------
    Story
    """
    import numpy as np

    from simulation.engine.calendar import Calendar
    from simulation.scenarios.service.cases import CHANNEL_RESPONSE_SECONDS, draw_cases, live
    from simulation.scenarios.service.customers import draw_customers
    from simulation.scenarios.service.leaving import calibrate, hazards, leave, stocks
    from simulation.scenarios.service.people import draw_people
    from simulation.scenarios.service.records import closing_days
    from simulation.scenarios.service.settings import load_world
    from simulation.scenarios.service.truth import Story, handle_seconds

    setting = load_world(world)
    calendar = Calendar(months)
    if setting.team_sizes and employees not in (None, sum(setting.team_sizes)):
        raise CompanyFileError(f"world {world}: it has {sum(setting.team_sizes)} employees; leave --employees out")
    employees = sum(setting.team_sizes) or employees
    posts = employees if employees is not None else max(8, round(customers / setting.volume.customers_per_employee))
    if posts < len(setting.roles):
        raise CompanyFileError(f"{posts} employees: too few for {len(setting.roles)} roles; give more")
    people = draw_people(setting, calendar, posts, seed)
    clients = draw_customers(setting, calendar, customers, seed)
    progress("drawing cases", 0, 0)
    draws = draw_cases(setting, calendar, clients, people, seed)
    lived = live(setting, people, draws)
    needed = CHANNEL_RESPONSE_SECONDS[draws.channel] * np.exp(lived.response_log) + handle_seconds(
        setting, draws, lived
    )
    closed = closing_days(draws.opened_day, draws.priority, lived.on_time, needed, draws.uniform["close"])
    week = (closed // 7).astype(int)
    stock = stocks(setting, clients.count, calendar.week_count, draws.customer, week, lived.harm)
    intercept = calibrate(setting, calendar, clients, stock)
    leaving = hazards(setting, clients, stock, intercept)
    left_day = leave(calendar, clients, leaving)
    return Story(setting, calendar, clients, people, draws, lived, week, intercept, leaving, left_day)


def _new_causes(story: Story, /) -> list[dict[str, Any]]:
    """Return the planted causes: cause, from, share of the texts since, teams (empty: all)."""
    import numpy as np
    import pandas as pd

    from simulation.scenarios.service.records import new_cause_day

    day, new = new_cause_day(story), story.world.new_cause
    if day is None or new is None:
        return []
    begins = story.calendar.times(np.array([day]))[0]
    return [{"cause": new.name, "from": str(pd.Timestamp(begins).date()), "share": new.share, "teams": []}]
