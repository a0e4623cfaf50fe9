"""From what needs somebody to a decision that stands, its contest, who sees none of it, and that nothing typed is lost."""

from __future__ import annotations

import re
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from serving.access.granting import Request, give, give_password
from serving.access.principal import Principal
from serving.audit.log import AuditLog
from serving.pages.asked import Asked, Shown
from serving.pages.cards import Card
from serving.pages.teams import show_teams
from serving.state.store import open_state
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import PASSWORD, Browser

CARD = "/pages/card?team=t1&role=agent"
NASTY = '<img src=x onerror="alert(1)"> & "quotes" \u0627\u0644\u0639\u0631\u0628\u064a\u0629 🙂 ' + "long " * 60


@pytest.fixture(scope="module", autouse=True)
def second_analyst(with_passwords: House) -> None:
    give(with_passwords.company, Request("ben", "analyst"))
    give_password(with_passwords.company, "ben", PASSWORD)


def open_card(browser: Browser) -> str:
    """The path of the form of the card, with what stands in its fields."""
    browser.open(CARD)
    return CARD


def decision_in(location: str) -> str:
    return f"/pages/decision?id={parse_qs(urlsplit(location).query)['id'][0]}"


def decisions_of_t2(browser: Browser, house: House) -> int:
    return browser.client.get("/decisions?team_id=t2", headers=house.headers("lin")).json()["total"]


def test_accept_approve_contest_and_answer_each_by_whom_it_is_for(browser: Browser, house: House) -> None:
    browser.sign_in("lin")
    assert browser.open("/pages/").headers["location"] == "/pages/teams"
    teams = browser.open("/pages/teams").text
    assert "team=t1&amp;role=agent" in teams and "team=t2" in teams and "team=t3" not in teams
    card = browser.open(CARD)
    assert card.status_code == 200 and 'value="accept"' in card.text
    missing = browser.send(CARD, {"move": "accept", "reason": " "})
    assert missing.status_code == 400 and "say why" in missing.text
    begun = browser.send(CARD, {"move": "accept", "reason": NASTY})
    assert begun.status_code == 303, begun.text
    place = decision_in(begun.headers["location"])
    page = browser.open(begun.headers["location"]).text
    assert "<img src=x" not in page and "&lt;img src=x" in page and "proposed" in page
    assert 'value="approve"' not in page  # never who brought it here
    browser.open(CARD)
    twice = browser.send(CARD, {"move": "accept", "reason": "once more"})
    assert twice.status_code == 409 and "once more" in twice.text  # somebody was first; nothing typed is lost

    browser.sign_in("ana")
    assert place.rpartition("=")[2] in browser.open("/pages/teams").text  # it waits for a second person
    browser.open(place)
    sent = browser.send(place, {"move": "approve", "reason": "fits"})
    assert sent.status_code == 303, sent.text

    browser.sign_in("emil")
    mine = browser.open("/pages/mine").text
    assert place.rpartition("=")[2] in mine
    browser.open(place)
    assert browser.send(place, {"move": "contest", "reason": "my cases are harder"}).status_code == 303

    browser.sign_in("ana")
    assert "my cases are harder" in browser.open(place).text
    assert 'value="uphold"' not in browser.page.text  # she has made a part of it
    browser.sign_in("ben")
    browser.open(place)
    assert browser.send(place, {"move": "uphold", "reason": "looked at again"}).status_code == 303

    browser.sign_in("aud")
    seen = browser.open(place).text
    audit = seen[seen.index('class="audit"') :]
    assert re.findall(r"<td>(accept|approve|contest|uphold)</td>", audit) == ["accept", "approve", "contest", "uphold"]


def row(kpi: str, today: float, next_: float, effect: float | None) -> dict[str, Any]:
    points = {"current_weight": today, "recommended_weight": next_}
    return {"kpi": kpi, "confidence": 0.9, "expected_effect": effect, **points}


def test_what_needs_somebody_is_what_they_may_decide() -> None:
    advised = (("t1", 10, 4.0), ("t2", 10, 9.0), ("t3", 10, 5.0), ("t4", 10, 7.0), ("t5", 0, 9.0), ("t6", 5, None))
    cards = {
        team: [Card(team, "", [row("csat", 50, 50 - move, effect), row("wait_seconds", 50, 50 + move, effect)])]
        for team, move, effect in advised
    }
    of: Any = SimpleNamespace(
        read=lambda: SimpleNamespace(
            cards=SimpleNamespace(of_team=cards, name_of=str),
            run=None,
            lived_kpi=None,
            advice_changes=None,
            names=SimpleNamespace(catalogue={}),
        ),
        sight=lambda who, run: SimpleNamespace(team=lambda action, team: True),
        store=SimpleNamespace(standing=lambda who, kind: []),
        named=str,
    )
    lin = Principal("lin", "manager", frozenset(cards), frozenset(cards))
    for who, needed in ((lin, ["t2", "t4", "t3"]), (Principal("ana", "analyst"), [])):
        shown = show_teams(Asked(who, "/pages/teams"), of)
        assert isinstance(shown, Shown)
        assert [card.team for card, _, _ in shown.values["urgent"]] == needed


@pytest.mark.parametrize(
    "place", ["/pages/card?team=t3&role=agent", "/pages/card?team=nowhere", "/pages/decision?id=1"]
)
def test_what_is_foreign_is_answered_like_nothing(browser: Browser, place: str) -> None:
    browser.sign_in("lin")
    foreign, none = browser.open(place), browser.open("/pages/card?team=x405")
    assert foreign.status_code == none.status_code == 404
    assert "sign-out" in foreign.text  # a page, with its navigation


@pytest.mark.parametrize(
    ("who", "place", "code"),
    [
        ("emil", "/pages/teams", 403),
        ("emil", "/pages/card?team=t1", 403),
        ("aud", "/pages/teams", 403),
        ("ana", "/pages/mine", 403),
    ],
)
def test_a_page_that_is_not_for_a_role(browser: Browser, who: str, place: str, code: int) -> None:
    browser.sign_in(who)
    assert browser.open(place).status_code == code


def test_the_sandbox_answers_and_sends_nothing(browser: Browser, house: House) -> None:
    browser.sign_in("lin")
    before = decisions_of_t2(browser, house)
    browser.open("/pages/card?team=t2&role=agent")
    place = "/pages/card?team=t2&role=agent"
    wrong = browser.send(place, {"move": "try", "points-wait_seconds": "70", "points-csat": "10"})
    assert "add up to 80.0" in wrong.text
    tried = browser.send(
        place, {"move": "try", "points-wait_seconds": "40", "points-first_contact_resolution": "60", "points-csat": ""}
    )
    result = unescape(tried.text[tried.text.index('id="tried"') :])
    assert "more customers stay" in result or "not known" in result
    odd = browser.send(place, {"move": "try", "points-csat": "many"})
    assert "is no number" in unescape(odd.text)
    assert decisions_of_t2(browser, house) == before


def test_a_session_that_ends_while_typing_loses_nothing(
    browser: Browser, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "/pages/card?team=t2&role=agent"
    browser.sign_in("lin")
    before = decisions_of_t2(browser, house)
    browser.open(place)
    fields = browser.hidden(place)
    browser.client.cookies.clear()
    browser.client.cookies["baton_session"] = "of-yesterday"
    browser.page = browser.client.post(
        place,
        data={**fields, "move": "dismiss", "reason": "typed for an hour <b>"},
        headers={"origin": "http://testserver"},
        follow_redirects=False,
    )
    assert browser.page.status_code == 401 and "is kept" in browser.page.text
    browser.client.cookies.delete("baton_session")
    again = browser.send("/pages/sign-in", {"name": "lin", "password": PASSWORD})
    assert again.status_code == 200 and "typed for an hour &lt;b&gt;</textarea>" in again.text
    assert "Nothing was sent yet" in again.text
    assert decisions_of_t2(browser, house) == before
    sent = browser.send(place, {"move": "dismiss", "reason": "typed for an hour"})
    assert sent.status_code == 303


def test_views_of_a_person_are_in_the_audit_log(browser: Browser, house: House) -> None:
    browser.sign_in("emil")
    browser.open("/pages/mine")
    state = open_state(house.company)
    last = AuditLog(state).read(limit=1)[0]
    state.close()
    assert (last.action, last.actor, last.person) == ("view_person", "emil", house.people["e1"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_there_in_both_languages_without_loading_anything_else(browser: Browser, language: str) -> None:
    browser.sign_in("lin")
    for place in ("/pages/teams", CARD, "/pages/decisions", "/pages/mine", "/pages/teams?find=zzz"):
        page = browser.open(place, **{"accept-language": language})
        assert page.status_code == 200, place
        assert f'<html lang="{language}">' in page.text
        assert not re.search(r"<script(?! src)|\son\w+=|<style|\sstyle=|https?://", page.text), place
        assert len(page.content) < 100_000
