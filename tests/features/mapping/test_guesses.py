"""Guessing which export is which table and which column is which, on small tables of many manners."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from features.ingest.table_files import is_table_file
from features.mapping.exports import locked_connection, looks_of_folder
from features.mapping.lines import TablePlan
from features.mapping.names import column_fits
from features.mapping.plans import plans_for
from features.mapping.writing import normalised

START = datetime(2025, 1, 3, 9)


def moment(number: int, hours: float = 0, form: str = "%Y-%m-%d %H:%M") -> str:
    return (START + timedelta(hours=7 * number + hours)).strftime(form)


@pytest.fixture
def plans(tmp_path: Path) -> Callable[..., dict[str, TablePlan]]:
    """Write files of records and return what they are taken for, by table."""

    def plan(**files: list[dict[str, object]]) -> dict[str, TablePlan]:
        folder = tmp_path / "exports"
        folder.mkdir()
        for name, rows in files.items():
            lines = [",".join(rows[0]), *(",".join("" if v is None else str(v) for v in row.values()) for row in rows)]
            (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        paths = [path for path in folder.iterdir() if is_table_file(path)]
        connection = locked_connection(paths, scratch)
        looks, trouble = looks_of_folder(folder, connection, scratch)
        assert trouble == []
        return {plan.table: plan for plan in plans_for(looks, connection)}

    return plan


def tickets(count: int = 400) -> list[dict[str, object]]:
    return [
        {
            "Ticket Number": f"T-{number:05}",
            "Requester": f"c{number % 90}",
            "Created": moment(number),
            "Resolved": None if number % 9 == 0 else moment(number, 5),
            "Assignee": f"agent {number % 7}",
            "Group": "north" if number % 7 < 3 else "south",
            "Wait (min)": number % 30,
            "Talk time": number % 50,
            "Satisfaction rating": 1 + number % 5,
            "Status": "open" if number % 9 == 0 else "solved",
            "Customer City": f"town {number % 40}",
            "Description": f"I have waited for {number} days and nobody called me back about my order",
        }
        for number in range(count)
    ]


def test_a_file_of_tickets_becomes_cases_and_people(plans: Callable[..., dict[str, TablePlan]]) -> None:
    found = plans(support=tickets())
    assert set(found) == {"cases", "employees"}
    assert found["cases"].columns.items() >= {
        "case_id": "Ticket Number", "customer_id": "Requester", "opened_at": "Created", "closed_at": "Resolved",
        "employee_id": "Assignee", "team_id": "Group", "wait_seconds": "Wait (min)", "csat": "Satisfaction rating",
        "text": "Description",
    }.items()  # fmt: skip
    lines = {line.column: line for line in found["cases"].lines}
    assert lines["wait_seconds"].sql == '60 * TRY_CAST("Wait (min)" AS DOUBLE)'
    assert "handle_seconds" not in found["cases"].columns  # numbers of a duration whose name has no unit
    assert lines["status"].certainty == "left out"  # known afterwards
    assert found["employees"].columns == {"employee_id": "Assignee", "team_id": "Group"}


def test_an_event_log_becomes_steps_and_cases(plans: Callable[..., dict[str, TablePlan]]) -> None:
    log = [
        {"Case": f"k{number // 4}", "Changed at": moment(number, form="%d/%m/%Y %H:%M"), "Status": f"step {number % 4}",
         "User": f"u{number % 5}", "Priority": "high" if number // 4 % 2 else "low"}
        for number in range(400)
    ]  # fmt: skip
    found = plans(ticket_history=log)
    assert found["case_steps"].columns == {
        "case_id": "Case",
        "at": "Changed at",
        "activity": "Status",
        "employee_id": "User",
    }
    cases = found["cases"]
    assert cases.after == 'from raw group by "Case"'
    opened = next(line for line in cases.lines if line.column == "opened_at")
    assert opened.sql == "min(try_strptime(\"Changed at\", '%d/%m/%Y %H:%M'))"
    assert opened.certainty == "likely"


def test_files_with_one_key_are_joined(plans: Callable[..., dict[str, TablePlan]]) -> None:
    orders = [
        {"order_id": f"o{number}", "buyer_id": f"b{number % 60}", "order_date": moment(number),
         "delivered_at": moment(number, 50), "estimated_delivery_date": moment(number, 40)}
        for number in range(400)
    ]  # fmt: skip
    reviews = [{"order_id": f"o{number}", "review_score": 1 + number % 5} for number in range(0, 400, 2)]
    cases = plans(orders=orders, reviews=reviews)["cases"]
    assert cases.columns["case_id"] == "order_id"
    assert cases.columns["csat"] == "reviews.review_score"
    assert list(cases.joined or {}) == ["other1"]


def test_a_log_of_purchases_gives_customers(plans: Callable[..., dict[str, TablePlan]]) -> None:
    sales = [{"member_id": f"m{number % 80}", "transaction_time": moment(number), "amount": number % 9, "sku": f"s{number % 30}"}
             for number in range(400)]  # fmt: skip
    found = plans(transactions=sales)
    assert found["activity"].columns["at"] == "transaction_time"
    assert found["customers"].columns == {"customer_id": "member_id", "joined_at": "transaction_time"}


def test_a_flat_table_with_churn_becomes_snapshots(plans: Callable[..., dict[str, TablePlan]]) -> None:
    flat = [{"CLIENTNUM": 7000 + n, "Attrition_Flag": n % 2, "Months_on_book": n % 40, "Churn score": n, "Gender": "FM"[n % 2]}
            for n in range(400)]  # fmt: skip
    plan = plans(bank=flat)["snapshots"]
    assert plan.columns == {"customer_id": "CLIENTNUM", "churned": "Attrition_Flag", "months_on_book": "Months_on_book"}


def test_a_status_keeps_planned_ends_from_being_leavings(plans: Callable[..., dict[str, TablePlan]]) -> None:
    accounts = [{"Account ID": f"a{n}", "Customer since": moment(n), "Contract end": moment(n, 4000),
                 "Status": "Churned" if n % 3 == 0 else "Active", "Segment": "SME"[n % 3]} for n in range(400)]  # fmt: skip
    lines = {line.column: line for line in plans(accounts=accounts)["customers"].lines}
    assert lines["left_at"].sql == 'case when "Status" in (\'Churned\') then "Contract end" end'


def test_chinese_exports(plans: Callable[..., dict[str, TablePlan]]) -> None:
    work = [{"工单编号": f"W{n:04}", "客户编号": f"K{n % 70}", "创建时间": moment(n, form="%Y/%m/%d %H:%M"),
             "完成时间": moment(n, 8, "%Y/%m/%d %H:%M"), "处理人": f"员工{n % 6}", "技能组": f"组{n % 2}",
             "满意度评分": 1 + n % 5, "工单内容": f"第{n}次来电反映网络故障一直没有人处理希望尽快解决"} for n in range(400)]  # fmt: skip
    roster = [
        {"工号": f"员工{n}", "部门": f"组{n % 2}", "岗位": "客服", "入职日期": f"2023-0{1 + n}-01"} for n in range(6)
    ]
    found = plans(工单=work, 花名册=roster)
    assert found["cases"].columns == {
        "case_id": "工单编号", "customer_id": "客户编号", "opened_at": "创建时间", "closed_at": "完成时间",
        "employee_id": "处理人", "team_id": "技能组", "csat": "满意度评分", "text": "工单内容",
    }  # fmt: skip
    assert found["employees"].columns == {
        "employee_id": "工号",
        "team_id": "部门",
        "role": "岗位",
        "hired_at": "入职日期",
    }


def test_what_could_be_either_is_asked(plans: Callable[..., dict[str, TablePlan]]) -> None:
    flat = [{"customer_id": n, "churn": n % 2, "churned_": n % 2, "plan": n % 4} for n in range(400)]
    line = next(line for line in plans(customers_flat=flat)["snapshots"].lines if line.column == "churned")
    assert line.certainty == "sure" or "would fit as well" in line.why


def test_months_of_exports_are_one_table(tmp_path: Path) -> None:
    for month in ("2025-01", "2025-02"):
        (tmp_path / f"tickets_{month}.csv").write_text(
            "id,created\n" + "".join(f"{month}{n},{month}-0{n}\n" for n in range(1, 9))
        )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    connection = locked_connection(list(tmp_path.glob("*.csv")), scratch)
    looks, _ = looks_of_folder(tmp_path, connection, scratch)
    assert [(look.place, look.rows) for look in looks] == [({"path": "tickets_*.csv"}, 16)]


@pytest.mark.parametrize(
    ("name", "column"),
    [("Ticket_ID", "case_id"), ("caseID", "case_id"), ("Date Opened", "opened_at"), ("Créé le", "opened_at"), ("geschlossen am", "closed_at"), ("Assigned To", "employee_id"), ("Assignment group", "team_id"), ("Kundennummer", "customer_id")],
)  # fmt: skip
def test_names_of_many_systems(name: str, column: str) -> None:
    fits = column_fits("cases", name)
    assert max(fits, key=lambda one: fits[one].score) == column
    assert fits[column].score >= 0.9


@pytest.mark.parametrize("name", ["Customer City", "Agent Shift", "Order status", "Item price", "Customer age"])
def test_a_word_more_makes_another_thing(name: str) -> None:
    assert all(fit.score < 0.5 for fit in column_fits("cases", name).values())


def test_names_are_made_comparable() -> None:
    assert normalised("Größe_(cm)") == "grosse cm"


@pytest.mark.parametrize(
    ("table", "name", "column"),
    [
        ("cases", "Interaction.StartTimestamp", "opened_at"),
        ("cases", "createddate", "opened_at"),
        ("cases", "Vorgang-Erstelldatum", "opened_at"),
        ("cases", "诉求登记时间", "opened_at"),
        ("cases", "Resolved Date (UTC)", "closed_at"),
        ("cases", "Agent Acknowledgement Time", "responded_at"),
        ("cases", "Survey Submission Date", "rated_at"),
        ("cases", "Kundenzufriedenheitswert", "csat"),
        ("cases", "Responsible Department Name", "team_id"),
        ("cases", "经办坐席姓名", "employee_id"),
        ("employees", "Eintrittsdatum Mitarbeiter", "hired_at"),
        ("customers", "Subscription cancellation date", "left_at"),
        ("work", "Training Duration (Hours)", "training_hours"),
    ],
)
def test_headings_are_understood_word_by_word(table: str, name: str, column: str) -> None:
    fits = column_fits(table, name)
    assert max(fits, key=lambda one: fits[one].score) == column
    assert fits[column].score >= 0.6


@pytest.mark.parametrize(
    "name",
    [
        "Last modified date",
        "Parent case number",
        "Agent shift",
        "Next call date",
        "创建人",
        "上级工单编号",
    ],
)
def test_a_word_that_is_not_known_is_no_guess(name: str) -> None:
    assert all(fit.score < 0.5 for fit in column_fits("cases", name).values())


def test_a_question_of_a_survey_is_asked_about() -> None:
    fits = column_fits("cases", "How satisfied were you with the way our team handled your request?")
    assert {name: fit.score for name, fit in fits.items() if fit.score >= 0.5} == {"csat": 0.6}


def test_calls_numbered_by_seconds_and_a_counter_have_a_key(plans: Callable[..., dict[str, TablePlan]]) -> None:
    calls = [{"ID llamada": f"17290{n:05}.{n % 90}", "Fecha": moment(n), "Cola": "abc"[n % 3], "Agente": f"a{n % 5}",
              "Tipo de llamada": ("Entrante", "Saliente")[n % 2]} for n in range(400)]  # fmt: skip
    found = plans(llamadas=calls)["cases"].columns
    assert found["case_id"] == "ID llamada"
    assert "process" not in found  # whether it came in or went out is not what it was about


def test_a_customer_type_of_other_words_is_asked_about(plans: Callable[..., dict[str, TablePlan]]) -> None:
    clients = [{"Client ID": f"c{n}", "Joined": moment(n), "Customer type": "AB"[n % 2]} for n in range(400)]
    line = next(line for line in plans(clients=clients)["customers"].lines if line.column == "kind")
    assert line.certainty == "likely"


def test_columns_of_one_name_are_numbered_and_stop_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "jira"
    folder.mkdir()
    rows = "".join(f"I-{n},{moment(n)},a{n % 5},x,y\n" for n in range(400))
    (folder / "issues.csv").write_text("Issue key,Created,Assignee,Labels,labels\n" + rows, encoding="utf-8")
    (tmp_path / "s").mkdir()
    looks, trouble = looks_of_folder(folder, locked_connection([folder / "issues.csv"], tmp_path / "s"), tmp_path / "s")
    assert trouble == []
    assert [column.name for column in looks[0].columns][-2:] == ["Labels (1)", "labels (2)"]


def calls(count: int = 400) -> list[dict[str, object]]:
    return [
        {
            "Call ID": f"c{n:05}", "Date": f"{1 + n % 28:02}/{1 + n % 12:02}/2024", "Start time": f"{8 + n % 12:02}:15:00",
            "End time": f"{8 + n % 12:02}:25:00", "Agent": f"a{n % 6}", "Total handle": 1000 * (300 + n % 200),
            "Status": "open",
        }
        for n in range(count)
    ]  # fmt: skip


def test_times_of_day_in_columns_of_their_own_are_set_beside_the_date(
    plans: Callable[..., dict[str, TablePlan]],
) -> None:
    lines = {line.column: line for line in plans(calls=calls())["cases"].lines}
    assert lines["opened_at"].sql == (
        'cast(cast(try_strptime("Date", \'%d/%m/%Y\') as date) + try_cast("Start time" as time) as timestamp)'
    )
    assert lines["closed_at"].source == "End time"
    assert lines["closed_at"].certainty == "likely"


def test_a_unit_that_no_name_says_is_seen_in_the_time_from_opening_to_closing(
    plans: Callable[..., dict[str, TablePlan]],
) -> None:
    line = next(line for line in plans(calls=calls())["cases"].lines if line.column == "handle_seconds")
    assert line.sql.startswith("0.001 * ")
    assert line.certainty == "likely"


def test_a_year_of_two_digits_is_of_this_century(plans: Callable[..., dict[str, TablePlan]]) -> None:
    rows = [
        {"Ticket": f"t{n}", "Opened": f"{1 + n % 28}/{1 + n % 12}/24 9:05", "Agent": f"a{n % 6}"} for n in range(400)
    ]
    opened = plans(tickets=rows)["cases"].look.column("Opened")
    assert (opened.first.year, opened.time_format) == (2024, "%d/%m/%y %H:%M")


def test_times_before_the_opening_are_asked_about(plans: Callable[..., dict[str, TablePlan]]) -> None:
    rows = [
        {"Ticket": f"t{n}", "Created": moment(n), "Resolved": moment(n, -300), "Agent": f"a{n % 6}"} for n in range(400)
    ]
    line = next(line for line in plans(tickets=rows)["cases"].lines if line.column == "closed_at")
    assert line.certainty == "likely"
    assert "before opened_at" in line.why


def test_a_key_that_no_name_says_is_found_by_its_values(plans: Callable[..., dict[str, TablePlan]]) -> None:
    rows = [{"Vorfallskürzel": f"X{n}", "Opened": moment(n), "Resolved": moment(n, 5), "Agent": f"a{n % 6}",
             "Priority": "low high".split()[n % 2], "Channel": "abc"[n % 3]} for n in range(400)]  # fmt: skip
    line = next(line for line in plans(x=rows)["cases"].lines if line.column == "case_id")
    assert (line.source, line.certainty) == ("Vorfallskürzel", "likely")


def test_people_are_known_by_the_number_that_others_use(plans: Callable[..., dict[str, TablePlan]]) -> None:
    people = [{"User ID": f"u{n}", "Full name": f"Ann {n}", "Badge": f"B{n}", "Team": f"g{n % 3}", "Hire date": "2020-01-05"}
              for n in range(30)]  # fmt: skip
    work = [{"Employee no": f"B{n % 30}", "Agent name": f"Ann {n % 30}", "Period start": f"2024-0{1 + n // 30}-01",
             "Period end": f"2024-0{1 + n // 30}-28", "Hours worked": 100 + n % 9} for n in range(120)]  # fmt: skip
    found = plans(people=people, timesheet=work)
    assert found["employees"].columns["employee_id"] in {"Badge", "Full name"}
    assert found["work"].columns["employee_id"] in {"Employee no", "Agent name"}


@pytest.mark.parametrize("name", ["Estado final", "Ergebnis", "Statut", "通话结果", "Total talk"])
def test_what_is_known_afterwards_is_left_out_in_every_language(
    plans: Callable[..., dict[str, TablePlan]], name: str
) -> None:
    rows = [{"Ticket": f"t{n}", "Created": moment(n), "Agent": f"a{n % 6}", name: "pq"[n % 2]} for n in range(400)]
    line = next(line for line in plans(tickets=rows)["cases"].lines if line.source == name)
    assert (line.certainty, "afterwards" in line.why) == ("left out", True)


def test_an_attribute_is_never_called_as_a_column_of_the_contract(plans: Callable[..., dict[str, TablePlan]]) -> None:
    rows = [{"Ticket": f"t{n}", "Created": moment(n), "Agent": f"a{n % 6}", "Channel name": "ab"[n % 2], "Channel": "cd"[n % 2]}
            for n in range(400)]  # fmt: skip
    columns = [line.column for line in plans(tickets=rows)["cases"].lines if line.certainty != "left out"]
    assert len(columns) == len(set(columns))


def test_whose_a_kpi_is_needs_no_name_where_one_column_alone_can_say_it(
    plans: Callable[..., dict[str, TablePlan]],
) -> None:
    rows = [{"Wer": f"G{n % 6}", "Von": f"2024-0{1 + n % 9}-01", "Bis": f"2024-0{1 + n % 9}-28", "Kennzahl": f"kpi {n % 4}",
             "Istwert": 50 + n % 30} for n in range(216)]  # fmt: skip
    line = next(line for line in plans(results=rows)["measures"].lines if line.column == "unit_id")
    assert (line.source, line.certainty) == ("Wer", "likely")


def test_a_plan_is_a_segment_only_where_none_is_called_so(plans: Callable[..., dict[str, TablePlan]]) -> None:
    clients = [
        {"Client ID": f"c{n}", "Joined": moment(n), "Plan": "AB"[n % 2], "Client tier": "XYZ"[n % 3]}
        for n in range(400)
    ]
    assert plans(clients=clients)["customers"].columns["segment"] == "Client tier"


def orders(customer: str) -> list[dict[str, object]]:
    return [
        {"Nummer X": n, customer: 1000 + 7 * (n % 80), "Zibb": moment(n), "Betrag": 1.5 + n % 9} for n in range(400)
    ]


def members(count: int = 90) -> list[dict[str, object]]:
    return [{"Customer ID": 1000 + 7 * n, "Customer since": moment(n), "Segment": "ab"[n % 2]} for n in range(count)]


def test_keys_say_whose_orders_they_are_and_the_one_time_when(plans: Callable[..., dict[str, TablePlan]]) -> None:
    lines = {line.column: line for line in plans(members=members(), belege=orders("Zorbu"))["activity"].lines}
    assert {name: lines[name].source for name in ("customer_id", "at", "amount")} == {
        "customer_id": "Zorbu", "at": "Zibb", "amount": "Betrag",
    }  # fmt: skip
    assert lines["customer_id"].certainty == lines["at"].certainty == "likely"


def test_running_numbers_that_happen_to_be_the_same_join_nothing(plans: Callable[..., dict[str, TablePlan]]) -> None:
    cases = [{**row, "Ticket Number": n} for n, row in enumerate(tickets())]
    parts = [{"ID": n, "Priority": "low"} for n in range(400)]
    assert "priority" not in plans(support=cases, parts=parts)["cases"].columns


def test_people_who_are_the_customers_of_cases_are_no_employees(plans: Callable[..., dict[str, TablePlan]]) -> None:
    people = [{"Code": f"c{n}", "Name": f"n{n}", "Start date": moment(n), "Segment": "ab"[n % 2], "Team": "xy"[n % 2]}
              for n in range(90)]  # fmt: skip
    found = plans(support=tickets(), people=people)
    assert found["customers"].columns["customer_id"] == "Code"
    assert found["employees"].look.name == "support"


def test_a_reason_is_asked_about_where_nothing_says_what_cases_are_about(
    plans: Callable[..., dict[str, TablePlan]],
) -> None:
    rows = [{**row, "Reason": f"r{n % 6}"} for n, row in enumerate(tickets())]
    line = next(line for line in plans(support=rows)["cases"].lines if line.column == "root_cause")
    assert line.certainty == "likely"
    assert "may be process as well" in line.why
