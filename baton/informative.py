"""Whether a prediction beats guessing: the one gate before an outcome is counted, priced, listed or explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from baton.messages.message import Message

__all__ = ["held_out_interval", "is_informative", "uninformative"]

# what the metric is where a model knows nothing: the area under the ROC curve of a coin, r² of the mean
_NOTHING_KNOWN = {"auc": 0.5, "r2": 0.0}
_MIN_ROWS = 100
"""With 50 rows in cross-validation, 12 of 29 fits whose interval lay above 0.5 foresaw worse than the base rate, and of
those that also gained beyond noise in log loss 5 of 9 (90 made-up tables, docs/results.md); with 100 none of 11."""


def is_informative(entry: Mapping[str, Any], /) -> bool:
    """Whether a prediction was better than guessing on data that the model had not seen.

    Parameters
    ----------
    entry : mapping
        An outcome's entry of ``evaluation.json``.

    Returns
    -------
    bool
        Whether the whole 95 % interval of its AUC lies above 0.5 (of r², for a number, above 0). False where there is
        no such interval, and for fewer than 100 rows in cross-validation: what could not be tested is not shown. True
        where there is no entry, or one of other metrics (causes in texts have rules of their own).

    Examples
    --------
    >>> is_informative({"auc": 0.59, "intervals": {"auc": [0.47, 0.7]}})
    False
    >>> is_informative({"auc": 0.62, "intervals": {"auc": [0.53, 0.7]}})
    True
    >>> is_informative({"auc": 0.62, "intervals": {"auc": [0.53, 0.7]}, "rows": 50, "split_kind": "cross_validation"})
    False
    >>> is_informative({"auc": 0.62, "intervals": {}}), is_informative({"macro_f1": 0.5})
    (False, True)
    """
    figure = _figure(entry)
    if figure is None:
        return True
    low = held_out_interval(entry)[0]
    return low is not None and low > _NOTHING_KNOWN[figure]


def held_out_interval(entry: Mapping[str, Any], /) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the metric that decides, or two times None where there is none to be believed."""
    figure = None if _has_too_few_rows(entry) else _figure(entry)
    low, high = ((entry.get("intervals") or {}).get(figure) or (None, None)) if figure else (None, None)
    return (None, None) if low is None or high is None else (float(low), float(high))


def uninformative(outcome: str, entry: Mapping[str, Any], /) -> Message:
    """Return the warning about a prediction that is no better than guessing.

    Examples
    --------
    >>> uninformative("churn", {"auc": 0.53, "intervals": {"auc": [0.47, 0.59]}}).text
    'churn: these data cannot tell, the prediction is no better than guessing (AUC 0.47 to 0.59, guessing 0.5); \
nothing is counted, priced or explained; a longer history, more units or further tables may help'
    """
    figure, (low, high) = _figure(entry) or "auc", held_out_interval(entry)
    name = {"auc": "AUC", "r2": "r²"}[figure]
    tested = (
        Message("learned.untested")
        if low is None
        else Message("learned.interval", {"metric": name, "low": f"{low:.2f}", "high": f"{high:.2f}"})
    )
    values = {"outcome": outcome, "tested": tested, "guess": f"{_NOTHING_KNOWN[figure]:g}"}
    return Message("learned.guessing", values)


def _has_too_few_rows(entry: Mapping[str, Any], /) -> bool:
    return entry.get("split_kind") == "cross_validation" and (entry.get("rows") or _MIN_ROWS) < _MIN_ROWS


def _figure(entry: Mapping[str, Any], /) -> str | None:
    return next((name for name in _NOTHING_KNOWN if name in entry), None)
