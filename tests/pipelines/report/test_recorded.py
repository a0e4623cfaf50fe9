"""What a run records in English stands on the page in Chinese too."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from baton.files import read_json
from pipelines.report.data.recorded import recorded

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def content(checkout: Path) -> dict[str, object]:
    return tomllib.loads((checkout / "pipelines" / "report" / "data" / "recorded.toml").read_text("utf-8"))


def test_every_blank_of_a_sentence_is_filled_in_both_languages(content: dict[str, list[dict[str, str]]]) -> None:
    for message in content["message"]:
        assert set(re.findall(r"{(\w+)}", message["zh"])) == set(re.findall(r"{(\w+)}", message["en"])), message["en"]
        assert HAN.search(message["zh"]), message["zh"]


def test_each_sentence_is_recognised_as_itself(content: dict[str, list[dict[str, str]]]) -> None:
    for message in content["message"]:
        blanks = re.findall(r"{(\w+)}", message["en"])
        filled = {name: f"<{name}>" for name in blanks}
        shown = str(recorded(message["en"].format(**filled)).zh)
        expected = message["zh"].format(**{name: f"&lt;{name}&gt;" for name in blanks})
        assert shown == expected


def test_what_a_real_run_warns_of_is_reported_in_chinese(small_run: Path) -> None:
    warnings = read_json(small_run / "run.json")["warnings"]
    assert warnings
    left = [text for text in warnings if not HAN.search(str(recorded(text).zh))]
    assert not left


def test_a_sentence_that_nobody_knows_stays_as_it_is_and_is_escaped() -> None:
    shown = recorded("a <new> kind of trouble")
    assert (str(shown.en), str(shown.zh)) == ("a &lt;new&gt; kind of trouble",) * 2
