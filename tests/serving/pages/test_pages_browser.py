"""The core loop in a real browser, on a real port."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from serving.access.granting import Request, give, give_password
from serving.access.keeper import Keeper
from serving.alerts.outbox import Outbox
from serving.serve import listen
from serving.service import application
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import PASSWORD
from tests.serving.pages.test_live_desk import noted

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed: apt-get install -y chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(with_passwords: House) -> Iterator[str]:
    """The service on a port of this machine."""
    give(with_passwords.company, Request("cleo", "analyst"))
    give_password(with_passwords.company, "cleo", PASSWORD)
    with listen("127.0.0.1", 0) as listener:
        served = application(with_passwords.company, with_passwords.folder)
        server = uvicorn.Server(uvicorn.Config(served, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


def open_page(chromium: Browser, *, scripts: bool = True) -> Page:
    page = chromium.new_context(java_script_enabled=scripts, viewport={"width": 1366, "height": 768}).new_page()
    page.set_default_timeout(60_000)
    return page


def sign_in(page: Page, address: str, name: str, place: str = "/pages/") -> None:
    page.goto(f"{address}{place}")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button").click()


def wait_for_run(page: Page, address: str) -> None:
    end = time.monotonic() + 300
    while page.request.get(f"{address}/readyz").status != 200:
        assert time.monotonic() < end, "the service did not become ready"
        time.sleep(0.1)


def test_sign_in_try_accept_approve_and_read_it_in_the_audit_log(chromium: Browser, address: str) -> None:
    page = open_page(chromium)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    wait_for_run(page, address)
    sign_in(page, address, "mara")
    page.get_by_role("link", name="t3 · agent").first.click()
    fields = page.locator("input.points")
    fields.nth(0).fill("70")
    expect(page.locator("#tried")).to_contain_text("must be 100")  # by itself, while one types
    page.locator("textarea").fill("as tried elsewhere")
    page.get_by_role("button", name="Propose as advised").dblclick()  # sent once
    expect(page.get_by_role("status")).to_contain_text("recorded")
    place = page.url
    assert complaints == []

    second = open_page(chromium, scripts=False)  # a second person, without JavaScript
    sign_in(second, address, "cleo", place.removeprefix(address))
    second.locator("textarea").fill("fits")
    second.get_by_role("button", name="approve").click()
    expect(second.locator("main header")).to_contain_text("approved")

    auditor = open_page(chromium)
    sign_in(auditor, address, "aud", place.removeprefix(address))
    expect(auditor.locator("table.audit tbody tr")).to_have_count(2)
    auditor.goto(f"{address}/pages/teams")
    expect(auditor.get_by_role("alert")).to_contain_text("Your role does not see this page")


def test_what_was_typed_when_the_session_ended_is_there_again(chromium: Browser, address: str) -> None:
    page = open_page(chromium)
    wait_for_run(page, address)
    sign_in(page, address, "lin")
    page.goto(f"{address}/pages/card?team=t1&role=agent")
    page.locator("textarea").fill("an hour of thought")
    page.context.clear_cookies()
    page.get_by_role("button", name="Dismiss").click()
    page.locator("input[name=name]").fill("lin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button").click()
    expect(page.locator("textarea")).to_have_value("an hour of thought")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent yet")
    page.goto(f"{address}/pages/card?team=t3&role=agent")
    expect(page.get_by_role("alert")).to_be_visible()


def test_going_back_after_a_refused_form_shows_the_page_before_and_sends_nothing_again(
    chromium: Browser, address: str
) -> None:
    page = open_page(chromium)
    wait_for_run(page, address)
    sign_in(page, address, "lin")
    page.goto(f"{address}/pages/teams")
    page.get_by_role("link", name="t2 · agent").first.click()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.locator("input.points").nth(0).fill("61.5")
    expect(page.locator("#tried")).to_contain_text("must be 100")
    tried = sent.count("POST")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_contain_text("say why")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("input.points").nth(0)).to_have_value("61.5")
    page.go_back()
    expect(page).to_have_url(f"{address}/pages/teams")
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Scorecard of t2")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.locator("textarea").fill("not now")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("status")).to_contain_text("recorded")
    assert "/pages/decision?id=" in page.url
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Scorecard of t2")
    assert sent.count("POST") == 2 + tried


def test_customers_are_chosen_and_help_is_offered_with_the_keyboard_alone(chromium: Browser, address: str) -> None:
    page = open_page(chromium)
    wait_for_run(page, address)
    sign_in(page, address, "mara")
    page.goto(f"{address}/pages/customers")
    page.get_by_label("Team").select_option("t3")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(f"{address}/pages/coaching")
    page.get_by_role("link", name="Offer this").press("Enter")
    page.locator("textarea").fill("as we spoke")
    page.get_by_role("button", name="Offer as advised").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("recorded")
    page.goto(f"{address}/pages/coaching")
    expect(page.locator("main")).to_contain_text("Where it stands: offered")
    page.get_by_role("link", name="offered").press("Enter")
    page.locator("textarea").fill("another day")
    page.get_by_role("button", name="withdraw").press("Enter")
    expect(page.locator("main header")).to_contain_text("withdrawn")


def test_the_live_desk_refreshes_itself_and_leaves_the_focus_where_it_is(
    chromium: Browser, address: str, with_passwords: House
) -> None:
    keeper = Keeper(with_passwords.company)
    outbox = Outbox(keeper.audit, with_passwords.company.alerts)
    noted(outbox, "talk-1", 0.7, "t3")
    page = open_page(chromium)
    page.clock.install()
    wait_for_run(page, address)
    sign_in(page, address, "mara", "/pages/live")
    button = page.locator("#desk button")
    button.focus()
    focused = button.get_attribute("id")
    noted(outbox, "talk-2", 0.9, "t3")
    page.clock.fast_forward(6000)
    expect(page.locator("#desk section")).to_have_count(2)
    expect(page.locator(f"#{focused}")).to_be_focused()
    page.locator(f"#{focused}").press("Enter")
    expect(page.locator("#desk .done")).to_contain_text("Taken over by mara")
    expect(page.get_by_role("status")).to_contain_text("1 conversation waits")
    page.context.clear_cookies()
    for _ in range(3):
        page.clock.fast_forward(6000)
        page.wait_for_timeout(100)
    expect(page.get_by_role("alert")).to_contain_text("no longer being refreshed")

    reader = open_page(chromium, scripts=False)
    sign_in(reader, address, "mara", "/pages/live")
    expect(reader.locator("#desk section")).to_have_count(2)
