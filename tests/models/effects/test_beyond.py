"""What a case does after the horizon: measured where later leaving is known, believed where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from models.effects.estimators.beyond import beyond_horizon
from models.effects.estimators.design import Design

PEOPLE, EACH = 80, 500


def planted(left: float) -> tuple[Design, np.ndarray]:
    """People who differ in one lever, which keeps customers; ``left`` of that effect acts one horizon later."""
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(PEOPLE), EACH)
    lever = rng.standard_normal(PEOPLE)[person] + rng.standard_normal(len(person))
    first = (rng.random(len(person)) < 0.15 - 0.05 * lever).astype(float)
    later = np.where(first == 0, rng.random(len(person)) < 0.15 - 0.05 * left * lever, np.nan).astype(float)
    zero = np.zeros(len(person), dtype=np.int64)
    design = Design(
        outcome="churn", levers=("a",), asked=1, values=np.column_stack([lever, first - first.mean()]),
        unadjusted=np.zeros((len(person), 2)), index=np.zeros(len(person)), difficulty=np.zeros(len(person)), handler_level=np.zeros(1, dtype=bool),
        unit=np.ones(1), employee=person, customer=np.arange(len(person)), team=zero, process=zero, period=zero,
        rows=np.arange(len(person)), teams=("t",), children={},
    )  # fmt: skip
    return design, np.where(first == 0, later, np.nan)


def test_nobody_knows_who_left_later_so_what_is_left_is_as_believed() -> None:
    design, later = planted(0.3)
    factor = beyond_horizon(design, np.full(len(later), np.nan), 90, draws=2000, seed=1)
    assert factor[0] == pytest.approx(1 / (1 - np.exp(-90 / 60)))
    assert factor.min() >= 1
    assert factor[1:].std() > 0.15
    # over a year next to nothing is left
    assert beyond_horizon(design, np.full(len(later), np.nan), 365, draws=10, seed=1)[0] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("left", [0.0, 0.5])
def test_later_leaving_moves_the_belief_towards_what_is_measured_as_far_as_survivors_allow(left: float) -> None:
    design, later = planted(left)
    factor = beyond_horizon(design, later, 90, draws=2000, seed=1)
    believed = np.exp(-90 / 60)
    assert 1 - 1 / factor[0] == pytest.approx(believed + 0.41 * (left - believed), abs=0.03)
    nothing = beyond_horizon(design, np.full(len(later), np.nan), 90, draws=2000, seed=1)
    assert factor[1:].std() / factor[0] ** 2 < nothing[1:].std() / nothing[0] ** 2
