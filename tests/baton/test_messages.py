"""Every sentence of the catalogue stands in both languages with the same blanks, and is used somewhere."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from baton.messages.catalogue import Entry, catalogue
from baton.messages.message import Message, Name, bilingual, render
from baton.messages.numbers import grouped, percentage

ROOMS = ("baton", "features", "models", "pipelines", "serving")
SHAPES = {"", "count", "percent", "percent1", "figures", "points", "duration", "0", "1", "2", "list", "and", "clauses"}
HAN = re.compile(r"[\u4e00-\u9fff]")
ENTRIES = sorted(catalogue().items())


def blanks(text: str) -> set[tuple[str, str | None]]:
    return {(name, form) for _, name, form, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(("key", "entry"), ENTRIES, ids=[key for key, _ in ENTRIES])
def test_a_sentence_has_both_languages_with_the_same_blanks(key: str, entry: Entry) -> None:
    assert blanks(entry.en) == blanks(entry.zh), key
    assert {form for _, form in blanks(entry.en)} <= SHAPES
    if entry.one is not None:
        assert blanks(entry.one) <= blanks(entry.en)
        assert "n" in {name for name, _ in blanks(entry.en)}
    if re.search("[a-z]", re.sub(r"{[^}]*}", "", entry.en)):  # else there is nothing but blanks
        assert HAN.search(entry.zh), key
        assert not HAN.search(entry.en), key


def literals(checkout: Path) -> Iterator[tuple[str, str]]:
    """Every literal text of the code that could be a key, and where it stands."""
    for room in ROOMS:
        for path in sorted((checkout / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value, path.relative_to(checkout).as_posix()


def asked_for(source: str) -> list[str]:
    """Keys that a module writes out where it makes a message."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    keys = [node.args[0] for node in calls if isinstance(node.func, ast.Name) and node.func.id == "Message"]
    return [key.value for key in keys if isinstance(key, ast.Constant)]


def test_every_sentence_is_used(checkout: Path) -> None:
    used = {text for text, _ in literals(checkout)}
    assert sorted(set(catalogue()) - used) == []


def test_every_sentence_that_is_asked_for_is_there(checkout: Path) -> None:
    missing = {
        (path.name, key)
        for room in ROOMS
        for path in (checkout / room).rglob("*.py")
        for key in asked_for(path.read_text("utf-8"))
        if key not in catalogue()
    }
    assert not missing
    assert asked_for("Message('no.such', {})") == ["no.such"]


def test_every_key_of_an_enum_or_a_table_is_there() -> None:
    from models.advice.limits import SENTENCES
    from models.effects.not_measured import NO_EFFECT, NotMeasured

    keys = [*map(str, NotMeasured), *NO_EFFECT.values(), *SENTENCES.values()]
    assert len(keys) > 20
    assert [key for key in keys if key not in catalogue()] == []


def filled_in(source: str) -> Iterator[tuple[str, set[str]]]:
    """Keys of messages whose values are written out beside them, and the names of these."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message"):
            continue
        key, values = node.args[0] if node.args else None, node.args[1] if len(node.args) > 1 else ast.Dict([], [])
        if isinstance(key, ast.Constant) and isinstance(values, ast.Dict):
            names = [name.value for name in values.keys if isinstance(name, ast.Constant)]
            if len(names) == len(values.keys):
                yield str(key.value), set(map(str, names))


def test_values_that_are_written_out_fill_the_blanks(checkout: Path) -> None:
    """A blank that nothing fills would show itself only when the sentence is said, perhaps after an hour."""
    found = [
        (path.name, key, names)
        for room in ROOMS
        for path in sorted((checkout / room).rglob("*.py"))
        for key, names in filled_in(path.read_text("utf-8"))
        if key in catalogue()
    ]
    assert len(found) > 150
    wrong = [(place, key) for place, key, names in found if names != {name for name, _ in blanks(catalogue()[key].en)}]
    assert wrong == []
    assert list(filled_in('Message("a.b", {"n": 1})')) == [("a.b", {"n"})]


PAGES = ("pipelines/report/", "baton/wording/", "baton/charts/", "serving/pages/")


def test_a_text_that_begins_with_a_section_is_a_key(checkout: Path) -> None:
    sections = {key.split(".")[0] for key in catalogue()}
    makers = {path.relative_to(checkout).as_posix() for room in ROOMS for path in (checkout / room).rglob("*.py")}
    # the texts of pages have sections too
    makers = {place for place in makers if not place.startswith(PAGES)}
    looks = re.compile(rf"({'|'.join(sorted(sections))})\.(?!json$|parquet$|toml$)[a-z_0-9]+")
    found = {text for text, place in literals(checkout) if place in makers and looks.fullmatch(text)}
    assert len(found) > 300
    assert sorted(found - set(catalogue())) == []


def test_keys_are_written_out_whole(checkout: Path) -> None:
    """A key put together by the code could not be looked for."""
    for room in ROOMS:
        for path in (checkout / room).rglob("*.py"):
            assert not re.search(r"\bMessage\(\s*f[\"']", path.read_text("utf-8")), path


def test_a_message_is_json_and_back() -> None:
    inner = Message("limit.max_weight", {"kpi": Name("Quick answers", "快速回复"), "points": 7.5})
    message = Message("limit.broken", {"limits": (inner, inner)})
    again = Message.from_json(json.loads(json.dumps(message.as_json())))
    assert again == message
    assert hash(again) == hash(message)
    assert bilingual(again) == {
        "en": "Not all limits of the policy can be kept together: "
        + "; ".join(["“Quick answers” has 7.5 points more than one KPI may have"] * 2) + ".",
        "zh": "政策中的限制无法同时满足：" + "；".join(["“快速回复”超出单项上限 7.5 分"] * 2) + "。",
    }  # fmt: skip


def test_a_blank_that_is_not_filled_is_a_defect() -> None:
    with pytest.raises(KeyError):
        render(Message("limit.outcome_max"), "en")
    with pytest.raises(KeyError):
        render(Message("limit.no_such"), "en")


def test_what_fills_a_blank_is_never_read_as_a_blank() -> None:
    name = Name("{points} {kpi}", "{x}")
    assert "{points} {kpi}” has 2 points" in Message("limit.max_weight", {"kpi": name, "points": 2}).text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_numbers_are_rounded_once_and_as_python_does(language: str) -> None:
    for value in (0.15, 2.5, 3.5, 1.005, -0.05, 1234.5, 1e9, 0.0):
        expected = f"{value:,.1f}".replace("-", "\N{MINUS SIGN}") if round(value, 1) else "0.0"
        assert grouped(value, language, 1) == expected  # type: ignore[arg-type]
    assert percentage(0.125, language) == "12%"  # type: ignore[arg-type]
    assert grouped(float("nan"), language) == "nan"  # type: ignore[arg-type]
    # more figures than anybody reads
    assert grouped(-1.5e300, language, 2) == "−1.5e+300"  # type: ignore[arg-type]
