"""KPIs by the names that people use, and cards that say to what they sum."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.catalogue.kpi_names import ABBREVIATIONS, kpi_meant, open_company
from baton.catalogue.load import load_catalogue
from baton.company import Company, load_company
from baton.errors import CatalogueError
from features.ingest.intake import opened
from features.quality.checks import check, examine
from features.quality.faults import CheckReport

CARDS = "team_id,role,kpi,weight,valid_from\n"


def company(folder: Path, cards: str) -> Company:
    (folder / "cases.csv").write_text("case_id,opened_at,csat\n1,2024-01-02,4\n")
    (folder / "scorecards.csv").write_text(CARDS + cards)
    (folder / "measures.csv").write_text(
        'unit,unit_id,from,to,kpi,value\nteam,A,2024-01-01,2024-02-01,"AHT ",300\nteam,A,2024-01-01,2024-02-01,nps,20\n'
    )
    tables = "".join(f'{name} = {{ path = "{name}.csv" }}\n' for name in ("cases", "scorecards", "measures"))
    (folder / "company.toml").write_text(f"[tables]\n{tables}")
    return load_company(folder)


def report(settings: Company) -> CheckReport:
    return check(settings, load_catalogue(settings))


def test_a_card_is_read_by_the_names_that_people_use(tmp_path: Path) -> None:
    settings = company(
        tmp_path,
        "A,,CSAT,40,2024-01-01\nA,,fcr,20,2024-01-01\nA,,平均处理时长,30,2024-01-01\nA,,Mandatory_Training,10,2024-01-01\n",
    )
    with opened(settings) as intake:
        found = examine(intake, load_catalogue(settings))
        cards = intake.rows(f"SELECT kpi FROM {intake.tables['scorecards'].relation} ORDER BY __row")
        measures = intake.rows(f"SELECT kpi, value FROM {intake.tables['measures'].unnumbered} ORDER BY value")
    assert [row[0] for row in cards] == ["csat", "first_contact_resolution", "handle_seconds", "mandatory_training"]
    assert measures == [("nps", 20.0), ("handle_seconds", 300.0)]
    assert not [fault for fault in found.report.faults if fault.kind in {"unknown_kpi", "weights_sum"}]
    assert "scorecards.kpi: 'CSAT' is read as csat (unit: points)" in found.report.notes
    assert "scorecards.kpi: 'fcr' is read as first_contact_resolution (unit: share)" in found.report.notes
    assert any(
        note.startswith("measures.kpi: 'AHT") and "handle_seconds (unit: seconds)" in note
        for note in found.report.notes
    )


@pytest.mark.parametrize(
    ("name", "kpi"),
    [("Csat", "csat"), ("ＮＰＳ", "nps"), ("ASA", "wait_seconds"), ("FRT", "response_seconds"), ("CLTV", "customer_lifetime_value"),
     ("handle seconds", "handle_seconds"), ("Handle-Seconds", "handle_seconds"), ("CES", None), ("", None), ("x", None)],
)  # fmt: skip
def test_a_name_means_one_kpi_or_none(name: str, kpi: str | None) -> None:
    assert kpi_meant(name, load_catalogue(Company())) == kpi


def test_an_abbreviation_of_several_is_read_only_where_one_is_there() -> None:
    catalogue = load_catalogue(Company())
    for word, candidates in ABBREVIATIONS.items():
        there = [kpi for kpi in candidates if kpi in catalogue]
        named = {kpi.id for kpi in catalogue.values() if word in (kpi.name.en.casefold(), kpi.name.zh)}
        assert kpi_meant(word.upper(), catalogue) in ({*named} or ({there[0]} if len(there) == 1 else {None}))


def test_cards_say_to_what_they_sum(tmp_path: Path) -> None:
    settings = company(tmp_path, "A,,csat,40,2024-01-01\nA,,nps,20,2024-01-01\nB,agent,csat,110,2024-02-01\n")
    faults = [fault for fault in report(settings).faults if fault.kind == "weights_sum"]
    assert len(faults) == 1
    assert "they sum to A 2024-01-01: 60, B agent 2024-02-01: 110; give each card" in faults[0].as_message().text


def test_cards_in_shares_are_reported_so(tmp_path: Path) -> None:
    settings = company(tmp_path, "A,,csat,0.4,2024-01-01\nA,,nps,0.6,2024-01-01\n")
    faults = [fault for fault in report(settings).faults if fault.kind == "weights_sum"]
    assert "they look like shares of 1, so multiply by 100" in faults[0].as_message().text


def test_the_company_file_names_kpis_as_people_do(tmp_path: Path) -> None:
    company(tmp_path, "A,,csat,100,2024-01-01\n")
    with (tmp_path / "company.toml").open("a") as file:
        file.write(
            '[outcomes.case]\nmetric = "客户满意度"\n[policy]\nfixed = ["AHT", "First-contact resolution", "Coffee"]\n'
            '[[outcomes.decline]]\nunit = "team"\nmetric = "FCR"\n[[outcomes.decline]]\nunit = "team"\nmetric = "CSAT"\n'
        )
    found = open_company(tmp_path)
    assert found.outcomes.case is not None and found.outcomes.case.metric == "csat"
    assert [settings.metric for settings in found.outcomes.decline] == ["first_contact_resolution", "csat"]
    assert found.policy.fixed == ("handle_seconds", "first_contact_resolution", "Coffee")
    load_catalogue(found)


def test_a_name_that_is_no_kpi_is_refused_as_it_was_written(tmp_path: Path) -> None:
    company(tmp_path, "A,,csat,100,2024-01-01\n")
    with (tmp_path / "company.toml").open("a") as file:
        file.write('[outcomes.case]\nmetric = "Coffee"\n')
    with pytest.raises(CatalogueError, match="metric 'Coffee' is no KPI of the catalogue"):
        load_catalogue(open_company(tmp_path))


def test_a_catalogue_that_cannot_be_read_is_reported_when_it_is_needed(tmp_path: Path) -> None:
    company(tmp_path, "A,,csat,100,2024-01-01\n")
    with (tmp_path / "company.toml").open("a") as file:
        file.write('[outcomes.case]\nmetric = "CSAT"\n[kpis]\nfiles = ["gone.toml"]\n')
    found = open_company(tmp_path)
    with pytest.raises(CatalogueError, match=r"gone\.toml"):
        load_catalogue(found)
