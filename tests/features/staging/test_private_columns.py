"""Private columns are found by meaning, and by whom their values are about, in every table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.company import Company, Privacy, load_company
from baton.privacy.meanings import meanings_of, private_match
from features.quality.checks import check
from features.quality.faults import CheckReport
from features.staging.own_columns import attribute
from features.staging.stage import open_warehouse, stage
from features.staging.warehouse import Warehouse
from features.training.attributes import attribute_columns

NO_KPIS = Catalogue((), ())
PEOPLE = 24
EMPLOYEES = "employee_id,team_id,name,hired_at\n" + "".join(
    f"E{n:05d},t{n % 3},Nora Person{n:02d},2020-01-{1 + n:02d}\n" for n in range(1, PEOPLE + 1)
)

Stage = Callable[..., tuple[CheckReport, Warehouse]]


@pytest.fixture
def staged(tmp_path: Path) -> Stage:
    """Stage CSV tables, and give the report and what was staged."""

    def run(tables: Mapping[str, str], settings: str = "") -> tuple[CheckReport, Warehouse]:
        return staged_in(tmp_path, tables, settings)

    return run


def staged_in(folder: Path, tables: Mapping[str, str], settings: str = "") -> tuple[CheckReport, Warehouse]:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    listed = "\n".join(f'{name} = {{ path = "{name}.csv" }}' for name in tables)
    (folder / "company.toml").write_text(f"[tables]\n{listed}\n{settings}\n", encoding="utf-8")
    report = stage(load_company(folder), NO_KPIS, folder / "out" / "staged")
    return report, open_warehouse(folder / "out" / "staged")


def cases(**columns: Callable[[int], str]) -> str:
    """A case per employee and hour, with further columns."""
    rows = [["case_id", "opened_at", "employee_id", *columns]]
    for n in range(1, 2 * PEOPLE + 1):
        who = 1 + n % PEOPLE
        rows.append(
            [str(n), f"2024-01-{1 + n % 28:02d} 08:00", f"E{who:05d}", *(make(who) for make in columns.values())]
        )
    return "".join(",".join(row) + "\n" for row in rows)


IDENTIFYING: dict[str, Callable[[int], str]] = {
    "agent_name": lambda who: f"Nora Person{who:02d}",
    "closed_by": lambda who: f"E{who:05d}/desk",
    "经办人": lambda who: f"员{who}",
    "handled_by": lambda who: f"unlisted {who % 4}",
    "touch": lambda who: f"E{who:05d}",
    "last_touch": lambda who: f"desk:E{who:05d}",
    "whoever": lambda who: f"person{who:02d} nora".title(),
    "mailbox": lambda who: f"n{who}@example.com",
    "email": lambda who: "kept",
    "channel": lambda who: f"E{who:05d}",
    "queue": lambda who: f"desk-E{who:05d}-x",
    "touched": lambda who: f"e{who:05d}",
    "x7": lambda who: f"N. Person{who:02d}",
    "x8": lambda who: f"person{who:02d}n",
    "x9": lambda who: f"nora.person{who:02d}",
    "x10": lambda who: f"Person{who:02d}",
    "notes": lambda who: f"called back by Nora Person{who:02d} after lunch",
}
"""Columns of cases that tell who handled them, by their names or by their values."""


@pytest.fixture(scope="module")
def identified(tmp_path_factory: pytest.TempPathFactory) -> tuple[CheckReport, pd.DataFrame, Path]:
    """The report on cases with all of these columns at once, what was staged of them, and where."""
    folder = tmp_path_factory.mktemp("identifying")
    report, warehouse = staged_in(folder, handled(IDENTIFYING))
    return report, warehouse["cases"].execute(), folder / "out"


def handled(columns: Mapping[str, Callable[[int], str]]) -> dict[str, str]:
    employees = EMPLOYEES.replace("name,", "first_name,last_name,").replace(" Person", ",Person")
    return {"employees": employees, "cases": cases(**columns)}


@pytest.mark.parametrize("column", IDENTIFYING)
def test_what_identifies_an_employee_stays_behind_in_any_column(
    identified: tuple[CheckReport, pd.DataFrame, Path], column: str
) -> None:
    stays_behind(*identified, column, IDENTIFYING[column](7))


def test_a_name_beside_the_channel_stays_behind_too(staged: Stage, tmp_path: Path) -> None:
    report, warehouse = staged(handled({"channel": lambda who: f"phone (Nora Person{who:02d})"}))
    stays_behind(report, warehouse["cases"].execute(), tmp_path / "out", "channel", "phone (Nora Person07)")


def stays_behind(report: CheckReport, found: pd.DataFrame, folder: Path, column: str, value: str) -> None:
    assert attribute(column) not in found
    assert column not in found or found[column].isna().all()
    assert any(note.startswith(f"cases.{column} tells ") and "was left out" in note for note in report.notes)
    files = list(folder.rglob("*.parquet"))
    assert files and all(value.encode() not in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    ("column", "make"),
    [
        ("closed_by", lambda who: ("agent", "customer", "system")[who % 3]),
        ("agent_group", lambda who: f"group {who % 3}"),
        ("topic", lambda who: f"topic {who % 5}"),
        ("product_name", lambda who: f"router {who % 5}"),
    ],
)
def test_what_names_nobody_is_kept(staged: Stage, column: str, make: Callable[[int], str]) -> None:
    report, warehouse = staged({"employees": EMPLOYEES, "cases": cases(**{column: make})})
    assert warehouse["cases"].execute()[attribute(column)].notna().all()
    assert not any(f"cases.{column}" in note for note in report.notes)


def counted(first: int, step: int = 1) -> dict[str, str]:
    """Employees whose ids are numbers, and cases whose process and priority count from one."""
    tables = {
        "employees": "employee_id,team_id\n",
        "cases": "case_id,opened_at,employee_id,process,priority,stage,channel\n",
    }
    for n in range(PEOPLE):
        who, other = (first + step * at for at in (n, (n + 5) % PEOPLE))
        tables["employees"] += f"{who},t{n % 3}\n"
        for again in range(2):
            case = f"{2 * n + again},2024-01-{1 + n:02d} 08:00,{who}"
            tables["cases"] += f"{case},{1 + n % 9},{1 + (n + again) % 4},{who},{other}\n"
    return tables


def test_codes_that_count_as_employees_do_are_kept_and_the_rows_own_employee_is_not(staged: Stage) -> None:
    report, warehouse = staged(counted(first=1))
    found = warehouse["cases"].execute()
    assert sorted(found["process"].unique()) == [f"{n}" for n in range(1, 10)]
    assert sorted(found["priority"].unique()) == ["1", "2", "3", "4"]
    assert found["stage"].isna().all()
    assert [note.split(" ")[0] for note in report.notes if "tells who" in note] == ["cases.stage"]
    kept = "cases.process, cases.priority, cases.channel: these numbers are ids of employees too"
    assert [note for note in report.notes if note.startswith(kept) and "add process, priority, channel to" in note]


def test_numbers_that_only_employees_have_tell_who_they_are(staged: Stage) -> None:
    report, warehouse = staged(counted(first=1_000, step=37))
    found = warehouse["cases"].execute()
    assert found["process"].notna().all()
    assert found["channel"].isna().all()
    assert [note.split(" ")[0] for note in report.notes if "tells who" in note] == ["cases.stage", "cases.channel"]


def test_employees_are_masked_in_what_customers_write(staged: Stage) -> None:
    employees = EMPLOYEES.replace("Nora Person07", "陳大文")
    notes = [
        "Nora Person03 hung up",
        "told by Nora  PERSON04, twice",
        "person05 Nora said 100 EUR",
        "陈大文说可以",
        "Nora was kind",
    ]
    text = cases(text=lambda who: f'"{notes[who % 5]}"')
    _, warehouse = staged({"employees": employees, "cases": text})
    kept = set(warehouse["cases"].execute()["text"])
    assert kept == {
        "[name] hung up",
        "told by [name], twice",
        "[name] said 100 EUR",
        "[name]说可以",
        "Nora was kind",
    }


def test_account_managers_of_customers_become_no_feature(staged: Stage) -> None:
    rows = "".join(f"C{n},2023-01-01,E{1 + n % PEOPLE:05d},c{n}@example.com,north\n" for n in range(40))
    customers = f"customer_id,joined_at,account_manager,email,region\n{rows}"
    _, warehouse = staged({"employees": EMPLOYEES, "cases": cases(), "customers": customers})
    assert attribute_columns(Company(), warehouse, "customers") == [attribute("region")]
    assert {attribute("account_manager"), attribute("email")}.isdisjoint(warehouse["customers"].columns)


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("sick_days", "absence_days"),
        ("ABSENCE_DAYS_TOTAL", "absence_days"),
        ("SickLeaveDays", "absence_days"),
        ("Krankheitstage", "absence_days"),
        ("FMLA", "absence_days"),
        ("fmla_hours", "absence_days"),
        ("PTO_days", "absence_days"),
        ("abs_days", "absence_days"),
        ("Urlaubstage", "absence_days"),
        ("congés", "absence_days"),
        ("genre", "gender"),
        ("病假", "absence_days"),
        ("病假天數", "absence_days"),
        ("jours_maladie", "absence_days"),
        ("Überstunden", "overtime_hours"),
        ("加班小时", "overtime_hours"),
        ("working_hours", "hours"),
        ("工时", "hours"),
        ("sex_of_customer", "gender"),
        ("Geschlecht", "gender"),
        ("性别", "gender"),
        ("date_of_birth", "birth_year"),
        ("Geburtsjahr", "birth_year"),
        ("出生年份", "birth_year"),
    ],
)
def test_a_column_that_means_what_a_list_names_is_matched(name: str, listed: str) -> None:
    found = private_match(Privacy(), name)
    assert found is not None and found.listed == listed
    assert private_match(Privacy(cleared=(f"cases.{name}",)), name, table="cases") is None
    assert private_match(Privacy(sensitive=(), protected=()), name) is None


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("disability_flag", "care"),
        ("nationalité", "origin"),
        ("ethnicity", "origin"),
        ("couleur_de_peau", "origin"),
        ("estado civil", "family"),
        ("état_civil", "family"),
        ("Altersband", "age"),
        ("ageBand", "age"),
        ("age_range", "age"),
        ("tranche_age", "age"),
        ("Alter", "age"),
    ],
)
def test_what_is_recorded_of_persons_is_known_in_several_languages(name: str, meaning: str) -> None:
    assert meanings_of(name) == {meaning}


@pytest.mark.parametrize(
    "name",
    "handle_seconds training_hours business_hours message usage skill bill essex network_congestion eta genre_musical".split(),
)
def test_a_column_that_only_sounds_alike_is_not(name: str) -> None:
    assert meanings_of(name) == frozenset()


def test_no_kpi_of_the_presets_and_no_column_of_the_contract_is_matched_by_accident() -> None:
    for scenario in ("service", "product", "b2b", "internal"):
        company = Company.model_validate({"kpis": {"presets": (scenario,)}})
        kpis = load_catalogue(company)
        assert [kpi.id for kpi in kpis.values() if private_match(Privacy(), kpi.id)] == []


def test_private_columns_stay_behind_and_each_match_is_reported(staged: Stage) -> None:
    work = "employee_id,from,to,sick_days,training_hours\n" + "".join(
        f"E{n:05d},2024-01-01,2024-02-01,2,{n}\n" for n in range(1, PEOPLE + 1)
    )
    measures = "unit,unit_id,from,to,kpi,value\n" + "".join(
        f"employee,E{n:05d},2024-01-01,2024-02-01,{kpi},1\n" for n in range(1, PEOPLE + 1) for kpi in ("病假", "k")
    )
    employees = (
        EMPLOYEES.replace("hired_at\n", "hired_at,Geschlecht\n")
        .replace("\nE", ",f\nE")
        .replace("at,Geschlecht,f", "at,Geschlecht")
    )
    employees = employees.rstrip("\n") + ",f\n"
    tables = {"employees": employees, "cases": cases(), "work": work, "measures": measures}
    report, warehouse = staged(tables)
    assert attribute("sick_days") not in warehouse["work"].columns
    assert set(warehouse["measures"].execute()["kpi"]) == {"k"}
    assert attribute("Geschlecht") in warehouse["employees"].columns  # for the fairness audit
    assert attribute_columns(Company(), warehouse, "employees") == []
    assert "work.sick_days means the same as absence_days ([privacy] sensitive) and was left out" in " ".join(
        report.notes
    )
    assert "measures of 病假 were left out: it means the same as absence_days" in " ".join(report.notes)
    audited = [note for note in report.notes if "fairness audit" in note]
    assert [note.split(" (")[0] for note in audited] == ["employees.Geschlecht means the same as gender"]
    _, kept = staged(tables, settings='[privacy]\ncleared = ["work.sick_days", "measures.病假"]')
    assert kept["work"].execute()[attribute("sick_days")].tolist() == [2.0] * PEOPLE
    assert set(kept["measures"].execute()["kpi"]) == {"k", "病假"}


def test_a_card_that_pays_for_absence_is_called_sensitive(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(cases(), encoding="utf-8")
    cards = "team_id,kpi,weight,valid_from\nt1,Fehlzeiten,40,2024-01-01\nt1,csat,60,2024-01-01\n"
    (tmp_path / "scorecards.csv").write_text(cards, encoding="utf-8")
    text = '[tables]\ncases = { path = "cases.csv" }\nscorecards = { path = "scorecards.csv" }\n'
    (tmp_path / "company.toml").write_text(text, encoding="utf-8")
    company = load_company(tmp_path)
    faults = {fault.kind: fault for fault in check(company, load_catalogue(company)).faults}
    assert "unknown_kpi" not in faults
    assert faults["sensitive_kpi"].count == 1
    assert (
        "the card pays for Fehlzeiten, which [privacy] calls sensitive or protected" in faults["sensitive_kpi"].message
    )


def test_the_fairness_audit_takes_a_protected_column_of_another_name() -> None:
    from models.advice.fairness import protected_columns

    people = pd.DataFrame(
        {
            "employee_id": ["a"],
            attribute("Geschlecht"): ["f"],
            attribute("site"): ["x"],
            attribute("birth_year"): [1980],
        }
    )
    assert protected_columns(Privacy(), people.columns) == ("birth_year", "Geschlecht")


def test_names_here_and_there_in_other_texts_than_the_cases_are_masked(staged: Stage, tmp_path: Path) -> None:
    notes = cases(
        remark=lambda who: f"done by Person07 Nora {who}" if who == 7 else f"done {who}",
        channel=lambda who: "via E00007" if who == 7 else f"web {who % 5}",
        plan=lambda who: f"plan {who % 3}",
    )
    report, warehouse = staged({"employees": EMPLOYEES, "cases": notes})
    named = sorted(note.split()[0] for note in report.notes if "names employees in some values" in note)
    assert named == ["cases.channel", "cases.remark"]
    found = warehouse["cases"].execute()
    assert set(found.loc[found[attribute("remark")].str.contains("name"), attribute("remark")]) == {"done by [name] 7"}
    assert set(found["channel"]) == {"via [name]", *(f"web {number}" for number in range(5))}
    assert set(found[attribute("plan")]) == {"plan 0", "plan 1", "plan 2"}
    assert all(b"Person07" not in path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet"))
