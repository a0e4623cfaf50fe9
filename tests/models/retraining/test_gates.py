"""What a challenger must show, gate by gate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.retraining.settings import Gates
from models.retraining.backtest import Compared
from models.retraining.gates import Gate, agreement_gate, as_json, gates_of, latency_gate

ROWS = 2000


def compared(shift: float = 0.0, *, only: str = "", noise: float = 0.0, kind: str = "probability") -> Compared:
    """A calibrated champion, and a challenger whose log-odds are off by so much, in one region alone or everywhere."""
    generator = np.random.default_rng(3)
    score = generator.normal(-1, 1, ROWS)
    chance = 1 / (1 + np.exp(-score))
    label = (generator.random(ROWS) < chance).astype(float)
    region = np.where(np.arange(ROWS) % 4 == 0, "north", "south")
    off = np.where(region == only, shift, 0.0) if only else np.full(ROWS, shift)
    other = 1 / (1 + np.exp(-(score + off + noise * generator.normal(size=ROWS))))
    unit = [f"c{number % 500}" for number in range(ROWS)]
    rows = pd.DataFrame({"unit_id": unit, "group": unit, "label": label, "region": pd.Categorical(region)})
    return Compared(kind, rows, chance, other)


def judged(given: Compared, protected: dict[str, np.ndarray] | None = None, **gates: float) -> dict[str, Gate]:
    found = gates_of(given, Gates(**gates), protected or {}, features=["region"], seed=7)  # type: ignore[arg-type]
    return {gate.name: gate for gate in found}


def failed(found: dict[str, Gate]) -> set[str]:
    return {name for name, gate in found.items() if gate.passed is False}


def test_a_challenger_that_says_the_same_passes() -> None:
    found = judged(compared())
    assert failed(found) == set()
    assert found["log_loss"].value == 0.0


def test_one_that_is_worse_everywhere_fails_by_log_loss_and_calibration() -> None:
    assert {"log_loss", "calibration"} <= failed(judged(compared(1.0)))


def test_one_that_is_only_noisier_fails_by_log_loss_alone() -> None:
    assert failed(judged(compared(noise=0.7), calibration=1.0, worst_segment=1.0)) == {"log_loss"}


def test_a_region_that_is_predicted_badly_is_named() -> None:
    found = judged(compared(1.5, only="north"), log_loss=1.0, calibration=1.0)
    assert failed(found) == {"worst_segment", "fairness"}
    assert found["worst_segment"].where == "region = north"


def test_of_a_protected_group_the_attribute_is_named_and_the_group_is_not() -> None:
    given = compared(1.5, only="north")
    group = np.where(given.rows["region"].astype(str) == "north", "aged", "young")
    given = Compared(given.kind, given.rows.assign(region="all"), given.champion, given.challenger)
    found = judged(given, {"age": group})
    assert (found["fairness"].passed, found["fairness"].where) == (False, "age")
    assert "aged" not in str(as_json(found["fairness"]))
    # a champion who was as wrong does not make it worse
    same = Compared(given.kind, given.rows, given.challenger, given.challenger)
    assert judged(same, {"age": group})["fairness"].passed


def test_small_groups_are_not_judged() -> None:
    group = np.array(["one", *["many"] * (ROWS - 1)])
    given = compared(1.5, only="north")
    given = Compared(given.kind, given.rows.assign(region="all"), given.champion, given.challenger)
    assert judged(given, {"age": group})["fairness"].passed is None


def test_few_units_pass_nothing() -> None:
    given = compared()
    few = Compared(given.kind, given.rows.assign(group=given.rows.index % 5), given.champion, given.challenger)
    assert judged(few)["log_loss"].passed is False


def test_numbers_are_judged_by_squared_error_and_have_no_calibration() -> None:
    found = judged(compared(1.0, kind="number"))
    assert found["calibration"].passed is None
    assert found["log_loss"].passed is False


def test_the_same_seed_gives_the_same_verdict() -> None:
    assert judged(compared(0.2)) == judged(compared(0.2))


def test_latency_and_agreement_are_held_against_their_limits() -> None:
    assert latency_gate(60.0, 2.0, 50.0).passed is False
    assert agreement_gate(0.7, 0.7).passed
    assert agreement_gate(0.69, 0.7).passed is False
    assert agreement_gate(None, 0.7).passed is None
