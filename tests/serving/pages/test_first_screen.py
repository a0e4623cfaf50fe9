"""Ten questions of a manager who knows no statistics, answered on the first screen at 1366 × 768, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.serving.pages.test_pages_browser import address, chromium, open_page, sign_in, wait_for_run

__all__ = ["address", "chromium"]

pytestmark = pytest.mark.browser

TEAMS, CARD = "/pages/teams", "/pages/card?team=t1&role=agent"
# page, what must be in sight, and the question that it answers
QUESTIONS = [
    (TEAMS, "h1", "does anything need me?"),
    (TEAMS, "tbody tr:first-child a", "which of my teams is it?"),
    (TEAMS, "thead th:nth-child(2)", "how many KPIs are to change?"),
    (TEAMS, "thead th:nth-child(3)", "what would it bring?"),
    (TEAMS, "tbody tr:first-child td:last-child", "where does it stand?"),
    (CARD, "h1", "whose card is this?"),
    (CARD, "h1 + p", "what is advised, in a sentence?"),
    (CARD, "tbody tr:first-child th", "which KPI?"),
    (CARD, "tbody tr:first-child td.next", "how many points next?"),
    (CARD, "tbody tr:last-child td.verdict", "change or keep, and how sure?"),
]


def unseen(page: Page) -> list[str]:
    """Questions whose answers are empty or below the first screen."""
    found = []
    for place, selector, question in QUESTIONS:
        if not page.url.endswith(place):
            page.goto(f"{page.url.split('/pages')[0]}{place}")
        part = page.locator("main").locator(selector).first
        box = part.bounding_box() if part.count() else None
        if box is None or box["y"] + box["height"] > 768 or not part.inner_text().strip():
            found.append(question)
    return found


def test_ten_questions_are_answered_without_scrolling(chromium: Browser, address: str) -> None:
    page = open_page(chromium)
    wait_for_run(page, address)
    sign_in(page, address, "lin")
    page.goto(f"{address}{TEAMS}")
    assert unseen(page) == []
    page.context.add_cookies([{"name": "baton_language", "value": "zh", "url": address}])
    assert unseen(page) == []
    assert page.locator("html").get_attribute("lang") in ("zh", "zh-CN", "zh-Hans")
