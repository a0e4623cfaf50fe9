"""Outcomes of single cases, and what the customers who leave are worth where the policy puts a price on that."""

from __future__ import annotations

import pandas as pd

from baton.company import Company
from baton.messages.message import Message
from baton.outcomes import VALUE, Outcome
from features.kpis.columns import context_column, kpi_column, later_column, outcome_column

__all__ = ["value_fault", "with_outcomes"]

MIN_KNOWN = 0.95
"""Share of leavers, and of stayers, whose value must be known: who lacks one is seldom like the others."""
TAILS = 0.005
"""Values beyond these quantiles count as they do: one customer worth a million would decide an effect."""


def with_outcomes(company: Company, frame: pd.DataFrame, /) -> pd.DataFrame:
    """Add the outcomes that single cases have themselves, and the value that leaves with a customer.

    Parameters
    ----------
    frame : pandas.DataFrame
        As ``CaseTable.frame`` says, without these columns.
    """
    found: dict[str, pd.Series] = {}
    for metric in company.case_metrics:
        if kpi_column(metric) not in frame.columns:
            continue
        value, low = frame[kpi_column(metric)], company.outcomes.low_of(metric)
        if low is not None:
            value = (value <= low).astype("float64").where(value.notna())
        found[outcome_column(str(Outcome("case", metric=metric)))] = value
    if VALUE in company.policy.worth and value_fault(company, frame) is None:
        money = frame[context_column("value")].astype("float64")
        money = money.clip(*money.quantile([TAILS, 1 - TAILS]))
        for column in (outcome_column, later_column):
            found[column(VALUE)] = frame[column("churn")] * money
    # a column at a time would scatter a wide table over the memory
    return pd.concat([frame, pd.DataFrame(found, index=frame.index)], axis=1) if found else frame


def value_fault(company: Company, frame: pd.DataFrame, /) -> Message | None:
    """Return why the value of customers who leave cannot count, where the policy puts a price on it.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the customers' value and who left.
    """
    column, left = context_column("value"), outcome_column("churn")
    if VALUE not in company.policy.worth or left not in frame.columns:
        return None
    money = frame[column].astype("float64") if column in frame.columns else pd.Series(float("nan"), frame.index)
    if not (money.fillna(0.0) != 0).any():
        return Message("value.none")
    if bool((money < 0).any()):
        return Message("value.negative", {"share": float((money < 0).mean())})
    known = [float(money[frame[left] == gone].notna().mean()) for gone in (1.0, 0.0)]
    if min(known) < MIN_KNOWN:
        return Message("value.gaps", {"left": 1 - known[0], "stayed": 1 - known[1]})
    return None
