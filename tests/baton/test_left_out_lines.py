"""What a run left out is said once: of what the run before left out too, how many lines there were."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from baton.display import notes_of


def found(*before: str) -> Any:
    reported = {"key": "left_out.reported", "values": {}}
    return SimpleNamespace(
        skipped={"churn": "no customers"},
        warnings=("left out: money", "left out: steps", "csat is taken as a scale from 1 to 5"),
        messages=(reported, reported, {"key": "note.scale", "values": {}}),
        left_out_before=frozenset(before),
    )


def test_the_first_run_says_every_line() -> None:
    assert notes_of(found()) == [
        "left out: churn: no customers",
        "left out: money",
        "left out: steps",
        "note: csat is taken as a scale from 1 to 5",
    ]


def test_a_later_run_says_what_is_new_and_counts_the_rest() -> None:
    assert notes_of(found("left out: churn: no customers", "left out: money", "left out: what is there now")) == [
        "left out: steps",
        "left out, as in the run before: 2 lines; --verbose shows them",
        "note: csat is taken as a scale from 1 to 5",
    ]


def test_verbose_says_every_line() -> None:
    assert notes_of(found("left out: money"), verbose=True) == notes_of(found())
