"""Whoever changes the log without its key is found out, and what was done is named by row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from baton.messages.message import render
from serving.access.principal import LOCAL, Principal
from serving.audit.faults import KINDS, Fault
from serving.audit.heads import FILE
from serving.audit.log import AuditLog, Entry, append
from serving.audit.rows import START, canonical, digest_of
from serving.audit.signer import PRIVATE, PUBLIC, open_signer
from serving.audit.verify import Verification, raw_rows, verify
from serving.state.schema import AuditEntry
from serving.state.store import State

LEAD = Principal("lin", "manager", led=frozenset({"t1"}))
NOON = datetime(2026, 3, 1, 12)
ROWS = 8


@pytest.fixture
def log(state: State) -> AuditLog:
    """A log of eight rows, each of a transaction of its own."""
    count = iter(range(1000))
    made = AuditLog(state, clock=lambda: NOON + timedelta(minutes=next(count)))
    for number in range(1, ROWS + 1):
        with state.writing() as session:
            person = f"p-{number % 2}" if number > 4 else None
            made.append(session, Entry("decide", LEAD, team="t1", person=person, detail={"version": number}))
    return made


def found(state: State, **options: Any) -> list[tuple[str, int | None]]:
    return [(fault.kind, fault.number) for fault in verify(state, **options).faults]


def run(state: State, *statements: str, **values: Any) -> None:
    """What somebody does who can write the database."""
    with state.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values) if values else connection.exec_driver_sql(statement)


def without_constraints(state: State) -> None:
    """Who can write the database can change its tables too."""
    if state.engine.dialect.name == "sqlite":
        run(state, "CREATE TABLE bare AS SELECT * FROM audit_log", "DROP TABLE audit_log")
        run(state, "ALTER TABLE bare RENAME TO audit_log")
    else:
        run(state, "ALTER TABLE audit_log DROP CONSTRAINT pk_audit_log")


def test_a_log_that_nobody_touched_is_sound(log: AuditLog) -> None:
    done = verify(log.state)
    assert done.sound
    assert (done.rows, done.noted) == (ROWS, ROWS)
    with log.state.reading() as session:
        assert done.digest == raw_rows(session)[-1]["digest"]


def test_a_log_that_was_never_begun_is_sound(state: State) -> None:
    assert verify(state) == Verification(0, "", "", 0, ())
    AuditLog(state)
    assert verify(state).sound


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody else'",
        "role = 'auditor'",
        "action = 'undo'",
        'subject = \'{"person":null,"team":"t2"}\'',
        "detail = '{\"version\":3 }'",
        "at = '2026-03-01 12:02:00.000001'",
    ],
)
def test_a_changed_field_is_found(change: str, log: AuditLog) -> None:
    run(log.state, f"UPDATE audit_log SET {change} WHERE number = 3")
    assert found(log.state) == [("changed_row", 3)]


def test_the_first_and_the_newest_row_are_covered_too(log: AuditLog) -> None:
    run(log.state, "UPDATE audit_log SET role = 'auditor' WHERE number IN (1, 8)")
    assert found(log.state) == [("changed_row", 1), ("changed_row", 8)]


def test_what_is_no_time_is_found(log: AuditLog) -> None:
    if log.state.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL takes no text for a time")
    run(log.state, "UPDATE audit_log SET at = 'noon' WHERE number = 3")
    run(log.state, "UPDATE audit_log SET detail = x'00ff' WHERE number = 5")
    assert found(log.state) == [("changed_row", 3), ("changed_row", 5)]


def test_a_changed_digest_is_found(log: AuditLog) -> None:
    run(log.state, "UPDATE audit_log SET digest = :digest WHERE number = 3", digest="0" * 64)
    assert found(log.state) == [("changed_digest", 3)]


def test_a_wrong_signature_is_found(log: AuditLog) -> None:
    run(log.state, "UPDATE audit_log SET signature = :signature WHERE number = 3", signature="0" * 128)
    assert found(log.state) == [("wrong_signature", 3)]


def test_a_signature_of_another_row_is_found(log: AuditLog) -> None:
    run(
        log.state,
        "UPDATE audit_log SET signature = (SELECT signature FROM audit_log WHERE number = 2) WHERE number = 6",
    )
    assert found(log.state) == [("wrong_signature", 6)]


def recomputed(state: State, start: int) -> None:
    """All digests from a row on made anew, as anybody can."""
    with state.reading() as session:
        rows = raw_rows(session)
    before = START
    for row in rows:
        if row["number"] >= start:
            row["digest"] = digest_of(before, canonical(row))
            run(state, "UPDATE audit_log SET digest = :d WHERE number = :n", d=row["digest"], n=row["number"])
        before = row["digest"]


def test_who_changes_a_row_and_makes_all_digests_anew_is_found_from_there_on(log: AuditLog) -> None:
    run(log.state, "UPDATE audit_log SET actor = 'somebody else' WHERE number = 3")
    recomputed(log.state, 3)
    assert found(log.state) == [("wrong_signature", 3), *(("changed_digest", number) for number in range(4, ROWS + 1))]
    heads = log.state.folder / FILE
    lines = heads.read_text("utf-8").splitlines(keepends=True)
    heads.write_text(lines[0] + lines[-1], encoding="utf-8")
    assert found(log.state) == [("wrong_signature", number) for number in range(3, ROWS + 1)]


def test_who_signs_with_a_key_of_their_own_is_found(log: AuditLog, tmp_path: Path) -> None:
    recomputed(log.state, 6)
    forger = open_signer(tmp_path, newest=None)
    with log.state.reading() as session:
        rows = raw_rows(session)
    for row in rows[5:]:
        run(
            log.state,
            "UPDATE audit_log SET signature = :s WHERE number = :n",
            s=forger.sign(row["digest"]),
            n=row["number"],
        )
    assert found(log.state) == [("wrong_signature", number) for number in (6, 7, 8)]


@pytest.mark.parametrize("dropped", [(1,), (3,), (3, 4, 5), (2, 6)])
@pytest.mark.parametrize("renumbered", [False, True])
def test_dropped_rows_are_found_even_where_the_rest_is_numbered_anew(
    renumbered: bool, dropped: tuple[int, ...], log: AuditLog
) -> None:
    run(log.state, f"DELETE FROM audit_log WHERE number IN ({', '.join(map(str, dropped))})")
    if renumbered:
        left = [number for number in range(1, ROWS + 1) if number not in dropped]
        for new, old in enumerate(left, start=1):
            run(log.state, f"UPDATE audit_log SET number = {new} WHERE number = {old}")
    assert found(log.state) == [("dropped", number) for number in dropped]


def test_what_follows_a_dropped_row_is_not_taken_on_trust(log: AuditLog) -> None:
    path = log.state.folder / FILE
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[-1:]), encoding="utf-8")
    run(log.state, "DELETE FROM audit_log WHERE number = 3")
    assert found(log.state) == [("dropped", 3), ("unproven", 4)]


def test_rows_that_change_places_are_found(log: AuditLog) -> None:
    run(
        log.state,
        *(f"UPDATE audit_log SET number = {new} WHERE number = {old}" for old, new in ((3, 99), (4, 3), (99, 4))),
    )
    assert found(log.state) in ([("moved", 3)], [("moved", 4)])
    values = verify(log.state).faults[0]
    assert {str(values.number), values.values["origin"]} == {"3", "4"}


def test_a_row_that_is_put_in_between_is_found(log: AuditLog) -> None:
    for number in range(ROWS, 3, -1):
        run(log.state, f"UPDATE audit_log SET number = {number + 1} WHERE number = {number}")
    copied = "actor, role, action, subject, detail, digest, signature"
    run(log.state, f"INSERT INTO audit_log SELECT 4, at, {copied} FROM audit_log WHERE number = 3")
    assert found(log.state) == [("inserted", 4)]
    run(log.state, "UPDATE audit_log SET action = 'approve', digest = :d WHERE number = 4", d="a" * 64)
    assert found(log.state) == [("inserted", 4)]


def test_a_row_that_is_put_at_the_end_is_found(log: AuditLog) -> None:
    run(
        log.state,
        "INSERT INTO audit_log SELECT 9, at, actor, role, action, subject, detail, digest, signature FROM audit_log WHERE number = 8",
    )
    assert found(log.state) == [("inserted", 9)]


def test_a_number_that_is_there_twice_is_found(log: AuditLog) -> None:
    without_constraints(log.state)
    run(log.state, "INSERT INTO audit_log SELECT * FROM audit_log WHERE number = 3")
    assert ("duplicated", 3) in found(log.state)
    run(log.state, "DELETE FROM audit_log WHERE number = 3")
    assert found(log.state) == [("dropped", 3)]


@pytest.mark.parametrize("left", [0, 5, 7])
def test_a_log_that_is_cut_off_at_its_end_is_found(left: int, log: AuditLog) -> None:
    run(log.state, f"DELETE FROM audit_log WHERE number > {left}")
    assert found(log.state) == [("truncated", left + 1)]
    assert verify(log.state).faults[0].values["head"] == "8"


def test_a_log_that_is_set_back_and_written_on_is_found(log: AuditLog) -> None:
    run(log.state, "DELETE FROM audit_log WHERE number > 5")
    for _ in range(4):
        with log.state.writing() as session:
            log.append(session, Entry("decide", LOCAL))
    assert found(log.state) == [("other_log", 6), ("other_log", 7), ("other_log", 8)]


def test_a_public_key_that_was_exchanged_is_found(log: AuditLog, tmp_path: Path) -> None:
    own = (log.state.folder / PUBLIC).read_bytes()
    kept = tmp_path / "kept.pub"
    kept.write_bytes(own)
    open_signer(tmp_path, newest=None)
    (log.state.folder / PUBLIC).write_bytes((tmp_path / PUBLIC).read_bytes())
    assert {kind for kind, _ in found(log.state)} >= {"swapped_key"}
    assert found(log.state, key=kept) == [("swapped_key", None)]


def test_who_exchanges_everything_is_found_by_a_public_key_kept_elsewhere(log: AuditLog, tmp_path: Path) -> None:
    kept = tmp_path / "kept.pub"
    kept.write_bytes((log.state.folder / PUBLIC).read_bytes())
    run(log.state, "DELETE FROM audit_log")
    for name in (PRIVATE, PUBLIC, FILE):
        (log.state.folder / name).unlink()
    forged = AuditLog(log.state)
    with log.state.writing() as session:
        forged.append(session, Entry("decide", LOCAL))
    assert verify(log.state).sound  # what stays unseen without it
    assert {kind for kind, _ in found(log.state, key=kept)} >= {"swapped_key"}


def test_heads_that_are_gone_are_found_also_after_the_log_went_on(log: AuditLog) -> None:
    (log.state.folder / FILE).unlink()
    assert found(log.state) == [("heads_missing", None)]
    again = AuditLog(log.state)
    with log.state.writing() as session:
        again.append(session, Entry("decide", LOCAL))
    assert found(log.state) == [("heads_missing", None)]


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda line: line.replace('"number":5', '"number":12'), 5),
        (lambda line: line.replace('"signature":"', '"signature":"00'), 5),
        (lambda line: "\x00" * 40 + "\n", None),
        (lambda line: json.dumps({**json.loads(line), "digest": hashlib.sha256(b"").hexdigest()}) + "\n", 5),
    ],
)
def test_a_line_of_heads_that_was_changed_is_found(
    change: Callable[[str], str], number: int | None, log: AuditLog
) -> None:
    path = log.state.folder / FILE
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[5] = change(lines[5])
    path.write_text("".join(lines), encoding="utf-8")
    faults = verify(log.state).faults
    assert [(fault.kind, fault.values["line"]) for fault in faults] == [("head_changed", "6")]
    assert number is None or faults[0].number in (5, 12)


def test_a_line_that_is_being_written_is_no_fault_and_the_next_start_notes_what_was_not(log: AuditLog) -> None:
    path = log.state.folder / FILE
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]) + lines[-1][:20], encoding="utf-8")
    done = verify(log.state)
    assert done.sound
    assert done.noted == ROWS - 1


def test_a_time_that_goes_back_is_found_though_it_is_signed(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    with log.state.writing() as session:
        row = append(session, Entry("decide", LOCAL), signer=log.signer, now=NOON + timedelta(days=1))
        before = session.get(AuditEntry, ROWS)
        assert before is not None
        row.at = NOON
        row.digest = digest_of(before.digest, canonical(vars(row)))
        row.signature = log.signer.sign(row.digest)
    assert found(log.state) == [("time_back", 9)]


def test_a_persons_key_that_is_gone_without_a_word_is_found(log: AuditLog) -> None:
    run(log.state, "UPDATE person_keys SET key = NULL WHERE person = :person", person=log.signer.lookup("p-1"))
    assert found(log.state) == [("person_key", 5)]
    run(log.state, "DELETE FROM person_keys")
    assert found(log.state) == [("person_key", 5), ("person_key", 6)]


def test_every_kind_has_words_in_both_languages() -> None:
    values = {
        "decision": "d",
        "correction": "3",
        "pilot": "p",
        "origin": "1",
        "times": "2",
        "head": "9",
        "key": "ab",
        "line": "4",
    }
    for kind in KINDS:
        message = Fault(kind, 3, values).message
        assert render(message, "en").endswith(".") and render(message, "zh").endswith("。")
