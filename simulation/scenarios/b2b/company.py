"""Live through a B2B company of known truth: its tables, its company file, and what is true in it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from baton.progress import Progress, silent
from simulation.engine.written import Lived

if TYPE_CHECKING:
    import pandas as pd

    from simulation.scenarios.b2b.story import B2bStory

__all__ = ["live"]

_FOLDERS = {
    "customers": "crm/customers.csv",
    "activity": "crm/activity.parquet",
    "cases": "projects/cases.parquet",
    "case_steps": "projects/case_steps.parquet",
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
    """Live through a B2B company.

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
    from simulation.scenarios.b2b import records, staff_records
    from simulation.scenarios.b2b.company_file import company_file
    from simulation.scenarios.b2b.steps import case_steps
    from simulation.scenarios.b2b.story import make_story

    story = make_story(
        customers=customers, months=months, seed=seed, employees=employees, world=world, progress=progress
    )
    progress("writing tables", 0, len(_FOLDERS))
    cases, causes = records.cases(story, seed)
    tables: dict[str, pd.DataFrame] = {
        "customers": records.customers(story),
        "activity": records.activity(story, seed),
        "cases": cases,
        "case_steps": case_steps(story, cases, seed),
        "employees": staff_records.employees(story, seed),
        "work": staff_records.work(story, seed),
        "measures": staff_records.measures(story, seed),
        "teams": staff_records.teams(story),
        "scorecards": staff_records.scorecards(story),
    }
    return Lived(tables, _FOLDERS, company_file(story.world, seed, _FOLDERS), partial(_truth, story, seed, causes))


def _truth(story: B2bStory, seed: int, causes: dict[str, float], /) -> dict[str, Any]:
    from simulation.scenarios.b2b.company_file import roles
    from simulation.scenarios.b2b.staff_records import declines
    from simulation.scenarios.b2b.story import HORIZON_DAYS

    by_horizon = story.effects_by_horizon()
    effects = story.effects(by_horizon)
    return {
        "world": story.world.name,
        "seed": seed,
        "horizon_days": HORIZON_DAYS,
        "effects": effects,
        "effects_by_horizon": by_horizon,
        "weights": story.weights(effects),
        "roles": roles(story.world),
        "controllability": {kpi: lever.controllability for kpi, lever in story.world.levers.items()},
        "decline": declines(story),
        "causes": [{"cause": cause, "share": share} for cause, share in causes.items()],
    }
