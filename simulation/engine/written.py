"""What writing a simulated company leaves, and how its tables get onto the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Written", "write_table"]


@dataclass(frozen=True)
class Written:
    """What has been written.

    Parameters
    ----------
    rows : dict of str to int
        Per table.
    effects : list of dict
        The true effects: outcome, kpi, effect.
    """

    rows: dict[str, int]
    effects: list[dict[str, Any]]


def write_table(path: Path, frame: pd.DataFrame, /) -> None:
    """Write a table as Parquet or CSV, as the file's name says, whole or not at all."""
    with write_atomically(path) as temporary:
        if path.suffix == ".parquet":
            frame.to_parquet(temporary, index=False)
        else:
            frame.to_csv(temporary, index=False, date_format="%Y-%m-%dT%H:%M:%SZ", lineterminator="\n")
