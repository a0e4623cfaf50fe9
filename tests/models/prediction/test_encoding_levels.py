"""A category keeps its code whatever type a later file has; what training did not know is counted."""

from __future__ import annotations

import pandas as pd
import pytest

from models.prediction.encoding import Encoding

CODES = Encoding(("plan",), {"plan": ("100", "2.5", "007", "True", "A3")}, {}, {}, {"plan": ("200",)})


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (["100", "2.5", "007", "A3"], [0, 1, 2, 4]),
        ([100.0, 2.5, 100.0, None], [0, 1, 0, None]),
        ([100, 7, 2, 3], [0, None, None, None]),
        (["100.0", "2.50", "7", "0100"], [0, 1, None, None]),
        ([True, "true", "a3", None], [3, 3, None, None]),
    ],
)
def test_a_level_is_itself_in_files_of_other_types(values: list[object], codes: list[float | None]) -> None:
    column = pd.DataFrame({"plan": values})
    found = [None if code != code else code for code in CODES.matrix(column)[:, 0]]
    assert found == codes
    rows = [{"plan": value} for value in values]
    assert [None if code != code else code for code in CODES.matrix(rows)[:, 0]] == codes


def test_levels_that_training_did_not_know_are_counted_and_rare_ones_are_not_new() -> None:
    frame = pd.DataFrame({"plan": [100.0, 200.0, 300.0, 300.0, None]})
    assert CODES.unknown_levels(frame) == {"plan": (2, 4)}


def test_training_remembers_which_levels_were_rare() -> None:
    frame = pd.DataFrame({"plan": ["a"] * 6 + ["b"]})
    encoding = Encoding.learn(frame, ["plan"])
    assert (encoding.categories, encoding.rare) == ({"plan": ("a",)}, {"plan": ("b",)})
    assert encoding.unknown_levels(frame) == {}
