"""Who is granted what: tokens that hold, end, and are never kept as they are."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from baton.cli import app
from baton.company import Company
from baton.errors import AccessError, CompanyFileError, OutputError
from features.staging.pseudonyms import load_key, pseudonym
from serving.access.granting import Request, give, renew, show, take
from serving.access.hierarchy import read_hierarchy
from serving.access.keeper import Keeper
from serving.access.principal import LOCAL, Principal
from serving.state.store import open_state

AT = datetime(2026, 3, 1, 9, 0)


class Clock:
    """A moment that tests move."""

    def __init__(self) -> None:
        self.at, self.seconds = AT, 0.0

    def now(self) -> datetime:
        return self.at

    def ticks(self) -> float:
        return self.seconds

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("serving.access.granting.utc_now", made.now)
    return made


def keeper(company: Company, clock: Clock) -> Keeper:
    return Keeper(company, clock=clock.now, ticks=clock.ticks)


def test_until_the_first_grant_there_is_the_local_user_and_afterwards_nobody_without_a_token(
    empty: Company, clock: Clock
) -> None:
    door = keeper(empty, clock)
    assert door.principal(None) == LOCAL
    assert not (empty.folder / ".baton").exists()
    token = give(empty, Request("ana", "analyst")).token
    clock.pass_seconds(2.1)
    assert door.principal(None) is None
    assert door.principal(token) == Principal("ana", "analyst")


def test_a_token_ends_when_it_expires_is_revoked_or_replaced(empty: Company, clock: Clock) -> None:
    door = keeper(empty, clock)
    first = give(empty, Request("ana", "analyst", days=1)).token
    assert door.principal(first) is not None
    second = renew(empty, "ana").token
    clock.pass_seconds(2.1)
    assert door.principal(first) is None
    assert door.principal(second) is not None
    assert take(empty, "ana") == 1
    clock.pass_seconds(2.1)
    assert door.principal(second) is None
    third = give(empty, Request("ana", "service", days=1)).token
    clock.pass_seconds(86_399)
    assert door.principal(third) == Principal("ana", "service")
    clock.pass_seconds(1)
    assert door.principal(third) is None


def test_one_token_of_several_is_revoked_by_its_first_characters(empty: Company, clock: Clock) -> None:
    kept, ended = (give(empty, Request("ana", "analyst")).token for _ in range(2))
    assert take(empty, "ana", ended[:17]) == 1
    assert keeper(empty, clock).principal(kept) is not None
    assert keeper(empty, clock).principal(ended) is None
    with pytest.raises(AccessError, match="no valid token that begins with"):
        take(empty, "ana", "baton_zzz")


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.upper(),
        lambda token: token + "x",
        lambda token: token[:17],
        lambda token: "",
        lambda token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEiLCJyb2xlcyI6ImFuYWx5c3QifQ.",
        lambda token: f"{token}' OR '1'='1",
        lambda token: "baton_" + "é" * 54,
    ],
)
def test_a_forged_token_is_nobodys(forge: Any, empty: Company, clock: Clock) -> None:
    token = give(empty, Request("ana", "analyst")).token
    assert keeper(empty, clock).principal(forge(token)) is None


def test_a_token_is_kept_nowhere(empty: Company, clock: Clock) -> None:
    token = give(empty, Request("ana", "analyst")).token
    keeper(empty, clock).principal(token)
    kept = b"".join(path.read_bytes() for path in (empty.folder / ".baton").iterdir() if path.is_file())
    assert token[6:16].encode() in kept
    assert token[17:].encode() not in kept
    assert (empty.folder / ".baton" / "state.db").stat().st_mode & 0o077 == 0


def test_last_use_is_written_once_a_minute(empty: Company, clock: Clock) -> None:
    token = give(empty, Request("ana", "analyst")).token
    door = keeper(empty, clock)
    for seconds, expected in ((0, AT), (30, AT), (31, AT + timedelta(seconds=61))):
        clock.pass_seconds(seconds)
        door.principal(token)
        assert [row["used_at"] for row in show(empty)] == [expected]


def test_a_manager_sees_the_teams_of_the_file_and_the_granted_ones_and_all_below(empty: Company, clock: Clock) -> None:
    (empty.folder / "h.csv").write_text("team_id,manager,above\na,lin,\nb,,a\nc,mara,b\nd,,\n", encoding="utf-8")
    company = empty.model_copy(update={"access": empty.access.model_copy(update={"hierarchy": "h.csv"})})
    token = give(company, Request("lin", "manager", teams=["d"])).token
    door = keeper(company, clock)
    found = door.principal(token)
    assert found is not None
    assert (found.led, found.teams) == ({"a", "d"}, {"a", "b", "c", "d"})
    analyst = door.principal(give(company, Request("mara", "analyst")).token)
    assert analyst is not None
    assert not analyst.led


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("team_id,manager\na,lin\n", "no column above"),
        ("team_id,manager,above\n,lin,\n", "line 2 has no team_id"),
        ("team_id,manager,above\na,lin,b\na,mara,c\n", "line 3: team 'a' has two teams above it"),
        ("team_id,manager,above\na,,b\nb,,a\n", "stands above itself"),
    ],
)
def test_a_faulty_hierarchy_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CompanyFileError, match=fault):
        read_hierarchy(path)


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (Request("", "analyst"), "1 to 200 characters"),
        (Request("l\u200bin", "manager"), "all of which can be seen"),
        (Request("LIN", "manager"), "'LIN' is 'lin' but for small and capital letters"),
        (Request("\uff2c\uff49\uff4e", "manager"), "'Lin' is 'lin' but for small and capital letters"),
        (Request("a\nb", "analyst"), "1 to 200 characters"),
        (Request("a\u202eb", "analyst"), "1 to 200 characters"),
        (Request("ana", "analist"), "did you mean 'analyst'"),
        (Request("ana", "analyst", teams=["t1"]), "teams are led by managers"),
        (Request("emil", "employee"), "say with --employee"),
        (Request("lin", "service"), "'lin' is manager already"),
    ],
)
def test_what_cannot_be_granted_is_refused(request_: Request, fault: str, empty: Company) -> None:
    give(empty, Request("lin", "manager", teams=["t1"]))
    with pytest.raises(AccessError, match=fault):
        give(empty, request_)
    assert [row["user"] for row in show(empty)] == ["lin"]


def test_where_users_were_granted_a_lost_database_opens_nothing(empty: Company, clock: Clock) -> None:
    token = give(empty, Request("ana", "analyst")).token
    running = keeper(empty, clock)
    assert running.principal(token) is not None
    for place in (empty.folder / ".baton").glob("state.db*"):
        place.unlink()
    clock.pass_seconds(2.1)
    with pytest.raises(OutputError, match="was removed or replaced while it was in use"):
        running.principal(token)
    with pytest.raises(OutputError, match="users were granted access here, and the database that knows them is gone"):
        keeper(empty, clock).principal(None)
    with pytest.raises(AccessError, match="their database is gone"):
        take(empty, "ana")
    open_state(empty).close()  # a new one, in which nobody is
    with pytest.raises(OutputError, match="gone or another"):
        keeper(empty, clock).principal(None)


def test_all_that_was_taken_is_not_given_back_by_a_new_token(empty: Company) -> None:
    give(empty, Request("ana", "analyst"))
    take(empty, "ana")
    with pytest.raises(AccessError, match="all was taken from 'ana'"):
        renew(empty, "ana")


def test_a_whole_token_never_gets_into_the_audit_log(empty: Company) -> None:
    token = give(empty, Request("ana", "analyst")).token
    take(empty, "ana", token)
    shown = CliRunner().invoke(app, ["audit", "log", str(empty.folder), "--json"]).output
    assert token[6:16] in shown
    assert token[17:] not in shown


def test_teams_and_people_that_no_run_knows_are_refused_unless_forced(empty: Company) -> None:
    staged = empty.folder / "out" / "staged"
    staged.mkdir(parents=True)
    pd.DataFrame({"employee_id": ["p-1"], "team_id": ["T01"]}).to_parquet(staged / "employees.parquet")
    base = ["access", "grant", "lin", "--role", "manager", "--company", str(empty.folder)]
    wrong = CliRunner().invoke(app, [*base, "--team", "T1"])
    assert isinstance(wrong.exception, AccessError)
    assert "no team 'T1'; did you mean 'T01'" in str(wrong.exception)
    assert isinstance(CliRunner().invoke(app, [*base, "--employee", "p-2"]).exception, AccessError)
    assert show(empty) == []
    assert CliRunner().invoke(app, [*base, "--team", "T01", "--employee", "p-1"]).exit_code == 0
    assert CliRunner().invoke(app, [*base, "--team", "T9", "--force"]).exit_code == 0


def test_the_commands_grant_show_rotate_and_revoke(empty: Company) -> None:
    run = CliRunner().invoke
    place = str(empty.folder)
    shown = run(app, ["access", "grant", "emil", "--role", "employee", "--employee", "e1", "--company", place])
    assert shown.exit_code == 0, shown.output
    assert "emil is employee until" in shown.output
    granted = json.loads(
        run(app, ["access", "grant", "lin", "--role", "manager", "--team", "t1", "--company", place, "--json"]).output
    )
    assert granted["token"].startswith("baton_")
    rows = json.loads(run(app, ["access", "list", place, "--json"]).output)["users"]
    person = pseudonym(load_key(empty.folder / "employees.key"), "e1")
    assert [(row["user"], row["role"], row["teams"], row["employee"]) for row in rows] == [
        ("emil", "employee", [], person),
        ("lin", "manager", ["t1"], None),
    ]
    assert "t1" in run(app, ["access", "list", place]).output
    assert run(app, ["access", "rotate", "lin", "--company", place]).exit_code == 0
    assert "1 token of lin ended" in run(app, ["access", "revoke", "lin", "--company", place]).output
    assert run(app, ["access", "list", place]).output.count("revoked") == 2
