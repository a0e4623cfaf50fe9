"""Write a B2B company of known truth: its tables, its company file, and what is true in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from baton.files import write_atomically, write_json
from baton.progress import Progress, silent
from simulation.engine.written import Written, write_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_company"]

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
    """Live through a B2B company and write it.

    Parameters
    ----------
    target : Path
        Folder without a company.
    customers, months, seed, employees, world, progress
        As for ``pipelines.simulate.simulate``.

    Returns
    -------
    Written

    Raises
    ------
    CompanyFileError
        If there is no such world, or too few people for its roles.
    """
    from simulation.scenarios.b2b import records, staff_records
    from simulation.scenarios.b2b.company_file import company_file, roles
    from simulation.scenarios.b2b.steps import case_steps
    from simulation.scenarios.b2b.story import HORIZON_DAYS, tell

    story = tell(customers=customers, months=months, seed=seed, employees=employees, world=world, progress=progress)
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
    for done, (name, frame) in enumerate(tables.items(), start=1):
        write_table(target / _FOLDERS[name], frame)
        progress(f"{name} written", done, len(_FOLDERS))
    progress("telling the truth", 0, 0)
    by_horizon = story.effects_by_horizon()
    effects = story.effects(by_horizon)
    truth = {
        "world": world,
        "seed": seed,
        "horizon_days": HORIZON_DAYS,
        "effects": effects,
        "effects_by_horizon": by_horizon,
        "weights": story.weights(effects),
        "roles": roles(story.world),
        "controllability": {kpi: lever.controllability for kpi, lever in story.world.levers.items()},
        "decline": staff_records.declines(story),
        "causes": [{"cause": cause, "share": share} for cause, share in causes.items()],
    }
    write_json(target / "truth.json", truth)
    with write_atomically(target / "company.toml") as path:
        path.write_text(company_file(story.world, seed, _FOLDERS), encoding="utf-8")
    return Written({name: len(frame) for name, frame in tables.items()}, effects)
