"""Events over HTTP: what is kept, and how faults are named."""

from __future__ import annotations

from typing import Any

from serving.events.payloads import EventsRequest
from tests.serving.access.conftest import House, house, served

__all__ = ["house", "served"]


def send(served: Any, house: House, *events: dict[str, Any]) -> Any:
    return served.post("/events", json={"events": list(events)}, headers=house.headers("etl"))


def opening(name: str, **more: Any) -> dict[str, Any]:
    row = {"case_id": name, "customer_id": "c1", "opened_at": "2025-04-01T09:00:00+02:00", "team_id": "t1"}
    return {"event_id": name, "table": "cases", "row": row | more}


def test_events_are_kept_and_known_again(served: Any, house: House) -> None:
    rated = {"event_id": "n1-rated", "table": "cases", "row": {"case_id": "n1", "csat": 2, "employee_id": "E7"}}
    answer = send(served, house, opening("n1"), rated)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["kept"], body["known"]) == (2, 0)
    assert body["events"][0] == {"event_id": "n1", "state": "kept"}
    assert body["events"][1]["left_out"]["employee_id"].startswith("no pseudonym")
    again = send(served, house, rated).json()
    assert (again["kept"], again["known"], again["events"][0]["state"]) == (0, 1, "known")


def test_a_pseudonym_of_the_run_is_kept(served: Any, house: House) -> None:
    answer = send(served, house, opening("n2", employee_id=house.people["e1"]))
    assert answer.json()["events"] == [{"event_id": "n2", "state": "kept"}]


def test_every_row_at_fault_is_named_and_nothing_is_kept(served: Any, house: House) -> None:
    wrong = [
        opening("w0"),
        opening("w1", csat=9),
        opening("w2", opened_at="2025-04-01T09:00:00"),
        {"event_id": "w3", "table": "orders", "row": {"case_id": "x"}},
        {"event_id": "w4", "table": "activity", "row": {"customer_id": "c1"}},
        opening("w5") | {"occurred_at": "soon"},
    ]
    answer = send(served, house, *wrong)
    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["faults"]] == [
        "events[1].row.csat",
        "events[2].row.opened_at",
        "events[3].table",
        "events[4].table",
        "events[5].occurred_at",
    ]
    assert "no table activity" in answer.json()["faults"][3]["message"]
    assert send(served, house, opening("w0")).json()["kept"] == 1


def test_a_case_that_nobody_knows_says_when_it_was_opened(served: Any, house: House) -> None:
    def rating(case: str) -> dict[str, Any]:
        return {"event_id": f"rated-{case}", "table": "cases", "row": {"case_id": case, "csat": 3}}

    answer = send(served, house, rating("k1"), rating("n404"))
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "events[1].row.opened_at"
    assert send(served, house, rating("k1")).status_code == 200
    assert send(served, house, opening("n405")).status_code == 200
    assert send(served, house, rating("n405")).status_code == 200


def test_an_id_that_was_used_for_another_row_is_a_conflict(served: Any, house: House) -> None:
    send(served, house, opening("n3"))
    answer = send(served, house, opening("n4"), opening("n3", csat=1))
    assert answer.status_code == 409
    assert answer.json()["error"]["field"] == "events[1].event_id"
    assert send(served, house, opening("n4")).json()["kept"] == 1


def test_bodies_are_read_strictly(served: Any, house: House) -> None:
    headers = {**house.headers("etl"), "content-type": "application/json"}
    for body in (
        '{"events": []}',
        '{"events": [{"event_id": "a", "table": "cases", "row": {}}]}',
        '{"events": [{"event_id": "a", "table": "cases", "row": {"case_id": "a", "csat": NaN}}]}',
        '{"events": [{"event_id": "a", "table": "cases", "row": {"case_id": ["a"]}}]}',
        '{"events": [{"event_id": "", "table": "cases", "row": {"case_id": "a"}}]}',
        '{"events": [{"event_id": "a", "table": "cases", "row": {"case_id": "a"}, "at": 1}]}',
    ):
        answer = served.post("/events", content=body, headers=headers)
        assert answer.status_code == 400, (body, answer.text)
    many = [opening(f"m{number}") for number in range(1001)]
    assert send(served, house, *many).status_code == 400


def test_the_description_has_an_example_and_the_conflict(served: Any, house: House) -> None:
    answer = served.get("/docs.json", headers=house.headers("ana"))
    assert answer.status_code == 200, answer.text
    described = answer.json()
    assert "409" in described["paths"]["/events"]["post"]["responses"]
    assert "409" not in described["paths"]["/predict_churn"]["post"]["responses"]
    sent = described["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert EventsRequest.model_validate(sent).events[1].row["csat"] == 2
