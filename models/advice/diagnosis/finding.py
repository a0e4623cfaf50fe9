"""One thing that a diagnosis has found: what, where, how many points hang on it, how sure, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from baton.messages.message import Message, bilingual

__all__ = ["Finding", "by_points"]


@dataclass(frozen=True)
class Finding:
    """One item of the page.

    Parameters
    ----------
    kind : str
        What it is, for programs: ``alike``, ``too_noisy``, ``unanswered``, ``growing_unmeasured``, ``between`` …
    what, where, sure, next : Message
        In words.
    points : float, optional
        Points of today's cards that hang on it, summed over the cards; None where it is about what no card has.
    values : mapping of str to Any
        The same as numbers and ids.
    """

    kind: str
    what: Message
    where: Message
    sure: Message
    next: Message
    points: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it with its words in every language, unknown numbers as null."""
        words = {name: bilingual(getattr(self, name)) for name in ("what", "where", "sure", "next")}
        numbers = {name: _known(value) for name, value in self.values.items()}
        return {"kind": self.kind, "points": _known(self.points), **words, **numbers}


def by_points(findings: list[Finding], /) -> list[Finding]:
    """Return findings, those first on which most points hang; others in the order given."""
    return sorted(findings, key=lambda found: -(found.points or 0.0))


def _known(value: Any, /) -> Any:
    return None if isinstance(value, float) and value != value else value
