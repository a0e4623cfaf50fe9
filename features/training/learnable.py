"""Is there enough to learn from: said in one sentence, or passed."""

from __future__ import annotations

import pandas as pd

from baton.errors import TooLittleDataError
from baton.messages.message import Message

__all__ = ["MIN_EVENTS", "MIN_GROUPS", "MIN_ROWS", "ROWS", "require_enough", "unit_name"]

MIN_ROWS = 50
MIN_EVENTS = 10
MIN_GROUPS = 3
"""Independent units: one to learn from, one to test on, and one to distinguish their difference from chance."""


ROWS = Message("unit.rows")
"""What rows are where nothing better is known."""

_UNITS = {
    "employee": "unit.employee",
    "team": "unit.team",
    "stage": "unit.stage",
    "process": "unit.process",
    "customer_kind": "unit.customer_kind",
}


class _Unlearnable(TooLittleDataError):
    """Too little data in a way that is a fault of the data, not a lack: the whole run is refused."""

    refuses = True


def unit_name(unit: str, /) -> Message:
    """Return what a unit of ``[[outcomes.decline]]`` is called."""
    return Message(_UNITS[unit])


def require_enough(
    outcome: str,
    labels: pd.Series,
    kind: str,
    *,
    groups: pd.Series | None = None,
    of_all: bool = False,
    what: Message = ROWS,
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
    what : Message
        What the rows are.

    Raises
    ------
    TooLittleDataError
        With what is missing.
    """
    known = labels.notna()
    labels = labels.loc[known]
    rows = len(labels)
    if rows < MIN_ROWS:
        values = {"n": rows, "rows": what, "least": MIN_ROWS}
        raise TooLittleDataError(Message("not_learned.too_few", values), outcome)
    independent = MIN_GROUPS if groups is None else groups.loc[known].nunique()
    if independent < MIN_GROUPS:
        values = {"rows": rows, "what": what, "n": int(independent), "least": MIN_GROUPS}
        raise TooLittleDataError(Message("not_learned.few_units", values), outcome)
    if labels.nunique() == 1:
        error = _Unlearnable if of_all else TooLittleDataError
        values = {"n": rows, "rows": what, "value": f"{labels.iloc[0]:g}"}
        raise error(Message("not_learned.all_same", values), outcome)
    if kind == "probability":
        events = int((labels == 1).sum())
        fewer = min(events, rows - events)
        if fewer < MIN_EVENTS:
            key = "not_learned.few_with" if events <= rows - events else "not_learned.few_without"
            values = {"n": fewer, "total": rows, "rows": what, "least": MIN_EVENTS}
            raise TooLittleDataError(Message(key, values), outcome)
