"""The same company written as files, so that the long way can be compared: staging, metric engine, case table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.truth.story import Story
from benchmarks.truth.tables import Recorded
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import context_column, kpi_column
from features.staging.own_columns import attribute

__all__ = ["through_files", "write"]

_COMPANY = """
[company]
name = "Truth"
seed = 1
{tables}
[snapshots]
every = "1mo"
windows_days = [30, 90]
horizon_days = 90
gap_days = 0

[outcomes.churn]
rule = "left_at"

[kpis]
presets = []
files = ["kpis.toml"]

[privacy]
pseudonymise = false
"""
_CASE_COLUMNS = (
    "case_id", "customer_id", "employee_id", "team_id", "stage", "process", "priority", "channel", "opened_at",
    "closed_at",
)  # fmt: skip


def write(story: Story, found: Recorded, folder: Path) -> None:
    """Write what the company knows as CSV files and a company file."""
    folder.mkdir(parents=True, exist_ok=True)
    frame, organisation = found.cases.frame, found.organisation
    cases = frame[list(_CASE_COLUMNS)].assign(complexity=frame[context_column(attribute("complexity"))])
    for kpi in sorted(found.cases.case_level):
        cases[f"recorded_{kpi}"] = frame[kpi_column(kpi)]
    monthly = organisation.panel[~organisation.panel["kpi"].isin(found.cases.case_level)]
    customers, end = story.customers, story.calendar.end
    seen = np.flatnonzero(customers.joined < end)
    days = {
        "joined_at": customers.joined[seen],
        "left_at": np.where(story.left_day < end, story.left_day, np.nan)[seen],
    }
    start = organisation.as_of - pd.Timedelta(days=end)
    tables: dict[str, pd.DataFrame] = {
        "cases": cases,
        "customers": pd.DataFrame(
            {
                "customer_id": np.char.add("c", seen.astype(str)),
                **{name: start + pd.to_timedelta((day * 86_400).round(), unit="s") for name, day in days.items()},
                "segment": np.array(["private", "small", "key"])[customers.segment[seen]],
                "value": customers.value[seen],
            }
        ),
        "employees": organisation.employees,
        "teams": organisation.teams[["team_id", "name"]],
        "scorecards": organisation.scorecards,
        "measures": monthly[["unit", "unit_id", "from", "to", "kpi", "value", "n"]],
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d %H:%M:%S")
    listed = "\n".join(f'[tables.{name}]\npath = "{name}.csv"' for name in tables)
    (folder / "company.toml").write_text(_COMPANY.format(tables=listed), encoding="utf-8")
    (folder / "kpis.toml").write_text(_catalogue_file(found), encoding="utf-8")


def _catalogue_file(found: Recorded, /) -> str:
    parts = []
    for kpi in found.catalogue.values():
        own = kpi.id in found.cases.case_level
        settings: dict[str, Any] = {
            "id": kpi.id, "layer": kpi.layer, "perspective": kpi.perspective, "stage": kpi.stage, "source": kpi.source,
            "expr": f"recorded_{kpi.id}" if own else "value", "better": kpi.better, "unit": kpi.unit, "role": kpi.role,
            "controllable": kpi.controllable, "leads_to": list(kpi.leads_to),
        }  # fmt: skip
        if own:
            settings["known_at"] = "closed_at"
        lines = [f"{name} = {_written(value)}" for name, value in settings.items()]
        lines.append(f'name = {{ en = "{kpi.name.en}", zh = "{kpi.name.zh}" }}')
        parts.append("\n".join(["[[kpi]]", *lines]))
    return "\n\n".join(parts) + "\n"


def _written(value: object, /) -> str:
    return (
        str(value).replace("'", '"')
        if isinstance(value, list)
        else f'"{value}"'
        if isinstance(value, str)
        else str(value)
    )


def through_files(folder: Path) -> tuple[CaseTable, Organisation]:
    """Stage a written company and build its case table, as a run does."""
    from baton.catalogue.load import load_catalogue
    from baton.company import load_company
    from features.cases import build
    from features.staging.stage import open_warehouse, stage

    company = load_company(folder)
    catalogue = load_catalogue(company)
    stage(company, catalogue, folder / "staged")
    return build.build(company, catalogue, open_warehouse(folder / "staged"))
