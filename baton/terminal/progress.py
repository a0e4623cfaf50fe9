"""How long work shows its progress on stderr: bars on a terminal, one plain line per step elsewhere, JSON if asked.

A log of JSON holds one document a line and nothing that the data hold: names of steps, figures, kinds of errors. The
one sentence of an error on purpose is in it, as it is on a terminal.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from baton.progress import Standing

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

__all__ = ["LOG_FORMAT", "BarsListener", "JsonListener", "LinesListener", "LogFormat", "log_end"]

LogFormat = Literal["text", "json"]

LOG_FORMAT: ContextVar[LogFormat] = ContextVar("LOG_FORMAT", default="text")
"""How the command that runs writes its log to stderr."""


def _to_stderr(line: str, /) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


class _Writing:
    """Writes lines about steps; where no steps are counted, one per thing that is done.

    Parameters
    ----------
    write : callable
        Takes a line.
    """

    def __init__(self, write: Callable[[str], None] = _to_stderr) -> None:
        self._write = write
        self._last = ""
        self._counts = False

    def __call__(self, message: str, done: int, total: int, /) -> None:
        """Say what is being done, unless it is a part of a step."""
        if self._counts or message == self._last:
            return
        self._last = message
        self._begins(message)

    def _begins(self, message: str, /) -> None:
        raise NotImplementedError


class LinesListener(_Writing):
    """Writes one line per step, for people."""

    def _begins(self, message: str, /) -> None:
        self._write(f"{message} …")

    def expect(self, steps: int, text: str, /) -> None:
        """Say how many steps there are and how long they are expected to take."""
        self._counts = True
        self._write(f"{steps} steps; {text}" if text else f"{steps} steps")

    def step(self, standing: Standing, /) -> None:
        """Say which step begins."""
        self._write(standing.text)


class JsonListener(_Writing):
    """Writes one JSON document a line: what begins, and what is done with what it took."""

    def __init__(self, write: Callable[[str], None] = _to_stderr) -> None:
        super().__init__(write)
        self._since = time.monotonic()

    def _begins(self, message: str, /) -> None:
        self._event("work_begins", work=message)

    def expect(self, steps: int, text: str, /) -> None:
        """Say how many steps there are."""
        self._counts = True
        self._event("run_begins", steps=steps)

    def step(self, standing: Standing, /) -> None:
        """Say which step begins, or is kept."""
        event = "step_kept" if standing.kept else "step_begins"
        self._event(event, step=standing.name, number=standing.number, steps=standing.total)

    def ended(self, name: str, figures: Mapping[str, object], /) -> None:
        """Say that a step is done, and what it took."""
        self._event("step_done", step=name, **figures)

    def finish(self) -> None:
        """Say that all is done."""
        event = "run_done" if self._counts else "work_done"
        self._event(event, seconds=round(time.monotonic() - self._since, 3))

    def _event(self, event: str, **more: object) -> None:
        self._write(_line("info", event, **more))


def log_end(code: int, sentence: str, error: BaseException | None = None, /) -> None:
    """Write why a command ends before it is done: one sentence, or one JSON document.

    Parameters
    ----------
    code : int
        With which it ends.
    sentence : str
        As a terminal shows it.
    error : BaseException, optional
        Of a defect: its kind and its places in the code are written, its text is not, which may hold what data hold.
    """
    if LOG_FORMAT.get() == "text":
        _to_stderr(sentence)
        return
    more: dict[str, object] = {"code": code, "message": sentence}
    if error is not None:
        places = traceback.extract_tb(error.__traceback__)
        more |= {"error": type(error).__name__, "places": [f"{place.filename}:{place.lineno}" for place in places]}
    _to_stderr(_line("error", "stopped", **more))


def _line(level: str, event: str, **more: object) -> str:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": moment, "level": level, "event": event, **more}, ensure_ascii=False, default=str)


class BarsListener:
    """Shows a bar of the whole and one of what is being done.

    Parameters
    ----------
    bars : rich.progress.Progress
        Started already.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}
        self._whole: Any = None

    def __call__(self, message: str, done: int, total: int, /) -> None:
        """Move the bar of what is being done."""
        if message not in self._tasks:
            self._close()
            self._tasks[message] = self._bars.add_task(message, total=None)
        self._bars.update(self._tasks[message], completed=done, total=total or None)

    def expect(self, steps: int, text: str, /) -> None:
        """Say how many steps there are and how long they are expected to take."""
        self._bars.console.print(f"{steps} steps; {text}" if text else f"{steps} steps", markup=False)
        self._whole = self._bars.add_task("begins", total=1.0 if text else None)

    def step(self, standing: Standing, /) -> None:
        """Say which step begins, and move the bar of the whole."""
        self._close()
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        share = (standing.number - 1) / standing.total if standing.share is None else standing.share
        self._bars.update(self._whole, description=standing.text, completed=share, total=1.0)

    def finish(self) -> None:
        """Fill every bar."""
        self._close()
        if self._whole is not None:
            self._bars.update(self._whole, completed=1.0, total=1.0)

    def _close(self) -> None:
        for task in self._tasks.values():
            self._bars.update(task, total=1, completed=1)
