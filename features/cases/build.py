"""The case table as a whole, and the small tables about people, teams and cards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.contract.sources import TABLES
from baton.errors import TableError
from baton.messages.message import Message
from baton.months import months_later
from baton.outcomes import VALUE, Outcome
from features.cases.cards import in_points
from features.cases.exposures import build_exposures
from features.cases.priced import value_fault
from features.cases.rows import case_frame, cases_per_customer
from features.cases.table import CaseTable, Organisation
from features.kpis import evaluate
from features.kpis.columns import outcome_column
from features.kpis.unit_rows import Unit, case_unit
from features.staging.rows_over_time import has_history, row_then, since_when
from features.staging.warehouse import Warehouse
from features.training import snapshots

__all__ = ["build", "build_case_table", "build_organisation"]

_PANEL_MONTHS = 36
_UNITS: tuple[Unit, ...] = ("employee", "team", "stage", "process")
_PANEL_COLUMNS = ("unit", "unit_id", "team_id", "from", "to", "kpi", "value", "n")


def build(company: Company, catalogue: Catalogue, warehouse: Warehouse) -> tuple[CaseTable, Organisation]:
    """Build the rows from which effects are estimated, and the small tables about people and cards.

    Parameters
    ----------
    warehouse : Warehouse
        With ``cases`` or ``measures``.

    Returns
    -------
    tuple of CaseTable, Organisation
        Without ``cases`` the case table has no rows and says so in ``notes``.

    Raises
    ------
    TableError
        If the company has neither cases nor measures.
    """
    organisation = build_organisation(catalogue, warehouse)
    cases = build_case_table(company, catalogue, warehouse, organisation.as_of)
    return replace(cases, notes=(*cases.notes, *organisation.notes)), organisation


def build_case_table(company: Company, catalogue: Catalogue, warehouse: Warehouse, latest: pd.Timestamp) -> CaseTable:
    """Build the case table.

    Parameters
    ----------
    latest : pandas.Timestamp
        The moment the advice is given for.
    """
    horizon = snapshots.churn_horizon_days(company)
    kinds, better = _outcomes(company, catalogue)
    exposures = build_exposures(company, catalogue, warehouse)
    at_risk = 0
    if company.outcomes.churn is not None and ("cases" in warehouse or exposures is not None):
        moments = [latest.to_pydatetime()]
        at_risk = int(snapshots.at_risk(company, warehouse, moments).count().to_pyarrow().as_py())
    if "cases" not in warehouse:
        empty = pd.DataFrame({name: [] for name in ("case_id", "customer_id", "employee_id", "team_id")})
        note = Message("sample.no_cases")
        if exposures is None:
            return CaseTable(empty, frozenset(), horizon, float("nan"), 0, {}, {}, notes=(note,))
        totals = {"churn": kinds["churn"]}, {"churn": better["churn"]}
        return CaseTable(empty, frozenset(), horizon, float("nan"), at_risk, *totals, exposures=exposures)
    frame, case_level, share = case_frame(company, catalogue, warehouse)
    present = [name for name in kinds if outcome_column(name) in frame.columns]
    notes = []
    if share < 1:
        notes.append(Message("sample.customers", {"share": share}))
    fault = value_fault(company, frame)
    if fault is not None:
        notes.append(fault)
    per_customer = float("nan")
    if company.outcomes.churn is not None:
        per_customer = cases_per_customer(company, warehouse, latest.to_pydatetime())
    return CaseTable(
        frame=frame,
        case_level=case_level,
        horizon_days=horizon,
        cases_per_customer=per_customer,
        customers_at_risk=at_risk,
        kinds={name: kinds[name] for name in present},
        better={name: better[name] for name in present},
        sampled_share=share,
        notes=tuple(notes),
        exposures=exposures,
    )


def build_organisation(catalogue: Catalogue, warehouse: Warehouse) -> Organisation:
    """Build the small tables; what the company lacks is empty, with the contract's columns.

    Raises
    ------
    TableError
        If no table says when anything happened.
    """
    latest = snapshots.latest(warehouse)
    if latest is None:
        raise TableError("no advice: the company has neither cases nor measures; give one of them under [tables]")
    employees = _staff(warehouse, latest)
    teams = _small(warehouse, "teams")
    if teams.empty:
        known = set(employees["team_id"].dropna())
        if "cases" in warehouse:
            units = case_unit(warehouse, warehouse["cases"], "team").select("unit_id").distinct()
            known |= set(units.to_pyarrow()["unit_id"].drop_null().to_pylist())
        teams = teams.reindex(range(len(known))).assign(team_id=sorted(known))
    panel = _panel(catalogue, warehouse, latest, employees)
    (cards, shared), coaching = in_points(_small(warehouse, "scorecards")), _small(warehouse, "coaching_log")
    notes = (Message("sample.cards_of_one", {"n": shared}),) if shared else ()
    return Organisation(employees, teams, cards, panel, pd.Timestamp(latest), coaching, notes)


def _outcomes(company: Company, catalogue: Catalogue, /) -> tuple[dict[str, str], dict[str, str]]:
    kinds, better = {}, {}
    if company.outcomes.churn is not None:
        kinds["churn"], better["churn"] = "probability", "lower"
        kinds[VALUE], better[VALUE] = "number", "lower"
    for metric in company.case_metrics:
        name, known = str(Outcome("case", metric=metric)), catalogue.get(metric)
        low = company.outcomes.low_of(metric) is not None
        kinds[name] = "probability" if low else "number"
        better[name] = "lower" if low or (known and known.better == "lower") else "higher"
    return kinds, better


def _staff(warehouse: Warehouse, latest: datetime, /) -> pd.DataFrame:
    """Return one row per employee: where there is a history, as it stands."""
    if "employees" not in warehouse or not has_history(warehouse, "employees"):
        return _small(warehouse, "employees")
    return _small(Warehouse({"employees": row_then(warehouse, "employees", latest)}, warehouse.present), "employees")


def _small(warehouse: Warehouse, name: str, /) -> pd.DataFrame:
    if name in warehouse:
        return warehouse[name].to_pyarrow().to_pandas().sort_values(list(TABLES[name].key), ignore_index=True)
    kinds = {"time": "datetime64[us]", "number": "float64", "integer": "float64"}
    return pd.DataFrame(
        {column.name: pd.Series([], dtype=kinds.get(column.type, "str")) for column in TABLES[name].columns}
    )


def _panel(catalogue: Catalogue, warehouse: Warehouse, latest: datetime, employees: pd.DataFrame, /) -> pd.DataFrame:
    first = snapshots.first_event(warehouse) or latest
    newest = datetime(latest.year, latest.month, 1)
    months = [months_later(newest, -step) for step in range(_PANEL_MONTHS)]
    months = [month for month in months if month < latest and first <= months_later(month, 1)]
    parts = []
    for unit in _UNITS:
        kpis = [kpi for kpi in evaluate.available(warehouse, catalogue.values(), unit) if kpi.metric is None]
        if kpis and months:
            parts.append(evaluate.panel(warehouse, kpis, unit, months).to_pyarrow().to_pandas())
    if not parts:
        return pd.DataFrame({name: [] for name in _PANEL_COLUMNS})
    panel = pd.concat(parts, ignore_index=True)
    panel["team_id"] = _teams_then(warehouse, panel, employees).where(panel["unit"] != "team", panel["unit_id"])
    panel = panel.sort_values(["unit", "unit_id", "kpi", "from"], ignore_index=True)
    return panel[list(_PANEL_COLUMNS)]


def _teams_then(warehouse: Warehouse, panel: pd.DataFrame, employees: pd.DataFrame, /) -> pd.Series:
    """Return the team of each employee's row: where there is a history, that of the middle of the month."""
    is_person = panel["unit"] == "employee"
    if not len(employees) or not has_history(warehouse, "employees"):
        team_of = employees.set_index("employee_id")["team_id"] if len(employees) else pd.Series(dtype="str")
        return panel["unit_id"].map(team_of.to_dict()).where(is_person)
    table = warehouse["employees"]
    teams = table.select("employee_id", "team_id", since=since_when(table)).to_pyarrow().to_pandas()
    middle = panel["from"] + (panel["to"] - panel["from"]) / 2
    asked = pd.DataFrame({"employee_id": panel["unit_id"], "at": middle.astype("datetime64[us]")})[is_person]
    asked = asked.reset_index(names="row").sort_values("at")
    teams = teams.assign(since=teams["since"].astype("datetime64[us]")).sort_values("since")
    found = pd.merge_asof(asked, teams, left_on="at", right_on="since", by="employee_id").set_index("row")["team_id"]
    return found.reindex(panel.index)
