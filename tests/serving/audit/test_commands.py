"""``baton audit``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from baton.cli import app
from baton.company import Company
from baton.errors import ArtefactError, OutputError
from features.staging.pseudonyms import load_key, pseudonym
from serving.access.principal import LOCAL
from serving.audit.heads import FILE
from serving.audit.log import AuditLog, Entry
from serving.state.store import open_state
from tests.serving.databases import company_in


def call(*words: str | Path) -> Any:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def person(tmp_path: Path) -> str:
    return pseudonym(load_key(tmp_path / "hafen" / "employees.key"), "e1")


@pytest.fixture
def written(tmp_path: Path, person: str) -> Company:
    """A company with three rows in its log."""
    company = company_in(tmp_path / "hafen")
    state = open_state(company)
    log = AuditLog(state)
    for number in range(3):
        with state.writing() as session:
            log.append(
                session, Entry("decide", LOCAL, team="t1", person=person, detail={"version": number, "why": "=x"})
            )
    state.close()
    return company


def test_a_company_without_a_log_is_left_without_one(tmp_path: Path) -> None:
    company = company_in(tmp_path / "hafen")
    for command in ("log", "verify"):
        with pytest.raises(ArtefactError, match="no audit log yet"):
            call("audit", command, company.folder)
    assert not (company.folder / ".baton").exists()


def test_the_newest_rows_are_shown(written: Company, person: str) -> None:
    shown = call("audit", "log", written.folder, "--limit", "2").stdout
    assert person in shown and "decide" in shown and "Older rows: --before 2" in shown
    rows = json.loads(call("audit", "log", written.folder, "--employee", "e1", "--before", "3", "--json").stdout)[
        "rows"
    ]
    assert [row["number"] for row in rows] == [2, 1]
    assert rows[0]["detail"] == {"version": 1, "why": "=x"}


def test_a_decision_is_one_line_of_the_table_and_whole_in_json(written: Company) -> None:
    detail = {
        "decision": "d-17", "kind": "weights", "move": "approve", "before": "proposed", "after": "approved",
        "advice": "ab" * 32, "choice": {"csat": 30.0}, "reason": "as agreed in spring",
    }  # fmt: skip
    with closing(open_state(written)) as state:
        log = AuditLog(state)
        with state.writing() as session:
            log.append(session, Entry("decide", LOCAL, team="t1", detail=detail))
            log.append(session, Entry("grant", LOCAL, team="t1", detail={"of": {"a": 1}, "why": "x" * 80}))
    shown = call("audit", "log", written.folder, "--limit", "2").stdout
    assert "decide: approve" in shown and "d-17, weights, approved" in shown
    assert "ab" * 32 not in shown and "as agreed" not in shown and "csat" not in shown
    assert "of: …, why: xx" in shown and "x" * 60 not in shown
    rows = json.loads(call("audit", "log", written.folder, "--limit", "2", "--json").stdout)["rows"]
    assert rows[1]["detail"] == detail


def test_what_finds_no_rows_says_what_there_is(written: Company) -> None:
    shown = call("audit", "log", written.folder, "--action", "approve").stdout
    assert (
        "No such rows. The log has no action 'approve'; it has decide. Moves such as approve are rows of `dec" in shown
    )
    assert "No row is about e9:" in call("audit", "log", written.folder, "--employee", "e9").stdout
    # the employee is there, and only the time asks for too much
    later = call("audit", "log", written.folder, "--employee", "e1", "--until", "2001-01-01").stdout
    assert later.strip() == "No such rows."
    assert json.loads(call("audit", "log", written.folder, "--action", "approve", "--json").stdout) == {"rows": []}


def test_the_check_prints_the_head_or_the_faults_with_exit_2(written: Company) -> None:
    result = call("audit", "verify", written.folder)
    assert result.exit_code == 0 and result.stdout.startswith("OK: 3 rows, head ")
    state = open_state(written)
    with state.engine.begin() as connection:
        connection.execute(text("UPDATE audit_log SET role = 'auditor' WHERE number = 2"))
    state.close()
    result = call("audit", "verify", written.folder)
    assert result.exit_code == 2
    assert "Row 2 was changed" in result.stdout and "NOT OK, 1 faults: 3 rows" in result.stdout
    found = json.loads(call("audit", "verify", written.folder, "--json").stdout)
    assert found["sound"] is False
    assert [(fault["kind"], fault["row"]) for fault in found["faults"]] == [("changed_row", 2)]


def test_a_database_that_is_gone_is_a_fault_and_not_a_log_that_never_was(written: Company) -> None:
    for path in (written.folder / ".baton").glob("state.db*"):
        path.unlink()
    assert (written.folder / ".baton" / FILE).exists()
    result = call("audit", "verify", written.folder)
    assert result.exit_code == 2 and "cut off from row 1" in result.stdout


def test_erasing_asks_first_and_then_leaves_nothing(written: Company, person: str) -> None:
    with pytest.raises(ArtefactError, match="--yes"):
        call("audit", "erase", written.folder, "--employee", "e1")
    with pytest.raises(ArtefactError, match="nobody is named"):
        call("audit", "erase", written.folder, "--yes")
    done = json.loads(call("audit", "erase", written.folder, "--employee", "e1", "--yes", "--json").stdout)
    assert done["key"]
    shown = call("audit", "log", written.folder).stdout
    assert person not in shown and "(erased)" in shown
    assert call("audit", "verify", written.folder).exit_code == 0


def test_an_auditors_folder_is_written_beside_a_verdict(written: Company, tmp_path: Path) -> None:
    result = call("audit", "export", written.folder, tmp_path / "x")
    assert result.exit_code == 0 and result.stdout.startswith("OK: 3 rows")
    assert "begin with summary.en.md or summary.zh.md" in result.stdout
    assert (tmp_path / "x" / "summary.zh.md").exists()
    with pytest.raises(OutputError, match="new or empty"):
        call("audit", "export", written.folder, tmp_path / "x")
