"""No message makes the cues look for minutes: patterns end, and what was compared once is remembered."""

from __future__ import annotations

import re._parser as parser
import tomllib
from pathlib import Path
from typing import Any

import pytest

import models.conversations.cues as cues_module
from models.conversations.cues import Turn, turn_features

CUES = tomllib.loads((Path(cues_module.__file__).parent / "cues.toml").read_text("utf-8"))
PATTERNS = [(name, pattern) for name, cue in CUES.items() for pattern in (*cue["en"], *cue["zh"])]


def endless(parsed: Any) -> bool:
    """Whether a pattern holds a repeat without an upper bound."""
    for operation, argument in parsed:
        if operation in (parser.MAX_REPEAT, parser.MIN_REPEAT):
            if argument[1] is parser.MAXREPEAT or endless(argument[2]):
                return True
        elif operation is parser.BRANCH:
            if any(endless(branch) for branch in argument[1]):
                return True
        elif operation is parser.SUBPATTERN and endless(argument[3]):
            return True
    return False


def test_an_endless_pattern_is_seen() -> None:
    assert endless(parser.parse(r"(a|\d+) days")) and not endless(parser.parse(r"(a|\d{1,9}) days"))


def test_no_cue_repeats_without_end() -> None:
    assert not [pattern for _, pattern in PATTERNS if endless(parser.parse(pattern))]


def test_cues_are_written_in_small_letters_as_the_text_is_read() -> None:
    assert not [pattern for _, pattern in PATTERNS if any(char.isupper() for char in pattern.replace("\\B", ""))]


@pytest.mark.timeout(100)
@pytest.mark.parametrize("letter", ["1", "一", "十", "a", '"a ', "not a "])
def test_a_long_message_of_one_letter_is_read_like_any_other(letter: str) -> None:
    # with endless repeats this took four minutes for figures
    assert len(turn_features([Turn(True, letter * (20_000 // len(letter)))], 0)) == len(cues_module.feature_names())


def test_capitals_and_small_letters_point_at_the_same() -> None:
    loud, low = (turn_features([Turn(True, text)], 0) for text in ("I WILL CANCEL TODAY", "i will cancel today"))
    leave = cues_module.feature_names().index("leave")
    assert loud[leave] == low[leave] == 1.0
