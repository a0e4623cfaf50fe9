"""The list of customers to call says what would lower the predicted chance, but nothing that effects speak against."""

from __future__ import annotations

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import Company
from pipelines.report.data.results import Results
from pipelines.report.sections.customers import top_customers

STEPS = [
    ("a", 1, "first_contact_resolution", 0.4, 0.7, 0.5, 0.375),
    ("a", 2, "response_seconds", 7200.0, 3600.0, 0.5, 0.25),
]
COLUMNS = ["customer_id", "step", "kpi", "value", "changed_to", "probability", "probability_after"]


def listed(steps: list[tuple[str, int, str, float, float, float, float]], harmful: str = "") -> list[list[str]]:
    churn = pd.DataFrame({"customer_id": ["a", "b"], "probability": [0.5, 0.25], "drivers": [[], []]}).assign(
        as_of=pd.Timestamp("2026-01-01")
    )
    effects = pd.DataFrame({"outcome": "churn", "kpi": [harmful, "response_seconds"], "low": [0.01, -0.01]})
    tables = {"churn": churn, "effects": effects}
    if steps:
        tables["what_if"] = pd.DataFrame(steps, columns=COLUMNS)
    found = top_customers(Results(Company(), load_catalogue(Company()), tables=tables))
    assert found is not None
    _, note, header, rows = found
    assert ("better service" in str(note.en)) == (len(header) == 4)
    assert ".." not in str(note.en) and "。。" not in str(note.zh)
    return [[str(cell.en) for cell in row] for row in rows]


def test_the_chance_with_all_changes_stands_with_each_change() -> None:
    first, second = listed(STEPS)
    assert first[3] == "25%: First-contact resolution 40% → 70% and Response time 2 h → 60 min"
    assert second[3] == "none"


def test_a_lever_that_effects_call_harmful_is_left_out_with_what_counts_on_top_of_it() -> None:
    assert listed(STEPS, "first_contact_resolution")[0][3:] == []
    assert listed(STEPS[:1], "response_seconds")[0][3] == "38%: First-contact resolution 40% → 70%"


def test_without_changes_there_is_no_column() -> None:
    assert [len(row) for row in listed([])] == [3, 3]


def test_values_that_round_to_the_same_have_as_many_digits_as_they_need() -> None:
    close = [("a", 1, "first_contact_resolution", 0.941, 0.944, 0.5, 0.375)]
    assert listed(close)[0][3] == "38%: First-contact resolution 94.1% → 94.4%"
    closer = [("a", 1, "first_contact_resolution", 0.9412, 0.9414, 0.5, 0.375)]
    assert listed(closer)[0][3] == "38%: First-contact resolution 94.12% → 94.14%"
    hours = [("a", 1, "response_seconds", 7230.0, 7202.0, 0.5, 0.375)]
    assert listed(hours)[0][3] == "38%: Response time 7,230.0 s → 7,202.0 s"
