"""The benchmark of predictors compares on the same rows, and goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.predictors import __main__ as benchmark
from benchmarks.predictors import contestants
from benchmarks.predictors.made_tables import made_tables
from benchmarks.predictors.tables import _flat


def test_what_was_answered_is_kept_and_compared_on_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, rows, label = next(made_tables())
    asked: list[str] = []

    def one(*_: Any) -> Iterator[Any]:
        import pandas as pd

        yield "made", name, _flat(rows, label, pd.Series(np.arange(len(rows)).astype(str)))

    def answering(who: str, chance: float) -> Any:
        def answer(given: contestants.Asked) -> np.ndarray:
            asked.append(who)
            return np.full(int(given.test.sum()), chance)

        return answer

    rate = float(label.mean())
    monkeypatch.setattr(benchmark, "tables", one)
    monkeypatch.setattr(benchmark, "CONTESTANTS", {"Baton": answering("Baton", rate), "flat": answering("flat", 0.5)})
    benchmark.main(["--folder", str(tmp_path), "--folds", "2"])
    first = capsys.readouterr().out
    assert asked == ["Baton", "flat"] * 2
    assert "| 0.6931 | flat | -0." in first and "Mean rank: Baton 1.00, flat 2.00." in first
    assert "Against flat: better on 1 of 1 tables, worse on 0." in first
    benchmark.main(["--folder", str(tmp_path), "--folds", "2"])
    assert asked == ["Baton", "flat"] * 2
    assert capsys.readouterr().out == first
