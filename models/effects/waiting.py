"""What long waits go with: an outcome after cases with a long wait, against other cases of the same time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Association", "association"]

_Z = 1.6449  # 90 %


@dataclass(frozen=True)
class Association:
    """How an outcome differs after long waits; an association, no effect.

    Parameters
    ----------
    long, others : float
        The outcome's mean after cases with a long wait, and after the others, weighted to the same strata.
    difference, low, high : float
        ``long`` minus ``others``, with a 90 % interval that counts a customer's cases as one observation.
    cases, customers : int
        Cases with a long wait that have a comparison, and their customers.
    """

    long: float
    others: float
    difference: float
    low: float
    high: float
    cases: int
    customers: int


def association(cases: pd.DataFrame, /) -> Association | None:
    """Compare cases with a long wait to others of the same stratum.

    Parameters
    ----------
    cases : pandas.DataFrame
        One row per case: ``stratum``, ``customer_id``, ``long`` (bool), ``outcome`` (number).

    Returns
    -------
    Association or None
        None where no stratum has both, or fewer than two customers stand on a side.

    Source
    ------
    Direct standardisation to the strata of the exposed; variance by linearisation, clustered by customer (Binder 1983,
    Int. Stat. Review 51).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("m", f"c{i}", i < 20, float(i < 10 or i >= 80)) for i in range(100)]
    >>> found = association(pd.DataFrame(rows, columns=["stratum", "customer_id", "long", "outcome"]))
    >>> found.long, found.others, round(found.difference, 2)
    (0.5, 0.25, 0.25)
    """
    import numpy as np

    known = cases.dropna(subset=["outcome"])
    sizes = known.groupby("stratum")["long"].agg(["sum", "size"])
    both = sizes.index[(sizes["sum"] > 0) & (sizes["sum"] < sizes["size"])]
    known = known[known["stratum"].isin(both)]
    exposed = known["long"].astype(bool)
    if min(known.loc[exposed, "customer_id"].nunique(), known.loc[~exposed, "customer_id"].nunique()) < 2:
        return None
    cells = known.groupby(["stratum", exposed])["outcome"]
    mean, size = cells.transform("mean"), cells.transform("size")
    total = int(exposed.sum())
    share = known["stratum"].map(sizes["sum"] / total)
    long = float(known.loc[exposed, "outcome"].mean())
    others = float((share / size * known["outcome"])[~exposed].sum())
    influence = share * (known["outcome"] - mean) / size * np.where(exposed, 1.0, -1.0)
    clusters = influence.groupby(known["customer_id"]).sum()
    error = float(np.sqrt((clusters**2).sum()))
    difference = long - others
    return Association(
        long,
        others,
        difference,
        difference - _Z * error,
        difference + _Z * error,
        total,
        int(known.loc[exposed, "customer_id"].nunique()),
    )
