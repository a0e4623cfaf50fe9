"""Write a company of known truth: every source table, its company file, and what is true in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baton.errors import CompanyFileError, OutputError
from baton.progress import Progress, silent
from simulation.engine.written import write_company
from simulation.scenarios.registry import SCENARIOS

__all__ = ["SCENARIOS", "Simulated", "simulate"]


@dataclass(frozen=True)
class Simulated:
    """What has been written.

    Parameters
    ----------
    company_file : Path
        Ready to run.
    rows : dict of str to int
        Per table.
    effects : list of dict
        The true effects: outcome, kpi, effect.
    """

    folder: Path
    company_file: Path
    rows: dict[str, int]
    effects: list[dict[str, Any]]


def simulate(  # noqa: PLR0913 - the options of `baton simulate`
    folder: str | Path,
    /,
    *,
    scenario: str = "service",
    customers: int | None = None,
    months: int | None = None,
    seed: int = 7,
    employees: int | None = None,
    world: str | None = None,
    progress: Progress = silent,
) -> Simulated:
    """Write a company of known truth into a folder.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there; must not hold a company already.
    scenario : str
        ``service``, ``product`` or ``b2b``.
    customers, months : int, optional
        Customers over the whole time, and observed months; each scenario has its own default (``SCENARIOS``).
    seed : int
        The same seed writes the same bytes.
    employees : int, optional
        Posts filled at any time; one per hundred customers if left out, at least eight.
    world : str
        What holds in it: for ``service`` one of ``simulation.scenarios.service.settings.world_names()``; named like
        the scenario if left out.

    Returns
    -------
    Simulated

    Raises
    ------
    CompanyFileError
        If scenario or world do not exist, or the numbers are too small for a company.
    OutputError
        If the folder holds a company already, or cannot be written.
    """
    target = Path(folder)
    if scenario not in SCENARIOS:
        raise CompanyFileError(f"scenario {scenario!r}: no such scenario; choose one of {', '.join(SCENARIOS)}")
    default = SCENARIOS[scenario]
    customers = default.customers if customers is None else customers
    months = default.months if months is None else months
    if customers < 50 or months < 4:
        raise CompanyFileError(
            f"{customers} customers over {months} months: too little for a company; give at least 50 and 4"
        )
    if (target / "company.toml").exists():
        raise OutputError(f"{target}: there is a company already; choose another folder")
    lived = default.live(
        customers=customers,
        months=months,
        seed=seed,
        employees=employees,
        world=scenario if world is None else world,
        progress=progress,
    )
    written = write_company(target, lived, progress)
    return Simulated(target, target / "company.toml", written.rows, written.effects)
