"""Predictions as they went out, kept until it is known what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from baton.company import Company
from baton.files import RunFolder, owner_only, write_atomically
from baton.run_results import RunResults
from features.staging.warehouse import Warehouse
from features.training.leaving_times import leaving_times
from features.training.snapshots import churn_horizon_days, churn_labels
from models.monitoring.performance import Expected, Realised, expected, realised

__all__ = ["Outlook", "keep", "outlook"]

_FOLDER = "monitoring"
_MIN_DAYS = 14  # sooner, too few have left for a comparison
_COLUMNS = ["customer_id", "probability", "as_of"]


@dataclass(frozen=True)
class Outlook:
    """One set of predictions, and what is known of it.

    Parameters
    ----------
    as_of : datetime
        What they were made on.
    days : int
        Since then, as far as outcomes are observed; at most the horizon.
    complete : bool
        Whether the horizon is over.
    expected : Expected
        What they promise.
    realised : Realised or None
        None until there is something to compare.
    """

    as_of: datetime
    days: int
    complete: bool
    expected: Expected
    realised: Realised | None


def keep(folder: RunFolder, /) -> Path | None:
    """Set the predictions of a run aside, once for each day that they were made for; a later run's replace them.

    Returns
    -------
    Path or None
        None where the run predicts nobody's leaving.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    results = RunResults(folder)
    churn = results.find("churn", _COLUMNS)
    if churn is None or churn.empty:
        return None
    frame, days = churn.copy(), results.find("churn_curve", ["customer_id", "days", "probability"])
    if days is not None:
        curve = days.pivot_table(index="customer_id", columns="days", values="probability")
        curve.columns = [f"by_{days}" for days in curve.columns]
        frame = frame.merge(curve, left_on="customer_id", right_index=True, how="left")
    place = folder.path / _FOLDER / f"churn-{pd.Timestamp(churn['as_of'].iloc[0]):%Y-%m-%d}.parquet"
    with owner_only():
        place.parent.mkdir(exist_ok=True)
    with owner_only(), write_atomically(place) as temporary:
        frame.to_parquet(temporary, index=False)
    return place


def outlook(company: Company, folder: RunFolder, warehouse: Warehouse, /) -> list[Outlook]:
    """Return what became of every set of predictions that was kept, oldest first."""
    if company.outcomes.churn is None:
        return []
    kept = sorted((folder.path / _FOLDER).glob("churn-*.parquet"))
    return [_one(company, warehouse, pd.read_parquet(place)) for place in kept]


def _one(company: Company, warehouse: Warehouse, predicted: pd.DataFrame, /) -> Outlook:
    as_of = pd.Timestamp(predicted["as_of"].iloc[0]).to_pydatetime()
    horizon = churn_horizon_days(company)
    labels = churn_labels(company, warehouse, [as_of]).to_pandas()
    labels["customer_id"] = labels["customer_id"].astype("str")
    rows = predicted.merge(labels[["customer_id", "as_of", "left_at", "label"]], on=["customer_id", "as_of"])
    promised = expected(rows["probability"].to_numpy(dtype=float))
    if rows.empty:
        return Outlook(as_of, 0, False, promised, None)
    if rows["label"].notna().all():
        p, left = rows["probability"].to_numpy(dtype=float), rows["label"].to_numpy() == 1
        return Outlook(as_of, horizon, True, promised, realised(p, left, final=p))
    times = leaving_times(company, warehouse, rows.assign(label=rows["label"].fillna(0.0)))
    days = int(times["observed_days"].min())
    curve = sorted(int(name.removeprefix("by_")) for name in rows.columns if name.startswith("by_"))
    churn = company.outcomes.churn
    if days < _MIN_DAYS or not curve or (churn is not None and churn.rule == "inactive"):
        return Outlook(as_of, max(days, 0), False, promised, None)
    by_now = _by(rows, curve, days)
    left = times["left_days"].notna().to_numpy() & (times["left_days"].to_numpy(dtype=float) <= days)
    return Outlook(as_of, days, False, promised, realised(by_now, left))


def _by(rows: pd.DataFrame, curve: list[int], days: int, /) -> np.ndarray:
    """Return the chance of having left after some days: between the days of the curve, the hazard is even."""
    chances = rows[[f"by_{day}" for day in curve]].to_numpy(dtype=float)
    hazards = np.column_stack([np.zeros(len(rows)), -np.log1p(-np.clip(chances, 0, 1 - 1e-9))])
    known = np.array([0, *curve], dtype=float)
    place = int(np.clip(np.searchsorted(known, days), 1, len(known) - 1))
    share = np.clip((days - known[place - 1]) / (known[place] - known[place - 1]), 0, 1)
    hazard = hazards[:, place - 1] + share * (hazards[:, place] - hazards[:, place - 1])
    return 1 - np.exp(-hazard)
