"""What pages show while the service has just begun and the run is being loaded."""

from __future__ import annotations

import pytest

from serving.loader import Loader
from tests.serving.pages.conftest import Browser


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch, browser: Browser) -> Browser:
    browser.sign_in("lin")
    monkeypatch.setattr(Loader, "run", property(lambda _: None))
    return browser


@pytest.mark.parametrize(("language", "words"), [("en", "One moment"), ("zh-CN", "请稍候")])
def test_a_page_says_that_it_opens_by_itself_and_does(loading: Browser, language: str, words: str) -> None:
    page = loading.open("/pages/teams", **{"accept-language": language})
    assert page.status_code == 503
    assert "retry-after" in page.headers
    assert f"<h1>{words}</h1>" in page.text
    assert '<meta http-equiv="refresh" content="3">' in page.text


def test_a_form_is_not_sent_again_by_itself(monkeypatch: pytest.MonkeyPatch, browser: Browser) -> None:
    browser.sign_in("lin")
    browser.open("/pages/card?team=t1&role=agent")
    action = "/pages/card?team=t1&role=agent"
    monkeypatch.setattr(Loader, "run", property(lambda _: None))
    page = browser.send(action, {"why": "as advised", "do": "accept"})
    assert page.status_code == 503
    assert "Nothing was sent yet" in page.text
    assert "http-equiv" not in page.text
