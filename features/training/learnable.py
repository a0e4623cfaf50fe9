"""Is there enough to learn from: said in one sentence, or passed."""

from __future__ import annotations

import pandas as pd

from baton.errors import TooLittleDataError

__all__ = ["MIN_EVENTS", "MIN_GROUPS", "MIN_ROWS", "require_enough"]

MIN_ROWS = 50
MIN_EVENTS = 10
MIN_GROUPS = 3
"""Independent units: one to learn from, one to test on, and one to distinguish their difference from chance."""


class _Unlearnable(TooLittleDataError):
    """Too little data in a way that is a fault of the data, not a lack: the whole run is refused."""

    refuses = True


def require_enough(
    outcome: str,
    labels: pd.Series,
    kind: str,
    *,
    groups: pd.Series | None = None,
    of_all: bool = False,
    unit: str = "rows",
) -> None:
    """Refuse labels from which nothing can be learned.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    labels : pandas.Series
        Missing: not known, which counts for nothing.
    kind : {"probability", "number"}
    groups : pandas.Series, optional
        Whose row each is: rows of one customer, say, are about that customer alone.
    of_all : bool
        Refuse the run, rather than leave the outcome out, where all outcomes are the same.
    unit : str
        What a row is, in words.

    Raises
    ------
    TooLittleDataError
        With what is missing.
    """
    known = labels.notna()
    labels = labels.loc[known]
    rows = len(labels)
    if rows < MIN_ROWS:
        raise TooLittleDataError(
            f"{outcome}: {rows} {unit} with a known outcome, at least {MIN_ROWS} are needed; give a longer history, "
            "more units, or a shorter horizon"
        )
    independent = MIN_GROUPS if groups is None else groups.loc[known].nunique()
    if independent < MIN_GROUPS:
        raise TooLittleDataError(
            f"{outcome}: all {rows} {unit} are of {independent} {'unit' if independent == 1 else 'units'} alone, at "
            f"least {MIN_GROUPS} are needed to tell what they have in common; give more units"
        )
    if labels.nunique() == 1:
        error = _Unlearnable if of_all else TooLittleDataError
        value = labels.iloc[0]
        what = f"all {rows} {unit} have the same outcome ({value:g})"
        raise error(f"{outcome}: {what}, so nothing can be learned; check the outcome's column and the observed time")
    if kind == "probability":
        events = int((labels == 1).sum())
        fewer = min(events, rows - events)
        if fewer < MIN_EVENTS:
            which = "with" if events <= rows - events else "without"
            raise TooLittleDataError(
                f"{outcome}: only {fewer} of {rows} {unit} are {which} the outcome, at least {MIN_EVENTS} needed; "
                "give a longer history or more units"
            )
