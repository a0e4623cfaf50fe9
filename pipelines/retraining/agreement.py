"""On what share of cards' rows two models do not contradict each other about the KPI."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.files import RunFolder
from features.training.table import TrainingTable
from models.prediction.attribution import attribution_rows, kpi_values, per_kpi
from models.prediction.predictor import BoostedPredictor

__all__ = ["agreement"]

_SMALL = 0.1
"""Slopes below this share of the steepest KPI's are no direction: their sign is noise."""


def agreement(
    folder: RunFolder, table: TrainingTable, champion: BoostedPredictor, challenger: BoostedPredictor, /
) -> float | None:
    """Return the share of today's cards' rows about whose direction two models do not contradict each other.

    The direction is that of the mean slope over teams, as the report shows it beside an effect; none contradicts none.

    Parameters
    ----------
    folder : RunFolder
        Holds the staged scorecards.
    table : TrainingTable
        Whose current rows are explained.

    Returns
    -------
    float or None
        None where no card names a KPI that both models see.
    """
    place = folder.staged / "scorecards.parquet"
    if not place.exists() or table.current.empty:
        return None
    cards = pd.read_parquet(place, columns=["kpi"]).astype(str)
    old, new = _directions(table, champion), _directions(table, challenger)
    both = cards[cards["kpi"].isin(set(old) & set(new))]["kpi"]
    return None if both.empty else float((both.map(old) * both.map(new) >= 0).mean())


def _directions(table: TrainingTable, predictor: BoostedPredictor, /) -> dict[str, int]:
    """Return -1, 0 or 1 by KPI."""
    rows = table.current.reset_index(drop=True)
    known = predictor.encoding.present_in(rows)
    summed = per_kpi(predictor.contributions(rows[known]), predictor.kpi_of)
    shares = table.shares
    if table.unit == "team" and shares.empty:
        shares = pd.DataFrame({"unit_id": rows["unit_id"], "team_id": rows["unit_id"], "share": 1.0})
    values = kpi_values(rows[known], predictor.kpi_of)
    found = attribution_rows(table.outcome, rows["unit_id"], summed, values, shares, by="team_id")
    found = found[found["slope"].notna() & (found["n"] > 0)]
    weighted = found.assign(slope=found["slope"] * found["n"]).groupby("kpi")[["slope", "n"]].sum()
    slope = weighted["slope"] / weighted["n"]
    direction = np.where(slope.abs() < _SMALL * slope.abs().max(), 0, np.sign(slope)).astype(int)
    return dict(zip(slope.index.astype(str), direction.tolist(), strict=True))
