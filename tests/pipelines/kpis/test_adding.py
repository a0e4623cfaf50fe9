"""``baton kpi add``: right values, the file as it was but for the new table, and refusals that name what to do."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from baton.catalogue.load import load_catalogue
from baton.cli import app
from baton.company import load_company
from baton.errors import CatalogueError, OutputError
from pipelines.kpis.adding import kpi_bench, write_kpi
from pipelines.kpis.ask import ask_for
from pipelines.kpis.listing import list_kpis_of
from pipelines.kpis.request import KpiRequest
from pipelines.validate import validate

COMPANY = """\
# our company, by hand
[company]
name = "Quay"

[tables]
cases = { path = "cases.csv" }   # from the desk

[kpis]   # ours
presets = ["service"]

[policy]
max_change = 5
"""
HEAD = "case_id,opened_at,closed_at,team_id,priority,handle_seconds,resolved_first,地区,overtime_hours"


def row(number: int, month: int, team: str, seconds: int, priority: str = "low", yes: str = "yes") -> str:
    opened, closed = f"2024-0{month}-{1 + number % 20:02} 09:00", f"2024-0{month}-{1 + number % 20:02} 12:00"
    return f"k{month}-{number},{opened},{closed},{team},{priority},{seconds},{yes},{'北' if number % 4 else '南'},1"


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """Three months of three teams: north's cases take 100, 200, … seconds, south's are all urgent, east has few."""
    rows = [row(n, month, "north", 100 * (n + 1)) for month in (1, 2, 3) for n in range(9)]
    rows += [row(n + 20, month, "south", 60, "high", "no" if n % 4 else "yes") for month in (1, 2, 3) for n in range(8)]
    rows += [row(n + 40, 3, "east", 600) for n in range(5)]
    (tmp_path / "cases.csv").write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    (tmp_path / "company.toml").write_text(COMPANY, encoding="utf-8")
    return tmp_path


def call(folder: Path, *words: str) -> Any:
    return CliRunner().invoke(app, ["kpi", "add", str(folder), *words])


MEDIAN = ("--table", "cases", "--column", "handle_seconds", "--aggregate", "median", "--better", "lower")


def test_the_values_of_three_units_are_shown_and_nothing_is_written_without_yes(company: Path) -> None:
    done = call(company, *MEDIAN, "--name", "Typical handling", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["id"] == "typical_handling"
    assert (found["unit"], found["months"]) == ("team", ["2024-01", "2024-02", "2024-03"])
    assert found["values"] == {"north": [500, 500, 500], "south": [60, 60, 60], "east": [None, None, 600]}
    assert (found["rows"], found["written"]) == (56, [])
    assert not (company / "kpis.toml").exists()
    assert (company / "company.toml").read_text("utf-8") == COMPANY


def test_what_is_written_loads_validates_and_is_computed_and_the_rest_stays(company: Path) -> None:
    done = call(
        company, *MEDIAN, "--name", "Typical handling", "--name-zh", "处理时长中位数", "--lever", "team", "--yes"
    )
    assert done.exit_code == 0, done.output
    assert (company / "company.toml").read_text("utf-8") == COMPANY.replace(
        "[kpis]   # ours\n", '[kpis]   # ours\nfiles = ["kpis.toml"]\n'
    )
    settings = load_company(company)
    kpi = load_catalogue(settings)["typical_handling"]
    assert (kpi.name.zh, kpi.aggregate, kpi.role, kpi.owner, kpi.unit) == (
        "处理时长中位数", "median", "lever", "team", "seconds"
    )  # fmt: skip
    assert not [fault for fault in validate(settings).faults if fault.kind == "kpi_fails"]
    (listed,) = [one for one in list_kpis_of(settings, "typical handling").kpis if one.kpi.id == "typical_handling"]
    assert (listed.missing, listed.grains) == (None, ("team",))


@pytest.mark.parametrize(
    ("words", "north", "south"),
    [
        (("--aggregate", "share", "--column", "handle_seconds", "--hit", "> 450"), 5 / 9, 0.0),
        (("--aggregate", "share", "--column", "resolved_first"), 1.0, 0.25),
        (("--aggregate", "share", "--column", "priority", "--hit", "= HIGH"), 0.0, 1.0),
        (("--aggregate", "count", "--where", "handle_seconds >= 500"), 5, 0),
        (("--aggregate", "count", "--where", "地区 = 北 且 priority = high"), None, 6),
        (("--aggregate", "distinct", "--column", "priority"), 1, 1),
        (("--aggregate", "mean", "--column", "closed_at", "--since", "opened_at"), 3.0, 3.0),
        (("--aggregate", "share", "--column", "closed_at", "--since", "opened_at", "--hit", "<= 2"), 0.0, 0.0),
        (("--aggregate", "mean", "--column", "handle_seconds", "--where", "resolved_first = no"), None, 60),
        (("--aggregate", "sum", "--column", "handle_seconds"), 4500, 480),
        (("--aggregate", "percentile", "--column", "handle_seconds"), 820, 60),
    ],
)
def test_simple_words_give_the_right_value(
    company: Path, words: tuple[str, ...], north: float | None, south: float | None
) -> None:
    done = call(company, "--table", "cases", "--better", "neither", "--name", "New one", *words, "--json")
    assert done.exit_code == 0, done.output
    values = json.loads(done.stdout)["values"]
    for team, expected in (("north", north), ("south", south)):
        if expected is not None:
            assert values[team][-1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--column", "handel_seconds"), "cases has no column 'handel_seconds'; did you mean 'handle_seconds'?"),
        (("--table", "tickets"), "there is no table 'tickets'"),
        (("--aggregate", "avarage"), "aggregate: 'avarage' is not known; did you mean"),
        (("--better", "more"), "better: 'more' is not known"),
        (("--column", "priority"), "priority holds words; median needs a number"),
        (("--column", "closed_at"), "closed_at holds times: give --since"),
        (("--where", "priority = hgih"), "no row of cases has priority = 'hgih'; did you mean 'high'?"),
        (("--where", "priority"), "is no condition; write one like: priority = high"),
        (("--where", "handle_seconds > many"), "handle_seconds holds numbers, and 'many' is none"),
        (("--where", "handle_seconds > 9999"), "no row of cases has a value of it"),
        (("--id", "csat"), "id 'csat' is there already"),
        (("--id", "平均时长"), "ids are lower-case Latin words joined by _, names may be Chinese; write --id new_one"),
        (("--column", "overtime_hours"), "cases has no column 'overtime_hours'"),
        (("--lever", "boss"), "lever: 'boss' is not known"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(company: Path, words: tuple[str, ...], message: str) -> None:
    done = call(company, *MEDIAN, "--name", "New one", "--yes", *words)
    assert message in str(done.exception), done.output
    assert not (company / "kpis.toml").exists()


def test_missing_options_are_all_named_at_once(company: Path) -> None:
    done = call(company, "--table", "cases", "--yes")
    assert "give --aggregate, --column, --name, --better" in str(done.exception)


def test_a_chinese_name_gets_an_id_from_its_column(company: Path) -> None:
    assert call(company, *MEDIAN, "--name", "处理中位数", "--yes").exit_code == 0
    kpi = tomllib.loads((company / "kpis.toml").read_text("utf-8"))["kpi"][0]
    assert (kpi["id"], kpi["name"]) == ("handle_seconds_median", {"en": "处理中位数", "zh": "处理中位数"})
    assert call(company, *MEDIAN, "--name", "处理中位数", "--yes").exit_code == 0
    ids = [kpi["id"] for kpi in tomllib.loads((company / "kpis.toml").read_text("utf-8"))["kpi"]]
    assert ids == ["handle_seconds_median", "handle_seconds_median_2"]


def test_comments_line_ends_and_byte_order_mark_of_the_file_stay(company: Path) -> None:
    before = '\ufeff# ours\r\n[[stage]]\r\nid = "repair"\r\nname = "Repair"\r\n# the end'.encode()
    (company / "own.toml").write_bytes(before)
    text = COMPANY.replace('presets = ["service"]', 'presets = ["service"]\nfiles = ["own.toml"]')
    (company / "company.toml").write_text(text, encoding="utf-8")
    assert call(company, *MEDIAN, "--name", "New one", "--yes").exit_code == 0
    after = (company / "own.toml").read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == after.count(b"\r\n")
    assert (company / "company.toml").read_text("utf-8") == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[company]\n", '[company]\n\n[kpis]\nfiles = ["kpis.toml"]\n'),
        ("[kpis]\nfiles = []  # none yet\n", '[kpis]\nfiles = ["kpis.toml"]  # none yet\n'),
    ],
)
def test_the_company_file_names_the_new_file(tmp_path: Path, before: str, after: str) -> None:
    from pipelines.kpis.toml_text import with_file

    assert with_file(before, tmp_path) == after


def test_a_file_that_changed_meanwhile_or_cannot_be_replaced_stays_as_it_is(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = KpiRequest("cases", "handle_seconds", "median", "lower", name="New one")
    with kpi_bench(load_company(company)) as bench:
        added = bench.tried(request)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OutputError, match="cannot be written"):
            write_kpi(added)
    assert (company / "company.toml").read_text("utf-8") == COMPANY
    assert sorted(path.name for path in company.iterdir()) == ["cases.csv", "company.toml"]
    (company / "kpis.toml").write_text("# somebody was faster\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="changed in the meantime"):
        write_kpi(added)


def test_the_arrow_keys_make_the_same_request(company: Path) -> None:
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    down, enter = "\x1b[B", "\r"
    with kpi_bench(load_company(company)) as bench, create_pipe_input() as pipe:
        columns = list(bench.columns("cases"))
        keys = enter + down * 2 + enter + down * columns.index("handle_seconds") + enter
        keys += "priority = low" + enter + "常见时长" + enter + down + enter + down + enter
        pipe.send_text(keys)
        given = ask_for(bench, KpiRequest("", "", "", ""), "zh", input=pipe, output=DummyOutput())
    assert given == KpiRequest(
        "cases", "handle_seconds", "median", "lower", name_zh="常见时长", where="priority = low", lever="team"
    )


def test_a_value_shown_in_the_terminal_has_its_unit_and_the_next_step(company: Path) -> None:
    words = ("--table", "cases", "--column", "resolved_first", "--aggregate", "share", "--better", "higher")
    shown = call(company, *words, "--name", "Solved", "--yes").output
    assert "Solved (share) by team" in shown
    assert "25.0%" in shown
    assert "56 rows have a value" in shown
    assert f"Next: baton kpis solved --company {company}" in shown.replace("\n", "")


def test_an_own_column_of_cases_without_a_closing_time_counts_from_the_opening_and_says_so(company: Path) -> None:
    text = (company / "cases.csv").read_text("utf-8").replace("closed_at", "reviewed", 1)
    (company / "cases.csv").write_text(text, encoding="utf-8")
    words = ("--table", "cases", "--column", "地区", "--aggregate", "share", "--hit", "= 北", "--better", "neither")
    found = json.loads(call(company, *words, "--name", "From the north", "--json").stdout)
    assert 'known_at = "opened_at"' in found["text"]
    assert "counts as known when its case is opened" in found["notes"][0]
    refused = call(company, "--table", "cases", "--column", "resolved_first", "--aggregate", "share", *words[-2:],
                   "--name", "Solved")  # fmt: skip
    assert "cases lacks cases.closed_at" in str(refused.exception)
