"""`diagnose` reads scorecards by the one way in, shows today's cards, and notices that a run is out of date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from baton import display
from baton.catalogue.load import load_catalogue
from baton.company import load_company
from baton.errors import TableError
from baton.files import RunFolder, write_json
from baton.messages.message import Message, render
from baton.terminal.diagnosis import show
from features.ingest import sources
from models.advice.inputs import AdviceInputs, catalogue_rows
from pipelines.analysis import diagnose_company
from pipelines.diagnosis.diagnose import diagnose
from pipelines.diagnosis.found import Diagnosis
from pipelines.diagnosis.page import render as render_page
from pipelines.diagnosis.shown import kpis_table
from pipelines.freshness import catalogue_digest, settings_digest

CASES = "case_id,opened_at,team_id\n" + "".join(f"{n},2025-0{n % 9 + 1}-11 10:00,T1\n" for n in range(60))
HEAD = "team_id,role,kpi,weight,valid_from\n"
TODAY = "T1,agent,csat,30,2025-01-01\nT1,agent,cost_per_case,70,2025-01-01\n"
PLANNED = "T1,agent,csat,90,2027-01-01\nT1,agent,cost_per_case,10,2027-01-01\n"
DAY_FIRST = (
    "T1,agent,csat,30,13.04.2025\nT1,agent,cost_per_case,70,13.04.2025\nT1,agent,csat,60,05.02.2025\n"
    "T1,agent,cost_per_case,40,05.02.2025\nT1,agent,csat,20,03.12.2024\nT1,agent,cost_per_case,80,03.12.2024\n"
)
COMMAS = HEAD.replace(",", ";") + "T1;agent;csat;22,5;2025-01-01\nT1;agent;cost_per_case;77,5;2025-01-01\n"


def company(folder: Path, cards: str) -> Path:
    (folder / "cases.csv").write_text(CASES)
    (folder / "scorecards.csv").write_text(cards)
    (folder / "company.toml").write_text(
        '[tables]\ncases = { path = "cases.csv" }\nscorecards = { path = "scorecards.csv" }\n'
    )
    return folder / "company.toml"


def diagnosed(folder: Path, cards: str) -> Diagnosis:
    return diagnose(load_company(company(folder, cards)), RunFolder(folder / "out"))


def weights(found: Diagnosis) -> dict[tuple[str, str], float]:
    return {(row["team_id"], row["kpi"]): row["weight"] for row in found.kpis}


@pytest.mark.parametrize(
    ("cards", "csat"),
    [
        (HEAD + TODAY, 30),
        (HEAD + PLANNED + TODAY, 30),
        (HEAD.upper() + TODAY, 30),
        (COMMAS, 22.5),
        (HEAD + DAY_FIRST, 30),
        (HEAD + " T1 ,agent,csat ,30,2025-01-01\nT1,agent, cost_per_case,70,2025-01-01\n", 30),
    ],
    ids=["plain", "planned", "letter case", "decimal comma", "day first", "blanks"],
)
def test_today_s_card_is_the_one_in_force_as_a_run_reads_it(tmp_path: Path, cards: str, csat: float) -> None:
    assert weights(diagnosed(tmp_path, cards)) == {("T1", "csat"): csat, ("T1", "cost_per_case"): 100 - csat}


def test_planned_cards_are_reported_with_their_day(tmp_path: Path) -> None:
    notes = diagnosed(tmp_path, HEAD + TODAY + PLANNED).notes
    assert "planned and not shown: 1 card from 2027-01-01 on" in [note.text for note in notes]
    assert "已计划、未显示：1 张计分卡，自 2027-01-01 起生效" in [render(note, "zh") for note in notes]


def test_a_company_whose_cards_are_all_planned_is_reported_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="every card holds only after 2025-09"):
        diagnosed(tmp_path, HEAD + PLANNED)


def test_what_stops_a_run_stops_it_too(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="do not sum to 100"):
        diagnosed(tmp_path, HEAD + "T1,agent,csat,30,2025-01-01\n")


def test_nothing_is_written(tmp_path: Path) -> None:
    diagnosed(tmp_path, HEAD + TODAY)
    assert {path.name for path in tmp_path.iterdir()} == {"cases.csv", "scorecards.csv", "company.toml"}


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """Leave a run of a company that then had no scorecards."""
    settings = load_company(company(tmp_path, HEAD + TODAY))
    catalogue = load_catalogue(settings)
    folder = RunFolder(tmp_path / "out").create()
    nothing = pd.DataFrame(columns=["team_id", "role", "kpi", "weight"])
    headcounts = pd.DataFrame(columns=["team_id", "role", "kpi", "n_per_day", "people", "share"])
    inputs = AdviceInputs(
        catalogue_rows(catalogue), pd.DataFrame(), nothing, headcounts, None, -1, "probability", 90, 0, 1.0
    )
    inputs.save(folder.advice)
    run = {
        "inputs": sources.fingerprint(settings),
        "settings": settings_digest(settings),
        "catalogue": catalogue_digest(catalogue),
    }
    write_json(folder.file("run.json"), run)
    return tmp_path


def changed(folder: Path) -> list[str]:
    found = diagnose(load_company(folder / "company.toml"), RunFolder(folder / "out"))
    return [note.text for note in found.notes if note.key == "diagnosed.changed"]


def test_what_the_run_noted_is_shown_in_words(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = RunFolder(finished / "out").advice
    replace(AdviceInputs.load(place), notes=(Message("no_advice.hypothetical"),)).save(place)
    found = diagnose(load_company(finished / "company.toml"), RunFolder(finished / "out"))
    show(found, "en")
    display.document(found.as_json())
    shown = capsys.readouterr().out
    assert shown.lower().count("no scorecard is known for some teams") == 2
    assert "Message(" not in shown and '"key"' not in shown


def test_a_run_of_the_same_sources_is_taken_as_it_is(finished: Path) -> None:
    assert changed(finished) == []


def test_what_changed_since_the_run_is_reported_and_today_s_cards_are_read(finished: Path) -> None:
    (finished / "scorecards.csv").write_text(HEAD + TODAY.replace(",30,", ",45,").replace(",70,", ",55,"))
    with (finished / "company.toml").open("a") as file:
        file.write("[policy]\nmax_change = 5\n")
    found = diagnose(load_company(finished / "company.toml"), RunFolder(finished / "out"))
    assert weights(found) == {("T1", "csat"): 45, ("T1", "cost_per_case"): 55}
    (note,) = (note for note in found.notes if note.key == "diagnosed.changed")
    assert "the table scorecards, the company file;" in note.text
    assert "表 scorecards、公司文件；" in render(note, "zh")


def test_python_looks_into_the_folder_of_the_command_line(finished: Path) -> None:
    # only the run that the command line leaves in `out` shows how reliable a KPI is
    place = finished / "out" / "advice" / "kpis.parquet"
    kpis = pd.read_parquet(place)
    kpis["stage"] = "renewal"
    kpis.to_parquet(place, index=False)
    table = diagnose_company(finished)["KPIs on today's cards"]
    assert set(table["stage"]) == {"renewal"}


def test_the_page_loads_nothing_speaks_both_languages_and_escapes_names(tmp_path: Path) -> None:
    place = company(tmp_path, HEAD + TODAY)
    (tmp_path / "teams.csv").write_text("team_id,name,department\nT1,<b>Front</b>,Service\n")
    with place.open("a") as file:
        file.write('teams = { path = "teams.csv" }\n[company]\nname = "Shop & Co"\nlanguages = ["en", "zh"]\n')
    settings = load_company(place)
    page = render_page(settings, diagnose(settings, RunFolder(tmp_path / "out")))
    assert "Shop &amp; Co" in page and "<b>Front</b>" not in page and "&lt;b&gt;Front" in page
    key = page.split('<p class="legend">')[1].split("</p>")[0]
    assert key.count("swatch") == page.split("</h1>")[1].split("</svg>")[0].count("<rect") >= 1
    assert "Of all points on today&#39;s card" in page and "现行 1 张计分卡的全部分值中" in page
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page


def test_without_a_run_every_part_says_what_a_run_would_add(tmp_path: Path) -> None:
    found = diagnosed(tmp_path, HEAD + TODAY).as_json()
    assert [found["remarks"][part][0]["en"][:40] for part in ("influence", "causes", "conflicts", "evidence")] == [
        "Whether people differ in a KPI by more t",
        "What customers write, which causes grow ",
        "Without a run only what the catalogue de",
        "What customers write, which causes grow ",
    ]
    assert found["headline"]["shares"]["unmeasured"] == 1.0
    assert {item["stage"] for item in found["found"]["stages"]} >= {"delivery", "renewal"}


def test_effects_by_prices_are_called_money(tmp_path: Path) -> None:
    found = replace(diagnosed(tmp_path, HEAD + TODAY), outcome="worth", currency="EUR")
    table = kpis_table(found)
    assert "EUR per customer" in [render(cell, "en") for cell in table.header]
    assert table.remark is not None
    assert render(table.remark, "en").startswith("EUR per customer: how much more or less")
    unnamed = kpis_table(replace(found, currency=""))
    assert "money per customer" in [render(cell, "en") for cell in unnamed.header]
