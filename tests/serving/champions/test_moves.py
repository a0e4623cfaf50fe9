"""Another champion: who may, the row before it is done and after it failed, and a roll back that is asked for twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from baton.company import Company
from baton.errors import AccessError, ArtefactError
from serving.access.granting import Request, give
from serving.access.principal import LOCAL, Principal
from serving.audit.log import AuditLog
from serving.audit.reading import all_rows
from serving.audit.verify import verify
from serving.champions import own_process
from serving.champions.moves import AskedChampion, ChampionMoves, moved_here, note_promotions
from serving.decisions.refused import DecisionRefused, NotAllowed
from serving.state.store import State, open_state, state_exists
from tests.serving.access.conftest import empty

__all__ = ["empty"]

ANA = Principal("ana", "analyst")
BACK = AskedChampion("roll_back", "churn", "ranks worse since the price rise", 3)


def rows_of(state: State) -> list[tuple[str, str | None, dict[str, Any]]]:
    with state.reading() as session:
        return [(row.action, row.actor, dict(row.detail)) for row in all_rows(session, oldest_first=True)]


def test_the_row_stands_before_it_is_done_and_what_failed_has_another(state: State) -> None:
    log = AuditLog(state)
    moves = ChampionMoves(log)
    seen: list[str] = []
    assert moves.make(ANA, BACK, lambda: seen.append(rows_of(state)[-1][0])) is None
    assert seen == ["model.roll_back"]

    def fail() -> None:
        raise ArtefactError("no champion before")

    with pytest.raises(ArtefactError, match="no champion before"):
        moves.make(ANA, AskedChampion("promote", "churn", "why not", 2, is_forced=True), fail)
    moves.note("churn", 3, 4)
    detail = {"outcome": "churn", "reason": "ranks worse since the price rise", "version": 3}
    assert rows_of(state) == [
        ("model.roll_back", "ana", detail),
        ("model.promote", "ana", {"outcome": "churn", "reason": "why not", "version": 2, "forced": True}),
        ("model.not_moved", "ana", {"row": 2, "why": "no champion before"}),
        ("model.promote", "retraining", {"outcome": "churn", "before": 3, "version": 4}),
    ]
    assert verify(state).faults == ()


@pytest.mark.parametrize("role", ["service", "manager", "employee", "auditor"])
def test_who_may_not_changes_nothing(state: State, role: str) -> None:
    with pytest.raises(NotAllowed):
        ChampionMoves(AuditLog(state)).make(Principal("x", role), BACK, lambda: pytest.fail("it was done"))


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001, "a\x00b"])
def test_a_reason_is_needed(state: State, reason: str) -> None:
    asked = AskedChampion("roll_back", "churn", reason, 3)
    with pytest.raises(DecisionRefused):
        ChampionMoves(AuditLog(state)).make(ANA, asked, lambda: pytest.fail("it was done"))
    assert rows_of(state) == []


def test_on_the_command_line_a_token_says_who_it_was(empty: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    note_promotions(empty, [("churn", None, 1)])
    assert not state_exists(empty)  # nobody has a service here
    assert moved_here(empty, AskedChampion("roll_back", "churn", ""), lambda: 1) == 1  # alone at this machine
    token = give(empty, Request("ana", "analyst")).token
    monkeypatch.delenv("BATON_TOKEN", raising=False)
    with pytest.raises(AccessError, match="holds no valid token"):
        moved_here(empty, BACK, lambda: pytest.fail("it was done"))
    monkeypatch.setenv("BATON_TOKEN", token)
    assert moved_here(empty, BACK, lambda: 2) == 2
    note_promotions(empty, [("churn", 1, 2)])
    state = open_state(empty)
    rows = [(action, actor) for action, actor, _ in rows_of(state) if action.startswith("model.")]
    state.close()
    assert rows == [("model.roll_back", LOCAL.user), ("model.roll_back", "ana"), ("model.promote", "retraining")]


def test_a_roll_back_in_a_process_of_its_own_gives_the_reason_it_was_given(
    empty: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from baton.files import RunFolder

    asked: list[list[str]] = []

    def done(command: list[str], **_: Any) -> Any:
        asked.append(command)
        return SimpleNamespace(returncode=1, stdout=json.dumps({"error": "churn: version 3 is no longer champion"}))

    monkeypatch.setattr(own_process.subprocess, "run", done)
    with pytest.raises(ArtefactError, match="version 3 is no longer champion"):
        own_process.roll_back_in_process(empty, RunFolder(empty.folder / "out"), "churn", 3)
    assert asked[0][1:4] == ["-m", "pipelines.retraining.own_process", str(empty.path)] and asked[0][5:] == [
        "churn",
        "3",
    ]


def test_the_page_moves_what_was_seen_and_keeps_what_was_typed(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from serving.pages import models
    from serving.pages.asked import Asked, Go

    done: list[tuple[str, int]] = []
    monkeypatch.setattr(models, "roll_back_in_process", lambda company, folder, *which: done.append(which))
    run = SimpleNamespace(company=None, folder=None, models=lambda: [{"outcome": "churn", "model": "churn/3"}])
    of: Any = SimpleNamespace(loaded=lambda: run, keeper=SimpleNamespace(audit=AuditLog(state)))
    form = {"outcome": "churn", "version": "3", "reason": "ranks worse"}
    assert models.take_models(Asked(ANA, "/pages/models", form=form), of) == Go("/pages/models?done=rolled_back")
    assert done == [("churn", 3)] and [row[0] for row in rows_of(state)] == ["model.roll_back"]
    for unfit in ({**form, "outcome": "weather"}, {**form, "version": "x"}, {**form, "reason": ""}):
        with pytest.raises(DecisionRefused):
            models.take_models(Asked(ANA, "/pages/models", form=unfit), of)
    with pytest.raises(NotAllowed):
        models.take_models(Asked(Principal("aud", "auditor"), "/pages/models", form=form), of)
    assert len(done) == 1
