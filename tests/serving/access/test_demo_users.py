"""Ready-made users of a simulated company."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from baton.cli import app
from baton.company import Company
from baton.errors import AccessError
from serving.access.demo_users import give_demo_users
from serving.access.keeper import Keeper
from tests.serving.access.conftest import House


def test_a_real_company_gets_none(empty: Company) -> None:
    with pytest.raises(AccessError, match="for simulated companies alone"):
        give_demo_users(empty)
    assert not (empty.folder / ".baton").exists()


def test_each_sees_their_part_and_old_tokens_end(house: House) -> None:
    (house.company.folder / "truth.json").write_text("{}", encoding="utf-8")
    place = str(house.company.folder)
    first, second = (json.loads(CliRunner().invoke(app, ["access", "demo", place, "--json"]).output) for _ in range(2))
    keeper = Keeper(house.company)
    assert [keeper.principal(each["token"]) for each in first["users"]] == [None] * 5
    found = [keeper.principal(each["token"]) for each in second["users"]]
    assert [each.role for each in found if each is not None] == ["analyst", "analyst", "manager", "employee", "auditor"]
    assert second["team_id"] == "t1"
    assert set(second["passwords"]) == {each["user"] for each in second["users"]}
    assert set(second["passwords"].values()).isdisjoint(first["passwords"].values())
    assert found[2] is not None and found[3] is not None
    assert found[2].led == {"t1"}
    assert found[3].employee == second["employee"] == house.people["e1"]
    shown = CliRunner().invoke(app, ["access", "demo", place]).output
    assert "The manager leads team t1" in shown
