"""What is not known up to the moment that is answered for is said."""

from __future__ import annotations

from datetime import datetime

import pytest

from serving.live.asking import with_note


@pytest.mark.parametrize(
    ("until", "named"),
    [
        ({"cases": "2026-07-01T09:00:00Z", "activity": "2026-07-01T23:59:00Z"}, ()),
        # half a day apart, but a whole day of what is answered for is missing
        ({"cases": "2026-07-01T09:00:00Z", "activity": "2026-06-30T23:59:00Z"}, ("activity",)),
        ({"cases": "2026-07-02T00:00:00Z", "activity": "2026-07-01T00:00:00Z"}, ("activity",)),
        # nobody new in weeks is no gap
        ({"cases": "2026-07-01T09:00:00Z", "customers": "2026-05-01T00:00:00Z"}, ()),
        ({}, ()),
    ],
)
def test_tables_that_end_before_the_day_that_is_answered_for_are_named(
    until: dict[str, str], named: tuple[str, ...]
) -> None:
    found = with_note({"note": "first"}, {"until": until}, datetime(2026, 7, 2))["note"]
    assert found.startswith("first")
    assert [name for name in until if f"{name} is known until {until[name]}" in found] == list(named)
