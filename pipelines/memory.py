"""How much memory this process holds at most while something is done."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Peak", "watched"]

_EVERY_SECONDS = 0.05
_STATM = Path("/proc/self/statm")
_MEBIBYTE = 2**20


@dataclass
class Peak:
    """The most memory seen.

    Parameters
    ----------
    mebibytes : float or None
        None: the system does not tell.
    """

    mebibytes: float | None = None


@contextmanager
def watched() -> Iterator[Peak]:
    """Watch this process's resident memory until the block ends.

    Looked at twenty times a second where the system tells what is held now (Linux); elsewhere the peak since the
    process began stands for it. The system's own record of the peak is left alone: others read it.

    Examples
    --------
    >>> with watched() as peak:
    ...     pass
    >>> peak.mebibytes is None or peak.mebibytes > 1
    True
    """
    peak, done = Peak(), threading.Event()
    before = _highest()

    def look() -> None:
        while True:
            held = _held()
            peak.mebibytes = held if peak.mebibytes is None else max(peak.mebibytes, held)
            if done.wait(_EVERY_SECONDS):
                return

    watcher = threading.Thread(target=look, daemon=True, name="baton-memory") if _STATM.exists() else None
    if watcher is not None:
        watcher.start()
    try:
        yield peak
    finally:
        done.set()
        if watcher is not None:
            watcher.join()
        after = _highest()
        if after is not None and (watcher is None or after > (before or 0.0)):
            peak.mebibytes = after  # a record set in between is exact, a look may have missed it


def _held() -> float:
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MEBIBYTE


def _highest() -> float | None:
    """Return the most this process has ever held."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (_MEBIBYTE if sys.platform == "darwin" else 1024)
