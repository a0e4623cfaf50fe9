"""Long lists in pages, with the addresses of the page before and after."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from serving.pages.asked import Asked

__all__ = ["Paged", "paged"]

_ROWS = 50


@dataclass(frozen=True)
class Paged:
    """One page of a list.

    Parameters
    ----------
    page, last : int
        From 1.
    total : int
        Rows in all.
    before, after : str
        Addresses of the pages beside it; empty: there is none.
    size : int
        Rows on a page.
    """

    page: int
    last: int
    total: int
    before: str
    after: str
    size: int = _ROWS

    @property
    def rows(self) -> slice:
        """Which rows it shows."""
        return slice((self.page - 1) * self.size, self.page * self.size)


def paged(asked: Asked, total: int, /, size: int = _ROWS) -> Paged:
    """Return the page that is asked for; the nearest one where there is none of its number.

    Examples
    --------
    >>> from serving.access.principal import Principal
    >>> asked = Asked(Principal("ana", "analyst"), "/pages/teams", {"find": "a b", "page": "2"})
    >>> paged(asked, 120)
    Paged(page=2, last=3, total=120, before='?find=a+b&page=1', after='?find=a+b&page=3', size=50)
    """
    last, text = max(1, -(-total // size)), asked.query.get("page", "1")
    page = min(max(1, int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1), last)

    def address(number: int) -> str:
        return f"?{urlencode({**asked.query, 'page': number})}" if 1 <= number <= last else ""

    return Paged(page, last, total, address(page - 1), address(page + 1), size)
