"""Work on all cores: results in the order of the tasks, the first error raised, one thread where one is asked for."""

from __future__ import annotations

import os
import threading

import pytest

from models.side_by_side import cores, side_by_side


@pytest.mark.parametrize(("wanted", "known"), [("3", 3), ("0", os.cpu_count()), ("many", os.cpu_count())])
def test_as_many_threads_as_are_asked_for(wanted: str, known: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert cores() == known


def test_tasks_run_at_once_and_results_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    first_waits = threading.Event()

    def first() -> str:
        assert first_waits.wait(60)  # for the second, which runs beside it
        return "first"

    def second() -> str:
        first_waits.set()
        return "second"

    assert side_by_side([first, second]) == ["first", "second"]


def test_one_thread_is_the_callers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert side_by_side([threading.get_ident] * 2) == [threading.get_ident()] * 2
    assert side_by_side([]) == []


@pytest.mark.parametrize("threads", ["1", "2"])
def test_an_error_is_raised(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        side_by_side([fails, lambda: None])
