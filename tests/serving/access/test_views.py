"""Every view of a person's row, every grant: in the audit log, or it did not happen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from baton.company import Company
from serving.access.granting import Request, give, renew, take
from serving.audit.log import AuditLog
from serving.state.store import State, open_state
from tests.serving.access.conftest import House
from tests.serving.access.test_matrix import ask


@pytest.fixture
def state(house: House) -> Iterator[State]:
    opened = open_state(house.company)
    yield opened
    opened.close()


def rows(state: State) -> list[Any]:
    from sqlalchemy import select

    from serving.state.schema import AuditEntry

    with state.reading() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.number)))


def test_views_of_people_are_written_one_by_one_and_nothing_else_is(served: Any, house: House, state: State) -> None:
    before = len(rows(state))
    for user, what, which in (
        ("lin", "coaching_team", "t1"),  # one person's row in it
        ("emil", "person", "e1"),
        ("lin", "person", "e3"),  # foreign: nothing is shown
        ("ana", "coaching_team", "t1"),
        ("ana", "team", "t1"),
        ("etl", "churn", "c1"),
    ):
        ask(served, house, user, what, which)
    new = rows(state)[before:]
    assert [(row.action, row.role) for row in new] == [
        ("view_person", "manager"),
        ("view_person", "employee"),
        ("view_customers", "service"),
    ]
    assert house.people["e1"] not in "".join(row.subject + row.detail for row in new)


def test_a_system_that_is_shown_customers_has_a_row_for_each_request(served: Any, house: House, state: State) -> None:
    before = len(rows(state))
    asked = [{"customer_id": name} for name in ("c1", "c2", "nobody")]
    for user, body in (
        ("etl", {"rows": asked}),
        ("etl", {"rows": asked[:1], "explain": True}),
        ("etl", {"rows": [{"features": {}}]}),
        ("etl", {"rows": asked[2:]}),
        ("ana", {"rows": asked}),
    ):
        assert served.post("/predict_churn", json=body, headers=house.headers(user)).status_code == 200
    new = rows(state)[before:]
    assert [(row.action, row.actor) for row in new] == [("view_customers", "etl")] * 2
    assert [json.loads(row.detail) for row in new] == [
        {"customers": number, "kind": "/predict_churn"} for number in (2, 1)
    ]


def test_what_cannot_be_recorded_is_not_shown(served: Any, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from baton.errors import OutputError

    def full(*_: Any, **__: Any) -> None:
        raise OutputError("state.db: nothing was kept (the disk is full); try again when it is there")

    monkeypatch.setattr(AuditLog, "append", full)
    answer = ask(served, house, "lin", "coaching", "e1")
    assert answer.status_code == 503
    assert "nothing was kept" in answer.json()["error"]["message"]
    assert "rows" not in answer.text
    assert ask(served, house, "ana", "team", "t1").status_code == 200
    assert ask(served, house, "etl", "churn", "c1").status_code == 503


def test_grants_are_recorded_with_the_person_sealed(empty: Company, tmp_path: Path) -> None:
    give(empty, Request("ana", "analyst"))
    give(empty, Request("emil", "employee", employee="p-emil"))
    renew(empty, "emil")
    take(empty, "emil")
    opened = open_state(empty)
    found = rows(opened)
    opened.close()
    assert [row.action for row in found] == ["grant", "grant", "rotate", "revoke"]
    assert "ana" in found[0].detail
    assert "emil" not in "".join(row.detail + row.subject for row in found[1:])
