"""``baton kpis``: KPIs by the names people use, what a company can compute, and what the others lack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from baton.cli import app
from baton.company import load_company
from pipelines.kpis.listing import KpiList, list_kpis, list_kpis_of


def ids(found: KpiList) -> list[str]:
    return list(dict.fromkeys(one.kpi.id for one in found.kpis))


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("FCR", "first_contact_resolution"), ("aht", "handle_seconds"), ("平均处理时长", "handle_seconds"),
        ("Average Handle Time", "handle_seconds"), ("ＣＳＡＴ", "csat"), ("一次解决率", "first_contact_resolution"),
        ("handle_seconds", "handle_seconds"), ("net promoter score", "nps"), ("abandonment rate", "abandoned_call_share"),
        ("接通率", "answered_call_share"), ("backlog", "open_cases"), ("contraction MRR", "contraction_revenue"),
    ],
)  # fmt: skip
def test_a_name_of_any_kind_finds_its_kpi_first(word: str, first: str) -> None:
    assert ids(list_kpis(word))[0] == first


def test_an_abbreviation_finds_what_it_stands_for_and_nothing_else() -> None:
    assert ids(list_kpis("ASA")) == ["wait_seconds"]


def test_several_words_must_all_be_in_the_names() -> None:
    found = ids(list_kpis("response complaints"))
    assert found == ["complaint_response_seconds"]


def test_a_word_of_the_language_lists_all_kpis_with_it() -> None:
    found = set(ids(list_kpis("满意度")))
    assert {"csat", "internal_satisfaction"} <= found


def test_a_word_that_no_kpi_has_names_the_nearest() -> None:
    found = list_kpis("frist contcat resolutoin")
    assert not found.kpis
    assert "first_contact_resolution" in [one.kpi.id for one in found.nearest]


def test_presets_that_define_a_kpi_alike_are_one_entry() -> None:
    found = [one for one in list_kpis("retention_rate").kpis if one.kpi.id == "retention_rate"]
    assert [one.places for one in found] == [("service", "product", "b2b")]


@pytest.fixture
def company(tmp_path: Path) -> Path:
    rows = [
        f"k{n},2024-0{1 + n % 6}-0{1 + n % 7} 09:00,2024-0{1 + n % 6}-0{1 + n % 7} 11:00,t{n % 2},low,{n % 5 + 1},"
        for n in range(60)
    ]
    head = "case_id,opened_at,closed_at,team_id,priority,csat,resolved_first"
    (tmp_path / "cases.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    (tmp_path / "company.toml").write_text('[company]\nname = "Quay"\n[tables]\ncases = { path = "cases.csv" }\n')
    return tmp_path


def test_a_company_sees_what_it_can_compute_and_what_the_others_lack(company: Path) -> None:
    found = {one.kpi.id: one for one in list_kpis_of(load_company(company)).kpis}
    assert found["csat"].missing is None
    assert found["csat"].grains == ("team",)
    missing = {name: one.missing.text for name, one in found.items() if one.missing is not None}
    assert missing["handle_seconds"] == "needs cases.handle_seconds"
    assert missing["promise_kept"] == "needs rows in measures with kpi = promise_kept"
    assert missing["training_hours"] == "needs the table work"
    assert missing["retention_rate"] == "needs the table customers"
    assert missing["contacts_per_customer"] == "needs one of cases.customer_id"
    assert missing["first_contact_resolution"].startswith("cases has no value for it: resolved_first is empty")
    assert missing["priority_first_contact_resolution"].startswith("cases has no value for it: no row has")


def test_a_backlog_needs_open_cases_and_complaints_need_customers(company: Path) -> None:
    text = (company / "company.toml").read_text() + '[kpis]\npresets = ["service", "desk"]\n'
    (company / "company.toml").write_text(text)
    found = {one.kpi.id: one for one in list_kpis_of(load_company(company)).kpis}
    assert found["open_cases"].missing is not None
    assert found["open_cases"].missing.text.startswith("needs open cases in cases (closed_at empty)")
    assert found["complaints_per_1000_customers"].missing is not None
    assert found["answered_call_share"].missing is not None
    assert found["answered_call_share"].missing.text == "needs the table case_steps"
    with (company / "cases.csv").open("a") as file:
        file.write("k99,2024-06-01 10:00,,t0,low,3,\n")
    (one,) = [one for one in list_kpis_of(load_company(company), "backlog").kpis if one.kpi.id == "open_cases"]
    assert (one.missing, one.grains) == (None, ("team",))


def test_kpis_of_other_presets_are_named(company: Path) -> None:
    found = list_kpis_of(load_company(company), "defect")
    assert not found.kpis
    assert "defect_rate" in [one.kpi.id for one in found.elsewhere]
    assert not found.nearest


def test_a_fault_that_stops_a_run_leaves_the_list(company: Path) -> None:
    with (company / "cases.csv").open("a") as file:
        file.write("k1,2024-01-01 10:00,2024-01-01 12:00,t0,low,3,\n" * 2)
    (company / "company.toml").write_text((company / "company.toml").read_text() + '[faults]\nduplicate_key = "stop"\n')
    found = list_kpis_of(load_company(company), "csat")
    assert found.stopped
    assert found.kpis[0].missing is None


@pytest.mark.parametrize("words", [["kpis"], ["kpis", "时长"], ["kpis", "--language", "zh"]])
def test_the_table_fits_a_terminal(words: list[str]) -> None:
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0
    assert max(cell_len(line) for line in shown.output.splitlines() if line[:1] in "┏┃├│└") <= 80


def test_the_table_of_a_company_fits_and_speaks_chinese(company: Path) -> None:
    shown = CliRunner().invoke(app, ["kpis", "AHT", "--company", str(company), "--language", "zh"]).output
    assert "需要" in shown
    assert "越低越好" in shown
    assert "Quay 的指标" in shown
    assert max(cell_len(line) for line in shown.splitlines() if line[:1] in "┏┃├│└") <= 80


def test_json_says_the_same(company: Path) -> None:
    shown = CliRunner().invoke(app, ["kpis", "AHT", "--company", str(company), "--json"])
    found = json.loads(shown.stdout)
    assert found["company"] == "Quay"
    assert [one["id"] for one in found["kpis"]] == ["handle_seconds"]
    one = found["kpis"][0]
    assert one["computed"] is False
    assert one["missing"] == {"en": "needs cases.handle_seconds", "zh": "需要 cases.handle_seconds"}
    assert (one["unit"], one["better"], one["how"]["zh"]) == ("seconds", "lower", "工单的平均值")


def test_no_name_found_says_so() -> None:
    shown = CliRunner().invoke(app, ["kpis", "tick", "teck"])
    assert shown.exit_code == 0
    assert "No KPI is called tick teck." in shown.output


def test_scorecards_in_peoples_words_are_shown_with_what_they_are_read_as(company: Path) -> None:
    lines = ["team_id,kpi,weight,valid_from"]
    lines += [f"t{n % 2},{name},50,2024-01-01" for n, name in enumerate(["CSAT", "一次解决率", "csat_scroe", "☕☕☕"])]
    (company / "cards.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = (company / "company.toml").read_text() + 'scorecards = { path = "cards.csv" }\n'
    (company / "company.toml").write_text(text)
    found = list_kpis_of(load_company(company), "csat")
    assert [(one.name, one.kpi) for one in found.cards] == [
        ("CSAT", "csat"), ("一次解决率", "first_contact_resolution"), ("csat_scroe", None), ("☕☕☕", None)
    ]  # fmt: skip
    assert "csat" in found.cards[2].nearest
    assert found.cards[3].nearest == ()
    assert {"csat", "first_contact_resolution"} <= found.carded
    shown = CliRunner().invoke(app, ["kpis", "csat", "--company", str(company)]).output
    assert "on a scorecard" in shown
    assert "“一次解决率” is read as first_contact_resolution" in shown
    assert "“csat_scroe” is no KPI of the company; nearest: " in shown
