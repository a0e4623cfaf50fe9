"""Help is offered from the page, answered by the person without giving a reason, and followed up; nobody is ranked."""

from __future__ import annotations

from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from serving.audit.log import AuditLog
from serving.state.store import open_state
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import Browser


def offer_of(house: House, person: str = "e1") -> str:
    return f"/pages/offer?person={quote(house.people[person])}&kpi=wait_seconds&action=call_back"


def test_offer_decline_without_a_reason_and_follow_up(browser: Browser, house: House) -> None:
    browser.sign_in("lin")
    listed = unescape(browser.open("/pages/coaching").text)
    assert offer_of(house) in listed and "call back" in listed and "k1" not in listed.replace("<code><bdi>k1", "")
    browser.open(offer_of(house))
    refused = browser.send(offer_of(house), {"move": "offer", "reason": " "})
    assert refused.status_code == 400 and "say why" in refused.text
    begun = browser.send(offer_of(house), {"move": "offer", "reason": "We spoke of it <b>"})
    assert begun.status_code == 303, begun.text
    decision = parse_qs(urlsplit(begun.headers["location"]).query)["id"][0]
    listed = unescape(browser.open("/pages/coaching").text)
    assert decision in listed and offer_of(house) not in listed  # once on the same advice

    browser.sign_in("emil")
    assert decision in browser.open("/pages/mine").text
    place = f"/pages/decision?id={decision}"
    page = browser.open(place).text
    assert "you need give no reason" in page and "We spoke of it &lt;b&gt;" in page
    for move in ("accept", "contest"):
        browser.open(place)
        assert browser.send(place, {"move": move, "reason": ""}).status_code == 400
    browser.open(place)
    assert browser.send(place, {"move": "decline", "reason": ""}).status_code == 303
    assert "(no reason given)" in browser.open(place).text

    browser.sign_in("lin")
    listed = unescape(browser.open("/pages/coaching").text)
    assert "declined" in listed and offer_of(house) not in listed


def test_views_of_people_are_in_the_audit_log_once_for_each_page(browser: Browser, house: House) -> None:
    browser.sign_in("mara")
    browser.open("/pages/coaching")
    state = open_state(house.company)
    last = AuditLog(state).read(limit=1)[0]
    state.close()
    assert (last.action, last.actor, last.person) == ("view_person", "mara", house.people["e3"])
    assert last.detail["kind"] == "/pages/coaching"


@pytest.mark.parametrize("query", ["", "?person=", "?kpi=csat", f"?person={'x' * 400}&kpi=csat", "?person=%00&kpi=a"])
def test_an_offer_that_cannot_be_is_answered_like_none(browser: Browser, query: str) -> None:
    browser.sign_in("lin")
    assert browser.open(f"/pages/offer{query}").status_code == 404


def test_something_else_may_be_offered_and_what_was_typed_is_kept(browser: Browser, house: House) -> None:
    browser.sign_in("mara")
    place = offer_of(house, "e3")
    browser.open(place)
    refused = browser.send(place, {"move": "change", "reason": "", "instead": "a day in the shop 🙂"})
    assert refused.status_code == 400 and 'value="a day in the shop 🙂"' in refused.text
    begun = browser.send(place, {"move": "change", "reason": "as agreed", "instead": "a day in the shop 🙂"})
    assert begun.status_code == 303
    assert "a day in the shop 🙂" in browser.open(begun.headers["location"]).text
    decision = begun.headers["location"].replace("&done=begun", "")
    assert browser.send(decision, {"move": "withdraw", "reason": "another day"}).status_code == 303
    assert place in unescape(browser.open("/pages/coaching").text)  # what was withdrawn may be offered again
