"""How long work shows its progress on stderr: bars on a terminal, one plain line per step elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from baton.progress import Standing

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

__all__ = ["BarsListener", "LinesListener"]


def _to_stderr(line: str, /) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


class LinesListener:
    """Writes one line per step; where no steps are counted, one per thing that is done.

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
        self._write(f"{message} …")

    def expect(self, steps: int, text: str, /) -> None:
        """Say how many steps there are and how long they are expected to take."""
        self._counts = True
        self._write(f"{steps} steps; {text}" if text else f"{steps} steps")

    def step(self, standing: Standing, /) -> None:
        """Say which step begins."""
        self._write(standing.text)


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
