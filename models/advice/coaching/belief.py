"""What is believed of closing gaps before a company's own figures are seen: the file that ships."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Belief", "shipped"]


@dataclass(frozen=True)
class Belief:
    """Shares of a gap that close within a cycle.

    Parameters
    ----------
    version : int
        Of the file.
    newcomer, experienced : float
    error : float
        Standard deviation of both.
    between_actions : float
        How far actions differ from each other, a standard deviation.
    """

    version: int
    newcomer: float
    experienced: float
    error: float
    between_actions: float

    def share(self, new: bool, /) -> float:
        """Return the share of a newcomer, or of somebody experienced."""
        return self.newcomer if new else self.experienced


@cache
def shipped() -> Belief:
    """Return the belief of ``closing.toml``.

    Examples
    --------
    >>> shipped().share(True), shipped().share(False)
    (0.5, 0.2)
    """
    found = tomllib.loads((Path(__file__).parent / "closing.toml").read_text(encoding="utf-8"))
    return Belief(found["version"], **found["share"])
