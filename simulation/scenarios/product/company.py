"""Write a product company of known truth: its tables, its company file, and what is true in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.files import write_atomically, write_json
from baton.progress import Progress, silent
from simulation.engine.written import Written, write_table

if TYPE_CHECKING:
    import pandas as pd

    from simulation.scenarios.product.story import ProductStory

__all__ = ["write_company"]

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


def write_company(
    target: Path,
    /,
    *,
    customers: int,
    months: int,
    seed: int,
    employees: int | None,
    world: str,
    progress: Progress = silent,
) -> Written:
    """Live through a product company and write it.

    Parameters
    ----------
    target : Path
        Folder without a company.
    customers, months, seed, employees, world, progress
        As for ``pipelines.simulate.simulate``; employees are those of support.

    Returns
    -------
    Written

    Raises
    ------
    CompanyFileError
        If there is no such world, or too few people for its roles.
    """
    from simulation.scenarios.product import records
    from simulation.scenarios.product.activity import activity
    from simulation.scenarios.product.company_file import company_file
    from simulation.scenarios.product.steps import case_steps
    from simulation.scenarios.product.story import tell
    from simulation.scenarios.service import records as support_records

    story = tell(customers=customers, months=months, seed=seed, employees=employees, world=world, progress=progress)
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
    for done, (name, frame) in enumerate(tables.items(), start=1):
        write_table(target / _FOLDERS[name], frame)
        progress(f"{name} written", done, len(_FOLDERS))
    progress("telling the truth", 0, 0)
    effects = story.effects()
    write_json(target / "truth.json", _truth(story, seed, effects, causes))
    with write_atomically(target / "company.toml") as path:
        path.write_text(company_file(story.world, seed, _FOLDERS), encoding="utf-8")
    return Written({name: len(frame) for name, frame in tables.items()}, effects)


def _truth(
    story: ProductStory, seed: int, effects: list[dict[str, Any]], causes: dict[str, float], /
) -> dict[str, Any]:
    from simulation.scenarios.product.company_file import roles
    from simulation.scenarios.product.records import declines
    from simulation.scenarios.product.story import SUPPORT_LEVERS

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
