"""Guesses that values speak against are asked about; columns called like a telephone that hold none are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from baton.catalogue.load import load_kpis
from baton.company import load_company
from features.mapping.lines import Line
from pipelines.starting.verb import Guessed, guess, start_from

START = datetime(2025, 1, 3, 9)


def moment(number: int, hours: float = 0, form: str = "%Y-%m-%d %H:%M") -> str:
    return (START + timedelta(hours=7 * number + hours)).strftime(form)


def guessed(folder: Path, **files: list[dict[str, object]]) -> Guessed:
    exports = folder / "exports"
    exports.mkdir()
    for name, rows in files.items():
        lines = [",".join(rows[0]), *(",".join("" if v is None else str(v) for v in row.values()) for row in rows)]
        (exports / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return guess(folder / "new", str(exports))


def lines_of(found: Guessed, table: str) -> dict[str, Line]:
    return {line.column: line for plan in found.plans if plan.table == table for line in plan.lines}


def customers(**ends: object) -> list[dict[str, object]]:
    return [{"Customer ID": f"c{n}", "Customer since": moment(n), **{name: of(n) for name, of in ends.items()},  # type: ignore[operator]
             "Phone_Service": ["Yes", "No", "No phone service"][n % 3], "Phone": f"0171 {n:07}",
             "Segment": "SME"[n % 3]} for n in range(300)]  # fmt: skip


@pytest.mark.parametrize(
    ("end", "certainty"),
    [
        (lambda n: moment(n, 900) if n % 4 == 0 else None, "sure"),  # a quarter have left
        (lambda n: moment(n, 900), "likely"),  # all have
        (lambda n: moment(n, 9000) if n % 4 == 0 else None, "likely"),  # a year ahead
    ],
)
def test_ends_that_are_only_planned_are_asked_about(end: object, certainty: str, tmp_path: Path) -> None:
    line = lines_of(guessed(tmp_path, customers=customers(**{"Termination date": end})), "customers")["left_at"]
    assert line.certainty == certainty
    assert ("when a contract ends?" in line.why) == (certainty == "likely")


def test_whether_somebody_has_a_telephone_is_no_telephone_number(tmp_path: Path) -> None:
    found = guessed(tmp_path, customers=customers())
    lines = lines_of(found, "customers")
    assert lines["phone_service"].certainty == "sure"
    assert (lines["phone"].certainty, lines["phone"].why) == ("left out", "it says who somebody is or where")
    company = load_company(start_from(found).company)
    assert company.privacy.cleared == ("customers.phone_service",)


def cases(**more: object) -> list[dict[str, object]]:
    return [{"Ticket Number": f"T-{n:05}", "Created": moment(n), "Closed": None if n % 9 == 0 else moment(n, 5),
             "Group": "ns"[n % 2], "Assignee": f"a{n % 7}", **{name: of(n) for name, of in more.items()}}  # type: ignore[operator]
            for n in range(400)]  # fmt: skip


def test_a_time_shortly_before_the_opening_is_shown(tmp_path: Path) -> None:
    line = lines_of(guessed(tmp_path, tickets=cases(Zeta=lambda n: moment(n, -2))), "cases")["opened_at"]
    assert line.certainty == "likely"
    assert line.why.endswith("but 'Zeta' lies shortly before it")


def test_work_that_lasts_longer_than_the_case_is_asked_about(tmp_path: Path) -> None:
    long = {"Handle time (min)": lambda n: 2000 + n}
    line = lines_of(guessed(tmp_path, tickets=cases(**long)), "cases")["handle_seconds"]
    assert line.certainty == "likely"
    assert "100% last longer than their case" in line.why


def test_a_plain_export_is_not_doubted(tmp_path: Path) -> None:
    plain = {"Handle time (min)": lambda n: 20 + n % 30}
    lines = lines_of(guessed(tmp_path, tickets=cases(**plain)), "cases")
    assert {lines[name].certainty for name in ("opened_at", "closed_at", "handle_seconds")} == {"sure"}


def test_open_cases_and_upgrades_propose_the_presets_that_count_them(tmp_path: Path) -> None:
    changes = [{"customer_id": f"c{n % 60}", "event_time": moment(n), "event_type": ["upgrade", "downgrade"][n % 2],
                "amount": n % 90} for n in range(400)]  # fmt: skip
    company = load_company(start_from(guessed(tmp_path, tickets=cases(), activity=changes)).company)
    assert company.presets == ("service", "desk", "subscriptions")
    assert {"open_cases", "expansion_revenue"} <= set(load_kpis(company))


def test_how_a_call_was_cut_is_no_cause(tmp_path: Path) -> None:
    cut = {"Disconnect Type": lambda n: ["client", "agent", "transfer"][n % 3]}
    assert "root_cause" not in lines_of(guessed(tmp_path, tickets=cases(**cut)), "cases")


def test_ways_in_are_channels_whatever_their_column_is_called(tmp_path: Path) -> None:
    lines = lines_of(guessed(tmp_path, tickets=cases(Type=lambda n: ["email", "phone", "chat"][n % 3])), "cases")
    assert (lines["channel"].source, lines["channel"].certainty) == ("Type", "likely")
    assert "process" not in lines


def test_how_a_call_ended_is_not_what_it_was_about(tmp_path: Path) -> None:
    kinds = cases(**{"Call Type": lambda n: ["inbound", "missed", "voicemail"][n % 3]})
    assert "process" not in lines_of(guessed(tmp_path, tickets=kinds), "cases")


def test_a_user_who_is_an_employee_is_no_customer(tmp_path: Path) -> None:
    calls = cases(**{"user id": lambda n: f"u{n % 9}"})
    users: list[dict[str, object]] = [
        {"id": f"u{n}", "name": f"n{n}", "team": "ns"[n % 2], "role": "agent"} for n in range(9)
    ]
    lines = lines_of(guessed(tmp_path, calls=[{**row, "Assignee": None} for row in calls], users=users), "cases")
    assert "customer_id" not in lines


def test_anything_with_an_id_and_a_name_is_no_team(tmp_path: Path) -> None:
    rows = [{"ID": n, "Name": f"n{n}", "Group": "ns"[n % 2]} for n in range(60)]
    tables = {plan.table for plan in guessed(tmp_path, tickets=cases(), contacts_list=rows).plans}
    assert "teams" not in tables


def test_a_reason_beside_a_cause_is_asked_about(tmp_path: Path) -> None:
    both = {"Motivo": lambda n: f"motivo {n % 5}", "Causa raíz": lambda n: f"causa {n % 7}"}
    assert lines_of(guessed(tmp_path, tickets=cases(**both)), "cases")["root_cause"].certainty == "likely"


def test_japanese_files_are_read_in_their_encoding(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    rows = [
        f"Q{n:05},{moment(n)},{moment(n, 5)},K{n % 60},サポート{n % 2}課,{'○×'[n % 2]},{1 + n % 5}" for n in range(300)
    ]
    header = "問い合わせ番号,受付日時,完了日時,顧客番号,担当部署,初回解決,満足度(5段階)"
    (exports / "問い合わせ一覧.csv").write_text("\n".join([header, *rows]) + "\n", encoding="cp932")
    found = guess(tmp_path / "new", str(exports))
    plan = next(plan for plan in found.plans if plan.table == "cases")
    assert plan.look.place["encoding"] == "cp932"
    assert plan.columns.items() >= {
        "case_id": "問い合わせ番号", "opened_at": "受付日時", "closed_at": "完了日時", "customer_id": "顧客番号",
        "team_id": "担当部署", "resolved_first": "初回解決", "csat": "満足度(5段階)",
    }.items()  # fmt: skip
