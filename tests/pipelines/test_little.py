"""A company that has little gets what that carries: one whole run for each of five, and a page that starts with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.company import load_company
from baton.files import RunFolder
from baton.run_results import RunResults
from pipelines.initialise import initialise
from pipelines.run import Chain, run
from pipelines.run_summary import RunSummary
from pipelines.starting.verb import guess, start_from
from tests.little_companies import cases_and_employees, flat_customers, kpi_table, one_workbook, texts_alone

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _without_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry, with tests of its own, is most of what a run of so little takes."""

    def register(chain: Chain) -> None:
        del chain

    monkeypatch.setattr(Chain, "register", register)


def started(folder: Path, write: Callable[[Path], None]) -> Path:
    """The company file that `baton init` writes beside the company's tables."""
    write(folder)
    initialise(folder)
    return folder


def ran(folder: Path) -> tuple[RunSummary, str]:
    """What a run did, and the English text of its page."""
    summary = run(load_company(folder), RunFolder(folder / "out"))
    page = (folder / "out" / "report.html").read_text("utf-8")
    assert not empty_sections(page)
    return summary, text_of(page)


def text_of(page: str, language: str = "en") -> str:
    other = {"en": "zh", "zh": "en"}[language]
    page = re.sub(r"<(style|script|svg)\b.*?</\1>", "", page, flags=re.DOTALL)
    page = re.sub(rf'<span class="t" lang="{other}">.*?</span>', "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def empty_sections(page: str) -> list[str]:
    """Sections that hold a heading and the word that something is missing, and nothing else."""
    sections = re.findall(r'<section id="(\w+)"(.*?)</section>', page, flags=re.DOTALL)
    holds = re.compile(r'<li|<figure|<table|<dt|<p class="note">')
    return [name for name, inside in sections if not holds.search(inside)]


def test_cases_and_employees_give_effects_and_a_tested_prediction(tmp_path: Path) -> None:
    summary, text = ran(started(tmp_path, cases_and_employees))
    effects = RunResults(RunFolder(tmp_path / "out")).find("effects")
    assert effects is not None
    assert effects.set_index("kpi")["effect"].dropna()["response_seconds"] > 0
    assert "Service rating is better where “Response time” is better: no other KPI is as clear." in text
    assert "On 98 cases that it had not seen, the prediction explains" in text
    assert "With a table of customers (customers: customer_id, joined_at, left_at, value)" in text
    assert "the company file asks for no outcome, so what its tables carry is learned: driver:csat" in " ".join(
        summary.warnings
    )


def test_a_flat_table_names_the_columns_that_predict(tmp_path: Path) -> None:
    _, text = ran(started(tmp_path, flat_customers))
    assert "Who leaves, in this table: “complaints”, “months” and “plan” predict it best." in text
    assert "The prediction looks most at complaints" in text
    assert "With a table of cases (cases: case_id" in text
    assert "<code>" not in text


def test_texts_alone_give_root_causes_first(tmp_path: Path) -> None:
    _, text = ran(started(tmp_path, texts_alone))
    assert "What customers write of most, among the texts that could be classified, is “delivery”" in text
    assert "With the column cases.employee_id: KPIs, decline and coaching per employee" in text
    assert "No scorecards were given" not in text  # a journey in which nothing can be measured


def test_a_table_of_kpis_is_read_by_the_catalogue_s_own_names(tmp_path: Path) -> None:
    summary, text = ran(started(tmp_path, kpi_table))
    panel = RunResults(RunFolder(tmp_path / "out")).find("advice/panel")
    assert panel is not None
    assert set(panel["kpi"]) == {"csat", "first_contact_resolution"}
    assert list(json.loads((tmp_path / "out" / "evaluation.json").read_text("utf-8"))) == ["decline:team:csat"]
    assert "First-contact resolution" in text
    assert "1 of 1 arrows that could be tested hold" in text
    assert "Nothing here has been tested" not in text
    assert "Of one that declines and one that does not, the prediction of Service rating puts the declining one" in text
    assert not [why for why in summary.warnings if "counts for nothing" in why]


def test_one_workbook_goes_from_init_to_a_report(tmp_path: Path) -> None:
    one_workbook(tmp_path / "tickets.xlsx")
    start_from(guess(tmp_path / "company", str(tmp_path / "tickets.xlsx")))
    _, text = ran(tmp_path / "company")
    assert "Service rating goes most closely with “Time to resolve”" in text
    assert "Service rating per case: where the prediction was highest it said 4." in text  # a number, no per cent
    assert "448" not in text
