"""Every route × role × own, lower and foreign team × person: what is seen, and what is answered like nothing."""

from __future__ import annotations

from typing import Any

import pytest

from serving.access.rules import ACTIONS, RULES
from serving.answering.work import ROUTES
from serving.pilots.opening import open_pilots
from tests.serving.access.conftest import House
from tests.serving.pilots.trial import PLAN

USERS = ("etl", "ana", "lin", "mara", "emil", "aud")
SEEN, HIDDEN, DENIED = "seen", "hidden", "denied"
S, H, D = SEEN, HIDDEN, DENIED

# what is asked                     etl ana lin mara emil aud
CELLS: dict[tuple[str, str], tuple[str, str, str, str, str, str]] = {
    ("churn", "c1"): (S, S, S, H, D, D),  # served by t1
    ("churn", "c2"): (S, S, S, H, D, D),  # by t2, below t1
    ("churn", "c3"): (S, S, H, S, D, D),
    ("churn", "c4"): (S, S, H, H, D, D),  # by t1, two years ago
    ("churn", "x404"): (H, H, H, H, D, D),
    ("churn", "features"): (S, S, D, D, D, D),
    ("team", "t1"): (S, S, S, H, D, D),
    ("team", "t2"): (S, S, S, H, D, D),
    ("team", "t3"): (S, S, H, S, D, D),
    ("team", "t4"): (H, H, H, S, D, D),  # one person: only who leads it directly sees its figures
    ("team", "x405"): (H, H, H, H, D, D),
    ("person", "e1"): (D, D, S, H, S, D),
    ("person", "e2"): (D, D, H, H, H, D),  # t2 has no lead of its own: lin leads it through t1 alone
    ("person", "e3"): (D, D, H, S, H, D),
    ("person", "e9"): (D, D, S, H, H, D),  # lin
    ("person", "x404"): (D, D, H, H, H, D),
    ("weights", "t1"): (S, S, S, H, S, D),  # emil's own card
    ("weights", "t2"): (S, S, S, H, H, D),
    ("weights", "t3"): (S, S, H, S, H, D),
    ("weights", "x405"): (H, H, H, H, H, D),
    ("policy", "t1"): (D, S, S, H, D, D),
    ("policy", "t2"): (D, S, S, H, D, D),
    ("policy", "t3"): (D, S, H, S, D, D),
    ("policy", "x405"): (D, H, H, H, D, D),
    ("trial", "t1"): (D, S, S, H, D, D),
    ("trial", "t2"): (D, S, S, H, D, D),
    ("trial", "t3"): (D, S, H, S, D, D),
    ("trial", "x405"): (D, H, H, H, D, D),
    ("coaching_team", "t1"): (D, S, S, H, D, D),
    ("coaching_team", "t2"): (D, S, S, H, D, D),
    ("coaching_team", "t3"): (D, S, H, S, D, D),
    ("coaching_team", "x405"): (D, H, H, H, D, D),
    ("coaching", "e1"): (D, D, S, H, S, D),
    ("coaching", "e2"): (D, D, H, H, H, D),
    ("coaching", "e3"): (D, D, H, S, H, D),
    ("coaching", "x404"): (D, D, H, H, H, D),
    ("texts", ""): (S, S, S, S, D, D),
    ("conversation", ""): (S, S, S, S, D, D),
    ("conversation", "c1"): (S, S, S, H, D, D),
    ("conversation", "c3"): (S, S, H, S, D, D),
    ("live", "c1"): (S, S, S, H, D, D),
    ("live", "c3"): (S, S, H, S, D, D),
    ("live", "x404"): (H, H, H, H, D, D),
    ("kpis", "t1"): (S, S, S, H, D, D),
    ("kpis", "t2"): (S, S, S, H, D, D),
    ("kpis", "t3"): (S, S, H, S, D, D),
    ("kpis", "t4"): (H, H, H, S, D, D),  # one person
    ("kpis", "x405"): (H, H, H, H, D, D),
    ("events", "cases"): (S, D, D, D, D, D),
    ("decisions", ""): (D, S, S, S, S, S),
    ("pilots", ""): (D, S, S, S, D, S),
    ("ledger", ""): (D, S, S, S, D, S),
    ("versions", ""): (D, S, S, S, D, S),  # of the policy
    ("version", ""): (D, S, S, S, D, S),
    ("changes", ""): (D, S, S, S, D, S),
    ("pilot", ""): (D, S, S, H, D, S),  # of t1 and t2
    ("report", ""): (D, S, D, D, D, D),
    ("docs", ""): (S, S, S, S, S, S),
    ("metrics", ""): (S, S, D, D, D, D),
}
ROUTE = {
    "churn": "/predict_churn",
    "team": "/predict_decline",
    "person": "/predict_decline",
    "weights": "/recommend_weights",
    "policy": "/recommend_weights",
    "trial": "/simulate_weights",
    "coaching_team": "/recommend_coaching",
    "coaching": "/recommend_coaching",
    "texts": "/classify_complaints",
    "conversation": "/assess_conversation",
    "live": "/predict_churn",
    "kpis": "/live_kpis",
    "events": "/events",
    "decisions": "/decisions",
    "pilots": "/pilots",
    "ledger": "/pilots/ledger",
    "versions": "/pilots/policy",
    "version": "/pilots/policy/1",
    "changes": "/pilots/policy/1/changes?since=1",
    "pilot": "/pilots/tried",
    "report": "/",
    "docs": "/docs.json",
    "metrics": "/metrics",
}


@pytest.fixture(scope="module", autouse=True)
def pilot(house: House) -> None:
    """A pilot of t1 and t2, of which t1 begins."""
    plan = {**PLAN, "name": "tried", "teams": ["t1", "t2"], "starts": [6, -1]}
    with open_pilots(house.company, house.folder, house.tokens["ana"]) as (store, user):
        store.begin(user, plan, "waits are long")


def body_of(what: str, which: str, house: House) -> dict[str, Any] | None:
    person = house.people.get(which, which)
    turns = [{"speaker": "customer", "text": "Where is my parcel?"}]
    return {
        "churn": {"rows": [{"features": {"segment": "gold"}} if which == "features" else {"customer_id": which}]},
        "team": {"rows": [{"unit": "team", "unit_id": which}]},
        "person": {"rows": [{"unit": "employee", "unit_id": person, "metric": "csat"}]},
        "weights": {"team_id": which},
        "policy": {"team_id": which, "policy": {"max_change": 5}},
        "trial": {"team_id": which, "weights": {"wait_seconds": 60, "first_contact_resolution": 40}},
        "coaching_team": {"team_id": which},
        "coaching": {"employee_id": person},
        "texts": {"texts": ["where is my suitcase"]},
        "conversation": {"turns": turns} | ({"customer_id": which} if which else {}),
        "live": {"rows": [{"customer_id": which}], "live": True},
        "kpis": {"team_id": which},
        "events": {"events": [{"event_id": "matrix", "table": which, "row": {"case_id": "k1", "csat": 4}}]},
    }.get(what)


def ask(served: Any, house: House, user: str, what: str, which: str) -> Any:
    body = body_of(what, which, house)
    if body is None:
        return served.get(ROUTE[what], headers=house.headers(user))
    return served.post(ROUTE[what], json=body, headers=house.headers(user))


def outcome(answer: Any, what: str, which: str) -> str:
    """What came back, as the table says it; anything else fails."""
    if answer.status_code in (401, 403):
        return DENIED
    if answer.status_code == 404:
        return HIDDEN
    assert answer.status_code == 200, answer.text
    if what in ("churn", "live", "team", "person"):
        (row,) = answer.json()["rows"]
        return HIDDEN if row["probability"] is None else SEEN
    if what == "conversation" and which:
        return HIDDEN if "error" in answer.json()["customer"] else SEEN
    return SEEN


@pytest.mark.parametrize(("what", "which"), list(CELLS))
def test_each_cell(what: str, which: str, served: Any, house: House) -> None:
    found = [outcome(ask(served, house, user, what, which), what, which) for user in USERS]
    assert dict(zip(USERS, found, strict=True)) == dict(zip(USERS, CELLS[what, which], strict=True))


@pytest.mark.parametrize(
    ("what", "foreign", "unknown"),
    [("churn", "c3", "x404"), ("team", "t3", "x405"), ("person", "e3", "x404"), ("weights", "t3", "x405"), ("policy", "t3", "x405"),
     ("trial", "t3", "x405"), ("live", "c3", "x404"), ("kpis", "t3", "x405"),
     ("coaching_team", "t3", "x405"), ("coaching", "e3", "x404"), ("conversation", "c3", "x404")],
)  # fmt: skip
def test_what_is_foreign_is_answered_letter_by_letter_like_what_is_not_there(
    what: str, foreign: str, unknown: str, served: Any, house: House
) -> None:
    asked = [house.people.get(which, which) for which in (foreign, unknown)]
    answers = [ask(served, house, "lin", what, which).text for which in (foreign, unknown)]
    assert answers[0].replace(asked[0], "…") == answers[1].replace(asked[1], "…")


def test_of_a_team_led_through_another_no_persons_row_is_shown(served: Any, house: House) -> None:
    levels = {
        team: sorted(row["level"] for row in ask(served, house, "lin", "coaching_team", team).json()["rows"])
        for team in ("t1", "t2")
    }
    assert levels == {"t1": ["employee", "team"], "t2": ["team"]}
    assert [row["level"] for row in ask(served, house, "ana", "coaching_team", "t1").json()["rows"]] == ["team"]


def test_a_person_reads_what_is_for_them_and_a_lead_what_is_for_leads(served: Any, house: House) -> None:
    own = ask(served, house, "emil", "coaching", "e1").json()["rows"][0]
    led = ask(served, house, "lin", "coaching", "e1").json()["rows"][0]
    assert "for_person" in own
    assert own.get("for_lead") is None
    assert led["for_lead"]["en"] == "Waits are long."


def test_counts_of_people_come_in_steps_that_one_person_does_not_change(served: Any, house: House) -> None:
    rows = ask(served, house, "ana", "weights", "t1").json()["rows"]
    assert {(row["rises"], row["falls"]) for row in rows} == {(10.0, 0.0)}


def test_the_table_has_every_route_and_the_rules_every_role() -> None:
    assert set(ROUTES) <= set(ROUTE.values())
    assert {what for what, _ in CELLS} == set(ROUTE)
    assert {role for role, _ in RULES} == {"service", "analyst", "manager", "employee", "auditor"}
    assert len(RULES) == 5 * len(ACTIONS)


@pytest.mark.parametrize("path", [*sorted(set(ROUTE.values())), "/nothing", "/schema.json", "/decisions"])
def test_without_a_token_there_is_nothing_but_health(path: str, served: Any) -> None:
    for answer in (served.get(path), served.post(path, json={})):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="baton"'
        assert "baton access grant" in answer.json()["error"]["message"]
    assert served.get("/readyz").status_code == 200
    assert served.get("/livez").status_code == 200
