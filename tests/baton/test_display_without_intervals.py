"""Fewer than five independent groups have no intervals: the summary of a run says so, and does not fail."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from baton.display import summary


@dataclass(frozen=True)
class Found:
    folder: Path
    steps: tuple[object, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    messages: tuple[object, ...] = ()
    next_tables: tuple[object, ...] = ()
    left_out_before: frozenset[str] = frozenset()


@pytest.mark.parametrize(("span", "shown"), [([None, None], "unknown"), ([0.61234, 0.7], "0.612 – 0.700")])
def test_an_interval_is_shown_or_called_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], span: list[float | None], shown: str
) -> None:
    entry = {"rows": 160, "base_rate": 0.4, "auc": 0.65, "ece": None, "intervals": {"auc": span},
             "baselines": {"base_rate": {"auc": None}}}  # fmt: skip
    (tmp_path / "evaluation.json").write_text(json.dumps({"churn": entry}))
    summary(Found(tmp_path), False)
    line = next(line for line in capsys.readouterr().out.splitlines() if "churn" in line)
    assert shown in line
    assert "0.650" in line
