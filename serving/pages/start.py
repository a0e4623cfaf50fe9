"""The first page: where each role begins."""

from __future__ import annotations

from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf

__all__ = ["show_start"]


def show_start(asked: Asked, of: PagesOf, /) -> Reply:
    """Show what there is for somebody."""
    return Shown("start", {"company": of.company.company.name})
