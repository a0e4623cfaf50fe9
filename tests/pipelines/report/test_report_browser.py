from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed: apt-get install -y chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield started
        started.close()


@pytest.fixture
def address(whole_page: Path) -> str:
    return whole_page.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1366, "height": 768})
    opened.goto(address)
    yield opened
    opened.close()


def test_the_page_loads_nothing_and_complains_of_nothing(browser: Browser, address: str) -> None:
    opened = browser.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(address)
    opened.get_by_role("button", name="中文").click()
    assert asked == [address]
    assert complaints == []
    assert opened.evaluate("document.querySelectorAll('script').length") == 1
    opened.close()


def test_the_switch_changes_every_text_the_title_and_the_language_reported_to_readers(page: Page) -> None:
    heading = page.get_by_role("heading", level=1)
    assert "scorecards should change" in heading.inner_text()
    page.get_by_role("button", name="中文").click()
    assert "计分卡中有" in heading.inner_text()
    assert page.evaluate("document.documentElement.lang") == "zh"
    assert page.title() == "Fixture & Söhne：下一步怎么做"
    assert page.locator(".t[lang=en]:visible").count() == 0
    assert page.get_by_role("button", name="中文").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="English").click()
    assert page.locator(".t[lang=zh]:visible").count() == 0


def test_the_chooser_shows_the_card_of_the_team_that_is_chosen(page: Page) -> None:
    chooser = page.locator("[data-chooser]")
    assert page.locator("[data-card]:visible").get_attribute("data-card") == "0"
    assert chooser.locator("option").all_inner_texts() == [
        "Day shift · agent",
        'Night <script>alert("x")</script> & "co" · agent',
    ]
    chooser.focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("[data-card]:visible").get_attribute("data-card") == "1"


def test_the_answer_the_figures_and_the_card_stand_on_the_first_screen(page: Page) -> None:
    for part in ("h1", ".tiles", ".answers dt:has-text('How sure')", ".card.chosen tr:has-text('Promises kept')"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768, part


def open_the_fold_of_analysts(page: Page) -> None:
    page.locator("#method > details").evaluate("fold => fold.open = true")


@pytest.mark.parametrize("width", [390, 1366])
def test_a_beeswarm_shows_its_dots_on_wide_and_on_narrow_screens(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    open_the_fold_of_analysts(page)
    dots = page.locator("#beeswarm-churn svg:visible :is(g, use)").first.bounding_box()
    plot = page.locator("#beeswarm-churn svg:visible").bounding_box()
    assert dots is not None and plot is not None
    assert dots["width"] > 0.3 * plot["width"]
    assert plot["y"] < dots["y"] < dots["y"] + dots["height"] < plot["y"] + plot["height"]
    assert page.locator("#beeswarm-churn .hidden:visible").inner_text().startswith("Beeswarm")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [360, 390, 768, 1366, 1920])
def test_nothing_sticks_out_of_the_screen(page: Page, width: int, language: str) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.locator(f"[data-language={language}]").click()
    open_the_fold_of_analysts(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    drawn = page.locator("svg.chart:visible").count()
    assert drawn == page.locator("figure").count()  # of the two drawings of a chart, one is shown


def test_no_column_has_one_letter_a_line_on_a_phone_in_chinese(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("[data-language=zh]").click()
    widths = page.evaluate(
        """() => {
            const place = document.querySelector("main .scroll").cloneNode();
            place.innerHTML = `<table><tr>${"<td>这类客户有一半会在半年内流失</td>".repeat(12)}</tr></table>`;
            document.querySelector("main").append(place);
            return [...place.querySelectorAll("td")].map((cell) => cell.getBoundingClientRect().width);
        }"""
    )
    assert min(widths) > 3 * 16


@pytest.mark.parametrize("width", [390, 1366])
def test_no_text_of_a_chart_is_cut_off_or_too_small(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    open_the_fold_of_analysts(page)
    for language in ("en", "zh"):
        page.locator(f"[data-language={language}]").click()
        faults = page.evaluate(
            """() => [...document.querySelectorAll('svg.chart text')].filter(text => text.getClientRects().length)
            .filter(text => {
              const own = text.getBoundingClientRect(), figure = text.closest('figure').getBoundingClientRect();
              const placed = text.getScreenCTM();
              const scale = Math.hypot(placed.a, placed.b) * parseFloat(getComputedStyle(text).fontSize);
              return own.left < figure.left || own.right > figure.right || scale < 9.5;
            }).map(text => text.textContent)"""
        )
        assert faults == []


def test_paper_shows_the_folded_reasons_and_no_buttons(page: Page) -> None:
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Print").is_visible()
    assert not page.locator(".kept").first.is_visible()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".card.chosen .kept").first.is_visible()
    assert len(page.pdf(format="A4")) > 10_000
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert not page.locator(".card.chosen .kept").first.is_visible()


def test_without_a_script_every_card_is_there(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(address)
    assert opened.locator("[data-card]:visible").count() == 2
    context.close()


def test_headings_form_an_outline_and_controls_have_names(page: Page) -> None:
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.evaluate("[...document.querySelectorAll('button,select')].every(c => c.innerText || c.labels?.length)")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    targets = page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))")
    assert set(targets) <= set(ids)


def test_text_stands_out_from_its_ground(page: Page) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3) for every text that is shown."""
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")  # opens the folds
    worst = page.evaluate(
        """() => {
          const part = v => v <= 10.3 ? v / 3294.6 : ((v / 255 + .055) / 1.055) ** 2.4;
          const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
          const read = text => (text.match(/[\\d.]+/g) || []).map(Number);
          let worst = [99, ''];
          const walker = document.createTreeWalker(document.querySelector('body'), NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const node = walker.currentNode, parent = node.parentElement;
            if (!node.data.trim() || !parent.getClientRects().length) continue;
            if (parent.closest('svg,script,.skip,.hidden')) continue;
            let ground = [244, 245, 242];
            for (let at = parent; at; at = at.parentElement) {
              const found = read(getComputedStyle(at).backgroundColor);
              if (found.length === 3 || found[3] > 0) { ground = found.slice(0, 3); break; }
            }
            const [a, b] = [light(read(getComputedStyle(parent).color).slice(0, 3)), light(ground)];
            const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
            if (ratio < worst[0]) worst = [ratio, node.data];
          }
          return worst;
        }"""
    )
    assert worst[0] >= 4.5, worst
