"""Ten questions of a manager who knows no statistics, answered on the first screen, on a phone on the first two.

A desktop has 1366 × 768, a phone 390 × 844; in both languages, on a card of which most KPIs are advised to change.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page

from tests.filled_results import write_filled
from tests.serving.access.conftest import House
from tests.serving.pages.test_pages_browser import address, chromium, open_page, sign_in, wait_for_run

__all__ = ["address", "chromium"]

pytestmark = pytest.mark.browser

TEAMS, CARD = "/pages/teams", "/pages/card?team=t1&role=agent"
# page, what must be in sight, and the question that it answers
QUESTIONS = [
    (TEAMS, "h1", "does anything need me?"),
    (TEAMS, "tbody tr:first-child a", "which of my teams is it?"),
    (TEAMS, "tbody tr:first-child td:nth-child(2)", "how many KPIs are to change?"),
    (TEAMS, "tbody tr:first-child td:nth-child(3)", "what would it bring?"),
    (TEAMS, "tbody tr:first-child td:last-child", "where does it stand?"),
    (CARD, "h1", "whose card is this?"),
    (CARD, "h1 + p", "what is advised, in a sentence?"),
    (CARD, "tbody tr:first-child th", "which KPI?"),
    (CARD, "tbody tr:first-child td.next", "how many points next?"),
    (CARD, "tbody tr:nth-child(7) td.verdict", "change or keep, and how sure, of every KPI that changes?"),
]
POINTS = {  # today and advised: seven change, and stand before those that stay
    "handle_seconds": (30, 20), "cost_per_case": (25, 15), "first_contact_resolution": (10, 20), "csat": (10, 10),
    "wait_seconds": (0, 10), "response_seconds": (10, 10), "adherence": (10, 0), "knowledge_base_use": (0, 5),
    "training_hours": (5, 5), "transferred_rate": (0, 5), "on_time": (0, 0), "nps": (0, 0),
}  # fmt: skip


@pytest.fixture(scope="module")
def with_passwords(with_passwords: House) -> House:
    """The house, with a card of twelve KPIs for t1."""
    reason = {"en": "What the card pays for costs customers.", "zh": "考核所付酬的内容让客户流失。"}
    rows = [
        {
            "team_id": team, "role": "agent", "kpi": kpi, "current_weight": float(today),
            "recommended_weight": float(advised), "low": 0.0, "high": 30.0, "confidence": 0.97, "reason": reason,
            "verdict": "raise" if advised > today else "lower" if advised < today else "keep",
            "misaligned": advised < today, "expected_effect": 9.0, "expected_low": 1.0, "expected_high": 20.0,
            "expected_basis": "scenario", "rises": 25.0, "falls": 25.0, "reliability": np.nan,
        }
        for team in ("t1", "t2", "t3") for kpi, (today, advised) in POINTS.items()
    ]  # fmt: skip
    write_filled(with_passwords.folder, "weights", pd.DataFrame(rows))
    return with_passwords


def unseen(page: Page, screens: int) -> list[str]:
    """Questions whose answers are empty or below the first screens."""
    size = page.viewport_size
    assert size is not None
    found = []
    for place, selector, question in QUESTIONS:
        if not page.url.endswith(place):
            page.goto(f"{page.url.split('/pages')[0]}{place}")
        part = page.locator("main").locator(selector).first
        box = part.bounding_box() if part.count() else None
        if box is None or box["y"] + box["height"] > screens * size["height"] or not part.inner_text().strip():
            found.append(question)
    return found


@pytest.mark.parametrize(("width", "height", "screens"), [(1366, 768, 1), (390, 844, 2)], ids=["desktop", "phone"])
def test_ten_questions_are_answered_on_the_first_screens(
    chromium: Browser, address: str, width: int, height: int, screens: int
) -> None:
    page = open_page(chromium)
    page.set_viewport_size({"width": width, "height": height})
    wait_for_run(page, address)
    sign_in(page, address, "lin")
    page.goto(f"{address}{TEAMS}")
    assert unseen(page, screens) == []
    verdicts = page.locator("main td.verdict").all_inner_texts()
    assert [text.startswith(("keep", "What to do: keep")) for text in verdicts] == [False] * 7 + [True] * 5
    page.context.add_cookies([{"name": "baton_language", "value": "zh", "url": address}])
    assert unseen(page, screens) == []
    assert page.locator("html").get_attribute("lang") in ("zh", "zh-CN", "zh-Hans")
