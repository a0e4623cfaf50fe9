"""How much memory this process holds at most while something is done, and how often Python looks for unused objects."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

__all__ = ["Peak", "measured", "seldom_collecting"]

_EVERY_SECONDS = 0.05
_SELDOM = (50_000, 20, 10)
_MEBIBYTE = 2**20


@dataclass
class Peak:
    """The most memory seen.

    Parameters
    ----------
    mebibytes : float
        0 before the first look.
    """

    mebibytes: float = 0.0


@contextmanager
def measured() -> Iterator[Peak]:
    """Watch this process's resident memory until the block ends.

    Looked at twenty times a second. The system's own record of the peak is left alone: others read it.

    Examples
    --------
    >>> with measured() as peak:
    ...     pass
    >>> peak.mebibytes > 1
    True
    """
    import psutil

    process, peak, done = psutil.Process(), Peak(), threading.Event()
    before = _highest(process)

    def look() -> None:
        while True:
            peak.mebibytes = max(peak.mebibytes, process.memory_info().rss / _MEBIBYTE)
            if done.wait(_EVERY_SECONDS):
                return

    watcher = threading.Thread(target=look, daemon=True, name="baton-memory")
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
        after = _highest(process)
        if after > before:
            peak.mebibytes = after  # a record set in between is exact, a look may have missed it


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let Python look for cycles of unused objects seldom until the block ends.

    Queries are put together from many small objects that live on; looking through them again and again took a tenth of
    a run. What is not in a cycle is freed at once all the same.

    Examples
    --------
    >>> before = gc.get_threshold()
    >>> with seldom_collecting():
    ...     gc.get_threshold()[0] >= 50_000
    True
    >>> gc.get_threshold() == before
    True
    """
    before = gc.get_threshold()
    gc.set_threshold(*(max(one, other) for one, other in zip(before, _SELDOM, strict=True)))
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _highest(process: psutil.Process, /) -> float:
    """Return the most this process has ever held."""
    if sys.platform == "win32":
        return process.memory_info().peak_wset / _MEBIBYTE
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (_MEBIBYTE if sys.platform == "darwin" else 1024)
