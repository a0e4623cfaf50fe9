"""What a metric varies by from window to window by chance is what its own rows say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from features.kpis.calendar_periods import windows_of
from features.training.unit_moments import unit_moments

UNITS, ROWS = 150, 30


@pytest.fixture(scope="module")
def desk(make_warehouse: Any) -> Any:
    """Units that are all alike: durations and events of the same distributions."""
    rng = np.random.default_rng(4)
    hours = rng.lognormal(3, 0.7, (UNITS, ROWS))
    exposure = rng.uniform(1, 5, (UNITS, ROWS))
    events = rng.poisson(0.4 * exposure)
    at = datetime(2024, 3, 20)
    return make_warehouse(
        {
            "cases": [
                {"case_id": f"{unit}-{row}", "process": f"p{unit}", "opened_at": at, "closed_at": at,
                 "handle_seconds": hours[unit, row], "cost": float(events[unit, row]), "wait": exposure[unit, row]}
                for unit, row in np.ndindex(UNITS, ROWS)
            ]
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("how", "least", "most"),
    [
        ({"expr": "handle_seconds", "aggregate": "mean"}, 0.8, 1.25),
        # skewed, and few: quantiles are taken to be a little less sure than they are, never surer
        ({"expr": "handle_seconds", "aggregate": "median"}, 0.95, 1.5),
        ({"expr": "handle_seconds", "aggregate": "p90"}, 0.95, 1.9),
        ({"expr": "cost", "denominator": "wait", "aggregate": "ratio"}, 0.8, 1.25),
    ],
    ids=["mean", "median", "p90", "rate"],
)
def test_units_that_are_alike_differ_by_their_sampling_variance(
    desk: Any, make_kpi: Any, how: dict[str, str], least: float, most: float
) -> None:
    found = unit_moments(desk, make_kpi("k", **how), "process", windows_of([datetime(2024, 4, 1)], [30]))
    assert len(found) == UNITS and set(found["n"]) == {ROWS}
    seen, expected = found["mean"].var(), (found["variance"] / found["n"]).mean()
    assert least < expected / seen < most


def test_a_rate_of_events_by_exposure_has_the_variance_of_poisson_counts(desk: Any, make_kpi: Any) -> None:
    rate = make_kpi("k", expr="cost", denominator="wait", aggregate="ratio")
    found = unit_moments(desk, rate, "process", windows_of([datetime(2024, 4, 1)], [30]))
    exposure = ROWS * 3.0  # its mean is 3 a row
    assert (found["variance"] / found["n"]).mean() == pytest.approx(0.4 / exposure, rel=0.1)
