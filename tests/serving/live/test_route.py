"""Live answers over HTTP: events count at once, and the answer says what it stands on."""

from __future__ import annotations

from typing import Any

from tests.serving.access.conftest import House, house, served
from tests.serving.events.test_route import opening, send

__all__ = ["house", "served"]


def ask(served: Any, house: House, customer: str, **more: Any) -> Any:
    body = {"rows": [{"customer_id": customer}], "live": True, **more}
    return served.post("/predict_churn", json=body, headers=house.headers("ana"))


def test_an_event_counts_in_the_next_answer(served: Any, house: House) -> None:
    before = ask(served, house, "c2").json()
    day = "2025-05-01T09:00:00+02:00"
    assert send(served, house, opening("live-1", customer_id="c2", opened_at=day)).status_code == 200
    after = ask(served, house, "c2", explain=True, curve=True).json()
    assert after["rows"][0]["events"] == before["rows"][0]["events"] + 1
    assert after["live"]["events"]["cases"] == before["live"]["events"]["cases"] + 1
    assert after["as_of"] == "2025-05-02T00:00:00Z"
    assert after["live"]["until"]["cases"] == "2025-05-01T07:00:00Z"
    assert 0 <= after["rows"][0]["probability"] <= 1
    kpis = served.post("/live_kpis", json={"team_id": "t2"}, headers=house.headers("ana")).json()
    assert (kpis["as_of"], kpis["team_id"]) == (after["as_of"], "t2")


def test_live_is_of_customers_by_id(served: Any, house: House) -> None:
    body = {"rows": [{"features": {}}], "live": True}
    assert served.post("/predict_churn", json=body, headers=house.headers("ana")).status_code == 400
    many = {"rows": [{"customer_id": f"c{number}"} for number in range(201)], "live": True}
    assert "at most 200" in served.post("/predict_churn", json=many, headers=house.headers("ana")).text
