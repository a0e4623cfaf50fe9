"""When customers left after each snapshot, as far as they were observed: what a curve over several horizons is of.

Days are counted from the end of the gap, as the label's are, so that somebody whose label is 1 left by the horizon.

**Left.** The day of leaving is ``left_at``.

**Inactive.** Somebody has left once they have done nothing for ``inactive_days``: at the horizon itself, if they do
nothing after the snapshot and the gap; otherwise ``inactive_days`` after the last thing that they do before a silence
of that length. Nobody can leave any sooner.
"""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from baton.company import Company
from features.staging.warehouse import Warehouse
from features.training import snapshots

__all__ = ["curve_days", "leaving_times"]

_DEFAULT = (1 / 3, 2 / 3, 1.0, 2.0, 3.0, 4.0)  # horizons


def curve_days(company: Company, /) -> tuple[int, ...]:
    """Return the days at which chances of leaving are asked for.

    Returns
    -------
    tuple of int
        The company's, or some parts and multiples of its horizon, ascending; the horizon is always among them.

    Examples
    --------
    >>> from baton.company import Company
    >>> curve_days(Company(outcomes={"churn": {}}))
    (30, 60, 90, 180, 270, 360)
    >>> curve_days(Company(outcomes={"churn": {"rule": "inactive", "inactive_days": 60}}))
    (60, 120, 180, 240)
    >>> curve_days(Company(outcomes={"churn": {"curve_days": [365, 30]}}))
    (30, 90, 365)
    """
    horizon, churn = snapshots.churn_horizon_days(company), company.outcomes.churn
    given = () if churn is None else churn.curve_days
    asked = {*(given or (max(1, round(horizon * share)) for share in _DEFAULT)), horizon}
    earliest = horizon if churn is not None and churn.rule == "inactive" else 1
    return tuple(sorted(days for days in asked if days >= earliest))


def leaving_times(company: Company, warehouse: Warehouse, rows: pd.DataFrame, /) -> pd.DataFrame:
    """Return when the customers of labelled rows left, and how long they were observed.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``customer_id``, ``as_of``, ``label`` (NaN: not complete) and ``left_at`` of the membership, as
        ``churn_labels`` has them.

    Returns
    -------
    pandas.DataFrame
        One row per row, with its index: ``left_days`` (NaN: not seen to leave) and ``observed_days``, both in days
        after the snapshot and the gap. What lies beyond ``observed_days`` is not known.
    """
    end, churn = snapshots.label_end(warehouse), company.outcomes.churn
    start = rows["as_of"] + pd.Timedelta(days=company.snapshots.gap_days)
    observed = _days(pd.Timestamp(end) - start) if end is not None else pd.Series(0.0, index=rows.index)
    if churn is not None and churn.rule == "inactive":
        left = _days(_silent_from(warehouse, rows["customer_id"], start, churn.inactive_days) - start)
        left = (left + churn.inactive_days).where(~(rows["label"] == 1), float(churn.inactive_days))
    else:
        left = _days(rows["left_at"] - start)
    left = left.where(rows["label"].notna() & (left <= observed))
    return pd.DataFrame({"left_days": left.astype("float64"), "observed_days": observed.clip(lower=0.0)})


def _silent_from(warehouse: Warehouse, customers: pd.Series, start: pd.Series, silence_days: int, /) -> pd.Series:
    """Return the last thing that each customer did after a moment and before so long a silence."""
    table = warehouse["activity"]
    own = ibis.window(group_by="customer_id", order_by="at")
    dated = table.select("customer_id", at=table["at"]).distinct()
    following = dated.mutate(following=dated["at"].lead().over(own))
    silent = following.filter(
        following.following.isnull() | (following.following > following["at"] + ibis.interval(days=silence_days))
    )
    last = silent.select("customer_id", "at").to_pyarrow().to_pandas().sort_values("at")
    last["customer_id"] = last["customer_id"].astype("str")
    asked = pd.DataFrame({"customer_id": customers.astype("str"), "start": start}).sort_values("start")
    asked["start"], last["at"] = asked["start"].astype("datetime64[us]"), last["at"].astype("datetime64[us]")
    found = pd.merge_asof(
        asked.reset_index(),
        last.assign(last=last["at"]),
        left_on="start",
        right_on="at",
        by="customer_id",
        direction="forward",
        allow_exact_matches=False,
    )
    return found.set_index("index")["last"].reindex(customers.index)


def _days(spans: pd.Series, /) -> pd.Series:
    return pd.Series(spans.dt.total_seconds() / 86400, dtype=np.float64)
