"""What the advice before proposed, as far as it can be kept: for KPIs that are defined now as they were then."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from baton.contract.results import cast

__all__ = ["Before", "no_before", "proposed"]

_MOVE = {"current_weight": "current", "recommended_weight": "advised"}


def no_before() -> pd.DataFrame:
    """Return the table where no advice came before."""
    return cast("advice/before", [])


@dataclass(frozen=True)
class Before:
    """The advice before.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of ``advice/before.parquet``.
    policy : mapping
        What it was made under, as JSON has it: under another one nothing of it stands.
    outcome : str
        That its weights served; where they serve another one now nothing of it stands. Empty: not known.
    """

    rows: pd.DataFrame = field(default_factory=no_before)
    policy: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = ""

    def serving(self, outcome: str | None, /) -> pd.DataFrame:
        """Return the rows that can stand where weights serve an outcome; None: not known."""
        return self.rows if not outcome or self.outcome in ("", outcome) else no_before()


def proposed(weights: pd.DataFrame, same: Set[str], /) -> pd.DataFrame:
    """Return what an advice proposed for cards that were known.

    Parameters
    ----------
    weights : pandas.DataFrame
        Rows of ``weights.parquet``.
    same : set of str
        KPIs that are defined now as they were then, their role and guards too.

    Returns
    -------
    pandas.DataFrame
        Rows of ``advice/before.parquet``.
    """
    if "direction" not in weights:  # by a version that kept no directions
        return no_before()
    rows = weights[weights["kpi"].isin(same)].dropna(subset=list(_MOVE))
    names = ["team_id", "role", "kpi", *_MOVE, "started_from", "direction", "aim"]
    return cast("advice/before", rows[names].rename(columns=_MOVE).reset_index(drop=True))
