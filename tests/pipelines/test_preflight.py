"""What a run would refuse is reported by `validate`, and by the run before anything costly."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from baton.company import load_company
from baton.errors import BatonError
from baton.files import RunFolder
from pipelines.run import Chain
from pipelines.validate import validate

START = datetime(2025, 1, 1)
CASES = "case_id,opened_at,closed_at,customer_id,team_id,csat,nps\n" + "".join(
    f"K{n},{START + timedelta(days=n)},{START + timedelta(days=n, hours=2)},C{n % 40},T{n % 2},{n % 5 + 1},{n % 11}\n"
    for n in range(300)
)
STAYED = "customer_id,joined_at,left_at\n" + "".join(f"C{n},2025-{n % 10 + 1:02d}-01,\n" for n in range(40))
FLAT = "customer_id,churned,told\n" + "".join(f"C{n},{n % 2},{n % 2 * 5}\n" for n in range(300))
WRITTEN = "case_id,opened_at,closed_at,customer_id,team_id,text,cause\n" + "".join(
    f"K{n},{START + timedelta(days=n)},{START + timedelta(days=n, hours=2)},C{n},T{n % 2},the bill is wrong {n},bill\n"
    for n in range(30)
)
LEFT = "customer_id,joined_at,left_at,reason\n" + "".join(
    f"C{n},2024-06-01,{f'2025-{n % 8 + 2:02d}-15' if n % 3 == 0 else ''},{'price' if n % 3 == 0 else 'none'}\n"
    for n in range(60)
)
MOODS = "case_id,opened_at,closed_at,customer_id,csat,mood\n" + "".join(
    f"K{n},{START + timedelta(days=n)},{START + timedelta(days=n, hours=2)},C{n % 40},{n % 5 + 1},{n % 5 * 7 + 3}\n"
    for n in range(300)
)
KPI = (
    '[[kpi]]\nid = "{id}"\nname = "K"\nlayer = "role"\nperspective = "process"\nsource = "cases"\nexpr = "{expr}"\n'
    'better = "lower"\nunit = "points"\nrole = "lever"\n'
)

REFUSED = {
    "churn without customers": ({"cases": CASES}, "[outcomes.churn]", "outcomes.churn", "needs the table customers"),
    "nobody says when": (
        {"cases": CASES, "customers": STAYED.replace("left_at", "gone")},
        "[outcomes.churn]",
        "outcomes.churn",
        "needs the column customers.left_at",
    ),
    "silence without activity": (
        {"cases": CASES, "customers": STAYED},
        '[outcomes.churn]\nrule = "inactive"',
        "outcomes.churn",
        "needs the table activity",
    ),
    "nobody left": (
        {"cases": CASES, "customers": STAYED},
        "[outcomes.churn]",
        "outcomes.churn",
        "have the same outcome",
    ),
    "limits that collide": (
        {"cases": CASES},
        '[outcomes.case]\nmetric = "csat"\n[policy]\nmin_share = { customer = 60, process = 60 }',
        "policy",
        "over 100",
    ),
    "a leak in a flat table": ({"snapshots": FLAT}, "", "snapshots", "told alone tells the outcome"),
    "too few cases for the only outcome": (
        {"cases": CASES},
        '[[outcomes.decline]]\nunit = "team"\nmetric = "csat"\nmin_cases = 400',
        "outcomes",
        "no team has 400 cases in the last",
    ),
    "two teams alone": (
        {"cases": CASES},
        '[[outcomes.decline]]\nunit = "team"\nmetric = "csat"\nmin_cases = 1\nhorizon_days = 30\n[snapshots]\nevery = "1w"',
        "outcomes",
        "team snapshots are of 2 units alone, at least 3 are needed",
    ),
    "too few ratings for the only outcome": (
        {"cases": "\n".join(CASES.splitlines()[:30]) + "\n"},
        '[outcomes.case]\nmetric = "csat"',
        "outcomes",
        "28 rated cases with a known outcome, at least 50 are needed",
    ),
    "texts of one cause and nothing else": (
        {"cases": WRITTEN},
        '[outcomes.case]\nmetric = "csat"\n[text]\nlabels = "cause"',
        "outcomes",
        "1 label has two different texts or more",
    ),
    "a column of labels that is not there": (
        {"cases": WRITTEN},
        '[text]\nlabels = "causes"',
        "text",
        "text.labels: the cases have no column 'causes'",
    ),
    "a taxonomy that is not there": (
        {"cases": WRITTEN},
        '[text]\ntaxonomy = "own.toml"',
        "text",
        "own.toml",
    ),
    "a leak in the customers' columns": (
        {"cases": CASES, "customers": LEFT},
        "[outcomes.churn]\n[snapshots]\nhorizon_days = 30",
        "outcomes.churn",
        "attribute__reason alone tells the outcome",
    ),
    "a leak in the cases' columns": (
        {"cases": MOODS},
        '[outcomes.case]\nmetric = "csat"',
        "outcomes.case",
        "alone tells the outcome",
    ),
    "a KPI that gives a text": (
        {"cases": CASES},
        '[outcomes.case]\nmetric = "csat"\n[kpis]\nfiles = ["texty.toml"]',
        "kpis",
        "needs a number",
    ),
}


def written(folder: Path, tables: dict[str, str], settings: str) -> Path:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    listed = "\n".join(f'{name} = {{ path = "{name}.csv" }}' for name in tables)
    (folder / "texty.toml").write_text(KPI.format(id="texty", expr="team_id"))
    (folder / "company.toml").write_text(f"[tables]\n{listed}\n{settings}\n")
    return folder / "company.toml"


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_run_refuses_is_reported_by_validate_and_at_once_by_the_run(tmp_path: Path, name: str) -> None:
    tables, settings, place, message = REFUSED[name]
    company = load_company(written(tmp_path, tables, settings))
    report = validate(company)
    assert report.stops
    (fault,) = (fault for fault in report.faults if fault.stops)
    assert (fault.table, fault.kind) == (place, "cannot_run")
    assert message in fault.message
    chain = Chain(company, RunFolder(tmp_path / "out"))
    chain.folder.create()
    with chain.ledger.locked(), pytest.raises(BatonError, match=message):
        chain.stage()


def test_that_nothing_is_asked_for_yet_stops_a_run_and_is_only_reported_while_tables_are_mapped(tmp_path: Path) -> None:
    unrated = "case_id,opened_at\n" + "".join(f"K{n},{START + timedelta(days=n)}\n" for n in range(60))
    company = load_company(written(tmp_path, {"cases": unrated}, ""))
    report = validate(company)
    assert not report.stops
    (fault,) = (fault for fault in report.faults if fault.kind == "cannot_run")
    assert fault.severity == "warning" and "no outcome to learn: give [outcomes.churn]" in fault.message
    chain = Chain(company, RunFolder(tmp_path / "out"))
    chain.folder.create()
    with chain.ledger.locked(), pytest.raises(BatonError, match="no outcome to learn"):
        chain.stage()


def test_where_nothing_is_asked_for_what_the_tables_carry_is_noted(tmp_path: Path) -> None:
    report = validate(load_company(written(tmp_path, {"cases": CASES}, "")))
    assert not [fault for fault in report.faults if fault.kind == "cannot_run"]
    assert [note for note in report.notes if "learned: driver:csat; [outcomes] chooses others" in note]


def test_an_outcome_that_will_be_left_out_is_reported_with_its_reason(tmp_path: Path) -> None:
    settings = (
        '[outcomes.case]\nmetric = "csat"\n'
        '[[outcomes.decline]]\nunit = "employee"\nmetric = "csat"\n[outcomes.churn]\n[snapshots]\nhorizon_days = 400'
    )
    report = validate(load_company(written(tmp_path, {"cases": CASES, "customers": STAYED}, settings)))
    assert not report.stops
    reported = [text for text in report.left_out if text.startswith(("decline", "churn:"))]
    assert [text.split(":")[0] for text in reported] == ["churn", "decline"]
    assert "no snapshot has 400 days of observed future" in reported[0]
    assert "csat cannot be computed per employee; it needs cases" in reported[1]
