"""From sign-in to the audit log through the whole service: an advice is seen, accepted, approved by another, verified."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from baton.cli import app
from baton.company import load_company
from baton.files import RunFolder
from tests.serving.access.conftest import House, approvable

CARD = {"kind": "weights", "team_id": "t1", "role": "agent"}


@pytest.fixture(scope="module")
def approving(house: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A copy of the house, with cards that may be approved."""
    there = shutil.copytree(house.company.folder, tmp_path_factory.mktemp("approving") / "company")
    out = RunFolder(there / house.folder.path.relative_to(house.company.folder))
    return approvable(house._replace(company=load_company(there), folder=out))


@pytest.fixture(scope="module")
def served(open_on: Callable[..., Any], approving: House) -> Iterator[Any]:
    with open_on(approving.company, approving.folder) as opened:
        yield opened


def test_a_card_is_accepted_by_its_manager_approved_by_another_and_seen_by_the_auditor(
    served: Any, approving: House
) -> None:
    house = approving
    lin, ana, mara, emil, aud = (house.headers(name) for name in ("lin", "ana", "mara", "emil", "aud"))
    digest = served.get("/decisions/advice", params=CARD, headers=lin).json()["digest"]
    body = {**CARD, "move": "accept", "advice": digest, "reason": "Tried in another team for a cycle."}
    assert served.post("/decisions", json=body, headers=mara).status_code == 404
    assert served.post("/decisions", json=body, headers=ana).status_code == 403
    made = served.post("/decisions", json=body, headers={**lin, "idempotency-key": "k-1"})
    assert made.status_code == 201, made.text
    again = served.post("/decisions", json=body, headers={**lin, "idempotency-key": "k-1"})
    assert again.json() == made.json()
    place = made.headers["location"]
    yes = {"version": made.json()["version"], "reason": "It fits the quarter's aims."}
    assert served.post(f"{place}/approve", json=yes, headers=lin).status_code == 403
    assert served.get(place, headers=mara).status_code == 404
    approved = served.post(f"{place}/approve", json=yes, headers=ana)
    assert (approved.status_code, approved.json()["state"]["key"]) == (200, "approved")
    late = served.post(f"{place}/reject", json=yes, headers=ana)
    assert late.status_code in (403, 409)
    assert [row["id"] for row in served.get("/decisions", headers=aud).json()["rows"]] == [made.json()["id"]]
    assert served.get(place, headers=emil).json()["state"]["key"] == "approved"
    checked = CliRunner().invoke(app, ["audit", "verify", str(house.company.folder)])
    assert checked.exit_code == 0, checked.output
    shown = json.loads(
        CliRunner().invoke(app, ["audit", "log", str(house.company.folder), "--action", "decide", "--json"]).output
    )
    assert [row["detail"]["move"] for row in shown["rows"]] == ["approve", "accept"]


def test_decisions_are_described_beside_the_rest(served: Any, approving: House) -> None:
    paths = served.get("/docs.json", headers=approving.headers("aud")).json()["paths"]
    assert {"/predict_churn", "/decisions", "/decisions/{id}/{move}"} <= set(paths)
