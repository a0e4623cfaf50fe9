"""The section on what customers write: dearest first, growth and owner shown, small groups hidden, nothing unsaid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.wording.causes import CausesSection, causes_section
from baton.wording.wording import say
from pipelines.complaints.about import cause_diagnosis
from pipelines.report.data.results import Results
from pipelines.report.sections.first_of_texts import first_of_texts
from pipelines.report.sections.first_screen import FirstScreen

MONTHS = pd.date_range("2025-01-01", periods=6, freq="MS")
ABOUT: dict[str, dict[str, Any]] = {
    "late": {
        "en": "Late delivery", "zh": "交付延误", "main": {"id": "delivery", "en": "Delivery", "zh": "交付"}, "stage": "delivery",
        "process": "order", "owner": {"en": "Logistics", "zh": "物流"}, "kpis": ["promise_kept"], "measured": [],
    },
    "<bill>": {"en": "<bill>", "zh": "<bill>", "kpis": ["invoices_right"], "measured": ["invoices_right"]},
}  # fmt: skip


def trend(cause: str, level: str = "company", unit: str = "", n: int = 10, *, growing: bool = False) -> pd.DataFrame:
    factors = {"growth": 1.2, "growth_low": 1.1, "growth_high": 1.3} if growing else dict.fromkeys(
        ("growth", "growth_low", "growth_high"), 1.0
    )  # fmt: skip
    return pd.DataFrame(
        {"level": level, "unit_id": unit, "cause": cause, "month": MONTHS, "n": n, "texts": 30, "share": n / 30, **factors, "growing": growing}
    )  # fmt: skip


@pytest.fixture
def results() -> Results:
    company = Company()
    answers = pd.DataFrame(
        {
            "case_id": [f"n{number}" for number in range(100)],
            "cause": ["<bill>"] * 60 + ["late"] * 30 + ["late"] * 10,
            "probability": 0.9,
            "abstained": [False] * 90 + [True] * 10,
        }
    )
    prices = pd.DataFrame(
        {
            "cause": ["late", "<bill>"], "cases": [30, 60], "customers": [20, 40],
            "expected_leavers": [6.0, 4.0], "expected_leavers_low": [4.0, 2.0], "expected_leavers_high": [8.0, 6.0],
            "value_at_risk": [50_000.0, 9_000.0], "value_at_risk_low": [30_000.0, 5_000.0],
            "value_at_risk_high": [70_000.0, 12_000.0],
        }
    )  # fmt: skip
    trends = pd.concat(
        [trend("<bill>", n=20), trend("late", growing=True), trend("late", "team", "north"), trend("late", "team", "tiny", n=1)]
    )  # fmt: skip
    trends.loc[trends["unit_id"] == "tiny", "texts"] = 2
    tables = {"root_causes": answers, "cause_prices": prices, "cause_trends": trends}
    return Results(
        company, load_catalogue(company), {"root_cause": {"accuracy": 0.86}}, tables, causes=ABOUT,
        cause_examples={"late": ("where is <my> parcel [phone]",)}, looked=frozenset(tables),
    )  # fmt: skip


def section(results: Results) -> CausesSection:
    made = causes_section(results)
    assert made is not None
    return made


def test_the_dearest_cause_leads_though_another_is_more_frequent(results: Results) -> None:
    made = section(results)
    assert [str(row.name.en) for row in made.rows] == ["Late delivery", "&lt;bill&gt;", "Unclear"]
    assert "Late delivery" in made.findings[0].en and "EUR 50,000" in made.findings[0].en
    assert "交付延误" in made.findings[0].zh
    assert "&lt;bill&gt;" in made.findings[1].en and "60% of all texts" in made.findings[1].en


def test_money_and_leavers_stand_with_their_ranges(results: Results) -> None:
    cells = [str(cell.en) for cell in section(results).rows[0].cells]
    assert "6 (4 to 8)" in cells
    assert any("EUR 30,000" in cell and "EUR 70,000" in cell for cell in cells)


def test_a_growing_cause_that_no_card_measures_is_reported_with_its_owner(results: Results) -> None:
    findings = [str(finding.en) for finding in section(results).findings]
    assert any("no scorecard measures it" in text and "Logistics" in text for text in findings)
    measured = {**ABOUT["late"], "measured": ["promise_kept"]}
    findings = [str(finding.en) for finding in section(replace(results, causes={**ABOUT, "late": measured})).findings]
    assert not any("no scorecard measures it" in text for text in findings)


def test_without_prices_the_most_frequent_leads_and_no_money_is_named(results: Results) -> None:
    tables = {name: table for name, table in results.tables.items() if name != "cause_prices"}
    made = section(replace(results, tables=tables))
    assert [str(row.name.en) for row in made.rows] == ["&lt;bill&gt;", "Late delivery", "Unclear"]
    assert "EUR" not in "".join(str(text.en) for text in (*made.findings, *made.header, made.note))


def test_teams_with_few_texts_are_hidden(results: Results) -> None:
    (_, _, rows), *_ = section(results).units
    assert [str(row[0].en) for row in rows] == ["north"]


def test_new_causes_are_silent_until_looked_for_and_then_quoted(results: Results) -> None:
    assert section(results).emerging is None
    looked = replace(results, looked=results.looked | {"emerging_causes"})
    assert section(looked).emerging == ()
    new = pd.DataFrame(
        {"name": ["router, reboot"], "first_week": [pd.Timestamp("2025-05-05")], "texts": [14], "examples": [["n1", "n2"]]}
    )  # fmt: skip
    made = section(
        replace(looked, tables={**results.tables, "emerging_causes": new}, cause_texts={"n1": "it <reboots>"})
    )
    assert made.emerging is not None
    ((findings, quotes),) = made.emerging
    assert "14 texts" in findings.en and "router, reboot" in findings.en and "2025-05-05" in findings.zh
    assert quotes == ("it <reboots>",)  # escaped by the template


def test_what_is_unclear_and_how_often_it_is_right_is_reported(results: Results) -> None:
    notes = " ".join(str(note.en) for note in section(results).notes)
    assert "10% of the texts" in notes and "86%" in notes


def test_a_run_with_nothing_but_texts_begins_with_what_customers_write(results: Results) -> None:
    nothing = FirstScreen(say("headline.nothing"), (), ((say("answer.next"), ()),))
    first = first_of_texts(results, nothing, section(results))
    assert "Late delivery" in first.headline.en
    predicted = replace(results, tables={**results.tables, "churn": pd.DataFrame({"customer_id": ["a"]})})
    assert first_of_texts(predicted, nothing, section(results)) is nothing


def test_a_run_without_texts_has_no_such_section(results: Results) -> None:
    assert causes_section(replace(results, tables={})) is None


def with_shares(results: Results, named: dict[str, int], estimated: dict[str, tuple[float, float, float]]) -> Results:
    shares = pd.DataFrame({"cause": [name or None for name in named], "named": list(named.values()), "texts": 1000})
    shares["named_share"] = shares["named"] / 1000
    shares[["share", "share_low", "share_high"]] = [estimated.get(name, (float("nan"),) * 3) for name in named]
    return replace(results, tables={**results.tables, "cause_shares": shares})


def test_no_cause_leads_where_most_texts_are_unclear(results: Results) -> None:
    made = section(with_shares(results, {"late": 66, "<bill>": 24, "": 910}, {}))
    assert [str(findings.en) for findings in made.findings] == [
        "91% of 1,000 texts could not be classified, so no cause is put first; label more texts."
    ]
    last = made.rows[-1]
    assert [str(cell.en) for cell in last.cells][:3] == ["910", "91%", "–"]
    assert "bar unclear" in last.bar and 'width="109.2"' in last.bar
    assert len(last.cells) == len(made.rows[0].cells) == len(made.header) - 3
    assert "7%" in [str(cell.en) for cell in made.rows[0].cells]
    nothing = results.tables["root_causes"].assign(abstained=True)
    silent = section(replace(results, tables={**results.tables, "root_causes": nothing}))
    assert "100% of 100 texts could not be classified" in silent.findings[0].en and "100 条" in silent.findings[0].zh


def test_estimated_shares_of_all_texts_lead_with_their_range(results: Results) -> None:
    clear = with_shares(
        results, {"late": 300, "<bill>": 400, "": 300}, {"late": (0.6, 0.55, 0.65), "<bill>": (0.4, 0.35, 0.45)}
    )
    findings = " ".join(str(finding.en) for finding in section(clear).findings)
    assert "most is “Late delivery”: about 60% (55% to 65%) of all texts" in findings
    near = with_shares(
        results, {"late": 300, "<bill>": 400, "": 300}, {"late": (0.52, 0.45, 0.6), "<bill>": (0.48, 0.4, 0.55)}
    )
    assert "most: Late delivery and &lt;bill&gt;; which of them comes first is unclear" in " ".join(
        str(finding.en) for finding in section(near).findings
    )
    assert "60% (55% to 65%)" in [str(cell.en) for cell in section(clear).rows[0].cells]


def test_of_many_causes_the_rest_is_counted_and_how_many_are_too_close_is_reported(results: Results) -> None:
    counted: dict[str, int] = {f"c{number:02d}": 20 for number in range(30)}
    known = dict.fromkeys(counted, (0.03, 0.02, 0.04))
    made = section(with_shares(results, {**counted, "": 400}, known))
    *shown, others, unclear = made.rows
    # two more are priced: they keep their rows
    assert [len(shown), str(others.name.en), str(unclear.name.en)] == [15, "Other causes (17)", "Unclear"]
    assert [str(cell.en) for cell in others.cells][:3] == ["340", "34%", "–"]
    findings = " ".join(str(finding.en) for finding in made.findings)
    assert "30 causes are too close to be ranked, among them" in findings
    few = section(with_shares(results, {**dict.fromkeys(counted, 0), "c00": 3, "": 997}, known))
    assert not any("Other causes" in str(row.name.en) for row in few.rows)


def test_a_frequent_cause_that_is_never_predicted_has_its_row(results: Results) -> None:
    made = section(
        with_shares(
            results, {"late": 500, "<bill>": 200, "quiet": 0, "": 300},
            {"late": (0.5, 0.45, 0.55), "<bill>": (0.2, 0.15, 0.25), "quiet": (0.3, 0.25, 0.35)},
        )
    )  # fmt: skip
    row = next(row for row in made.rows if row.name.en == "quiet")
    assert [str(cell.en) for cell in row.cells][:3] == ["0", "0%", "30% (25% to 35%)"]


def test_what_agreement_was_measured_on_is_reported_and_of_other_texts_nothing_is_claimed(results: Results) -> None:
    entry = {
        "accuracy_of_answers": 0.99, "rows": 240, "labelled_texts": 240, "unlabelled_texts": 9_000,
        "representative": False, "causes": {"late": {}, "<bill>": {}},
    }  # fmt: skip
    made = section(replace(results, evaluation={"root_cause": entry}))
    notes = " ".join(str(note.en) for note in made.notes)
    assert "Tested on 240 texts that carry a recorded cause" in notes and "99%" in notes
    assert "nothing of the 9,000 texts without a recorded cause" in notes
    assert "these causes and no others: Late delivery and &lt;bill&gt;" in notes
    assert "unlike those that the model learned from" in made.findings[0].en and len(made.findings) == 1


def test_the_diagnosis_puts_what_grows_unmeasured_first(results: Results) -> None:
    found = cause_diagnosis(results.tables["cause_trends"], ABOUT)
    assert found[["cause", "alignment", "owner"]].iloc[0].tolist() == ["late", "unmeasured", "Logistics"]
    assert found.set_index("cause").loc["<bill>", "alignment"] == "measured"
    without = cause_diagnosis(results.tables["cause_trends"], {})
    assert set(without["alignment"]) == {"unknown"}
