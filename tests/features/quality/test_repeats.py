"""Rows that were exported twice count once, and what is ambiguous is reported or stops."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import load_company
from features.process.event_log import step_log
from features.quality.checks import check
from features.quality.faults import CheckReport
from features.staging.stage import open_warehouse, stage

NOTHING = Catalogue((), ())
CASES = "case_id,customer_id,opened_at,closed_at,csat\n"
TWO = "1,a,2024-01-01 08:00,2024-01-01 09:00,5\n2,b,2024-01-02 08:00,,\n"


class Folder:
    """A company whose tables are files, or folders of files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, tables: Mapping[str, str | Mapping[str, str]], settings: str = "") -> None:
        listed = []
        for name, content in tables.items():
            files = {f"{name}.csv": content} if isinstance(content, str) else content
            place = self.path if isinstance(content, str) else self.path / name
            place.mkdir(exist_ok=True)
            for file, text in files.items():
                (place / file).write_text(text, "utf-8")
            listed.append(f'{name} = {{ path = "{name}{".csv" if isinstance(content, str) else ""}" }}')
        (self.path / "company.toml").write_text(
            "[tables]\n" + "\n".join(listed) + f"\n[kpis]\npresets = []\n[privacy]\npseudonymise = false\n{settings}\n"
        )

    def stage(self) -> CheckReport:
        return stage(load_company(self.path), NOTHING, self.path / "staged")

    def rows(self, sql: str, table: str) -> list[tuple[object, ...]]:
        return (
            duckdb.connect().execute(f"SELECT {sql} FROM '{self.path}/staged/{table}.parquet' ORDER BY ALL").fetchall()
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def reported(report: CheckReport, table: str) -> dict[str, tuple[int, str]]:
    return {fault.kind: (fault.count, fault.treatment) for fault in report.faults if fault.table == table}


def test_exact_copies_are_taken_out_of_every_table_and_counted(folder: Folder) -> None:
    tables = {
        "cases": CASES + TWO + TWO,
        "activity": "customer_id,at,amount\n" + "a,2024-01-01 08:00:07,5\n" * 2 + "b,2024-01-02 08:00:07,5\n",
        "case_steps": "case_id,at,activity\n" + "1,2024-01-01 08:10,call\n" * 3,
        "work": "employee_id,from,to,training_hours\n" + "p,2024-01-01,2024-02-01,160\n" * 2,
        "measures": "unit,unit_id,from,to,kpi,value\n" + "team,t,2024-01-01,2024-02-01,csat,4\n" * 2,
        "scorecards": "team_id,kpi,weight,valid_from\n" + "t,a,40,2024-01-01\nt,b,60,2024-01-01\n" * 2,
    }
    folder.write(tables, settings='[faults]\nunknown_kpi = "keep"')
    report = folder.stage()
    copies = {name: reported(report, name).get("duplicate_row") for name in tables}
    assert copies == {
        "cases": (2, "drop"),
        "activity": (1, "drop"),
        "case_steps": (2, "drop"),
        "work": (1, "drop"),
        "measures": (1, "drop"),
        "scorecards": (2, "drop"),  # and the card still sums to 100
    }
    assert "weights_sum" not in reported(report, "scorecards")
    counts = {name: folder.rows("count(*)", name)[0][0] for name in tables}
    assert counts == {"cases": 2, "activity": 2, "case_steps": 1, "work": 1, "measures": 1, "scorecards": 2}
    assert folder.rows("sum(training_hours)", "work") == [(160.0,)]


def days(*rows: str) -> str:
    return "customer_id,at,amount\n" + "".join(f"{row}\n" for row in rows)


A_MONTH = [f"c{number % 7},2024-01-{number + 1:02d},{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("content", "settings", "expected", "left"),
    [
        # two purchases of one day: nothing distinguishes them, and nobody takes one away
        (days(*A_MONTH, "c1,2024-01-02,1"), "", {"repeated_event": (1, "keep")}, 21),
        (days(*A_MONTH, "c1,2024-01-02,1"), '[faults]\nrepeated_event = "drop"', {"repeated_event": (1, "drop")}, 20),
        # a block that was exported again, the two purchases in it
        (
            days("c1,2024-01-02,1", *A_MONTH, "c1,2024-01-02,1", *A_MONTH[:8]),
            "", {"duplicate_row": (9, "drop"), "repeated_event": (1, "keep")}, 21,
        ),
        # every row twice, side by side
        (days(*(row for row in A_MONTH for _ in range(2))), "", {"duplicate_row": (20, "drop")}, 20),
        # a receipt's number makes them one
        (
            "customer_id,at,receipt\na,2024-01-01,r1\na,2024-01-01,r1\na,2024-01-01,r2\n",
            "", {"duplicate_row": (1, "drop")}, 2,
        ),
        # two files overlap: as many stay as the fullest has
        (
            {"2024-01.csv": days(*A_MONTH, A_MONTH[3]), "2024-02.csv": days(A_MONTH[3], A_MONTH[9], "c9,2024-02-01,3")},
            "", {"duplicate_row": (2, "drop"), "repeated_event": (1, "keep")}, 22,
        ),
    ],
)  # fmt: skip
def test_events_with_dates_alone(
    folder: Folder, content: str | dict[str, str], settings: str, expected: dict[str, tuple[int, str]], left: int
) -> None:
    folder.write({"cases": CASES + TWO, "activity": content}, settings)
    assert reported(folder.stage(), "activity") == expected
    assert folder.rows("count(*)", "activity") == [(left,)]


OPEN, CLOSED = "1,a,2024-01-01 08:00,,\n", "1,a,2024-01-01 08:00,2024-01-01 09:00,{}\n"
OTHER = "2{0},b,2024-0{0}-02 08:00,,\n"


@pytest.mark.parametrize(
    ("content", "csat"),
    [
        # open in January's file, closed in February's; the tenth file comes after the ninth
        ({"9.csv": CASES + OPEN + OTHER.format(1), "10.csv": CASES + CLOSED.format(4) + OTHER.format(1)}, 4),
        # the file that reaches furthest is newer, whatever it is called
        ({"b.csv": CASES + CLOSED.format(2) + OTHER.format(1), "a.csv": CASES + CLOSED.format(4) + OTHER.format(3)}, 4),
        # in one file: the closed one, in whatever order
        (CASES + CLOSED.format(4) + OPEN + OTHER.format(1), 4),
        # more filled in, nothing different
        (CASES + CLOSED.format("") + CLOSED.format(4) + OTHER.format(1), 4),
        # a column says when the row was changed, against the order of rows
        (
            CASES.replace("csat", "csat,updated_at") + CLOSED.format("4,2024-03-02") + CLOSED.format("1,2024-03-01")
            + OTHER.format(1).replace(",\n", ",,\n"),
            4,
        ),
    ],
)  # fmt: skip
def test_of_two_states_of_a_case_the_newest_counts(folder: Folder, content: str | dict[str, str], csat: int) -> None:
    folder.write({"cases": content})
    report = folder.stage()
    assert reported(report, "cases")["older_state"] == (1, "drop")
    assert folder.rows("csat", "cases")[0] == (csat,)
    assert "duplicate_key" not in reported(report, "cases")


def test_a_restated_period_counts_once_and_a_week_in_its_month_is_reported(folder: Folder) -> None:
    work = "employee_id,from,to,training_hours\n"
    files = {
        "1.csv": work + "p,2024-01-01,2024-02-01,100\nq,2024-01-01,2024-02-01,50\n",
        "2.csv": work + "p,2024-01-01,2024-02-01,120\np,2024-02-01,2024-03-01,90\nq,2024-01-08,2024-01-15,10\n",
    }
    folder.write({"cases": CASES + TWO, "work": files})
    report = folder.stage()
    assert reported(report, "work") == {"older_state": (1, "drop"), "overlapping_periods": (1, "keep")}
    assert folder.rows("training_hours", "work") == [(10.0,), (50.0,), (90.0,), (120.0,)]


@pytest.mark.parametrize(
    "content",
    [
        CASES + CLOSED.format(4) + CLOSED.format(1),  # one file, two ratings
        # numbering that starts anew each month: two cases, not two states
        {"1.csv": CASES + TWO, "2.csv": CASES + "1,c,2024-02-01 08:00,2024-02-01 09:00,1\n"},
    ],
)
def test_where_nothing_decides_which_is_newer_the_run_stops(folder: Folder, content: str | dict[str, str]) -> None:
    folder.write({"cases": content})
    assert reported(check(load_company(folder.path), NOTHING), "cases")["duplicate_key"] == (1, "stop")


def test_a_returning_customer_without_dates_of_validity_stops_with_what_to_do(folder: Folder) -> None:
    customers = "customer_id,joined_at,left_at\na,2023-01-01,2023-05-01\na,2023-09-01,\nb,2023-01-01,\n"
    folder.write({"cases": CASES + TWO, "customers": customers})
    (fault,) = [fault for fault in check(load_company(folder.path), NOTHING).faults if fault.table == "customers"]
    assert (fault.kind, fault.treatment) == ("duplicate_key", "stop")
    assert "say in valid_from since when each holds" in fault.hint


def test_ids_spelt_otherwise_are_reported(folder: Folder) -> None:
    folder.write({"cases": CASES + TWO.replace(",a,", ",A,"), "customers": "customer_id\na\nb\nB \nb x\nBx\n"})
    report = folder.stage()
    assert reported(report, "customers") == {"similar_id": (4, "keep")}
    (orphan,) = [fault for fault in report.faults if fault.kind == "orphan"]
    assert orphan.hint.startswith("1 of them differ from an id there only in letter case")


def test_a_users_columns_may_be_called_like_ours(folder: Folder) -> None:
    names = ("place", "copy", "changed", "filled", "run", "event", "file_order", "is_newest", "earlier", "life")
    header, values = ",".join(names), ",".join("1" for _ in names)
    customers = f"customer_id,{header},plan\na,{values},x\na,{values},x\na,{values},\nb,{values},x\n"
    activity = f"customer_id,at,{header}\n" + f"a,2024-01-01 08:00:01,{values}\n" * 2
    steps = f"case_id,at,activity,lifecycle,{header},begins,ends\n1,2024-01-01 08:00:01,call,start,{values},1,1\n"
    folder.write({"cases": CASES + TWO, "customers": customers, "activity": activity, "case_steps": steps})
    report = folder.stage()
    assert reported(report, "customers") == {"duplicate_row": (1, "drop"), "older_state": (1, "drop")}
    assert reported(report, "activity") == {"duplicate_row": (1, "drop")}
    assert step_log(open_warehouse(folder.path / "staged", threads=1)).unended == 1
    assert folder.rows("customer_id, plan", "customers") == [("a", "x"), ("b", "x")]
