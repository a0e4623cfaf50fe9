"""How long work reports its progress, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Progress", "Standing", "about", "silent", "step_begins", "step_ends"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many parts are done, and how many there are (0: not known)."""


@dataclass(frozen=True)
class Standing:
    """How far work of several steps is.

    Parameters
    ----------
    name : str
        The step that begins.
    number, total : int
        Which of how many; steps that are kept count.
    kept : bool
        Whether what an earlier run left is kept.
    share : float or None
        How much of the expected time has passed, 0..1; None: not known.
    seconds_left : float or None
        Expected, never negative; None: not known.
    """

    name: str
    number: int
    total: int
    kept: bool = False
    share: float | None = None
    seconds_left: float | None = None

    @property
    def text(self) -> str:
        """In English, on one line.

        Examples
        --------
        >>> Standing("train", 4, 10, share=0.314, seconds_left=130.0).text
        'step 4 of 10: train (30 % done, about 3 minutes left)'
        >>> Standing("stage", 1, 10, kept=True).text
        'step 1 of 10: stage: unchanged, kept'
        """
        line = f"step {self.number} of {self.total}: {self.name}"
        if self.kept:
            return f"{line}: unchanged, kept"
        if self.share is None or self.seconds_left is None:
            return line
        return f"{line} ({5 * round(20 * self.share)} % done, {about(self.seconds_left)} left)"


def silent(message: str, done: int, total: int, /) -> None:
    """Listen to progress and say nothing."""


def step_begins(progress: Progress, name: str, /, *, kept: bool = False) -> None:
    """Say that a step of several begins, to whoever keeps count of them, else to anybody who listens."""
    begin = getattr(progress, "begin", None)
    if begin is None:
        progress(f"{name}: unchanged, kept" if kept else name, int(kept), int(kept))
    else:
        begin(name, kept)


def step_ends(progress: Progress, name: str, figures: Mapping[str, object], /) -> None:
    """Say that a step is done, and what it took, to whoever asks for it.

    Parameters
    ----------
    figures : mapping
        Seconds, memory, rows by name, number of warnings: nothing that the data hold.
    """
    ended = getattr(progress, "ended", None)
    if ended is not None:
        ended(name, figures)


def about(seconds: float, /) -> str:
    """Return a time in words, no more exact than an estimate is.

    Examples
    --------
    >>> about(-3), about(65), about(700), about(5000)
    ('less than a minute', 'about 2 minutes', 'about 15 minutes', 'about 1.5 hours')
    """
    minutes = seconds / 60
    if minutes < 1:
        return "less than a minute"
    if minutes <= _EXACT_MINUTES:
        return f"about {-int(-minutes // 1)} minutes"
    if minutes < _MAX_MINUTES:
        return f"about {5 * -int(-minutes // 5)} minutes"
    return f"about {round(2 * minutes / 60) / 2:g} hours"


_EXACT_MINUTES = 10  # up to here single minutes are worth saying
_MAX_MINUTES = 75  # from here on, hours are
