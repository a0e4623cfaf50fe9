"""What a challenger in shadow says beside the champion, kept until it is known what became of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from baton.company import Company
from baton.files import RunFolder, owner_only, write_atomically
from baton.outcomes import outcome_folder
from features.training.table import TrainingTable
from models.prediction.predictor import BoostedPredictor
from models.retraining.backtest import Compared, asked
from models.retraining.gates import gates_of
from pipelines.retraining.judged import Judged

__all__ = ["judge_shadow", "keep_shadow", "of_shadow"]

_KEYS = ["unit_id", "as_of"]


def keep_shadow(
    folder: RunFolder,
    table: TrainingTable,
    version: int,
    champion: BoostedPredictor,
    challenger: BoostedPredictor,
    /,
) -> Path | None:
    """Keep what both models say of the current rows whose outcome is not known; a later call replaces those of its day.

    Returns
    -------
    Path or None
        None where no row waits for its outcome.
    """
    rows = table.current[table.current["label"].isna()].reset_index(drop=True)
    if rows.empty or table.latest is None:
        return None
    kept = rows[_KEYS].astype({"unit_id": str})
    for name, model in (("champion", champion), ("challenger", challenger)):
        kept = kept.assign(**{name: asked(model, rows)})
    place = _place(folder, table.outcome, version) / f"{table.latest:%Y-%m-%d}.parquet"
    with owner_only(), write_atomically(place) as temporary:
        kept.to_parquet(temporary, index=False)
    return place


def of_shadow(
    folder: RunFolder, table: TrainingTable, champion: BoostedPredictor, challenger: BoostedPredictor,
    *, version: int, unseen: np.ndarray,
) -> Compared | None:  # fmt: skip
    """Return what both models say of rows that neither has learned from.

    Parameters
    ----------
    version : int
        Of the challenger.
    unseen : numpy.ndarray of bool, shape (labelled rows,)

    Returns
    -------
    Compared or None
        None where there is no such row. Of rows that were asked about in shadow what was kept then counts; of others,
        since dates of rows move with the newest data, what the same two models say of them now.
    """
    rows = table.labelled[unseen].reset_index(drop=True)
    if rows.empty:
        return None
    keys = rows[_KEYS].astype({"unit_id": str})
    places = sorted(_place(folder, table.outcome, version).glob("*.parquet"))
    kept = pd.concat([pd.read_parquet(place) for place in places] or [keys.assign(champion=np.nan, challenger=np.nan)])
    then = keys.merge(kept.drop_duplicates(_KEYS, keep="last"), on=_KEYS, how="left")
    answers = {}
    for name, model in (("champion", champion), ("challenger", challenger)):
        before = then[name].to_numpy(dtype=np.float64)
        answers[name] = np.where(np.isnan(before), asked(model, rows), before)
    return Compared(table.kind, rows[[*_KEYS, "group", "label"]], answers["champion"], answers["challenger"])


def judge_shadow(company: Company, compared: Compared, /) -> Judged:
    """Judge log loss and calibration; the other gates were passed before the shadow began."""
    gates = gates_of(compared, company.retraining.gates, {}, features=[], seed=company.company.seed)
    judged = tuple(gate for gate in gates if gate.passed is not None)
    return Judged(all(gate.passed for gate in judged), judged, compared.figures())


def _place(folder: RunFolder, outcome: str, version: int, /) -> Path:
    return outcome_folder(folder.path / "monitoring" / "shadow", outcome) / str(version)
