"""No sentence of the checks and of what is left out can be written without its Chinese."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.quality.faults import KINDS

MESSAGE_AT = {"Rule": 3, "Fault": 7, "TooLittleDataError": 0}
NEVER_IN_A_REPORT = {name for name, kind in KINDS.items() if kind.allowed == ("stop",)}
PLACES = ["models/prediction/comparison.py"]  # raised where models are compared by hand, in no run


def template(node: ast.expr) -> str | None:
    """Return a literal sentence, or an f-string with ``\0`` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
    return None


def sentences(checkout: Path) -> Iterator[tuple[str, str]]:
    for room in ("features", "models"):
        for path in sorted((checkout / room).rglob("*.py")):
            if path.relative_to(checkout).as_posix() in PLACES:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                at = MESSAGE_AT.get(node.func.id)
                if at is None or len(node.args) <= at:
                    continue
                kind = node.args[0 if node.func.id == "Rule" else 2 if node.func.id == "Fault" else 0]
                if isinstance(kind, ast.Constant) and kind.value in NEVER_IN_A_REPORT:
                    continue
                written = template(node.args[at])
                if written is not None and re.search(r"[a-z]{3}", written):
                    yield f"{path.name}:{node.lineno}", written


@pytest.fixture(scope="module")
def known(checkout: Path) -> list[str]:
    content = tomllib.loads((checkout / "pipelines" / "report" / "data" / "recorded.toml").read_text("utf-8"))
    return [*(message["en"] for message in content["message"]), *content["words"]]


def is_known(written: str, known: list[str]) -> bool:
    """Whether a sentence stands in the file, each with its own blanks, with a place before it or more behind it."""
    written = re.sub("^\0: |^[a-z]+:\0?:? ?", "", written) if re.match("\0: |[a-z]+:\0?:? ", written) else written
    written = ".*".join(map(re.escape, written.split("\0")))
    return any(re.search(f"(^|: ){written}($| in {{n}} row|;)", sentence, re.DOTALL) for sentence in known)


def test_every_sentence_of_the_checks_and_of_what_is_left_out_is_known(checkout: Path, known: list[str]) -> None:
    found = list(sentences(checkout))
    assert len(found) > 40
    missing = [f"{place}: {written!r}" for place, written in found if not is_known(written, known)]
    assert not missing, "\n".join(missing)


def test_a_new_sentence_would_be_missed(known: list[str]) -> None:
    assert is_known("the value is no number", known)
    assert is_known("\0 has no value", known)
    assert not is_known("the moon is full", known)
    assert not is_known("\0 is full of \0", known)
