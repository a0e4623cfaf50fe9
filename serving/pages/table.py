"""The one table of pages: where each lies, who may open it, and what shows it. Another page is another row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from serving.access.principal import Principal
from serving.access.rules import may_at_all
from serving.pages.asked import Asked, Reply
from serving.pages.behind import PagesOf
from serving.pages.start import show_start

__all__ = ["PAGES", "PageEntry", "entry_of", "navigation"]

Handler = Callable[[Asked, PagesOf], Reply]


@dataclass(frozen=True)
class PageEntry:
    """A page.

    Parameters
    ----------
    path : str
    name : str
        Key of its name in the navigation; empty: it is not there.
    actions : tuple of str
        Of ``serving.access.rules``, one of which somebody must be allowed for anything at all; what the page shows is
        asked row by row. Empty: everybody who has signed in.
    show : callable
        Answers GET; fills its forms with what was typed, if they are shown again.
    take : callable, optional
        Answers POST of a form of the page.
    """

    path: str
    name: str
    actions: tuple[str, ...]
    show: Handler
    take: Handler | None = None

    def is_for(self, who: Principal, /) -> bool:
        """Whether somebody may open it."""
        return not self.actions or any(may_at_all(who, action) for action in self.actions)


PAGES: tuple[PageEntry, ...] = (
    PageEntry("/pages/", "pages_frame.start", (), show_start),
)  # fmt: skip


def entry_of(path: str, /) -> PageEntry | None:
    """Return the page of a path."""
    return next((each for each in PAGES if each.path == path), None)


def navigation(who: Principal, /) -> list[PageEntry]:
    """Return the pages that somebody can go to, in the order of the table."""
    return [each for each in PAGES if each.name and each.is_for(who)]
