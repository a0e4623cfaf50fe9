"""What would lower the chances of customers at risk, once advice has learned how far people can move KPIs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder
from baton.outcomes import outcome_folder
from baton.run_results import RunResults
from features.training.table import TrainingTable
from models.prediction.out_of_fold import rows_to_score
from models.prediction.predictor import load_predictor
from models.prediction.what_if.changes import Reach, changes, most_at_risk

__all__ = ["what_if"]

_CHURN = "churn"


def what_if(company: Company, catalogue: Catalogue, folder: RunFolder, /) -> int:
    """Write ``what_if`` for the customers most at risk.

    Parameters
    ----------
    company : Company
        Its policy says which KPIs' points are fixed: they are no change to be offered.
    folder : RunFolder
        Holds ``training/``, ``models/``, ``churn`` and, where advice was given, ``advice/controllability``: how far
        people can move a KPI as past changes of cards show it. Without it the catalogue's holds.

    Returns
    -------
    int
        Rows; none where the prediction cannot bear it.
    """
    results, place = RunResults(folder), outcome_folder(folder.models, _CHURN)
    churn = results.find(_CHURN)
    # rows that were learned from have predictions of other folds' models, which are not kept
    if churn is None or not churn["informative"].all() or (place / "out_of_fold.parquet").exists():
        return 0
    table = TrainingTable.load(outcome_folder(folder.training, _CHURN))
    rows = rows_to_score(table, max(company.snapshots.windows_days)).reset_index(drop=True)
    scored = churn.set_index("customer_id").reindex(rows["unit_id"].astype(str))
    asked = most_at_risk(*(scored[name].to_numpy(dtype=np.float64) for name in ("probability", "value_at_risk")))
    reach = Reach(_learned(results), frozenset(company.policy.fixed))
    found = changes(load_predictor(place), rows, catalogue, asked, reach=reach)
    if found.empty:
        return 0
    who = rows.loc[found["row"], ["unit_id", "as_of"]].reset_index(drop=True)
    who = who.rename(columns={"unit_id": "customer_id"}).astype({"customer_id": str})
    return results.write("what_if", pd.concat([who, found.drop(columns="row")], axis=1))


def _learned(results: RunResults, /) -> dict[str, float]:
    """Return how far people can move KPIs, where past changes of cards have shown it."""
    table = results.find("advice/controllability")
    if table is None:
        return {}
    known = table[table["controllability_basis"].isin(["cards", "pilots"])]
    return dict(zip(known["kpi"].astype(str), known["controllability"].astype(float), strict=True))
