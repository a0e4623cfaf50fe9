"""How often somebody may do something: counted in this process, for as many askers as fit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["MINUTE", "Pace"]

MINUTE = 60.0
_MAX_COUNTED = 10_000  # askers; the longest silent is forgotten first


@dataclass
class _Count:
    """How often somebody has asked since the window began."""

    began: float
    number: int = 0


class Pace:
    """What each asker has done within a window of time.

    Parameters
    ----------
    ticks : callable
        Seconds that never go back.
    window : float
        Seconds.
    """

    def __init__(self, ticks: Callable[[], float], /, window: float = MINUTE) -> None:
        self._ticks = ticks
        self._window = window
        self._of: OrderedDict[str, _Count] = OrderedDict()

    def seconds_to_wait(self, asker: str, most: int, /) -> int:
        """Count one more, and return after how many seconds to come back; 0: it is within the limit."""
        at = self._ticks()
        found = self._of.get(asker)
        if found is None or at - found.began >= self._window:
            found = self._of[asker] = _Count(at)
        self._of.move_to_end(asker)
        if len(self._of) > _MAX_COUNTED:
            self._of.popitem(last=False)
        if found.number >= most:
            return max(1, round(self._window - (at - found.began)))
        found.number += 1
        return 0

    def take_back(self, asker: str, /) -> None:
        """Forget what was counted last of somebody."""
        found = self._of.get(asker)
        if found is not None and found.number:
            found.number -= 1
