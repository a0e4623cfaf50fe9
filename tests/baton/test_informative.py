"""The gate before a prediction is counted: rows too few to test it do not pass, whatever they seem to show."""

from __future__ import annotations

from typing import Any

import pytest

from baton.informative import held_out_interval, is_informative, uninformative

ENTRY: dict[str, Any] = {"auc": 0.8, "intervals": {"auc": [0.66, 0.92]}, "split_kind": "cross_validation"}


@pytest.mark.parametrize(
    ("more", "passes"),
    [
        ({"rows": 50}, False),
        ({"rows": 99}, False),
        ({"rows": 100}, True),
        ({"rows": 50, "split_kind": "in_time"}, True),  # learned from more than it was tested on
        ({}, True),  # as older runs wrote it
    ],
)
def test_fewer_than_a_hundred_rows_in_cross_validation_show_nothing(more: dict[str, Any], passes: bool) -> None:
    entry = ENTRY | more
    assert is_informative(entry) is passes
    assert (held_out_interval(entry) == (0.66, 0.92)) is passes


def test_the_warning_says_that_cases_are_too_few() -> None:
    assert "too few cases to test it" in uninformative("churn", ENTRY | {"rows": 50}).text
