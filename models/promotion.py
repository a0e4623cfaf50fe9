"""Which of two models is better, and what is known of a registered one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Promotion", "Version", "verdict"]


@dataclass(frozen=True)
class Version:
    """One registered predictor.

    Parameters
    ----------
    outcome : str
        Key in ``evaluation.json``.
    version : int
        Counted per outcome, from 1.
    alias : str
        ``champion``, ``challenger`` or empty.
    registered_at : str
        UTC, ISO 8601.
    rows : int
        Rows that it was tested on.
    figures : mapping of str to float
        On its test set; those that exist for the outcome's kind.
    test_set : str
        Fingerprint of the rows that it was tested on.
    data : str
        Fingerprint of the source tables.
    """

    outcome: str
    version: int
    alias: str
    registered_at: str
    rows: int
    figures: Mapping[str, float]
    test_set: str
    data: str

    def row(self) -> dict[str, Any]:
        """Return the version as a flat row for tables and JSON."""
        figures = {name: self.figures.get(name) for name in ("log_loss", "brier", "auc", "rmse")}
        known = {"outcome": self.outcome, "version": self.version, "alias": self.alias}
        told = {"registered_at": self.registered_at, "rows": self.rows, **figures}
        return known | told | {"test_set": self.test_set[:8], "data": self.data[:8]}


@dataclass(frozen=True)
class Promotion:
    """Whether a challenger is better than the champion, and why.

    Parameters
    ----------
    better : bool
    reason : str
        In one sentence.
    """

    better: bool
    reason: str


def verdict(challenger: Mapping[str, float], champion: Mapping[str, float], /) -> Promotion:
    """Compare two models by their figures on one test set: log loss (Brier score where equal), RMSE for numbers.

    Examples
    --------
    >>> verdict({"log_loss": 0.30, "brier": 0.1}, {"log_loss": 0.31, "brier": 0.1})
    Promotion(better=True, reason='log_loss 0.3 against 0.31 on the same test set')
    >>> verdict({"rmse": 2.0}, {"rmse": 2.0}).better
    False
    """
    for figure in ("log_loss", "brier", "rmse"):
        if figure in challenger and figure in champion and challenger[figure] != champion[figure]:
            said = f"{figure} {challenger[figure]:.6g} against {champion[figure]:.6g} on the same test set"
            return Promotion(challenger[figure] < champion[figure], said)
    return Promotion(False, "no figure tells them apart on the same test set")
