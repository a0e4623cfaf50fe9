"""How long work reports its progress, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "silent"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many parts are done, and how many there are (0: not known)."""


def silent(message: str, done: int, total: int, /) -> None:
    """Listen to progress and say nothing."""
