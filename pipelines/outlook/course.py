"""Which step of a run is being done, how much of it has passed, and how long the rest is expected to take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from baton.progress import Progress, Standing, step_begins, step_ends
from pipelines.outlook.expected_time import Expected, of_rows

__all__ = ["Course"]

_MIN_PASSED = 0.05  # of the expected time: before that, nothing is known of how fast this machine is
_SPEEDS = (0.25, 8.0)  # a busy machine may take eight times as long; what lies outside was mismeasured
_ROWS = (0.1, 20.0)  # beyond, an earlier run says little of this one


class Course:
    """Progress of a run that keeps count of its steps; to be called like any other.

    Parameters
    ----------
    steps : sequence of str
        Names, in their order.
    listener : callable
        Given each step as a Standing by its method ``step``, where it has one, and what is expected by ``expect``.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self, steps: Sequence[str], foreseen: Expected, listener: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._steps = list(steps)
        self._basis = foreseen.basis
        self._rows = foreseen.rows
        self._expected = dict(foreseen.seconds)
        self._listener = listener
        self._clock = clock
        self._begun: tuple[str, float] | None = None
        self._spent: dict[str, float] = {}
        self._closed: set[str] = set()
        if (expect := getattr(listener, "expect", None)) is not None:
            expect(len(self._steps), foreseen.text)

    def __call__(self, message: str, done: int, total: int, /) -> None:
        """Pass on what is being done within a step."""
        self._listener(message, done, total)

    def begin(self, name: str, kept: bool, /) -> None:
        """Say that a step begins, or is kept."""
        now = self._clock()
        self._end(now)
        if kept:
            self._closed.add(name)
        else:
            self._begun = (name, now)
        listen = getattr(self._listener, "step", None)
        if listen is None or name not in self._steps:
            step_begins(self._listener, name, kept=kept)
            return
        share, left = self._outlook()
        listen(Standing(name, self._steps.index(name) + 1, len(self._steps), kept, share, left))

    def ended(self, name: str, figures: Mapping[str, object], /) -> None:
        """Pass on what a step took."""
        step_ends(self._listener, name, figures)

    def counted(self, rows: int, /, *, texts: bool) -> None:
        """Take note of how many rows there are, once the tables are read."""
        if self._basis == "before" and self._rows and rows:
            factor = min(max((rows / self._rows) ** 0.5, _ROWS[0]), _ROWS[1])
            self._expected = {name: seconds * factor for name, seconds in self._expected.items()}
        elif self._basis != "before":
            self._expected = of_rows(rows, self._steps, texts=texts)
        self._rows = rows

    def _end(self, now: float, /) -> None:
        if self._begun is not None:
            name, since = self._begun
            self._spent[name] = max(now - since, 0.0)
            self._closed.add(name)
            self._begun = None

    def _outlook(self) -> tuple[float | None, float | None]:
        """Return the share of the expected time that has passed, and the seconds left."""
        if not self._expected:
            return None, None
        open_ = sum(seconds for name, seconds in self._expected.items() if name not in self._closed)
        passed = sum(self._expected[name] for name in self._spent if name in self._expected)
        spent = sum(self._spent[name] for name in self._spent if name in self._expected)
        speed = 1.0
        if passed > _MIN_PASSED * (passed + open_):
            speed = min(max(spent / passed, _SPEEDS[0]), _SPEEDS[1])
        elif self._basis != "before" and open_ > 0:  # a rate that was never measured here would soon be taken back
            return None, None
        left = max(open_ * speed, 0.0)
        return (spent / (spent + left) if spent + left > 0 else 1.0), left
