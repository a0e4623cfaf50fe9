"""What to predict where the company file asks for nothing: what its tables carry, and nothing that they do not."""

from __future__ import annotations

from collections.abc import Iterator

from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Company
from baton.errors import CompanyFileError, TooLittleDataError
from baton.messages.message import Message
from baton.outcome_settings import CaseOutcome, Churn, Decline, Outcomes, Unit
from baton.outcomes import Outcome
from features.kpis import evaluate
from features.kpis.columns import kpi_column
from features.kpis.unit_rows import measured_units
from features.staging.warehouse import Warehouse
from features.training import case_outcome, decline
from features.training.learnable import MIN_ROWS

__all__ = ["asks_for_nothing", "default_outcomes", "with_default_outcomes"]

_UNITS: tuple[Unit, ...] = ("team", "employee", "process", "stage")
_MAX_TRIED = 6  # labels of one decline cost a pass over the data
_ROLES = ("outcome", "lever", "mediator")


def asks_for_nothing(company: Company, warehouse: Warehouse, /) -> bool:
    """Whether the company file names no outcome, and no ready-made training table brings one."""
    asked = company.outcomes
    named = asked.churn is not None or asked.decline or asked.case is not None
    return not named and "snapshots" not in warehouse


def with_default_outcomes(
    company: Company, catalogue: Catalogue, warehouse: Warehouse, /
) -> tuple[Company, Message | None]:
    """Return the company with outcomes that its tables carry, and the note that says so.

    Returns
    -------
    tuple of Company and Message or None
        As it was, and None, where the company file asks for something or nothing can be asked.
    """
    if not asks_for_nothing(company, warehouse):
        return company, None
    found = default_outcomes(company, catalogue, warehouse)
    names = _names(found)
    if not names:
        return company, None
    return company.model_copy(update={"outcomes": found}), Message("outcome.by_default", {"outcomes": names})


def default_outcomes(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> Outcomes:
    """Return the outcomes to learn: who leaves where that is dated, the rating of cases, one decline.

    Where too little is there for each of them, the first of a kind is returned all the same, so that a run says what
    is lacking.
    """
    churn = Churn() if _leavers(warehouse) else None
    case = _case(company, catalogue, warehouse)
    tried: list[Decline] = []
    for settings in _declines(catalogue, warehouse):
        tried.append(settings)
        if len(tried) > _MAX_TRIED:
            break
        try:
            decline.labels_of(company, catalogue, warehouse, settings)
        except (TooLittleDataError, CompanyFileError):
            continue
        return Outcomes(churn=churn, case=case, decline=(settings,))
    alone = churn is None and case is None
    return Outcomes(churn=churn, case=case, decline=tuple(tried[:1]) if alone else ())


def _names(found: Outcomes, /) -> tuple[str, ...]:
    return (
        *(["churn"] if found.churn is not None else []),
        *([str(Outcome("case", metric=found.case.metric))] if found.case is not None else []),
        *(str(Outcome("decline", each.unit, each.metric)) for each in found.decline),
    )


def _leavers(warehouse: Warehouse, /) -> bool:
    if not warehouse.has("customers", "left_at"):
        return False
    return bool(warehouse["customers"].left_at.notnull().any().to_pyarrow().as_py())


def _case(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> CaseOutcome | None:
    """Return the first KPI of results with enough values of single cases."""
    if "cases" not in warehouse:
        return None
    for kpi in _ordered(catalogue):
        if kpi.role != "outcome" or not evaluate.has_case_value(kpi):
            continue
        wanted = CaseOutcome(metric=kpi.id)
        asking = company.model_copy(update={"outcomes": Outcomes(case=wanted)})
        try:
            metric = case_outcome.metric_of(asking, catalogue, warehouse)
        except (TooLittleDataError, CompanyFileError):
            continue
        values = evaluate.case_values(warehouse, [metric])[kpi_column(metric.id)]
        if values.count().to_pyarrow().as_py() >= MIN_ROWS:
            return wanted
    return None


def _declines(catalogue: Catalogue, warehouse: Warehouse, /) -> Iterator[Decline]:
    """Yield what may be followed, results before what moves them; of KPIs computed elsewhere first."""
    measured = measured_units(warehouse)
    for unit in _UNITS:
        there = evaluate.available(warehouse, _ordered(catalogue), unit)
        followed = [kpi for kpi in there if kpi.expr is not None and kpi.aggregate in ("mean", "share")]
        given = [kpi for kpi in followed if unit in measured.get(kpi.id, ())]
        for kpi in given or followed:
            yield Decline(unit=unit, metric=kpi.id)


def _ordered(catalogue: Catalogue, /) -> list[Kpi]:
    """KPIs by role, satisfaction first among results."""
    kpis = [kpi for kpi in catalogue.values() if kpi.role in _ROLES]
    return sorted(kpis, key=lambda kpi: (_ROLES.index(kpi.role), kpi.id != "csat"))
