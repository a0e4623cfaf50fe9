"""The review pack: the same figures on the page and in the workbook, of the teams one may see, and never a formula."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from tests.filled_results import write_filled
from tests.serving.access.conftest import House, cards
from tests.serving.pages.conftest import Browser

FORMULA = '=HYPERLINK("http://evil.example";"x")'


@pytest.fixture(scope="module", autouse=True)
def nasty(with_passwords: House) -> None:
    """A card whose role reads like a formula, before the service loads the run."""
    named = cards().replace({"kpi": {"csat": "first_contact_resolution"}})
    named.loc[named["team_id"] == "t2", "role"] = FORMULA
    moved = {"recommended_weight": [60.0, 40.0], "expected_effect": 9.0, "expected_low": 1.0, "expected_high": 20.0}
    for column, value in moved.items():
        named.loc[named["team_id"] == "t1", column] = value
    write_filled(with_passwords.folder, "weights", named)


def workbook(browser: Browser, address: str = "/pages/review.xlsx") -> tuple[dict[str, list[list[Any]]], bytes]:
    sent = browser.open(address)
    assert sent.status_code == 200 and ".xlsx" in sent.headers["content-disposition"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(sent.content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}, sent.content


def test_page_and_workbook_have_the_same_lines_of_the_own_teams_alone(browser: Browser) -> None:
    browser.sign_in("lin")
    page = browser.open("/pages/review")
    assert page.status_code == 200 and len(page.content) < 100_000 and " style=" not in page.text
    sheets, _ = workbook(browser)
    lines = next(rows for name, rows in sheets.items() if name.startswith("Scorecards"))
    assert {row[0] for row in lines[1:]} == {"t1", "t2"}
    shown = re.findall(r"<tr>", page.text.partition('id="cards"')[2].partition("</table>")[0])
    assert len(shown) == len(lines)
    assert lines[1][3] == 50 and isinstance(lines[1][3], int | float)
    customers = sheets["Customers at risk"]
    assert {row[0] for row in customers[1:]} == {"c1", "c2"} and 0 < customers[1][1] < 1
    browser.sign_in("ana")
    everybody, _ = workbook(browser)
    assert {row[0] for row in everybody["Customers at risk"][1:]} >= {"c1", "c2", "c3", "c4"}


def test_customers_that_are_left_out_are_counted_on_page_and_in_workbook(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in("ana")
    left_out = re.compile(r"Here and in the workbook are the first 2 of these (\d+) customers")
    assert "Here and in the workbook" not in browser.open("/pages/review").text
    monkeypatch.setattr("serving.pages.review.pack._MAX_CUSTOMERS", 2)
    found = left_out.search(browser.open("/pages/review").text)
    sheets, _ = workbook(browser)
    cover = left_out.search(str(sheets["Review pack"]))
    assert len(sheets["Customers at risk"]) == 3 and found and cover and found[1] == cover[1]


def test_what_a_card_is_expected_to_keep_stands_once_with_its_range(browser: Browser) -> None:
    browser.sign_in("lin")
    sheets, _ = workbook(browser)
    lines = next(rows for name, rows in sheets.items() if name.startswith("Scorecards"))
    at = lines[0].index("Customers kept")
    assert [row[at : at + 2] for row in lines[1:] if row[0] == "t1"] == [[9, "1 to 20"], ["", ""]]


def test_no_cell_is_a_formula(browser: Browser) -> None:
    browser.sign_in("lin")
    sheets, content = workbook(browser)
    assert any(FORMULA in row for rows in sheets.values() for row in rows)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = [packed.read(name).decode() for name in packed.namelist() if "worksheets/sheet" in name]
    assert parts and not any("<f>" in part or "<f " in part for part in parts)


def test_what_is_missing_is_named_and_a_decision_counts_in_its_period(browser: Browser) -> None:
    browser.sign_in("lin")
    page = browser.open("/pages/review?period=quarter").text
    assert "No months of teams are known. Ratings in the table of cases bring them" in page
    assert "No decision about a team" in page
    browser.open("/pages/card?team=t1&role=agent")
    browser.send("/pages/card?team=t1&role=agent", {"move": "dismiss", "reason": "not now"})
    assert "No decision about a team" not in browser.open("/pages/review").text
    chinese = browser.open("/pages/review", **{"accept-language": "zh"}).text
    assert "例会材料" in chinese and "计分卡与建议" in chinese
