"""How far today's scorecards point at the customer, per KPI of every card."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from baton.company import Policy
from baton.contract.results import cast
from models.advice.inputs import AdviceInputs
from models.advice.weights import target_card

__all__ = ["KINDS", "alignment", "card_rows", "diagnosis_table"]

KINDS = ("aligned", "weak", "misaligned", "unmeasured")
"""How a KPI may lie to the customer: serves, nothing that can be shown, works against, not measured."""


def alignment(helpful: int, effect: float, low: float, high: float, /) -> str:
    """Say how a KPI on a card lies to the customer, from its effect's interval.

    Examples
    --------
    >>> alignment(-1, -0.01, -0.02, -0.004), alignment(-1, 0.01, 0.002, 0.02), alignment(-1, 0.0, -0.01, 0.01)
    ('aligned', 'misaligned', 'weak')
    >>> alignment(-1, float("nan"), float("nan"), float("nan"))
    'unmeasured'
    """
    if np.isnan(effect):
        return "unmeasured"
    worst, best = sorted((helpful * low, helpful * high))
    if worst > 0:
        return "aligned"
    return "misaligned" if best < 0 else "weak"


def diagnosis_table(inputs: AdviceInputs, policy: Policy) -> pd.DataFrame:
    """Diagnose every KPI on every card of today.

    Parameters
    ----------
    policy : Policy
        Aggregates over fewer people than ``min_group`` are not shown.

    Returns
    -------
    pandas.DataFrame
        team_id, role, kpi, weight, alignment, effect, low, high, reliability, kpi_role, perspective, stage. Where no
        effect of an owner's levers is significant (joint test), effects are shown and called weak.
    """
    rows: list[dict[str, Any]] = []
    for team, role in inputs.cards[["team_id", "role"]].drop_duplicates().itertuples(index=False, name=None):
        target = target_card(inputs, policy, team, role)
        for line in target.frame[target.frame["on_card"]].to_dict("records"):
            measured = bool(line["measured"])
            heard = max(float(line["joint_p"]), inputs.joint_p_value) <= policy.false_moves
            effect, low, high = (
                (float(line[name]) for name in ("effect", "effect_low", "effect_high")) if measured else [np.nan] * 3
            )
            found = alignment(inputs.helpful, effect, low, high)
            rows.append(
                {
                    "team_id": team,
                    "role": role,
                    "kpi": line["kpi"],
                    "weight": line["current"],
                    "alignment": "weak" if measured and not heard else found,
                    "effect": effect,
                    "low": low,
                    "high": high,
                    "reliability": np.nan if 0 < target.people < policy.min_group else line["reliability"],
                    "kpi_role": line["role"],
                    "perspective": line["perspective"],
                    "stage": line["stage"],
                }
            )
    return cast("diagnosis", rows)


def card_rows(table: pd.DataFrame, /) -> list[dict[str, Any]]:
    """Per card the points by how they lie to the customer.

    Returns
    -------
    list of dict
        team_id, role, customer (points on KPIs of the customer perspective), levers, reports (points on outcomes), then
        points by alignment.
    """
    rows = []
    for (team, role), card in table.groupby(["team_id", "role"], sort=True):
        row: dict[str, Any] = {
            "team_id": str(team),
            "role": str(role),
            "customer": float(card.loc[card["perspective"] == "customer", "weight"].sum()),
            "levers": float(card.loc[card["kpi_role"] == "lever", "weight"].sum()),
            "reports": float(card.loc[card["kpi_role"] == "outcome", "weight"].sum()),
        }
        for kind in KINDS:
            row[kind] = float(card.loc[card["alignment"] == kind, "weight"].sum())
        rows.append(row)
    return rows
