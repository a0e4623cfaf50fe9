"""What can be noted on a customer at risk, and what it is called."""

from __future__ import annotations

from collections.abc import Mapping

from baton.wording.wording import Bilingual, say

__all__ = ["DONE", "MAX_TEXT", "OUTCOMES", "done_name", "outcome_name"]

MAX_TEXT = 400
"""Characters of a note: enough for what the next one needs to know, too few for a file on somebody."""

DONE: Mapping[str, str] = {
    "called": "pages_notes.called",
    "wrote": "pages_notes.wrote",
    "met": "pages_notes.met",
    "fixed": "pages_notes.fixed",
    "offered": "pages_notes.offered",
    "other": "pages_notes.other",
}
"""What was done, with the key of its name."""

OUTCOMES: Mapping[str, str] = {
    "open": "pages_notes.open",
    "stays": "pages_notes.stays",
    "leaves": "pages_notes.leaves",
    "not_reached": "pages_notes.not_reached",
}
"""What came of it, with the key of its name."""


def done_name(key: str, /) -> Bilingual:
    """Return what something that was done is called."""
    return say(DONE.get(key, "pages_notes.other"))


def outcome_name(key: str, /) -> Bilingual:
    """Return what an outcome is called."""
    return say(OUTCOMES.get(key, "pages_notes.open"))
