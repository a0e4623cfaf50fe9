"""Every move, from every state, of every kind, by everybody: allowed to whom it should be, else nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from baton.messages.catalogue import catalogue
from serving.access.principal import Principal
from serving.access.rules import ACTIONS
from serving.audit.log import Entry
from serving.decisions.moves import KINDS, STATES, TRANSITIONS, Relation, moves_from
from serving.decisions.payloads import ListQuestion, MoveRequest
from serving.decisions.refused import Conflict, DecisionRefused, NotAllowed, NotFound
from serving.decisions.words import kind_name, move_name, relation_refusal, state_name
from tests.serving.decisions.office import ANN, AUDITOR, EMIL, EVERYBODY, LIN, MEI, OWN, Office

LEADS, SECOND = "lin mei local", "mei ann local"
CARD: dict[str, dict[str, tuple[str, str]]] = {
    "": {"accept": ("proposed", LEADS), "change": ("proposed", LEADS), "dismiss": ("dismissed", LEADS)},
    "proposed": {"approve": ("approved", SECOND), "reject": ("rejected", SECOND), "withdraw": ("withdrawn", "lin")},
    "dismissed": {},
    "approved": {"revoke": ("revoking", "lin mei ann local"), "contest": ("contested", "emil eva")},
    "revoking": {"confirm": ("revoked", SECOND), "keep": ("approved", SECOND), "contest": ("contested", "emil eva")},
    "contested": {"uphold": ("upheld", "ann local"), "change": ("proposed", "ann local")},
    "upheld": {"revoke": ("revoking", "lin mei ann local"), "contest": ("contested", "eva")},
    "rejected": {},
    "withdrawn": {},
    "revoked": {},
}
EXPECTED: dict[str, dict[str, dict[str, tuple[str, str]]]] = {
    "weights": CARD,
    "target": CARD,
    "coaching": {
        "": {"offer": ("offered", "lin local"), "change": ("offered", "lin local")},
        "offered": {
            "withdraw": ("withdrawn", "lin local"), "accept": ("accepted", "emil"), "decline": ("declined", "emil"),
            "contest": ("contested", "emil"),
        },
        "accepted": {
            "decline": ("declined", "emil"), "done": ("done", "lin emil local"), "contest": ("contested", "emil")
        },
        "done": {"helped": ("helped", "emil"), "not_helped": ("not_helped", "emil"), "contest": ("contested", "emil")},
        "contested": {
            "uphold": ("offered", "mei local"), "change": ("offered", "mei local"), "withdraw": ("withdrawn", "mei local")
        },
        "declined": {},
        "withdrawn": {},
        "helped": {},
        "not_helped": {},
    },
    "root_cause": {
        "": {"accept": ("accepted", LEADS), "change": ("changed", LEADS), "dismiss": ("dismissed", LEADS)},
        "accepted": {"done": ("done", LEADS), "dismiss": ("dismissed", LEADS)},
        "changed": {"done": ("done", LEADS), "dismiss": ("dismissed", LEADS)},
        "done": {"helped": ("helped", LEADS), "not_helped": ("not_helped", LEADS)},
        "dismissed": {},
        "helped": {},
        "not_helped": {},
    },
}  # fmt: skip
"""Written by hand: what the state becomes, and who may bring it there."""
READERS = {
    "weights": "lin mei ann ida local emil eva",
    "target": "lin mei ann ida local emil eva",
    "coaching": "lin ida local emil",
    "root_cause": "lin mei ann ida local",
}

Steps = tuple[tuple[Principal, str], ...]
CONTESTED: Steps = ((LIN, "accept"), (MEI, "approve"), (EMIL, "contest"))
TO_CARD: dict[str, Steps] = {
    "proposed": ((LIN, "accept"),),
    "dismissed": ((LIN, "dismiss"),),
    "approved": ((LIN, "accept"), (MEI, "approve")),
    "revoking": ((LIN, "accept"), (MEI, "approve"), (LIN, "revoke")),
    "contested": CONTESTED,
    "upheld": (*CONTESTED, (ANN, "uphold")),
    "rejected": ((LIN, "accept"), (MEI, "reject")),
    "withdrawn": ((LIN, "accept"), (LIN, "withdraw")),
    "revoked": ((LIN, "accept"), (MEI, "approve"), (LIN, "revoke"), (ANN, "confirm")),
}
DONE: Steps = ((LIN, "offer"), (EMIL, "accept"), (EMIL, "done"))
TO: dict[str, dict[str, Steps]] = {
    "weights": TO_CARD,
    "target": TO_CARD,
    "coaching": {
        "offered": DONE[:1],
        "accepted": DONE[:2],
        "done": DONE,
        "contested": (*DONE[:1], (EMIL, "contest")),
        "declined": (*DONE[:1], (EMIL, "decline")),
        "withdrawn": (*DONE[:1], (LIN, "withdraw")),
        "helped": (*DONE, (EMIL, "helped")),
        "not_helped": (*DONE, (EMIL, "not_helped")),
    },
    "root_cause": {
        "accepted": ((LIN, "accept"),),
        "changed": ((LIN, "change"),),
        "done": ((LIN, "accept"), (LIN, "done")),
        "dismissed": ((LIN, "dismiss"),),
        "helped": ((LIN, "accept"), (LIN, "done"), (LIN, "helped")),
        "not_helped": ((LIN, "accept"), (LIN, "done"), (LIN, "not_helped")),
    },
}
NAMES = sorted({each.name for each in TRANSITIONS})
CASES = [(kind, state) for kind, states in EXPECTED.items() for state in states if state]


class Undone(Exception):
    """Raised where the audit log is written: the move was allowed, and nothing of it is kept."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.detail["move"])
        self.after = entry.detail["after"]


@pytest.fixture
def trial(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The store whose advice need not be computed again."""
    monkeypatch.setattr(office.run, "again", lambda _: {"digest": "", "rows": []})
    return office


def undo(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def record(_: Any, entry: Entry) -> None:
        if entry.action == "decide":
            raise Undone(entry)

    monkeypatch.setattr(office.store, "_record", record)


def brought_to(office: Office, kind: str, state: str) -> dict[str, Any]:
    (who, first), *others = TO[kind][state]
    choice = {"choice": OWN[kind]} if first == "change" else {}
    decision = office.propose(who, kind, first, **choice)
    for who, name in others:
        decision = office.move(who, decision, name)
    assert decision["state"]["key"] == state
    return decision


@pytest.mark.parametrize(("kind", "state"), CASES)
def test_each_move_is_made_by_whom_it_should_be_and_by_nobody_else(
    kind: str, state: str, trial: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = brought_to(trial, kind, state)
    undo(trial, monkeypatch)
    readers = [*READERS[kind].split(), *(["mei"] if state == "contested" else [])]
    for name in NAMES:
        after, allowed = EXPECTED[kind][state].get(name, ("", ""))
        chooses = any(each.name == name and each.chooses for each in moves_from(kind, state))
        asked = MoveRequest.model_validate(
            {"version": decision["version"], "reason": "x", "choice": OWN[kind] if chooses else None}
        )
        for who in EVERYBODY:
            where = (kind, state, name, who.user)
            refused: type[Exception] = Undone
            if who.user not in readers:
                refused = NotFound
            elif not after:
                refused = DecisionRefused
            elif who.user not in allowed.split():
                refused = NotAllowed
            with pytest.raises(refused) as found:
                trial.store.move(who, decision["id"], name, asked)
            if refused is Undone:
                assert getattr(found.value, "after", "") == after, where
                assert who.user in allowed.split(), where
            else:
                assert not isinstance(found.value, Undone), where
    kept = trial.store.get(AUDITOR, decision["id"])
    assert (kept["state"]["key"], kept["version"], len(kept["moves"])) == (
        state,
        decision["version"],
        len(TO[kind][state]),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_beginning_is_made_by_whom_it_should_be(kind: str, trial: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    undo(trial, monkeypatch)
    beginnings = EXPECTED[kind][""]
    for name in ("accept", "change", "dismiss", "offer"):
        after, allowed = beginnings.get(name, ("", ""))
        for who in EVERYBODY:
            choice = {"choice": OWN[kind]} if name == "change" else {}
            expected = Undone if who.user in allowed.split() else DecisionRefused
            with pytest.raises(expected) as found:
                trial.propose(who, kind, name, **choice)
            if expected is Undone:
                assert getattr(found.value, "after", "") == after
    assert trial.store.find(AUDITOR, ListQuestion())["total"] == 0


def test_the_cells_above_are_all_there_are() -> None:
    for kind in KINDS:
        reached = {each.after for each in TRANSITIONS if kind in each.kinds}
        assert reached | {""} == set(EXPECTED[kind])
        for state in ("", *reached):
            assert {each.name for each in moves_from(kind, state or None)} == set(EXPECTED[kind][state])
    assert {each.after for each in TRANSITIONS} == set(STATES)


def test_the_table_names_rules_states_and_words_that_exist() -> None:
    for each in TRANSITIONS:
        assert {who.action for who in each.who} <= set(ACTIONS)
        assert set(each.before) <= set(STATES)
        assert kind_name(each.kinds[0]).key in catalogue()
        assert move_name(each.name).key in catalogue()
    for state in STATES:
        assert state_name(state).text
    for relation in Relation:
        assert relation_refusal(relation, "approve").text


def test_no_kind_has_a_move_twice_from_a_state() -> None:
    for kind in KINDS:
        for state in (None, *STATES):
            names = [each.name for each in moves_from(kind, state)]
            assert len(names) == len(set(names))


def test_a_move_to_another_version_is_refused_before_anything_else(trial: Office) -> None:
    decision = brought_to(trial, "weights", "proposed")
    with pytest.raises(Conflict, match="^there is no version 9 yet; it is at version 1"):
        trial.move(MEI, decision, "approve", version=9)
    approved = trial.move(MEI, decision, "approve")
    with pytest.raises(Conflict, match="^mei was first.*is now “approved.*version 2"):
        trial.move(MEI, approved, "revoke", version=1)
