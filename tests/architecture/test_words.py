"""The field's words, in names and in prose: a reader who knows the field and not Baton understands them."""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOMS = ("baton", "features", "models", "pipelines", "serving", "simulation", "benchmarks", "tests")

# a part of a name (between underscores, or a word in CamelCase) → the field's word
NAMES = {
    "told|tell|tells|telling|untold": "reported, given, predicted, distinguished",
    "said|unsaid": "what it is: a message, a description, predicted values",
    "apart": "held out; separate",
    "lesson|lessons": "training set",
    "crossing": "cross-fitting",
    "sieve": "sensitive-column filter",
    "among": "population",
    "rivalry": "paired comparison",
    "watched": "validation set",
    "stiffness": "L2 penalty",
    "sureness": "calibration (beta)",
    "usual": "median, default, typical, regular",
    "duty|duties": "mandatory KPI",
    "crew|crews": "headcount",
    "speaks": "is significant",
    "readings": "measurements",
    "fewest": "min, minimum",
}
# the whole of a name
WHOLE_NAMES = {
    r"(MOST|LEAST|FEWEST)_\w+|most_(rows|trees|tokens|texts|words|characters)|least_\w+": "MAX_, MIN_",
    r"\w*Figures": "metrics (of a model)",
    "Described|described_causes": "zero-shot",
}
# names that stay, and why
KEPT_NAMES = {
    "SaidTurn": "a schema of the service's description",
}

# prose: docstrings, comments, pages, catalogues, messages
PROSE = {
    r"\btold\b": "reported, given, predicted, classified, known",
    r"\btells? (apart|from chance)\b|\btells? \w+ apart\b": "distinguish",
    r"\b(handed|hands?) round\b": "permuted",
    r"\bdrawn in\b": "winsorised",
    r"\bdrawn? (\w+ )?towards\b": "shrunk",
    r"\b(kept|keeps?) apart\b|\bheld back\b": "held out",
    r"\b(test|tests) speaks?\b": "is significant",
    r"\b(month|mix|chance|effects?|season|attributes|nuisance|history|priority) (is |are )?taken out\b": "adjusted for",
    r"\bstiff(ness|er)?\b": "L2 penalty",
    r"\bsureness\b(?!\")": "confidence, calibration",
    r"\bdut(y|ies)\b": "mandatory KPI",
    r"\bcrews?\b": "headcount",
    r"\bstands? there (before|several|twice|more)\b": "duplicate",
    r"\b(rows|loss|company) (is|are|on which the loss is) watched\b": "validation set; observed",
    r"\b(monthly|noisy|one) readings?\b": "measurement",
    r"\busual values?\b": "median, default",
}

# files that quote people, or sentences that older versions wrote
QUOTING = {
    "baton/catalogue/causes/general.toml": "what customers write, in their words",
    "docs/results.md": "quotes the data",
    "tests/architecture/test_words.py": "the list itself",
}
# what may stand in prose, and why
KEPT_PROSE = re.compile(
    r"cannot be told\b"  # a value of weights.parquet (`impact`), which the contract of results names
    r"|`told_apart`|\bnot told\b"  # keys of evaluation.json; customers' words
    r"|advice/crews|`crews`"  # a result table, saved under this name
)
ANY_PROSE = re.compile("|".join(PROSE), re.IGNORECASE)
KEYS = re.compile(r"^\s*(\"[^\"]+\"|[\w.\-]+)\s*=")


def sources(checkout: Path) -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((checkout / room).rglob("*.py"))
    yield from (checkout / "start.py", checkout / "interpreters.py")


def names_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a file gives: functions, classes, parameters, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr


@cache
def wrong_name(name: str) -> str | None:
    """The field's word, where a name holds a private one."""
    if name in KEPT_NAMES:
        return None
    if name.startswith("test_"):  # a sentence
        return wrong_prose(name.replace("_", " "))
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
    for words, right in NAMES.items():
        if set(words.split("|")) & set(parts):
            return right
    return next((right for pattern, right in WHOLE_NAMES.items() if re.fullmatch(pattern, name.lstrip("_"))), None)


def wrong_prose(line: str) -> str | None:
    """The field's word, where a line holds a private one."""
    if not ANY_PROSE.search(line):
        return None
    line = KEPT_PROSE.sub("", line)
    return next((right for pattern, right in PROSE.items() if re.search(pattern, line, re.IGNORECASE)), None)


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """A file's lines for readers: docstrings and comments of code, all lines of pages, the values of TOML."""
    text = path.read_text("utf-8")
    if not ANY_PROSE.search(text):
        return
    if path.suffix == ".py":
        tree = ast.parse(text)
        documented = {
            node.body[0].lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        }
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.start[0] in documented):
                yield from enumerate(token.string.splitlines(), token.start[0])
    elif path.suffix == ".toml":
        for number, line in enumerate(text.splitlines(), 1):
            yield number, KEYS.sub("", line)
    else:
        yield from enumerate(text.splitlines(), 1)


def pages(checkout: Path) -> Iterator[Path]:
    yield from sources(checkout)
    yield from sorted((checkout / "docs").rglob("*.md"))
    yield from (checkout / "README.md", checkout / "CONTRIBUTING.md", checkout / "docs" / "company-file.toml")
    for room in ("baton/catalogue", "baton/contract", "baton/messages", "baton/templates", "baton/wording"):
        yield from sorted((checkout / room).rglob("*.toml"))


def test_names_are_the_fields_own(checkout: Path) -> None:
    offenders = [
        f"{path.relative_to(checkout)}:{line} {name}: {wrong_name(name)}"
        for path in sources(checkout)
        for line, name in names_of(ast.parse(path.read_text("utf-8")))
        if wrong_name(name)
    ]
    assert not offenders, os.linesep.join(["", *offenders])


def test_modules_are_named_in_the_fields_words(checkout: Path) -> None:
    offenders = [str(path.relative_to(checkout)) for path in sources(checkout) if wrong_name(path.stem)]
    assert not offenders, os.linesep.join(["", *offenders])


def test_prose_is_in_the_fields_words(checkout: Path) -> None:
    offenders = [
        f"{path.relative_to(checkout)}:{number} {line.strip()[:100]}: {wrong_prose(line)}"
        for path in pages(checkout)
        if path.relative_to(checkout).as_posix() not in QUOTING
        for number, line in prose_of(path)
        if wrong_prose(line)
    ]
    assert not offenders, os.linesep.join(["", *offenders])


@pytest.mark.parametrize(
    "name", ["told", "_told", "ScaleLesson", "MOST_ROWS", "least_p", "watched", "last_usual", "CauseFigures", "crews"]
)
def test_a_private_name_is_found(name: str) -> None:
    assert wrong_name(name)


@pytest.mark.parametrize("name", ["at_least", "threading", "reading", "figure", "held_out", "unusual"])
def test_a_plain_name_is_left_alone(name: str) -> None:
    assert wrong_name(name) is None


@pytest.mark.parametrize(
    "line",
    [
        "The cause that a text was told.",
        "outcomes are handed round among people",
        "values are drawn in at both ends",
        "estimates drawn towards zero",
        "texts kept apart",
        "the joint test speaks",
        "the row stands there several times",
        "fixed duties keep their points",
    ],
)
def test_private_prose_is_found(line: str) -> None:
    assert wrong_prose(line)


@pytest.mark.parametrize(
    "line", ["impact: cannot be told", "the clock stands still", "a figure of the page", "read as usual"]
)
def test_plain_prose_is_left_alone(line: str) -> None:
    assert wrong_prose(line) is None


def test_prefixes_of_columns_stand_in_one_place(checkout: Path) -> None:
    offenders = [
        f"{path.relative_to(checkout)}:{number}"
        for path in sources(checkout)
        if path.relative_to(checkout).parts[0] != "tests" and path.name not in {"columns.py", "dirt_values.py"}
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"""["'](x|y|kpi):""", line)
    ]
    assert not offenders, os.linesep.join(["", *offenders])


BARE = re.compile(r"^( *)[\w*]+(, [\w*]+)* : ([A-Z]\w+|pathlib\.Path)( or None)?(, optional)?$")


def bare_entries(text: str) -> Iterator[int]:
    """Lines of docstrings that repeat a parameter's class and say no more."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        found = BARE.match(line)
        after = lines[number] if number < len(lines) else ""
        if found and (not after.strip() or len(after) - len(after.lstrip()) <= len(found[1])):
            yield number


def test_parameters_are_described_or_left_to_their_types(checkout: Path) -> None:
    offenders = [
        f"{path.relative_to(checkout)}:{number}"
        for path in sources(checkout)
        if path.relative_to(checkout).parts[0] != "tests"
        for number in bare_entries(path.read_text("utf-8"))
    ]
    assert not offenders, os.linesep.join(["", *offenders])


def test_a_bare_parameter_is_found_and_a_described_one_is_not() -> None:
    assert list(bare_entries("    company : Company\n    seed : int\n")) == [1]
    assert not list(bare_entries("    company : Company\n        Whose tables these are.\n"))
