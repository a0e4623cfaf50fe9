"""The nearest known name to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest", "nearest_names"]

_ALIKE = 0.5
"""From which likeness on a known name may have been meant: half of the letters, for people mistype more than one."""
_MAX_NAMED = 20


def did_you_mean(name: str, known: Iterable[str], /, *, otherwise: str | None = None) -> str:
    """Return a clause that names the nearest known name, or a few of the known ones.

    Parameters
    ----------
    name : str
        The name that is not known.
    known : iterable of str
        The names to choose from.
    otherwise : str, optional
        What to say where no name is near, instead of naming the known ones.

    Examples
    --------
    >>> did_you_mean("prespective", ["layer", "perspective"])
    "; did you mean 'perspective'?"
    >>> did_you_mean("xyz", ["layer", "role"])
    '; known: layer, role'
    >>> did_you_mean("xyz", [])
    '; there is none to choose from'
    >>> did_you_mean("xyz", ["layer", "role"], otherwise="see the manual")
    '; see the manual'
    """
    names = sorted({str(one) for one in known})
    close = nearest(name, names)
    if close is not None:
        return f"; did you mean {close!r}?"
    if otherwise is not None:
        return f"; {otherwise}"
    if not names:
        return "; there is none to choose from"
    return f"; known: {', '.join(names[:_MAX_NAMED])}{' …' if len(names) > _MAX_NAMED else ''}"


def nearest(name: str, known: Iterable[str], /, *, alike: float = _ALIKE) -> str | None:
    """Return the known name that is most like another, or None where none is like it.

    Parameters
    ----------
    known : iterable of str
        Of names equally alike the last in the alphabet is taken.
    alike : float
        From which likeness on, 0 to 1 (Ratcliff & Obershelp, as in ``difflib``).

    Examples
    --------
    >>> nearest("prespective", ["layer", "perspective"]), nearest("xyz", ["layer", "role"])
    ('perspective', None)
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=alike)
    return close[0] if close else None


def nearest_names(name: str, known: Iterable[str], /, *, most: int, alike: float = _ALIKE) -> list[str]:
    """Return the known names that are most like another, the most alike first.

    Parameters
    ----------
    known : iterable of str
        The names to choose from.
    most : int
        How many there may be.
    alike : float
        From which likeness on, 0 to 1 (Ratcliff & Obershelp, as in ``difflib``).

    Examples
    --------
    >>> nearest_names("resolution", ["solution", "revolution", "cost"], most=2)
    ['revolution', 'solution']
    """
    return difflib.get_close_matches(name, list(known), n=most, cutoff=alike)
