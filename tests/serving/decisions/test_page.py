"""The page about decisions shows the table of moves as it is."""

from __future__ import annotations

from pathlib import Path

from serving.access.rules import ACTIONS, RULES
from serving.decisions.moves import KINDS, TRANSITIONS, Relation, Transition
from serving.decisions.words import who_may

CONDITIONS = {
    Relation.ANOTHER: "not who brought it here",
    Relation.THE_SAME: "only who brought it here",
    Relation.NO_MAKER: "who made no part of it",
    Relation.THE_PERSON: "the person",
    Relation.NOT_THE_PERSON: "not about oneself",
    Relation.ON_CARD: "a person on the card",
    Relation.NOT_ON_CARD: "not on the card",
    Relation.NOT_YET_CONTESTED: "once until decided anew",
}


def line(each: Transition) -> str:
    who = " or ".join(
        f"`{one.action}`"
        + (f" ({', '.join(CONDITIONS[relation] for relation in one.relations)})" if one.relations else "")
        for one in each.who
    )
    before = ", ".join(f"`{state}`" for state in each.before) or "–"
    return f"| {before} | `{each.name}` | `{each.after}` | {who} |"


def table() -> str:
    sections = []
    for kinds in dict.fromkeys(each.kinds for each in TRANSITIONS):
        rows = [line(each) for each in TRANSITIONS if each.kinds == kinds]
        head = [
            "### " + ", ".join(f"`{kind}`" for kind in kinds),
            "",
            "| from | move | to | who may |",
            "|---|---|---|---|",
        ]
        sections.append("\n".join([*head, *rows]))
    return "\n\n".join(sections)


def test_the_page_has_every_move_of_every_kind(checkout: Path) -> None:
    page = (checkout / "docs" / "decisions-and-contests.md").read_text("utf-8")
    shown = page.partition("<!-- moves")[2].partition("-->")[2].partition("<!-- end of moves -->")[0]
    assert shown.strip() == table(), f"write into docs/decisions-and-contests.md:\n{table()}"
    assert {kind for each in TRANSITIONS for kind in each.kinds} == set(KINDS)


def roles() -> str:
    actions = dict.fromkeys(one.action for each in TRANSITIONS for one in each.who)
    rows = [f"| `{action}` | {' or '.join(who.text for who in who_may([action]))} |" for action in actions]
    return "\n".join(["| rule | who |", "|---|---|", *rows])


def test_the_page_says_which_roles_the_rules_name(checkout: Path) -> None:
    page = (checkout / "docs" / "decisions-and-contests.md").read_text("utf-8")
    shown = page.partition("<!-- roles")[2].partition("-->")[2].partition("<!-- end of roles -->")[0]
    assert shown.strip() == roles(), f"write into docs/decisions-and-contests.md:\n{roles()}"


def test_every_role_that_a_rule_allows_something_has_words() -> None:
    for action in ACTIONS:
        roles = {role for (role, of), scope in RULES.items() if of == action and scope}
        assert bool(roles) == bool(who_may([action])), action
