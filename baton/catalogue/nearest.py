"""The nearest known name to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Iterable[str], /) -> str:
    """Return a clause that names the nearest known name, or a few of the known ones.

    Examples
    --------
    >>> did_you_mean("prespective", ["layer", "perspective"])
    "; did you mean 'perspective'?"
    >>> did_you_mean("xyz", ["layer", "role"])
    '; known: layer, role'
    >>> did_you_mean("xyz", [])
    '; there is none to choose from'
    """
    names = sorted(set(known))
    if not names:
        return "; there is none to choose from"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names[:20])}{' …' if len(names) > 20 else ''}"
