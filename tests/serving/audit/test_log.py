"""What is written into the audit log: numbers without gaps, times that never go back, people sealed."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from baton.errors import OutputError
from serving.access.principal import LOCAL, Principal
from serving.audit.heads import FILE, read_heads
from serving.audit.log import AuditLog, Entry, append
from serving.audit.rows import START, canonical, digest_of
from serving.audit.signer import PRIVATE, PUBLIC, public_key, verifies
from serving.state.schema import AuditEntry
from serving.state.store import State

LEAD = Principal("lin", "manager", led=frozenset({"t1"}), teams=frozenset({"t1"}), employee="p-lead")
ANNA = Principal("anna.k", "employee", employee="p-anna")
NOON = datetime(2026, 3, 1, 12)


def log_at(state: State, *times: datetime) -> AuditLog:
    """A log whose clock says these times, the last one for good."""
    left = [times[0], *times]  # the empty log is noted too
    return AuditLog(state, clock=lambda: left.pop(0) if len(left) > 1 else left[0])


def rows_of(state: State) -> list[dict[str, object]]:
    with state.reading() as session:
        return [dict(row) for row in session.execute(text("SELECT * FROM audit_log ORDER BY number")).mappings()]


def test_rows_are_numbered_without_gaps_each_holds_the_one_before_and_is_signed(state: State) -> None:
    log = log_at(state, NOON, NOON + timedelta(seconds=1))
    for action in ("grant", "decide"):
        with state.writing() as session:
            log.append(session, Entry(action, LEAD, team="t1", detail={"kind": "weights", "why": "Ein Grund, 理由"}))
            log.append(session, Entry("note", LOCAL))
    with state.reading() as session:
        rows = list(session.query(AuditEntry).order_by(AuditEntry.number))
    assert [(row.number, row.action, row.actor) for row in rows] == [
        (1, "grant", "lin"), (2, "note", "local"), (3, "decide", "lin"), (4, "note", "local"),
    ]  # fmt: skip
    public, before = public_key(state.folder / PUBLIC), START
    for row in rows:
        assert row.digest == digest_of(before, canonical(vars(row)))
        assert verifies(public, row.digest, row.signature)
        before = row.digest
    assert json.loads(rows[0].detail) == {"kind": "weights", "why": "Ein Grund, 理由"}


def test_what_is_not_committed_is_in_no_row_and_no_head(state: State) -> None:
    log = log_at(state, NOON)
    with state.writing() as session:
        log.append(session, Entry("one", LOCAL))
    with pytest.raises(RuntimeError, match="stop"), state.writing() as session:
        log.append(session, Entry("lost", ANNA, person="p-anna"))
        raise RuntimeError("stop")
    with state.writing() as session:
        with pytest.raises(RuntimeError, match="inner"), session.begin_nested():
            log.append(session, Entry("lost too", LOCAL))
            raise RuntimeError("inner")
        with session.begin_nested():
            log.append(session, Entry("two", LOCAL))
        assert len(read_heads(state.folder) or []) == 2
    assert [row["action"] for row in rows_of(state)] == ["one", "two"]
    heads = read_heads(state.folder)
    assert heads is not None
    assert [(head.number, head.digest) for head in heads[1:]] == [
        (row["number"], row["digest"]) for row in rows_of(state)
    ]


def test_a_clock_that_goes_back_is_noted_and_no_time_goes_back(state: State) -> None:
    log = log_at(state, NOON, NOON - timedelta(seconds=90), datetime(2026, 3, 1, 14, tzinfo=UTC))
    for _ in range(3):
        with state.writing() as session:
            log.append(session, Entry("decide", ANNA, person="p-anna"))
    with state.reading() as session:
        rows = list(session.query(AuditEntry).order_by(AuditEntry.number))
    assert [row.at for row in rows] == [NOON, NOON, datetime(2026, 3, 1, 14)]
    assert [json.loads(row.detail).get("clock_back_seconds") for row in rows] == [None, 90.0, None]


def test_what_names_a_person_stands_nowhere_in_the_log(state: State) -> None:
    log = log_at(state, NOON)
    with state.writing() as session:
        detail = {"decision": "d1", "reason": "Anna K. was ill", "text": {"for": "anna.k"}}
        log.append(session, Entry("decide", LEAD, team="t1", person="p-anna", detail=detail))
        log.append(session, Entry("contest", ANNA, team="t1", person="p-anna", detail={"reason": "not anna.k's case"}))
        log.append(session, Entry("sign_in", ANNA, detail={"from": "anna.k's machine"}))
        log.append(session, Entry("contest", LEAD, team="t0", person="p-lead", detail={"reason": "lin was away"}))
        log.append(session, Entry("sign_in", Principal("sealed:x:y", "manager")))
    rows = rows_of(state)
    written = json.dumps(rows, default=str) + (state.folder / FILE).read_text("utf-8")
    for word in ("anna", "Anna", "p-lead", "ill", "away", '"sealed:x:y"'):
        assert word not in written, word
    # whoever decides about others answers for it by name
    assert [row["actor"] == "lin" for row in rows] == [True, False, False, False, False]
    assert json.loads(str(rows[0]["detail"]))["decision"] == "d1"
    assert json.loads(str(rows[0]["subject"]))["team"] == "t1"


def test_detail_that_json_cannot_say_and_its_own_word_are_refused(state: State) -> None:
    log = log_at(state, NOON)
    for detail in ({"sealed": 1}, {"x": float("nan")}):
        with pytest.raises(ValueError, match="sealed|JSON"), state.writing() as session:
            log.append(session, Entry("decide", LOCAL, detail=detail))
    assert rows_of(state) == []


def test_the_key_is_made_once_and_is_its_owners_alone(state: State) -> None:
    first = AuditLog(state)
    assert stat.S_IMODE((state.folder / PRIVATE).stat().st_mode) == 0o600
    assert AuditLog(state).signer.public == first.signer.public == public_key(state.folder / PUBLIC)


@pytest.mark.parametrize("harm", ["gone", "another", "no key"])
def test_a_log_with_rows_gets_no_new_key(harm: str, state: State, tmp_path: Path) -> None:
    log = AuditLog(state)
    with state.writing() as session:
        log.append(session, Entry("one", LOCAL))
    path = state.folder / PRIVATE
    own = path.read_bytes()
    path.unlink()
    if harm == "another":
        from serving.audit.signer import open_signer

        open_signer(tmp_path, newest=None)
        path.write_bytes((tmp_path / PRIVATE).read_bytes())
    elif harm == "no key":
        path.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", encoding="utf-8")
    with pytest.raises(OutputError, match="put.* back from a backup"):
        AuditLog(state)
    assert path.exists() == (harm != "gone")
    path.write_bytes(own)
    AuditLog(state)


def test_a_row_needs_no_more_than_a_session_a_signer_and_a_time(state: State) -> None:
    signer = AuditLog(state).signer
    with state.writing() as session:
        row = append(session, Entry("one", LOCAL), signer=signer, now=NOON)
        assert (row.number, row.at) == (1, NOON)
