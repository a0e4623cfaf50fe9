"""What is policy follows from decisions and pilots: who, when, why, on which evidence; and what was before comes back."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from baton.cli import app
from baton.company import load_company
from baton.contract.sources import TABLES
from baton.files import RunFolder
from serving.access.granting import Request, give
from serving.access.principal import Principal
from serving.pilots.opening import limits_of_policy, open_pilots
from serving.pilots.store import AskedMove
from serving.policy.shapes import FORMAT, LINE, as_document, differences, lines_of, summary_of
from serving.policy.versions import Version
from serving.state.schema import Decision, Move
from tests.serving.pilots.trial import ANN, KAI, UWE, Trial

OWN = {"csat": 45.0, "wait_seconds": 55.0}
TRIED, TODAY = {"csat": 50.0, "wait_seconds": 50.0}, {"csat": 60.0, "wait_seconds": 40.0}


def decide(trial: Trial, decision: str, *moves: tuple[str, str, str, str], **of: Any) -> None:
    """Write a decision on the card of t1, or on a target, and its moves."""
    trial.clock.advance(days=1)
    kind = of.get("kind", "weights")
    choice = {"weights": of.get("weights", OWN)} if kind == "weights" else {"target": of["target"]}
    rows = [{"kpi": kpi, "current_weight": points} for kpi, points in TODAY.items()]
    advice = {"rows": rows, "about": {"kpi": "csat" if kind == "target" else None}, "digest": "0"}
    with trial.state.writing() as session:
        if session.get(Decision, decision) is None:
            session.add(
                Decision(
                    id=decision, kind=kind, team_id="t1", role="agent", employee=None, advice=advice, choice=choice,
                    state="proposed", version=1, due_at=None, created_at=trial.clock(), changed_at=trial.clock(),
                )
            )  # fmt: skip
            session.flush()
        first = session.query(Move).where(Move.decision == decision).count() + 1
        for version, (name, before, after, by) in enumerate(moves, start=first):
            detail = {"choice": choice} if name == "accept" else {}
            session.add(
                Move(
                    decision=decision, version=version, name=name, before=before, after=after, by=by, role="analyst",
                    reason=f"{name} it", detail=detail, at=trial.clock(),
                )
            )  # fmt: skip


ACCEPT, APPROVE = ("accept", "", "proposed", "lin"), ("approve", "proposed", "approved", "mei")
REVOKE = (("revoke", "approved", "revoking", "lin"), ("confirm", "revoking", "revoked", "mei"))


def versions(trial: Trial, who: Principal = ANN) -> list[Version]:
    return [each for each in trial.store.policy(who) if each.change.what != "limits"]


def card(version: Version, team: str = "t1") -> Any:
    held = version.cards.get((team, "agent"))
    return None if held is None else (dict(held.value), held.by, held.since)


def test_an_adopted_pilot_and_its_roll_back_are_versions(trial: Trial) -> None:
    pilot = trial.brought_to("adopted")
    trial.clock.advance(days=100)
    pilot = trial.move(UWE, pilot, "roll_back", valid_from=date(2027, 1, 1))
    trial.move(ANN, pilot, "confirm")
    adopted, back = versions(trial)
    assert card(adopted) == (TRIED, "wait-2026-07", "2026-08-01")
    assert card(back) == (TODAY, "", "2027-01-01")
    first, second = summary_of(adopted), summary_of(back)
    assert (first["what"], first["proposed_by"], first["confirmed_by"]) == ("adopted", "ann", "uwe")
    assert (second["what"], second["proposed_by"], second["confirmed_by"]) == ("rolled_back", "uwe", "ann")
    assert (first["evidence"], first["cards"], first["reason"]) == ("wait-2026-07", 4, "because")
    assert differences(adopted, back)[0] == {
        "team_id": "t1", "role": "agent", "kpi": "csat", "what": "weight", "before": 50.0, "after": 60.0,
    }  # fmt: skip


def test_decisions_are_versions_and_what_held_before_comes_back(trial: Trial) -> None:
    decide(trial, "d1", ACCEPT, APPROVE)
    decide(trial, "d2", ACCEPT, APPROVE, weights=TRIED)
    decide(trial, "d1", *REVOKE)  # d2 holds, so nothing changes
    decide(trial, "d2", *REVOKE)
    found = versions(trial)
    assert [(each.change.what, each.change.evidence) for each in found] == [
        ("approved", "d1"), ("approved", "d2"), ("revoked", "d1"), ("revoked", "d2"),
    ]  # fmt: skip
    assert [card(each)[:2] for each in found] == [(OWN, "d1"), (TRIED, "d2"), (TRIED, "d2"), (TODAY, "")]
    assert found[0].change.proposed_by == "lin"
    assert found[0].change.confirmed_by == "mei"


def test_a_later_decision_stays_when_a_pilot_is_rolled_back(trial: Trial) -> None:
    pilot = trial.brought_to("adopted")
    decide(trial, "d1", ACCEPT, APPROVE)
    pilot = trial.move(ANN, pilot, "roll_back")
    trial.move(UWE, pilot, "confirm")
    last = versions(trial)[-1]
    assert card(last)[:2] == (OWN, "d1")
    assert card(last, "t2")[:2] == (TODAY, "")


def test_what_was_not_approved_is_no_version(trial: Trial) -> None:
    decide(trial, "d1", ACCEPT, ("reject", "proposed", "rejected", "mei"))
    decide(trial, "d2", ACCEPT)
    trial.brought_to("adopting")
    assert versions(trial) == []


def test_targets_stand_beside_points(trial: Trial) -> None:
    decide(trial, "d1", ACCEPT, APPROVE)
    decide(trial, "d2", ACCEPT, APPROVE, kind="target", target=4.2)
    lines = lines_of(versions(trial)[-1])
    assert [(line["kpi"], line["weight"], line["target"]) for line in lines] == [
        ("csat", 45.0, 4.2), ("wait_seconds", 55.0, None),
    ]  # fmt: skip
    decide(trial, "d2", *REVOKE, kind="target", target=4.2)
    assert lines_of(versions(trial)[-1])[0]["target"] is None


def test_limits_are_versions_where_they_change(trial: Trial) -> None:
    pilot = trial.plan()
    trial.store._limits = {"max_change": 5.0}
    trial.clock.advance(days=1)
    trial.move(UWE, pilot, "approve")
    first, second = trial.store.policy(ANN)
    assert (first.change.what, second.change.confirmed_by) == ("limits", "uwe")
    assert differences(first, second) == [
        {"team_id": None, "role": None, "kpi": "max_change", "what": "limit", "before": 10.0, "after": 5.0}
    ]


def test_a_manager_sees_the_cards_of_the_own_teams_alone(trial: Trial) -> None:
    trial.brought_to("adopted")
    assert set(versions(trial, KAI)[0].cards) == {("t3", "agent")}


def test_a_line_has_the_columns_of_the_table_of_scorecards(trial: Trial) -> None:
    assert set(LINE) == {column.name for column in TABLES["scorecards"].columns}
    trial.brought_to("adopted")
    document = as_document(trial.store.policy(ANN)[-1], "Hafen")
    assert (document["format"], document["company"], len(document["scorecards"])) == (FORMAT, "Hafen", 8)
    assert json.loads(json.dumps(document)) == document
    assert all(tuple(line) == LINE for line in document["scorecards"])


def test_the_commands_list_compare_and_export(trial: Trial, tmp_path: Path) -> None:
    trial.brought_to("adopted")
    place = trial.state.folder.parent
    shown = CliRunner().invoke(app, ["policy", "list", str(place), "--json"])
    assert [row["what"] for row in json.loads(shown.stdout)["versions"]] == ["limits", "adopted"]
    assert "wait-2026-07" in CliRunner().invoke(app, ["policy", "list", str(place)], env={"COLUMNS": "200"}).output
    compared = CliRunner().invoke(app, ["policy", "compare", "1", "2", "--company", str(place), "--json"])
    assert len(json.loads(compared.stdout)["differences"]) == 8
    for name in ("next.csv", "next.json", "next.xlsx"):
        done = CliRunner().invoke(app, ["policy", "export", str(tmp_path / name), "--company", str(place)])
        assert done.exit_code == 0, done.output
    with (tmp_path / "next.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "team_id": "t1", "role": "agent", "kpi": "csat", "weight": "50.0", "target": "", "valid_from": "2026-08-01",
    }  # fmt: skip
    again = CliRunner().invoke(app, ["policy", "export", str(tmp_path / "next.csv"), "--company", str(place)])
    assert again.exit_code == 1
    ending = CliRunner().invoke(app, ["policy", "export", str(tmp_path / "next.pdf"), "--company", str(place)])
    assert "ends with .xlsx, .csv or .json" in str(ending.exception)
    none = CliRunner().invoke(app, ["policy", "show", str(place), "--version", "9"])
    assert "version 9: there are 2" in str(none.exception)


def test_who_may_see_no_pilot_sees_no_policy(trial: Trial) -> None:
    place = trial.state.folder.parent
    token = give(load_company(place), Request("crm", "service")).token
    shown = CliRunner().invoke(app, ["policy", "list", str(place)], env={"BATON_TOKEN": token})
    assert "the role service may not see the policy" in str(shown.exception)


def test_a_pilot_that_is_opened_by_its_company_keeps_the_companys_limits(trial: Trial, tmp_path: Path) -> None:
    company = load_company(trial.state.folder.parent)
    with open_pilots(company, RunFolder(tmp_path / "out")) as (store, user):
        from tests.serving.pilots.trial import PLAN

        pilot = store.begin(user, PLAN, "waits are long")
        with pytest.raises(Exception, match="second person"):
            store.move(user, pilot["name"], AskedMove("approve", 1, "alone"))
        (version,) = store.policy(user)
    assert version.limits == limits_of_policy(company)
    assert "prior" not in version.limits
