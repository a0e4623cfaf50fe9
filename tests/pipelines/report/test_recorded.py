"""What a run records has a key, so that it stands on the page in Chinese too."""

from __future__ import annotations

import re
from pathlib import Path

from baton.files import read_json
from baton.messages.message import Message, render

HAN = re.compile(r"[\u4e00-\u9fff]")


def test_what_a_real_run_warns_of_is_reported_in_chinese(small_run: Path) -> None:
    record = read_json(small_run / "run.json")
    assert record["warnings"]
    for text, found in zip(record["warnings"], record["messages"], strict=True):
        message = Message.recorded(found or text)
        assert message.text == text
        assert message.key != "text.verbatim", text
        assert HAN.search(render(message, "zh")), text
