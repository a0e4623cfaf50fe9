"""The table of all cards says over what they bring how far that can be relied on, and in what it is counted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from baton.wording.wording import Bilingual, say, verbatim
from pipelines.report.sections.all_cards import glance_of
from pipelines.report.sections.cards import Card

SCENARIO, MEASURED = say("card.scenario"), say("card.measured_tag")


def card(tag: Bilingual | None) -> Card:
    row = SimpleNamespace(kpi="csat", name=verbatim("Rating"), tone="good", signed=5.0, change=verbatim("+5"))
    found: Any = SimpleNamespace(name=verbatim("A"), rows=[row], glance=verbatim("9"), tag=tag, hypothetical=False)
    return cast(Card, found)


@pytest.mark.parametrize(
    ("tags", "money", "heading"),
    [
        ([SCENARIO, None, SCENARIO], False, "Customers kept per cycle (Scenario, not a forecast)"),
        ([MEASURED, MEASURED], True, "Worth per cycle (Response measured)"),
        ([MEASURED, SCENARIO], False, "Customers kept per cycle (scenario or measured, as the card says)"),
    ],
)
def test_the_heading_says_what_is_counted_and_how_it_is_known(
    tags: list[Bilingual | None], money: bool, heading: str
) -> None:
    glance = glance_of([card(tag) for tag in tags], money=money)
    assert glance is not None and glance.expected is not None
    assert str(glance.expected.en) == heading


def test_without_an_expected_effect_there_is_no_heading() -> None:
    glance = glance_of([card(None), card(None)])
    assert glance is not None and glance.expected is None
