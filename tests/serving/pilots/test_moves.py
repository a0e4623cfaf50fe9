"""Every move of a pilot, from every state, by everybody: made by whom it should be, else nothing changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serving.access.rules import ACTIONS
from serving.audit.log import Entry
from serving.decisions.moves import Relation
from serving.decisions.refused import Conflict, DecisionRefused, NotAllowed, NotFound
from serving.decisions.words import who_may
from serving.pilots.moves import ENDED, PILOT_MOVES, PILOT_STATES, PilotMove, moves_of
from serving.pilots.store import AskedMove
from serving.pilots.words import pilot_move_name, pilot_state_name
from tests.serving.pilots.trial import AUDITOR, EVERYBODY, PLAN, TO, Trial

ANALYSTS = "ann ann.second uwe local"
# who plans, starts and proposes here is ann, under either name; tom is measured in a team of the plan
SECOND, SECOND_PAID_ELSEWHERE = "mei tom uwe local", "mei uwe local"
EXPECTED: dict[str, dict[str, tuple[str, str]]] = {
    "planned": {
        "approve": ("approved", SECOND_PAID_ELSEWHERE),
        "reject": ("rejected", SECOND),
        "withdraw": ("withdrawn", ANALYSTS),
    },
    "approved": {"withdraw": ("withdrawn", ANALYSTS), "start": ("running", ANALYSTS)},
    "running": {"evaluate": ("evaluated", ANALYSTS), "stop": ("stopped", f"{ANALYSTS} mei tom")},
    "evaluated": {
        "stop": ("stopped", f"{ANALYSTS} mei tom"),
        "extend": ("extended", ANALYSTS),
        "adopt": ("adopting", ANALYSTS),
    },
    "adopting": {"confirm": ("adopted", SECOND_PAID_ELSEWHERE), "decline": ("evaluated", SECOND)},
    "adopted": {"roll_back": ("rolling_back", f"{ANALYSTS} mei tom")},
    "rolling_back": {"confirm": ("rolled_back", SECOND_PAID_ELSEWHERE), "keep": ("adopted", SECOND_PAID_ELSEWHERE)},
    "rejected": {},
    "withdrawn": {},
    "stopped": {},
    "extended": {},
    "rolled_back": {},
}
"""Written by hand: what the state becomes, and who may bring it there."""
READERS = "lin mei tom kai ann ann.second uwe ida local".split()
NAMES = sorted({each.name for each in PILOT_MOVES if each.before})


class Undone(Exception):
    """Raised where the audit log is written: the move was allowed, and nothing of it is kept."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.detail["move"])
        self.after = entry.detail["after"]


def undo(_: Any, entry: Entry) -> None:
    raise Undone(entry)


@pytest.mark.parametrize("state", EXPECTED)
def test_each_move_is_made_by_whom_it_should_be_and_by_nobody_else(
    state: str, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot = trial.brought_to(state, "extend" if state == "extended" else "adopt")
    monkeypatch.setattr(trial.store, "_record", undo)
    for name in NAMES:
        after, allowed = EXPECTED[state].get(name, ("", ""))
        outcome = trial.outcome(pilot) if name == "evaluate" else None
        for who in EVERYBODY:
            refused: type[Exception] = Undone
            if who.user not in READERS:
                refused = NotFound
            elif not after:
                refused = DecisionRefused
            elif who.user not in allowed.split():
                refused = NotAllowed
            elif name == "extend":  # the verdict is another
                refused = Conflict
            with pytest.raises(refused) as found:
                trial.store.move(who, pilot["name"], AskedMove(name, pilot["version"], "x", outcome))
            assert isinstance(found.value, Undone) == (refused is Undone), (state, name, who.user)
            assert getattr(found.value, "after", after) == after
    kept = trial.store.get(AUDITOR, pilot["name"])
    assert (kept["state"]["key"], kept["version"], len(kept["moves"])) == (
        state,
        pilot["version"],
        len(TO[state]) + 1,
    )


def test_the_next_moves_that_are_shown_are_those_that_may_be_made(trial: Trial) -> None:
    pilot = trial.brought_to("planned")
    for who in EVERYBODY:
        if who.user in READERS:
            shown = {each["key"] for each in trial.store.get(who, pilot["name"])["next"]}
            assert shown == {name for name, (_, users) in EXPECTED["planned"].items() if who.user in users.split()}


def test_only_analysts_plan(trial: Trial) -> None:
    for who in EVERYBODY:
        if who.user in ANALYSTS.split():
            assert trial.plan(who, name=f"of-{who.user.replace('.', '-')}")["state"]["key"] == "planned"
        else:
            with pytest.raises(NotAllowed, match="it may be done by: an analyst"):
                trial.plan(who)
    assert len(trial.store.find(AUDITOR)) == len(ANALYSTS.split())


def test_the_cells_above_are_all_there_are() -> None:
    assert set(EXPECTED) == set(PILOT_STATES)
    for state, cells in EXPECTED.items():
        assert {each.name: each.after for each in moves_of(state)} == {
            name: after for name, (after, _) in cells.items()
        }
    assert {state for state, cells in EXPECTED.items() if not cells} == ENDED


def test_the_table_names_rules_and_words_that_exist() -> None:
    for each in PILOT_MOVES:
        assert {who.action for who in each.who} <= set(ACTIONS)
        assert pilot_move_name(each.name).text
        assert {relation for who in each.who for relation in who.relations} <= {Relation.ANOTHER, Relation.NOT_ON_CARD}
    for state in PILOT_STATES:
        assert pilot_state_name(state).text
        names = [each.name for each in moves_of(state)]
        assert len(names) == len(set(names))


CONDITIONS = {Relation.ANOTHER: "not who brought it here", Relation.NOT_ON_CARD: "in no team of the plan"}


def line(each: PilotMove) -> str:
    who = " or ".join(
        f"`{one.action}`"
        + (f" ({', '.join(CONDITIONS[relation] for relation in one.relations)})" if one.relations else "")
        for one in each.who
    )
    before = ", ".join(f"`{state}`" for state in each.before) or "–"
    asks = f"the verdict {each.verdict}" if each.verdict else "what was measured" if each.measured else ""
    return f"| {before} | `{each.name}` | `{each.after}` | {who} | {asks} |"


def table() -> str:
    actions = dict.fromkeys(one.action for each in PILOT_MOVES for one in each.who)
    rules = [f"| `{action}` | {' or '.join(who.text for who in who_may([action]))} |" for action in actions]
    head = ["| from | move | to | who may | asks for |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(line, PILOT_MOVES), "", "| rule | who |", "|---|---|", *rules])


def test_the_page_has_every_move(checkout: Path) -> None:
    page = (checkout / "docs" / "pilots.md").read_text("utf-8")
    shown = page.partition("<!-- moves")[2].partition("-->")[2].partition("<!-- end of moves -->")[0]
    assert shown.strip() == table(), f"write into docs/pilots.md:\n{table()}"


def test_the_plan_of_these_tests_is_one(trial: Trial) -> None:
    from pipelines.pilots.planned import plan_document, plan_of

    plan = plan_of(PLAN, "here")
    assert plan_of(plan_document(plan), "there") == plan
