"""Result tables for tests that care for a few columns: the others are filled in by the contract."""

from __future__ import annotations

from typing import Any

import pandas as pd

from baton.contract.results import result_table
from baton.files import RunFolder
from baton.run_results import RunResults

_NOTHING: dict[str, Any] = {"text": "", "integer": 0, "flag": False, "number": float("nan"), "time": pd.NaT}


def write_filled(folder: RunFolder, name: str, frame: pd.DataFrame, /) -> None:
    """Write a result table of which some columns are given."""
    absent = [column for column in result_table(name).columns if column.name not in frame and column.required]
    for column in absent:
        empty: Any = None if column.nullable else _NOTHING.get(column.type)
        if column.type in ("texts", "list of words", "drivers"):
            empty = [[]] * len(frame)
        frame = frame.assign(**{column.name: True if column.name == "informative" else empty})
    RunResults(folder).write(name, frame)
