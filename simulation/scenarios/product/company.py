"""Live through a product company of known truth: its tables, its company file, and what is true in it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from baton.progress import Progress, silent
from simulation.engine.written import Lived

if TYPE_CHECKING:
    import pandas as pd

    from simulation.scenarios.product.story import ProductStory

__all__ = ["live"]

_FOLDERS = {
    "customers": "crm/customers.csv",
    "activity": "product_log/activity.parquet",
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
    """Live through a product company.

    Parameters
    ----------
    customers, months, seed, employees, world, progress
        As for ``pipelines.simulate.simulate``; employees are those of support.

    Returns
    -------
    Lived

    Raises
    ------
    CompanyFileError
        If there is no such world, or too few people for its roles.
    """
    from simulation.scenarios.product import records
    from simulation.scenarios.product.activity import activity
    from simulation.scenarios.product.company_file import company_file
    from simulation.scenarios.product.steps import case_steps
    from simulation.scenarios.product.story import make_story
    from simulation.scenarios.service import records as support_records

    story = make_story(
        customers=customers, months=months, seed=seed, employees=employees, world=world, progress=progress
    )
    progress("writing tables", 0, len(_FOLDERS))
    cases, causes = records.cases(story, seed)
    tables: dict[str, pd.DataFrame] = {
        "customers": records.customers(story),
        "activity": activity(story, seed),
        "cases": cases,
        "case_steps": case_steps(story, cases, seed),
        "employees": records.employees(story, seed),
        "work": support_records.work(story.support, seed),
        "measures": records.measures(story, seed),
        "teams": records.teams(story),
        "scorecards": records.scorecards(story),
    }
    return Lived(tables, _FOLDERS, company_file(story.world, seed, _FOLDERS), partial(_truth, story, seed, causes))


def _truth(story: ProductStory, seed: int, causes: dict[str, float], /) -> dict[str, Any]:
    from simulation.scenarios.product.company_file import roles
    from simulation.scenarios.product.records import declines
    from simulation.scenarios.product.story import SUPPORT_LEVERS

    effects = story.effects()
    support = story.support.world.levers
    controllability = {kpi: lever.controllability for kpi, lever in story.world.levers.items()}
    return {
        "world": story.world.name,
        "seed": seed,
        "effects": effects,
        "weights": story.weights(effects),
        "roles": roles(story.world),
        "controllability": controllability | {kpi: support[kpi].controllability for kpi in SUPPORT_LEVERS},
        "decline": declines(story),
        "causes": [{"cause": cause, "share": share} for cause, share in causes.items()],
    }
