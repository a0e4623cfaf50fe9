"""Protected groups of the compared rows: read for the fairness gate alone, and left nowhere."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.company import Company
from baton.files import RunFolder
from baton.privacy.meanings import kind_of, meanings_of
from features.staging.own_columns import plain

__all__ = ["protected_of"]

_TABLE = {"customer": ("customers", "customer_id"), "employee": ("employees", "employee_id")}
_MAX_LEVELS, _BANDS = 8, 3


def protected_of(company: Company, folder: RunFolder, unit: str, unit_ids: pd.Series, /) -> dict[str, np.ndarray]:
    """Return per protected attribute the group of each row; empty text where it is not known.

    Parameters
    ----------
    unit : str
        What rows are about; there are groups of customers and of employees alone.
    unit_ids : pandas.Series of str
    """
    table, key = _TABLE.get(unit, ("", ""))
    place = folder.staged / f"{table}.parquet"
    if not table or not place.exists():
        return {}
    people = pd.read_parquet(place).drop_duplicates(key, keep="last")
    of = people.set_index(people[key].astype(str))
    listed = {name.casefold() for name in company.privacy.protected}
    found = {}
    for column in people.columns:
        name = plain(str(column))
        protected = name.casefold() in listed or "protected" in {kind_of(meaning) for meaning in meanings_of(name)}
        if column != key and protected:
            values = _grouped(of[column])
            found[name] = unit_ids.astype(str).map(values).fillna("").astype(str).to_numpy()
    return found


def _grouped(values: pd.Series, /) -> pd.Series:
    """Return categories as they are, and numbers or times in thirds."""
    if values.nunique() <= _MAX_LEVELS:
        return values.astype("object").map(str, na_action="ignore")
    ordered = pd.to_numeric(values, errors="coerce") if not pd.api.types.is_numeric_dtype(values) else values
    if ordered.notna().sum() < _BANDS:
        return pd.Series(index=values.index, dtype="object")
    return pd.qcut(ordered.rank(method="first"), _BANDS, labels=False).map(
        lambda band: f"{band:.0f}", na_action="ignore"
    )
