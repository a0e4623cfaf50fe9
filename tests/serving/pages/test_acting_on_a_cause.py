"""A team takes a cause up from its page; whoever leads it says later what came of it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from baton.messages.message import Message
from serving.audit.log import AuditLog
from serving.state.store import open_state
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import HERE, Browser

PLACE = "/pages/cause?cause=late"


def test_from_the_list_to_done_and_helped(browser: Browser, house: House) -> None:
    browser.sign_in("mara")
    assert PLACE in browser.open("/pages/causes").text
    page = browser.open(PLACE).text
    assert "none is on a card" in page and "The team that acts" in page
    assert "Minutes of outage" in page  # a KPI of the library that this company does not have
    refused = browser.send(PLACE, {"move": "accept", "team": "t3", "reason": " "})
    assert refused.status_code == 400 and "say why" in refused.text
    begun = browser.send(PLACE, {"move": "accept", "team": "t3", "reason": "Parcels <b> wait"})
    assert begun.status_code == 303, begun.text
    place = begun.headers["location"].split("&")[0]
    page = browser.open(begun.headers["location"]).text
    assert "Parcels &lt;b&gt; wait" in page and "accepted" in page
    assert place.split("?")[1] in browser.open(PLACE).text  # what was decided before
    for move in ("done", "helped"):
        browser.open(place)
        assert browser.send(place, {"move": move, "reason": "as agreed"}).status_code == 303
    assert "helped" in browser.open(place).text
    state = open_state(house.company)
    last = AuditLog(state).read(limit=1)[0]
    state.close()
    assert last.detail["move"] == "helped" and last.detail["decision"] == parse_qs(urlsplit(place).query)["id"][0]


def test_in_words_of_ones_own_and_what_was_typed_stays(browser: Browser) -> None:
    browser.sign_in("lin")
    browser.open(PLACE)
    refused = browser.send(PLACE, {"move": "change", "team": "", "reason": "so", "instead": "write to the depot 🙂"})
    assert refused.status_code == 400
    assert Message("cause.choose_team").text in refused.text and "write to the depot 🙂" in refused.text
    begun = browser.send(PLACE, {"move": "change", "team": "t2", "reason": "so", "instead": "write to the depot 🙂"})
    assert begun.status_code == 303, begun.text
    assert "write to the depot 🙂" in browser.open(begun.headers["location"]).text


def test_a_foreign_team_is_refused_like_one_that_is_not_there(browser: Browser) -> None:
    browser.sign_in("lin")
    browser.open(PLACE)
    form = browser.hidden(PLACE)
    for team in ("t3", "nowhere", "x" * 400):
        sent = {**form, "team": team, "move": "accept", "reason": "so"}
        answer = browser.client.post(PLACE, data=sent, headers=HERE, follow_redirects=False)
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("query", ["", "?cause=", "?cause=weather", f"?cause={'x' * 400}", "?cause=%00"])
def test_a_cause_that_nobody_diagnosed_has_no_page(browser: Browser, query: str) -> None:
    browser.sign_in("lin")
    assert browser.open(f"/pages/cause{query}").status_code == 404
