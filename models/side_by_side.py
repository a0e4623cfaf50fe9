"""Work that does not depend on other work, on all cores: for calls into libraries that let go of Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["cores", "side_by_side"]

_Result = TypeVar("_Result")


def cores() -> int:
    """Return how many threads may work: ``OMP_NUM_THREADS``, or one per core."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else os.cpu_count() or 1


def side_by_side(tasks: Sequence[Callable[[], _Result]], /) -> list[_Result]:
    """Return what tasks return, in their order; how many run at once changes no result.

    Each task is to use one thread itself, and to write nothing that another one reads.

    Examples
    --------
    >>> side_by_side([lambda: 1, lambda: 2])
    [1, 2]
    """
    at_once = min(cores(), len(tasks))
    if at_once < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(at_once) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
