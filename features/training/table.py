"""A training table: what was known about units at moments, and what happened to them after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from baton.errors import ArtefactError
from baton.files import read_json, write_atomically, write_json
from baton.messages.message import Message

__all__ = ["KEYS", "RESERVED", "TrainingTable"]

KEYS = ("unit_id", "as_of", "label", "group")
"""Columns of a training table that are no features."""

RESERVED = frozenset({*KEYS, "prediction", "raw", "bias"})
"""Names that stand beside features in some table; no feature is called so, in whatever letter case."""


_TIMES = "times.parquet"


@dataclass(frozen=True)
class TrainingTable:
    """One outcome's rows: unit × snapshot.

    Parameters
    ----------
    outcome : str
        The outcome as ``str(Outcome)`` writes it; the key in ``evaluation.json``.
    kind : {"probability", "number"}
        Whether the label is 0/1 or a number.
    unit : str
        ``customer``, ``employee``, ``team``, ``stage``, ``process``, ``customer_kind`` or ``case``.
    frame : pandas.DataFrame
        One row per unit and snapshot: ``unit_id`` (str), ``as_of`` (UTC), ``label`` (float; NaN: not yet known, or not
        in the sample), ``group`` (str; rows of one group are never split between folds), then the features. Numeric
        features are float64, categorical ones pandas ``category``.
    features : tuple of str
        Names of the feature columns, in order.
    kpi_of : mapping of str to str
        The KPI each feature belongs to; ``_context`` for features that are no KPI.
    latest : pandas.Timestamp or None
        The snapshot to be scored; None where the table has no time.
    temporal : bool
        False for a flat table without dates, where repeated stratified cross-validation stands in for the split in
        time.
    horizon_days, gap_days : int
        How far the label looks ahead, and the gap before it.
    shares : pandas.DataFrame
        How rows of the latest snapshot split over teams: ``unit_id``, ``team_id``, ``share`` (sums to 1 per unit), and
        ``stage`` shares in the same form where known (column ``stage`` else absent).
    baseline : str or None
        Name of the feature that a naive forecaster would use (last value, own mean), if there is one.
    times : pandas.DataFrame
        For churn whose day is known: ``left_days`` and ``observed_days`` of each row of ``frame``, by its index (see
        ``leaving_times``). Empty elsewhere. They stand outside ``frame`` since they are of the future.
    curve_days : tuple of int
        Days at which chances of leaving are asked for.
    forecast : str or None
        Name of the feature that holds the log-odds of the outcome by a model of the unit's own past, if there is one.
    notes : tuple of Message
        What a reader of the results must know: rows left out, attributes suspected of being overwritten …
    """

    outcome: str
    kind: Literal["probability", "number"]
    unit: str
    frame: pd.DataFrame
    features: tuple[str, ...]
    kpi_of: Mapping[str, str]
    latest: pd.Timestamp | None
    temporal: bool = True
    horizon_days: int = 0
    gap_days: int = 0
    shares: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"unit_id": [], "team_id": [], "share": []}))
    baseline: str | None = None
    times: pd.DataFrame = field(default_factory=pd.DataFrame)
    curve_days: tuple[int, ...] = ()
    forecast: str | None = None
    notes: tuple[Message, ...] = ()

    @property
    def labelled(self) -> pd.DataFrame:
        """The rows whose outcome is known."""
        return self.frame[self.frame["label"].notna()]

    @property
    def current(self) -> pd.DataFrame:
        """The rows to be scored: those of the latest snapshot, or all of a table without time."""
        return self.frame if self.latest is None else self.frame[self.frame["as_of"] == self.latest]

    def known_by(self, moment: pd.Timestamp, /) -> pd.DataFrame:
        """Return ``times`` as they were known at a moment: nobody was observed beyond it."""
        if self.times.empty:
            return self.times
        elapsed = (moment - self.frame["as_of"]).dt.total_seconds() / 86400 - self.gap_days
        observed = np.minimum(self.times["observed_days"], elapsed.clip(lower=0.0))
        left = self.times["left_days"].where(self.times["left_days"] <= observed)
        return self.times.assign(left_days=left, observed_days=observed)

    def save(self, folder: Path, /) -> None:
        """Write the table into a folder as Parquet and JSON."""
        described: dict[str, Any] = {
            "outcome": self.outcome,
            "kind": self.kind,
            "unit": self.unit,
            "features": list(self.features),
            "kpi_of": dict(self.kpi_of),
            "latest": None if self.latest is None else self.latest.isoformat(),
            "temporal": self.temporal,
            "horizon_days": self.horizon_days,
            "gap_days": self.gap_days,
            "baseline": self.baseline,
            "curve_days": list(self.curve_days),
            "forecast": self.forecast,
            "notes": [note.as_json() for note in self.notes],
        }
        with write_atomically(folder / "rows.parquet") as path:
            self.frame.to_parquet(path, index=False)
        with write_atomically(folder / "shares.parquet") as path:
            self.shares.to_parquet(path, index=False)
        if len(self.times):
            with write_atomically(folder / _TIMES) as path:
                self.times.to_parquet(path, index=False)
        else:
            (folder / _TIMES).unlink(missing_ok=True)
        write_json(folder / "table.json", described)

    @classmethod
    def load(cls, folder: Path, /) -> TrainingTable:
        """Read a table that ``save`` has written.

        Raises
        ------
        ArtefactError
            If it is not there.
        """
        described = read_json(folder / "table.json")
        try:
            frame, shares = pd.read_parquet(folder / "rows.parquet"), pd.read_parquet(folder / "shares.parquet")
            times = pd.read_parquet(folder / _TIMES) if (folder / _TIMES).exists() else pd.DataFrame()
        except OSError as error:
            raise ArtefactError(f"{folder}: the training table cannot be read ({error}); run again") from error
        latest = described.pop("latest")
        return cls(
            frame=frame,
            shares=shares,
            times=times,
            curve_days=tuple(described.pop("curve_days", ())),
            latest=None if latest is None else pd.Timestamp(latest),
            features=tuple(described.pop("features")),
            notes=tuple(map(Message.recorded, described.pop("notes"))),
            **described,
        )
