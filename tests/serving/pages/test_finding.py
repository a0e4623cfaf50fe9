"""Glossary and search: every term in both languages and linked to, and nothing found that one may not see."""

from __future__ import annotations

import re

import pytest

from serving.pages.finding.terms import _ON_PAGE, TERMS
from serving.pages.table import PAGES
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import Browser


def hits(browser: Browser, text: str) -> list[str]:
    page = browser.client.get("/pages/search", params={"q": text}, headers={"accept": "text/html"})
    assert page.status_code == 200 and len(page.content) < 100_000
    return re.findall(r'<li><a href="([^"]*)"', page.text.partition("<main")[2])


def test_every_term_has_a_meaning_and_stands_on_some_page() -> None:
    assert set(_ON_PAGE) <= {page.path for page in PAGES}
    used = {term for terms in _ON_PAGE.values() for term in terms}
    assert used == set(TERMS)
    for term in TERMS.values():
        assert len(str(term.meaning.en)) > 20 and len(str(term.meaning.zh)) > 10


@pytest.mark.parametrize(("language", "words"), [("en", "The probability of leaving"), ("zh", "流失")])
def test_pages_link_their_words_to_the_glossary(browser: Browser, language: str, words: str) -> None:
    browser.sign_in("lin")
    page = browser.open("/pages/customers", **{"accept-language": language}).text
    linked = set(re.findall(r'href="/pages/glossary#(\w+)"', page))
    assert linked == set(_ON_PAGE["/pages/customers"])
    glossary = browser.open("/pages/glossary", **{"accept-language": language}).text
    assert linked <= set(re.findall(r'<dt id="([\w-]+)"', glossary))
    assert 'id="kpi-csat"' in glossary and " style=" not in glossary
    assert words in glossary


def test_teams_customers_kpis_and_terms_are_found_as_far_as_one_may_see_them(
    browser: Browser, with_passwords: House
) -> None:
    browser.sign_in("lin")
    assert hits(browser, "t1") == ["/pages/card?team=t1"]
    assert hits(browser, "T3") == [] and hits(browser, "c3") == []
    assert hits(browser, "C1") == ["/pages/customer?id=c1"]
    assert "/pages/glossary#kpi-csat" in hits(browser, "csat") and "/pages/glossary#stake" in hits(browser, "涉及")
    browser.sign_in("mara")
    assert hits(browser, "t3") == ["/pages/card?team=t3"] and hits(browser, "c3") == ["/pages/customer?id=c3"]
    browser.sign_in("emil")
    assert hits(browser, "t1") == [] and hits(browser, "c1") == []
    assert hits(browser, "") == []


def test_decisions_about_teams_are_found_and_none_about_persons(browser: Browser) -> None:
    browser.sign_in("lin")
    browser.open("/pages/card?team=t2&role=agent")
    browser.send("/pages/card?team=t2&role=agent", {"move": "dismiss", "reason": "not now"})
    found = hits(browser, "scorecard")
    assert any(place.startswith("/pages/decision?id=") for place in found), found
    browser.sign_in("mara")
    assert not any(place.startswith("/pages/decision") for place in hits(browser, "t2"))


def test_what_is_typed_is_data(browser: Browser) -> None:
    browser.sign_in("ana")
    page = browser.client.get("/pages/search", params={"q": '"><script>alert(1)</script>' + "x" * 400})
    assert page.status_code == 200 and "<script>alert" not in page.text
    assert 'value="&#34;&gt;&lt;script&gt;' in page.text
    assert "Nothing of this name" in page.text
