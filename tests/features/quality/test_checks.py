"""Every kind of fault is found, counted, shown and treated as documented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue, Kpi, Text
from baton.company import load_company
from baton.errors import CompanyFileError
from features.quality.checks import check
from features.quality.faults import KINDS, CheckReport, Fault

CSAT = Kpi(
    id="csat",
    name=Text(en="Satisfaction", zh="满意度"),
    layer="role",
    perspective="customer",
    source="cases",
    expr="csat",
    better="higher",
    unit="points",
    role="outcome",
)
KPIS = Catalogue((CSAT,), ())

CASES = """
    case_id,opened_at,customer_id,employee_id,responded_at,closed_at,csat,resolved_first
    1,2024-01-01 08:00,a,anna,2024-01-01 09:00,2024-01-01 10:00,5,yes
    2,2024-01-02 08:00,b,anna,2024-01-02 09:00,2024-01-02 10:00,4,no
    3,2024-01-03 08:00,a,bob,2024-01-03 09:00,2024-01-03 10:00,3,yes
"""

Check = Callable[..., CheckReport]


def unindented(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"


@pytest.fixture
def checked(tmp_path: Path) -> Check:
    """Write tables and a company file, and check them."""

    def run(tables: Mapping[str, str], *, settings: str = "", options: str = "", kpis: Catalogue = KPIS) -> CheckReport:
        listed = []
        for name, text in tables.items():
            (tmp_path / f"{name}.csv").write_text(unindented(text), encoding="utf-8")
            listed.append(f'{name} = {{ path = "{name}.csv"{options} }}')
        (tmp_path / "company.toml").write_text("[tables]\n" + "\n".join(listed) + f"\n{settings}\n", encoding="utf-8")
        return check(load_company(tmp_path), kpis)

    return run


def only(report: CheckReport) -> Fault:
    assert len(report.faults) == 1, [fault.as_message().text for fault in report.faults]
    return report.faults[0]


def test_clean_tables_have_no_fault(checked: Check) -> None:
    report = checked({"cases": CASES})
    assert report.faults == ()
    assert report.rows == {"cases": 3}
    assert not report.stops
    assert any(text.startswith("who leaves") and "customers" in text for text in report.left_out)


MEASURES = "unit,unit_id,from,to,kpi,value,n\n"
MEASURE = "team,t1,2024-01-01,2024-01-31,csat,1,\n"
CARD = "team_id,kpi,weight,valid_from\nt1,csat,{},2024-01-01\nt1,mandatory_training,{},2024-01-01"
WORK = "employee_id,from,to,hours\nanna,2024-02-01,2024-01-01,9\nanna,2024-01-01,2024-02-01,9"
AGAIN = "1,2024-01-01 08:00,a,anna,2024-01-01 09:00,2024-01-01 10:00,"

# what is changed in the cases, into what; then kind, column, treatment, what the first row shows
CASE_FAULTS = [
    (
        "2024-01-01 09:00",
        "2023-12-31 09:00",
        "negative_duration",
        "responded_at",
        "null",
        "row 1: case_id=1, opened_at=",
    ),
    ("2024-01-02 10:00", "2023-12-31 10:00", "negative_duration", "closed_at", "null", "closed_at=2023-12-31 10:00:00"),
    ("2024-01-02 10:00", "9999-12-31", "far_time", "closed_at", "null", "closed_at=9999-12-31"),
    ("2024-01-02 10:00", "soon", "unparseable_time", "closed_at", "null", "closed_at=soon"),
    (",4,no", ",four,no", "unparseable_number", "csat", "null", "csat=four"),
    (",4,no", ",4,perhaps", "unparseable_flag", "resolved_first", "null", "resolved_first=perhaps"),
    (",4,no", ",inf,no", "infinite", "csat", "null", "csat=inf"),
    ("2,2024-01-02 08:00,", "2,,", "missing_value", "opened_at", "drop", "opened_at=nothing"),
    (",3,yes", f",3,yes\n{AGAIN}5,yes", "duplicate_row", "case_id", "drop", "row 4: case_id=1"),
    (",3,yes", f",3,yes\n{AGAIN}1,yes", "duplicate_key", "case_id", "stop", "row 4: case_id=1"),
]


@pytest.mark.parametrize(("old", "new", "kind", "column", "treatment", "shown"), CASE_FAULTS)
def test_faults_of_cases_are_found_and_shown(
    checked: Check, old: str, new: str, kind: str, column: str, treatment: str, shown: str
) -> None:
    fault = only(checked({"cases": CASES.replace(old, new)}))
    assert (fault.table, fault.column, fault.kind, fault.count) == ("cases", column, kind, 1)
    assert fault.treatment == treatment
    assert fault.severity == ("error" if treatment == "stop" else "warning")
    assert shown in fault.rows[0]


CUSTOMERS = "customer_id,joined_at,left_at\na,2024-01-01,2023-01-01\nb,2024-01-01,"
EMPLOYEES = "employee_id,hired_at,left_at\nanna,2024-01-01,2023-01-01\nbob,,"

# table, its text, kind, column, count, treatment, what the first row shows
OTHER_FAULTS = [
    ("customers", CUSTOMERS, "left_before_joined", "left_at", 1, "drop", "row 1: customer_id=a"),
    ("employees", EMPLOYEES, "left_before_joined", "left_at", 1, "drop", "employee_id=anna"),
    ("work", WORK, "period_reversed", "to", 1, "drop", "from=2024-02-01"),
    ("measures", MEASURES + MEASURE + MEASURE.replace("m,", "n,"), "unknown_unit", "unit", 1, "drop", "unit=tean"),
    ("measures", MEASURES + MEASURE + MEASURE.replace("csat", "csta"), "unknown_kpi", "kpi", 1, "keep", "kpi=csta"),
    ("measures", MEASURES + MEASURE.replace(",1,", ",1,-3"), "off_scale", "n", 1, "null", "n=-3"),
    ("scorecards", CARD.format(60, 30), "weights_sum", "weight", 2, "stop", "team_id=t1"),
    ("scorecards", CARD.format(130, -30), "off_scale", "weight", 2, "null", "weight=130"),
]


@pytest.mark.parametrize(("table", "text", "kind", "column", "count", "treatment", "shown"), OTHER_FAULTS)
def test_faults_of_other_tables_are_found_and_shown(
    checked: Check, table: str, text: str, kind: str, column: str, count: int, treatment: str, shown: str
) -> None:
    fault = only(checked({"cases": CASES, table: text}))
    assert (fault.table, fault.column, fault.kind, fault.count) == (table, column, kind, count)
    assert fault.treatment == treatment
    assert shown in fault.rows[0]


def test_all_faults_are_reported_in_one_pass(checked: Check) -> None:
    report = checked(
        {
            "cases": CASES.replace("2024-01-01 09:00", "2023-12-31 09:00").replace("2024-01-02 10:00", "soon"),
            "employees": "employee,team_id\nanna,t1\n",
            "scorecards": "team_id,kpi,weight,valid_from\nt1,csat,60,2024-01-01\n",
            "customers": "customer_id\na\nc\n",
        }
    )
    assert [(fault.table, fault.kind) for fault in report.faults] == [
        ("employees", "missing_column"),
        ("scorecards", "weights_sum"),
        ("cases", "unparseable_time"),
        ("cases", "negative_duration"),
        ("cases", "orphan"),
    ]


def test_an_orphan_is_found_and_kept(checked: Check) -> None:
    fault = only(checked({"cases": CASES, "customers": "customer_id\na\n"}))
    assert (fault.kind, fault.column, fault.count, fault.treatment) == ("orphan", "customer_id", 1, "keep")
    assert fault.rows == ("row 2: case_id=2, customer_id=b",)


@pytest.mark.parametrize(
    ("header", "nearest"),
    [
        ("number", "the table has number, opened_at"),
        ("case_di", "did you mean 'case_di'?"),
        ("case-id", "did you mean 'case-id'?"),
    ],
)
def test_a_missing_column_is_reported_with_the_nearest(checked: Check, header: str, nearest: str) -> None:
    fault = only(checked({"cases": CASES.replace("case_id", header)}))
    assert (fault.kind, fault.column, fault.treatment) == ("missing_column", "case_id", "stop")
    assert nearest in fault.hint


def test_a_misspelt_optional_column_is_a_warning(checked: Check) -> None:
    fault = only(checked({"cases": CASES.replace("responded_at", "respnded_at")}))
    assert (fault.kind, fault.column, fault.treatment) == ("misspelt_column", "respnded_at", "keep")
    assert fault.hint == "did you mean 'responded_at'?"


def test_letter_case_makes_no_other_column(checked: Check) -> None:
    report = checked({"cases": CASES.replace("csat", "CSAT")})
    assert report.faults == ()
    assert "cases.CSAT is read as csat" in report.notes


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (CASES.replace("2024-01-01 08:00,a", "x,a").replace("2024-01-02 08:00,b", "y,b"), "opened_at"),
        (CASES.replace(",5,yes", ",bad,yes").replace(",4,no", ",good,no"), "csat"),
        (CASES.replace(",yes", ",maybe"), "resolved_first"),
    ],
)
def test_a_column_that_mostly_cannot_be_read_stops(checked: Check, text: str, column: str) -> None:
    report = checked({"cases": text})
    fault = report.faults[0]
    assert (fault.kind, fault.column, fault.count, fault.treatment) == ("wrong_type", column, 2, "stop")
    assert fault.hint


DATES = "case_id,opened_at\n1,{}\n2,{}\n3,{}\n"


@pytest.mark.parametrize(
    ("dates", "options", "stops"),
    [
        (("01/02/2024", "03/04/2024", "05/06/2024"), "", True),
        (("01/02/2024", "03/04/2024", "05/06/2024"), ", day_first = true", False),
        (("13/02/2024", "03/04/2024", "05/06/2024"), "", False),
        (("01/13/2024", "03/04/2024", "05/06/2024"), "", False),
        (("01.02.2024", "03.04.2024", "05.06.2024 10:00"), "", True),
        (("13/01/2024", "01/13/2024", "05/06/2024"), "", True),
        (("13/01/24", "14/01/24", "15/01/24"), "", True),
        (("13/01/24", "14/01/24", "15/01/24"), ", day_first = true", False),
        (("2024-01-02", "2024-03-04", "2024-05-06"), "", False),
        (("2024年1月2日", "3-Apr-24", "20240506"), "", False),
    ],
)
def test_dates_that_read_both_ways_are_refused(
    checked: Check, dates: tuple[str, str, str], options: str, stops: bool
) -> None:
    report = checked({"cases": DATES.format(*dates)}, options=options)
    assert report.stops is stops
    if stops:
        fault = only(report)
        assert (fault.kind, fault.column) == ("ambiguous_date", "opened_at")
        assert "day_first" in fault.hint


def test_a_column_follows_the_day_order_of_its_table(checked: Check) -> None:
    text = "case_id,opened_at,closed_at\n1,13/02/2024,01/03/2024\n2,14/02/2024,02/03/2024\n"
    report = checked({"cases": text})
    assert report.faults == ()
    assert any(note.startswith("cases.closed_at: dates are read day first, as in") for note in report.notes)


def test_dates_against_the_given_order_are_counted(checked: Check) -> None:
    fault = only(
        checked({"cases": DATES.format("01/02/2024", "01/13/2024", "03/04/2024")}, options=", day_first = true")
    )
    assert (fault.kind, fault.count, fault.rows) == ("unparseable_time", 1, ("row 2: case_id=2, opened_at=01/13/2024",))


def test_an_empty_required_table_stops_and_an_empty_optional_one_does_not(checked: Check) -> None:
    header = "case_id,opened_at\n"
    assert [fault.kind for fault in checked({"cases": header}).faults] == ["empty_table"]
    assert checked({"cases": header}).stops
    report = checked({"cases": CASES, "customers": "customer_id,joined_at\n"})
    assert only(report).kind == "empty_table"
    assert not report.stops
    assert any("the table customers would bring it" in text for text in report.left_out)


def test_one_row_stops(checked: Check) -> None:
    assert only(checked({"cases": "case_id,opened_at\n1,2024-01-01\n"})).kind == "one_row"


def test_nothing_to_start_from_stops_unless_customers_leave_by_falling_silent(checked: Check) -> None:
    assert only(checked({"customers": "customer_id\na\n"})).treatment == "stop"
    silent = {"activity": "customer_id,at\na,2024-01-01\nb,2024-02-01\n"}
    assert only(checked(silent)).kind == "missing_table"
    assert not checked(silent, settings='[outcomes.churn]\nrule = "inactive"').stops


def test_cards_are_summed_per_team_role_and_date(checked: Check) -> None:
    cards = """
        team_id,role,kpi,weight,valid_from
        t1,,csat,33.3,2024-01-01
        t1,,mandatory_training,66.6,2024-01-01
        t1,lead,csat,100,2024-01-01
        t1,lead,csat,90,2024-01-02
    """
    fault = only(checked({"cases": CASES, "scorecards": cards}))
    assert (fault.kind, fault.count) == ("weights_sum", 1)
    assert fault.rows[0].startswith("row 4: team_id=t1, role=lead, kpi=csat, valid_from=2024-01-02")


def test_an_unknown_kpi_is_reported_with_the_nearest(checked: Check) -> None:
    cards = "team_id,kpi,weight,valid_from\nt1,csta,50,2024-01-01\nt1,mandatory_training,50,2024-01-01"
    fault = only(checked({"cases": CASES, "scorecards": cards}))
    assert (fault.kind, fault.treatment, fault.hint) == ("unknown_kpi", "keep", "'csta': did you mean 'csat'?")


@pytest.mark.parametrize(
    ("ratings", "driver", "off"),
    [
        ([1, 5, 3, 4] * 10, "", 0),
        ([1, 5, 3, 4] * 10 + [6], "", 1),
        ([0, 10, 7, 8] * 10, "", 0),
        ([0, 10, 7, 8] * 10 + [11], "", 1),
        ([0, 100, 70] * 10 + [101], "", 1),
        ([1, 5, 3] * 10 + [0], "", 1),
        ([1, 5, 3, 7] * 10, '[outcomes.case]\nmetric = "csat"\nscale = [1, 7]', 0),
        ([1, 5, 3, 7] * 10, '[outcomes.case]\nmetric = "csat"\nscale = [1, 5]', 10),
        ([1000, 2000] * 10, "", 0),
    ],
)
def test_the_scale_of_ratings_is_inferred_or_given(checked: Check, ratings: list[int], driver: str, off: int) -> None:
    rows = "\n".join(f"{number},2024-01-01,{rating}" for number, rating in enumerate(ratings))
    report = checked({"cases": f"case_id,opened_at,csat\n{rows}"}, settings=driver)
    assert sum(fault.count for fault in report.faults if fault.kind == "off_scale") == off


def test_what_hits_most_rows_is_no_stray_error(checked: Check) -> None:
    rows = "\n".join(f"{number},2024-01-02 10:00,2024-01-02 0{number % 9}:00" for number in range(30))
    tables = {"cases": f"case_id,opened_at,responded_at\n{rows}"}
    fault = only(checked(tables))
    assert (fault.kind, fault.treatment, fault.count) == ("negative_duration", "stop", 30)
    assert "that is most rows" in fault.hint
    assert only(checked(tables, settings='[faults]\nnegative_duration = "null"')).treatment == "null"


def test_dates_without_a_time_do_not_come_before_the_same_day(checked: Check) -> None:
    text = "case_id,opened_at,rated_at,csat\n1,2024-01-01 08:00,2024-01-01,5\n2,2024-01-02 08:00,2024-01-02,4\n"
    report = checked({"cases": text})
    assert report.faults == ()
    assert any("end of its day" in note for note in report.notes)


def test_a_kpi_that_fails_on_the_tables_is_named(checked: Check) -> None:
    broken = CSAT.model_copy(update={"id": "speed", "expr": "csat / wait_sconds"})
    wrong = CSAT.model_copy(update={"id": "stage_number", "expr": "cast(stage as integer)"})
    text = CASES.replace("case_id", "case_id,stage").replace("\n    1,", "\n    1,use,")
    text = text.replace("\n    2,", "\n    2,use,").replace("\n    3,", "\n    3,use,")
    report = checked({"cases": text}, kpis=Catalogue((CSAT, broken, wrong), ()))
    assert [(fault.kind, fault.treatment) for fault in report.faults] == [("kpi_fails", "stop")] * 2
    assert "KPI 'speed' fails" in report.faults[0].message
    assert "wait_sconds" in report.faults[0].message
    assert "KPI 'stage_number' fails" in report.faults[1].message


def test_a_kpi_may_use_words_of_sql_as_columns(checked: Check) -> None:
    days = CSAT.model_copy(update={"id": "days", "source": "activity", "expr": "cast(at as date)"})
    tables = {"cases": CASES, "activity": "customer_id,at\na,2024-01-03\n"}
    assert checked(tables, kpis=Catalogue((CSAT, days), ())).faults == ()


def test_tables_that_end_apart_are_reported(checked: Check) -> None:
    activity = "customer_id,at\na,2024-03-03\n"
    fault = only(checked({"cases": CASES, "activity": activity}))
    assert (fault.table, fault.kind, fault.treatment) == ("cases", "ends_apart", "keep")
    assert "2024-01-03" in fault.message
    report = checked({"cases": CASES, "activity": activity}, options=', observed_until = "2024-03-31"')
    assert report.faults == ()


def test_tables_that_cannot_be_read_are_reported_beside_the_other_faults(checked: Check, tmp_path: Path) -> None:
    (tmp_path / "work.csv").unlink(missing_ok=True)
    settings = '[tables.work]\npath = "wrk.csv"\n[tables.teams]\npath = "cases.cvs"'
    report = checked({"cases": CASES.replace("2024-01-01 09:00", "2023-12-31 09:00")}, settings=settings)
    assert [(fault.table, fault.kind) for fault in report.faults] == [
        ("work", "unreadable_table"),
        ("teams", "unreadable_table"),
        ("cases", "negative_duration"),
    ]
    assert "did you mean 'cases.csv'?" in report.faults[1].message


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ('negative_durations = "null"', "did you mean 'negative_duration'"),
        ('duplicate_key = "null"', "choose from stop, drop, keep"),
    ],
)
def test_an_unknown_fault_or_treatment_is_refused(checked: Check, settings: str, refusal: str) -> None:
    with pytest.raises(CompanyFileError, match=refusal):
        checked({"cases": CASES}, settings=f"[faults]\n{settings}")


def test_an_unknown_time_zone_is_refused(checked: Check) -> None:
    with pytest.raises(CompanyFileError, match="unknown time zone 'Europe/Pariss'"):
        checked({"cases": CASES}, options=', timezone = "Europe/Pariss"')


def test_numbers_as_times_are_reported_how_to_convert(tmp_path: Path) -> None:
    pd.DataFrame({"case_id": [1, 2], "opened_at": [12.5, 13.5]}).to_parquet(tmp_path / "cases.parquet")
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.parquet" }\n')
    faults = {fault.kind: fault for fault in check(load_company(tmp_path), KPIS).faults}
    assert "times since 1970 are read; convert others in the table's sql" in faults["wrong_type"].hint


def test_nothing_is_written_by_checking(checked: Check, tmp_path: Path) -> None:
    checked({"cases": CASES, "employees": "employee_id,team_id\nanna,t1\nbob,t1\n"})
    assert {path.name for path in tmp_path.iterdir()} == {"cases.csv", "employees.csv", "company.toml"}


def test_a_summary_holds_no_value_of_a_row(checked: Check) -> None:
    report = checked({"cases": CASES.replace("2024-01-02 10:00", "soon"), "employees": "employee_id\nbob\n"})
    summary = " ".join(each.text for each in report.summary())
    assert "anna" not in summary and "soon" not in summary
    assert any("cases.closed_at" in text and "in 1 row" in text for text in (each.text for each in report.summary()))


def test_every_kind_of_fault_is_documented(checkout: Path) -> None:
    page = (checkout / "docs" / "data-quality.md").read_text(encoding="utf-8")
    for kind in KINDS.values():
        row = f"| `{kind.name}` | {kind.meaning} | {kind.default} | {', '.join(kind.allowed)} |"
        assert row in page, row
