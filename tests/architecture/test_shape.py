"""Sizes, names and habits of the code."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = ("baton", "features", "models", "pipelines", "serving", "simulation")
LARGEST_FILE = 400
MAX_MODULES = 20
LARGEST_FUNCTION = 40
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
PICKLERS = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
TEXT_ENDINGS = {".py", ".toml", ".md", ".in", ".lock", ".txt", ".html", ".jinja", ".css", ".js", ".json", ".ipynb", ""}
# a path of somebody's machine, or a host that serves packages
MACHINE = re.compile(
    r"(?<![\w.])/(?:home|Users|root|work|mnt)/\w|[A-Z]:\\\\?Users|(?:pypi|npm|registry|artifactory|nexus)[\w.-]*\.\w+/"
    r"|index-url\s*="
)
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:|#|<)([^)#\s]+)[^)]*\)")


def sources(checkout: Path, rooms: tuple[str, ...] = ROOMS) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((checkout / room).rglob("*.py"))


def tracked(checkout: Path) -> list[Path]:
    """Files of the project: those that git knows, or everything in a copy without git."""
    done = subprocess.run(["git", "ls-files"], cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [checkout / line for line in done.stdout.splitlines() if (checkout / line).is_file()]
    hidden = re.compile(r"\.venv.*|demo|__pycache__")
    return [path for path in checkout.rglob("*") if path.is_file() and not any(map(hidden.fullmatch, path.parts))]


def statements(function: ast.AST) -> int:
    """How many statements a function holds, its docstring and inner functions included."""
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1


def report(offenders: list[str]) -> str:
    return os.linesep.join(["", *offenders])


def test_no_file_is_longer_than_400_lines(checkout: Path) -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in sources(checkout, (*ROOMS, "tests"))}
    offenders = [f"{path.relative_to(checkout)}: {count}" for path, count in lengths.items() if count > LARGEST_FILE]
    assert not offenders, report(offenders)


def test_no_folder_holds_more_than_20_modules(checkout: Path) -> None:
    counts = Counter(path.parent for path in sources(checkout) if path.name != "__init__.py")
    offenders = [f"{folder.relative_to(checkout)}: {count}" for folder, count in counts.items() if count > MAX_MODULES]
    assert not offenders, report(offenders)


def test_half_of_the_files_are_shorter_than_150_lines(checkout: Path) -> None:
    lengths = sorted(len(path.read_text("utf-8").splitlines()) for path in sources(checkout))
    assert lengths[len(lengths) // 2] < 150


def test_no_function_has_more_than_40_statements(checkout: Path) -> None:
    offenders = [
        f"{path.relative_to(checkout)}:{node.lineno} {node.name}: {statements(node)}"
        for path in sources(checkout)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and statements(node) > LARGEST_FUNCTION
    ]
    assert not offenders, report(offenders)


def test_only_the_command_line_prints(checkout: Path) -> None:
    offenders = [
        f"{path.relative_to(checkout)}:{node.lineno}"
        for path in sources(checkout)
        if path.relative_to(checkout).as_posix() not in {"baton/cli.py", "baton/display.py"}
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not offenders, report(offenders)


def test_no_module_has_a_name_that_says_nothing(checkout: Path) -> None:
    offenders = [str(path) for path in sources(checkout) if FORBIDDEN_NAMES & set(path.stem.split("_"))]
    assert not offenders, report(offenders)


def test_nothing_is_pickled(checkout: Path) -> None:
    offenders = []
    for path in sources(checkout):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [entry.name for entry in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            if PICKLERS & {name.split(".")[0] for name in names} or called in ("to_pickle", "read_pickle"):
                offenders.append(f"{path.relative_to(checkout)}:{getattr(node, 'lineno', 0)}")
    assert not offenders, report(offenders)


def test_every_module_says_what_it_exports(checkout: Path) -> None:
    offenders = []
    for path in sources(checkout):
        tree = ast.parse(path.read_text("utf-8"))
        public = [
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        ]
        targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
        if public and not any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            offenders.append(str(path.relative_to(checkout)))
    assert not offenders, report(offenders)


def test_no_tracked_file_names_a_machine_or_a_registry(checkout: Path) -> None:
    offenders = [
        f"{path.relative_to(checkout)}:{number}: {line.strip()[:80]}"
        for path in tracked(checkout)
        if path.suffix in TEXT_ENDINGS and path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert not offenders, report(offenders)


@pytest.mark.parametrize(
    "line", ["see /home/someone/data", "--index-url=x", "C:\\Users\\me", "https://pypi.org/simple"]
)
def test_the_search_for_machines_finds_them(line: str) -> None:
    assert MACHINE.search(line)


def test_the_tests_are_no_package(checkout: Path) -> None:
    assert not list((checkout / "tests").rglob("__init__.py"))


def test_pages_hold_no_dead_links(checkout: Path) -> None:
    pages = [path for path in tracked(checkout) if path.suffix == ".md"]
    offenders = [
        f"{page.relative_to(checkout)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not offenders, report(offenders)


def test_the_licence_is_there_and_named_in_the_project(checkout: Path) -> None:
    assert "Apache License" in (checkout / "LICENSE").read_text("utf-8")
    assert 'license = "Apache-2.0"' in (checkout / "pyproject.toml").read_text("utf-8")


def test_one_module_finds_the_name_that_was_probably_meant(checkout: Path) -> None:
    users = [
        path.relative_to(checkout).as_posix() for path in sources(checkout) if "difflib." in path.read_text("utf-8")
    ]
    assert users == ["baton/nearest.py"]


def test_sources_are_read_in_one_place(checkout: Path) -> None:
    """Whoever needs source data takes clean tables from staging or `features.staging.cleaned`."""
    readers = {"features/ingest/sources.py", "features/ingest/loading.py", "features/mapping/exports.py"}
    offenders = [
        str(path.relative_to(checkout))
        for path in sources(checkout)
        if path.relative_to(checkout).as_posix() not in readers
        and re.search(r"\bopen_source\b|\bfile_relation\b|\bread_csv\(|\bread_excel\(", path.read_text("utf-8"))
        and path.name not in {"table_files.py"}
    ]
    assert not offenders, report(offenders)
