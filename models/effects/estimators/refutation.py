"""Attempts to refute an effect: checks that a true one passes and a spurious one tends to fail.

Placebo outcome: people must not seem to change what was known before the case reached them. Permuted lever: with what
the other levers leave of the outcome permuted among people, an effect as large must be rare. Random common cause:
an invented trait must change nothing. Leave one team out: no single team may carry the sign.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.messages.message import Message
from models.effects.estimators.design import Design
from models.effects.estimators.employee_means import solve_total
from models.effects.estimators.moments import Moments, bayesian_weights, between_moments
from models.effects.estimators.protocol import Estimate

__all__ = ["reasons_against", "refute"]

Floats = NDArray[np.float64]

PLACEBO_T = 3.0
PLACEBO_SHARE = 0.25
PERMUTED_P = 0.1
COMMON_CAUSE_ERRORS = 1.0


def refute(design: Design, moments: Moments, estimate: Estimate, permuted_p: Floats, seed: int, /) -> pd.DataFrame:
    """Run all refutations.

    Parameters
    ----------
    estimate : Estimate
        By employee means.
    permuted_p : array of shape (levers,)
        Share of permutations with an effect as large, from the joint test.

    Returns
    -------
    pandas.DataFrame
        One row per lever: kpi, effect_per_case, error, placebo, placebo_error, permuted_p, common_cause (change of the
        effect), flips (teams without which the sign turns).
    """
    placebo, placebo_error = _placebo(design, moments, seed)
    return pd.DataFrame(
        {
            "kpi": design.targets,
            "effect_per_case": estimate.point,
            "error": estimate.error,
            "placebo": placebo,
            "placebo_error": placebo_error,
            "permuted_p": permuted_p,
            "common_cause": _common_cause(design, seed) - estimate.point,
            "flips": _flips(design, moments, estimate.point),
        }
    )


def reasons_against(table: pd.DataFrame, /) -> dict[str, Message]:
    """Return the levers that failed a refutation, and which; only effects that claim something can fail.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``refute``.
    """
    found: dict[str, Message] = {}
    for row in table.to_dict("records"):
        claimed = abs(row["effect_per_case"]) > 1.64 * row["error"]
        reasons = []
        far = abs(row["placebo"]) > PLACEBO_T * row["placebo_error"]
        if far and abs(row["placebo"]) > PLACEBO_SHARE * abs(row["effect_per_case"]):
            reasons.append(Message("refuted.placebo"))
        if claimed and row["permuted_p"] > PERMUTED_P:
            reasons.append(Message("refuted.permuted"))
        if claimed and abs(row["common_cause"]) > COMMON_CAUSE_ERRORS * row["error"]:
            reasons.append(Message("refuted.common_cause"))
        if claimed and row["flips"] > 0:
            reasons.append(Message("refuted.one_team"))
        if reasons:
            found[row["kpi"]] = Message("estimate.together", {"parts": tuple(reasons)})
    return found


def _placebo(design: Design, moments: Moments, seed: int, /) -> tuple[Floats, Floats]:
    """The effect on the case mix's own prediction of the outcome, which no handler can change."""
    if not design.index.any():
        return np.zeros(design.asked), np.zeros(design.asked)
    values = design.values.copy()
    values[:, -1] = np.where(np.isfinite(values[:, -1]), design.index, np.nan)
    placed = between_moments(replace(design, values=values))
    weights = np.vstack([np.ones((1, placed.employees)), bayesian_weights(100, placed.employees, seed)])
    effects = solve_total(design, placed.covariance(weights), placed.kept)
    return effects[0], effects[1:].std(axis=0, ddof=1)


def _common_cause(design: Design, seed: int, /) -> Floats:
    """Effects with an invented trait of employees among the levers."""
    trait = np.random.default_rng(seed + 2).standard_normal(int(design.employee.max()) + 1)[design.employee]
    with_trait = replace(
        design,
        levers=(*design.levers, "_trait"),
        values=np.column_stack([design.values[:, :-1], trait, design.values[:, -1]]),
        handler_level=np.append(design.handler_level, False),
        unit=np.append(design.unit, 1.0),
    )
    moments = between_moments(with_trait)
    return solve_total(with_trait, moments.covariance(np.ones((1, moments.employees))), moments.kept)[0]


def _flips(design: Design, moments: Moments, point: Floats, /) -> NDArray[np.int64]:
    """Number of teams without which the sign of an effect turns."""
    teams = np.unique(moments.team[moments.team >= 0])
    if len(teams) < 3:
        return np.zeros(design.asked, dtype=np.int64)
    without = (moments.team[None, :] != teams[:, None]).astype(np.float64)
    effects = solve_total(design, moments.covariance(without), moments.kept)
    return (np.sign(effects) != np.sign(point)[None, :]).sum(axis=0)
