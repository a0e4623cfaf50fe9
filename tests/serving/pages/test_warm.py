"""What the first pages of a run need is read before it answers, once, and a fault there stops nothing."""

from __future__ import annotations

from typing import Any

import pytest

from serving.pages.behind import PagesOf
from serving.pages.reading import of_run
from tests.serving.pages.test_customers import churn, run_of


class Counting:
    """Counts how often customers are read."""

    def __init__(self) -> None:
        self.runs: list[Any] = []

    def of(self, run: Any) -> Any:
        self.runs.append(run)
        return "read"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(of_run, "AtRisk", counting)
    return counting


def pages(run: Any) -> PagesOf:
    nothing: Any = None
    return PagesOf(run.company, nothing, lambda: run, nothing, nothing)


def test_what_was_read_before_is_what_the_first_request_gets(tmp_path: Any, counted: Counting) -> None:
    run = run_of(tmp_path, {"churn": churn()})
    of = pages(run)
    of.warm(run)
    assert counted.runs == [run]
    assert of.read().at_risk == "read" and counted.runs == [run]


def test_the_run_before_goes_on_being_shown_while_the_next_is_read(tmp_path: Any, counted: Counting) -> None:
    run, following = run_of(tmp_path, {}), run_of(tmp_path, {})
    of = pages(run)
    before = of.read()
    of.warm(following)
    assert of.read() is before
    object.__setattr__(of, "run", lambda: following)
    assert of.read().run is following and of.read().at_risk == "read" and counted.runs == [following]


def test_a_fault_stops_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(run: Any) -> Any:
        raise ValueError("a defect")

    monkeypatch.setattr(of_run, "AtRisk", type("Broken", (), {"of": staticmethod(broken)}))
    run = run_of(tmp_path, {"churn": churn()})
    of = pages(run)
    of.warm(run)
    with pytest.raises(ValueError, match="a defect"):
        _ = of.read().at_risk
