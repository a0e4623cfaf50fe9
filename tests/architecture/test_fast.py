"""What ``--fast`` leaves out, and how it is written down."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import MAX_FAST_SECONDS, Recorder, function_of, is_slow

SLOW = frozenset({"tests/a/test_a.py::test_trains"})


def item(name: str, *, fixtures: tuple[str, ...] = (), mark: bool = False) -> Any:
    root = Path(__file__).resolve().parents[2]
    return SimpleNamespace(
        nodeid=name,
        path=root / name.split("::")[0],
        fixturenames=fixtures,
        get_closest_marker=lambda _: object() if mark else None,
    )


@pytest.mark.parametrize(
    ("test", "slow"),
    [
        (item("tests/a/test_a.py::test_adds"), False),
        (item("tests/a/test_a.py::test_trains"), True),
        (item("tests/a/test_a.py::test_trains[churn-1]"), True),
        (item("tests/a/test_a.py::test_adds", fixtures=("small_run",)), True),
        (item("tests/a/test_a.py::test_adds", mark=True), True),
        (item("tests/notebooks/test_notebooks.py::test_adds"), True),
    ],
)
def test_whole_runs_and_what_is_listed_are_slow(test: Any, slow: bool) -> None:
    assert is_slow(test, SLOW) is slow


def test_a_function_is_as_slow_as_its_slowest_case_with_its_fixtures() -> None:
    recorder = Recorder()
    for case, seconds in (("a", 2 * MAX_FAST_SECONDS), ("b", 0.0)):
        report: Any = SimpleNamespace(
            when="call", nodeid=f"tests/a/test_a.py::test_x[{case}]", user_properties=[("cpu_seconds", seconds)]
        )
        recorder.pytest_runtest_logreport(report)
    assert recorder.slow() == ["tests/a/test_a.py::test_x"]
    assert function_of("tests/a/test_a.py::test_x[a[0]]") == "tests/a/test_a.py::test_x"


def test_every_line_of_the_list_names_a_test_that_is_there(checkout: Path) -> None:
    listed = [line.partition("::") for line in (checkout / "tests" / "slow.txt").read_text("utf-8").splitlines()]
    defined = {place: functions_of(checkout / place) for place in {place for place, _, _ in listed}}
    assert [f"{place}::{name}" for place, _, name in listed if name not in defined[place]] == []


def functions_of(path: Path) -> set[str]:
    if not path.exists():
        return set()
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)}
