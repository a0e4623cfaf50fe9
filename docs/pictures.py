"""Pictures of the demo's report and pages for the documentation.

``python docs/pictures.py demo``, after ``python start.py demo``, makes those of the report again; with ``--pages``
and a service on ``http://127.0.0.1:3000`` (``baton serve demo``) those of pages too, for users of ``baton access demo
demo``, whose passwords are asked for. It needs Chromium.
"""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).resolve().parent / "images"
CHROMIUM = "/usr/bin/chromium"
SERVICE = "http://127.0.0.1:3000"
# picture, user, page, language
PAGES = (
    ("pages-customers", "demo-manager", "/pages/customers", "en"),
    ("pages-own-zh", "demo-employee", "/pages/mine", "zh"),
)


def main() -> None:
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("company", type=Path)
    parser.add_argument("--pages", action="store_true", help="those of the service's pages, too")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        of_report(browser, options.company / "out" / "report.html")
        for picture, user, place, language in PAGES if options.pages else ():
            of_page(browser, picture, user, place, language)
        browser.close()


def of_report(browser: Any, report: Path) -> None:
    """Take the report's first screen, one team, and the report on a phone in Chinese."""
    page = browser.new_page(viewport={"width": 1366, "height": 860})
    page.goto(report.resolve().as_uri())
    page.get_by_text("English", exact=True).first.click()
    page.wait_for_timeout(500)
    taken(page, "report-first-screen")
    team = browser.new_page(viewport={"width": 1200, "height": 900}, bypass_csp=True)
    team.goto(report.resolve().as_uri())
    team.add_style_tag(content="body > header { position: static }")  # else it lies over what is taken
    box = team.locator("#teams article").first.bounding_box()
    taken(team, "report-team", full_page=True, clip={**box, "height": min(box["height"], 1560)})
    phone = browser.new_page(viewport={"width": 390, "height": 1100}, device_scale_factor=1.5)
    phone.goto(report.resolve().as_uri())
    phone.get_by_text("中文", exact=True).first.click()
    phone.wait_for_timeout(500)
    taken(phone, "report-phone-zh")


def of_page(browser: Any, picture: str, user: str, place: str, language: str) -> None:
    """Take the first screen of a page as a user sees it."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.add_cookies([{"name": "baton_language", "value": language, "url": SERVICE}])
    page = context.new_page()
    page.goto(f"{SERVICE}/pages/")
    page.locator("input[name=name]").fill(user)
    page.locator("input[name=password]").fill(getpass.getpass(f"Password of {user}: "))
    page.locator("main button").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.goto(f"{SERVICE}{place}")
    taken(page, picture)
    context.close()


def taken(page: Any, picture: str, **how: Any) -> None:
    """Keep a picture in few colours, which is all that a page has."""
    from PIL import Image

    path = IMAGES / f"{picture}.png"
    page.screenshot(path=path, **how)
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main()
