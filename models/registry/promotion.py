"""Which of two models is better, and what is known of a registered one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from baton.messages.message import Message

__all__ = ["Origin", "Promotion", "Version", "beforehand", "verdict"]


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
    metrics : mapping of str to float
        On its test set; those that exist for the outcome's kind.
    test_set : str
        Fingerprint of the rows that it was tested on.
    data : str
        Fingerprint of the source tables.
    meaning : str
        Fingerprint of what the tables mean: mappings, outcomes, snapshots, scales and KPIs. Empty where an earlier
        Baton has registered it.
    informative : bool
        Whether it was better than guessing on data that it had not seen.
    """

    outcome: str
    version: int
    alias: str
    registered_at: str
    rows: int
    metrics: Mapping[str, float]
    test_set: str
    data: str
    meaning: str = ""
    informative: bool = True

    def row(self) -> dict[str, Any]:
        """Return the version as a flat row for tables and JSON."""
        metrics = {name: self.metrics.get(name) for name in ("log_loss", "brier", "auc", "rmse")}
        known = {"outcome": self.outcome, "version": self.version, "alias": self.alias}
        tags = {"registered_at": self.registered_at, "rows": self.rows, **metrics}
        return known | tags | {"test_set": self.test_set[:8], "data": self.data[:8], "meaning": self.meaning[:8]}


@dataclass(frozen=True)
class Origin:
    """What a predictor was made from.

    Parameters
    ----------
    data : mapping of str to str
        Fingerprint per source table.
    meaning : str
        Fingerprint of what the tables mean; models are compared only where it is the same.
    lineage : mapping
        What else it takes to train it again: fingerprints of code, settings and rows, seed, versions. Kept beside the
        model; no part of whether two are the same.
    """

    data: Mapping[str, str]
    meaning: str = ""
    lineage: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Promotion:
    """Whether a challenger is better than the champion, and why.

    Parameters
    ----------
    better : bool
    why : Message
        In one sentence.
    replaced : bool
        Whether it is so because the champion's data mean something else, not because it predicts better.
    """

    better: bool
    why: Message
    replaced: bool = False

    @property
    def reason(self) -> str:
        """Why, in English."""
        return self.why.text


def beforehand(challenger: Version, champion: Version, /) -> Promotion | None:
    """Return what is clear before metrics are compared, or None.

    A model that is no better than guessing never takes the place of one that is. Of two whose data mean different
    things, the newer counts: the metrics of the older are about something else.
    """
    if challenger.version == champion.version:
        return Promotion(False, Message("registry.same_version"))
    if challenger.informative != champion.informative:
        which = champion.version if challenger.informative else challenger.version
        return Promotion(challenger.informative, Message("registry.guessing", {"version": which}))
    if challenger.meaning != champion.meaning:
        newer = challenger.version > champion.version
        key = "registry.newer_counts" if newer else "registry.not_comparable"
        return Promotion(newer, Message(key, {"version": champion.version}), newer)
    return None


def verdict(challenger: Mapping[str, float], champion: Mapping[str, float], /) -> Promotion:
    """Compare two models by their metrics on one test set: log loss (Brier score where equal), RMSE for numbers.

    Examples
    --------
    >>> found = verdict({"log_loss": 0.30, "brier": 0.1}, {"log_loss": 0.31, "brier": 0.1})
    >>> found.better, found.reason
    (True, 'log_loss 0.3 against 0.31 on the same test set')
    >>> verdict({"rmse": 2.0}, {"rmse": 2.0}).better
    False
    """
    for metric in ("log_loss", "brier", "rmse"):
        if metric in challenger and metric in champion and challenger[metric] != champion[metric]:
            values = {"metric": metric, "new": f"{challenger[metric]:.6g}", "old": f"{champion[metric]:.6g}"}
            return Promotion(challenger[metric] < champion[metric], Message("registry.compared", values))
    return Promotion(False, Message("registry.alike"))
