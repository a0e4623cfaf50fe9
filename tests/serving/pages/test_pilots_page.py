"""The page of pilots shows the rule, what came month by month, and moves; whatever people wrote is text."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from baton.company import Company
from serving.pages import pilots as page
from serving.pages.asked import Asked, Shown
from serving.pages.frame import page_response
from tests.serving.pilots.trial import ANN, PLAN, Trial

WORDS = {"en": "Adopt: it is better.", "zh": "推广：有改善。"}


@pytest.mark.parametrize(("language", "words"), [("en", "Adopt: it is better."), ("zh", "推广：有改善。")])
def test_a_pilot_is_shown_with_its_rule_its_months_and_its_moves(
    language: Any, words: str, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot = trial.brought_to("running")
    gaps = {"-1": 0.1, "0": -5.5, "1": -6.25}
    outcome = trial.outcome(pilot, by_month=gaps, words=[WORDS])
    trial.move(ANN, pilot, "evaluate", outcome=outcome, reason="<script>alert(1)</script>")
    monkeypatch.setattr(page, "Pilots", lambda *_: SimpleNamespace(store=trial.store))
    of: Any = SimpleNamespace(company=Company(), keeper=None, run=None)
    asked = Asked(ANN, "/pages/pilots", {"name": PLAN["name"]}, {}, language, "light", "")
    shown = page.show_pilots(asked, of)
    assert isinstance(shown, Shown)
    text = bytes(page_response(asked, shown, is_set_up=True).body).decode()
    assert words in text
    assert text.count("<circle") == 3
    assert "6.25" in text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


@pytest.fixture
def trial(tmp_path: Any, open_states: Any) -> Trial:
    from tests.serving.databases import company_in

    return Trial(open_states(company_in(tmp_path / "state")))
