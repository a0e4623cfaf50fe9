"""A way of writing dates that nobody knows stops, and does not take a part of the rows away in silence."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from features.quality.faults import CheckReport


@pytest.mark.parametrize(("bad", "treatment"), [(2, "null"), (3, "stop")])
def test_a_column_of_which_more_than_a_tenth_of_the_times_cannot_be_read_stops(
    checked: Callable[..., CheckReport], bad: int, treatment: str
) -> None:
    closed = ["2024-01-05" if row >= bad else "fifth of January" for row in range(20)]
    cases = pd.DataFrame({"case_id": range(20), "opened_at": "2024-01-01", "closed_at": closed})
    (fault,) = checked({"cases": cases}).faults
    assert (fault.kind, fault.column, fault.count, fault.treatment) == ("unparseable_time", "closed_at", bad, treatment)
    assert ("that is 15% of them" in fault.hint) is (treatment == "stop")
