"""Which columns of people may become features, and how pulled columns become a model's."""

from __future__ import annotations

import re
from collections.abc import Iterable

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.messages.message import Message
from baton.privacy.meanings import is_cleared, kind_of, meanings_of, private_match
from features.kpis.known_at import columns_used
from features.staging.own_columns import ATTRIBUTE, plain
from features.staging.warehouse import Warehouse

__all__ = [
    "MAX_LEVELS",
    "as_feature",
    "attribute_columns",
    "is_free_text",
    "is_id",
    "is_private",
    "overwritten",
    "team_shares",
]

MAX_LEVELS = 200
"""A text column with more different values than this is free text, no category."""

# words in names that stand for what may not be used about employees, whatever the column is called
_PROXIES = re.compile(
    r"(^|_)(sex|gender|male|female|age|birth\w*|dob|born|ethnic\w*|race|religion|nationality|disab\w*|pregnan\w*|matern\w*"
    r"|patern\w*|parent\w*|child\w*|marital|married|union|sick\w*|ill|illness|absence\w*|absent\w*|leave_days|overtime\w*"
    r"|hours|health\w*|care_days)(_|$)"
)
_OF_PEOPLE = frozenset({"sensitive", "protected", "personal"})
_IDENTIFYING = frozenset({"contact", "name", "person"})
_BEGINNINGS = ("opened_at", "joined_at", "at")
_ID_LIKE = re.compile(r"(^|_)(id|name|email|phone|address)$")


def is_private(company: Company, column: str, *, employee: bool, table: str = "") -> bool:
    """Whether a column may never be a feature.

    Parameters
    ----------
    column : str
    employee : bool
        About an employee: names that stand for a protected or sensitive attribute are kept out too.
    table : str
        The column's table, for what the company file has cleared.

    Examples
    --------
    >>> is_private(Company(), "gender", employee=False), is_private(Company(), "Age", employee=True)
    (True, True)
    >>> is_private(Company(), "age", employee=False)
    False
    """
    if private_match(company.privacy, column, table=table) is not None:
        return True
    if is_cleared(company.privacy, table, column):
        return False
    meant = {kind_of(meaning) for meaning in meanings_of(column)}
    return bool(employee and (meant & _OF_PEOPLE or _PROXIES.search(column.casefold()))) or bool(meant & _IDENTIFYING)


def is_id(column: str, /) -> bool:
    """Whether a column's name says that it only distinguishes one from another: it is no feature.

    Examples
    --------
    >>> is_id("plan_id"), is_id("plan")
    (True, False)
    """
    return _ID_LIKE.search(column.casefold()) is not None


def attribute_columns(
    company: Company, warehouse: Warehouse, table: str, catalogue: Catalogue | None = None
) -> list[str]:
    """Return the users' own columns of a table, as the warehouse names them, that may become attributes of its rows.

    An extra column that a KPI of the catalogue knows only later than the row's beginning is no attribute: it would
    reveal the future.
    """
    known: set[str] = set()
    for kpi in () if catalogue is None else catalogue.values():
        if kpi.source == table and kpi.expr is not None and kpi.known_at not in (None, *_BEGINNINGS):
            known |= columns_used(kpi)
    employee = table == "employees"
    declared = {column.casefold() for column in company.tables[table].types} if table in company.tables else set()
    found = []
    for column, kind in warehouse[table].schema().items():
        if not column.startswith(ATTRIBUTE):
            continue
        name = plain(column)
        private = is_private(company, name, employee=employee, table=table)
        if name in known or private or (is_id(name) and name.casefold() not in declared):
            continue
        if kind.is_numeric() or kind.is_boolean() or kind.is_string():
            found.append(column)
    return found


def is_free_text(column: pd.Series, /) -> bool:
    """Whether a text column holds texts that people wrote rather than categories."""
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return False
    return column.nunique() > MAX_LEVELS


def as_feature(column: pd.Series, /) -> pd.Series:
    """Turn a pulled column into a feature: numbers float64, text category.

    Engines that add in parallel differ in the last digits from run to run; numbers are cut to seven digits so that the
    same data give the same model.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return pd.Series(_cut(column.to_numpy(dtype="float64", na_value=np.nan)), index=column.index, name=column.name)
    if isinstance(column.dtype, pd.StringDtype):
        codes, values = pd.factorize(column)  # each different text is looked at once, not each row
        levels = sorted(values)
        places = np.append(pd.Index(levels).get_indexer(values), -1)
        found = pd.Categorical.from_codes(places[codes], levels)
        return pd.Series(found, index=column.index, name=column.name)
    if column.notna().any() and column.map(lambda value: isinstance(value, bool), na_action="ignore").dropna().all():
        return as_feature(column.astype("float64"))
    text = column.astype("str").where(column.notna())
    return text.astype(pd.CategoricalDtype(sorted(text.dropna().unique())))


def _cut(values: np.ndarray, /) -> np.ndarray:
    """Cut to seven significant digits, by way of twelve; what is not finite is unknown.

    Means of prices often end in an exact five: cut at once, the last digit of a sum would decide which way it goes.
    """
    known = np.where(np.isfinite(values), values, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = 6 - np.floor(np.log10(np.abs(known)))
    scale = 10.0 ** np.clip(np.where(np.isfinite(digits), digits, 0), -290, 290)
    return np.round(np.round(known * scale * 1e5) / 1e5) / scale


def overwritten(frame: pd.DataFrame, features: Iterable[str], /) -> list[Message]:
    """Return notes on attributes that look filled in, or emptied, after the customer had left.

    An attribute is suspect if it is missing for at least three in ten more of those who leave than of those who stay,
    or the other way round, or if one of its values is found almost only among those who leave.
    """
    known = frame[frame["label"].notna()]
    left = known["label"] == 1
    if left.sum() < 20 or (~left).sum() < 20:
        return []
    notes = []
    for name in features:
        missing = known[name].isna()
        share_of_left, share_of_stayed = missing[left].mean(), missing[~left].mean()
        if abs(share_of_left - share_of_stayed) >= 0.3:
            values = {"feature": name, "left": float(share_of_left), "stayed": float(share_of_stayed)}
            notes.append(Message("learned.overwritten_missing", values))
            continue
        if isinstance(known[name].dtype, pd.CategoricalDtype):
            shares = known.groupby(name, observed=True)["label"].agg(["mean", "size"])
            suspect = shares[(shares["size"] >= 30) & (shares["mean"] >= max(0.9, 2 * left.mean()))]
            if len(suspect):
                share, value = float(suspect["mean"].iloc[0]), repr(suspect.index[0])
                notes.append(Message("learned.overwritten_value", {"feature": name, "share": share, "value": value}))
    return notes


def team_shares(cases: ir.Table, keys: dict[str, ir.Value], /) -> pd.DataFrame:
    """Count cases per unit, team and stage, and return each unit's shares.

    Parameters
    ----------
    cases : ibis Table
        The cases that count.
    keys : dict of str to ibis column
        ``unit_id``, ``team_id`` and, if known, ``stage``.

    Returns
    -------
    pandas.DataFrame
        The keys and ``share``, which sums to 1 per unit.
    """
    picked = cases.select(**keys)
    picked = picked.filter(picked.unit_id.notnull(), picked.team_id.notnull())
    counted = picked.group_by(*keys).aggregate(cases=picked.count()).to_pandas()
    counted = counted.sort_values(list(keys)).reset_index(drop=True)
    counted["share"] = counted["cases"] / counted.groupby("unit_id")["cases"].transform("sum")
    return counted.drop(columns="cases")
