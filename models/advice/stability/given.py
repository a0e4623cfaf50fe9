"""An advice as it is compared with another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from models.advice.stability.basis import Basis

__all__ = ["Given", "Interval", "points_of"]

Interval = tuple[float, float, float]
"""An effect and its 90 % interval; NaN: not measured."""


@dataclass(frozen=True)
class Given:
    """An advice that was given.

    Parameters
    ----------
    weights : pandas.DataFrame
        Rows of ``weights.parquet``.
    kpis : pandas.DataFrame
        Rows of ``advice/kpis.parquet``.
    by_team : pandas.DataFrame
        Rows of ``advice/effects_by_team.parquet``.
    basis : Basis
        What it was made from.
    """

    weights: pd.DataFrame
    kpis: pd.DataFrame
    by_team: pd.DataFrame
    basis: Basis

    @property
    def as_of(self) -> pd.Timestamp:
        """The moment it was given for."""
        return pd.Timestamp(self.basis.as_of)

    @cached_property
    def joint_p(self) -> dict[str, float]:
        """Per KPI the p-value of its owner's joint test."""
        return dict(zip(self.kpis["kpi"], self.kpis["joint_p"].astype(float), strict=True))

    @cached_property
    def roles(self) -> dict[str, str]:
        """Per KPI its role."""
        return dict(zip(self.kpis["kpi"], self.kpis["role"].astype(str), strict=True))

    @cached_property
    def controllable(self) -> dict[str, float]:
        """Per KPI how far people can move it."""
        return dict(zip(self.kpis["kpi"], self.kpis["controllable"].astype(float), strict=True))

    @cached_property
    def refuted(self) -> dict[str, bool]:
        """Per KPI whether a refutation contradicts its effect."""
        return dict(zip(self.kpis["kpi"], self.kpis["refuted"].astype(bool), strict=True))

    @property
    def question(self) -> tuple[str, Any]:
        """How the outcome is counted, and its prices: effects on what is counted otherwise are in another unit."""
        return self.basis.settings, self.basis.policy.get("worth") or {}

    def measured(self, team: str, kpi: str, /) -> bool:
        """Whether there is an effect."""
        return not np.isnan(self.effect(team, kpi)[0])

    def effect(self, team: str, kpi: str, /) -> Interval:
        """Return the effect for the people of a team: their own where it differs, else the company's."""
        for rows in (self.by_team[self.by_team["team_id"] == team], self.kpis):
            mine = rows[rows["kpi"] == kpi]
            if len(mine):
                effect, low, high = (float(mine[name].iloc[0]) for name in ("effect", "low", "high"))
                return effect, low, high
        return np.nan, np.nan, np.nan


def points_of(value: float, /) -> float:
    """Return points as a card has them: what it does not name has none."""
    return 0.0 if pd.isna(value) else float(value)
