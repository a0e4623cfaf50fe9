"""The plan to 1e10 events is computed, from figures that stand where it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.plan import INPUTS, breaks, document, work


def test_the_page_holds_what_is_computed(checkout: Path) -> None:
    assert document() in (checkout / "docs" / "scale.md").read_text("utf-8")


def test_measured_inputs_stand_on_the_page_that_they_name(checkout: Path) -> None:
    page = (checkout / "docs" / "speed.md").read_text("utf-8")
    measured = [found.source for found in INPUTS.values() if "speed.md" in found.source]
    assert len(measured) == 7
    figures = [re.findall(r"(\d[\d,.]*\d) (?:s|MiB)\b", source) for source in measured]
    assert [each for found in figures for each in found if each not in page] == []
    others = [found.source for found in INPUTS.values() if "speed.md" not in found.source]
    assert [source for source in others if not source.startswith(("assumed", "300 simulated"))] == []


def test_limits_come_in_the_order_in_which_they_are_met() -> None:
    met = [customers for _, customers, _ in breaks()]
    assert met == sorted(met)
    assert breaks()[0][:2] == ("memory of features", pytest.approx(1.28e6, rel=0.01))


def test_hours_are_rates_times_rows() -> None:
    hours = {step: hours for step, _, hours, _ in work()}
    assert hours["stage"] == pytest.approx(1e10 * 40.9 / 9.24e6 / 3600)
    assert hours["score"] == pytest.approx(1e8 * 17.7 / 1e5 / 3600)
