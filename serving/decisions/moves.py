"""The one table of moves: from which state to which, who may make the move, and what it asks for.

``docs/decisions-and-contests.md`` shows it, and the tests walk every state, move, kind and role. What is not in it
cannot be done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = [
    "KINDS",
    "STATES",
    "TRANSITIONS",
    "Kind",
    "Relation",
    "Standing",
    "Transition",
    "Who",
    "moves_from",
    "transition",
]

Kind = Literal["weights", "target", "coaching", "root_cause"]
KINDS: tuple[Kind, ...] = ("weights", "target", "coaching", "root_cause")


class Standing(StrEnum):
    """Whether a state lets another decision on the same advice begin."""

    OPEN = "open"  # no: somebody has the next move
    SETTLED = "settled"  # only on another advice
    VOID = "void"  # yes


class Relation(StrEnum):
    """What must hold between who asks and the decision, besides the rule of ``serving.access.rules``."""

    ANOTHER = "somebody other than who brought it here"
    THE_SAME = "who brought it here"
    NO_MAKER = "somebody who made no part of the decision"
    THE_PERSON = "the person that it is about"
    NOT_THE_PERSON = "not the person that it is about"
    ON_CARD = "a person on the card"
    NOT_ON_CARD = "nobody whom the card measures"
    NOT_YET_CONTESTED = "once, until it is decided anew"


@dataclass(frozen=True)
class Who:
    """Who may make a move.

    Parameters
    ----------
    action : str
        Of ``serving.access.rules``.
    relations : tuple of Relation
        All must hold.
    """

    action: str
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    Parameters
    ----------
    kinds : tuple of Kind
    name : str
        Of the move.
    before : tuple of str
        States that it is made from; empty: it begins a decision.
    after : str
    who : tuple of Who
        Any of them.
    makes : bool
        Whether the move makes the decision, so that its maker answers no contest of it.
    chooses : bool
        Whether it comes with a choice of one's own.
    due : bool
        Whether somebody must answer within ``access.answer_days``.
    computes : bool
        Whether the advice is computed again and kept with the move.
    """

    kinds: tuple[Kind, ...]
    name: str
    before: tuple[str, ...]
    after: str
    who: tuple[Who, ...]
    makes: bool = False
    chooses: bool = False
    due: bool = False
    computes: bool = False


STATES: dict[str, Standing] = {
    "proposed": Standing.OPEN,
    "dismissed": Standing.VOID,
    "approved": Standing.SETTLED,
    "rejected": Standing.VOID,
    "withdrawn": Standing.VOID,
    "revoking": Standing.OPEN,
    "revoked": Standing.VOID,
    "contested": Standing.OPEN,
    "upheld": Standing.SETTLED,
    "offered": Standing.OPEN,
    "accepted": Standing.OPEN,
    "changed": Standing.OPEN,
    "declined": Standing.SETTLED,
    "done": Standing.OPEN,
    "helped": Standing.SETTLED,
    "not_helped": Standing.SETTLED,
}
"""Every state, and whether the same advice may be decided on again beside it."""

_CARD: tuple[Kind, ...] = ("weights", "target")
_COACHING: tuple[Kind, ...] = ("coaching",)
_CAUSE: tuple[Kind, ...] = ("root_cause",)
_LEAD = (Who("decide"),)
_SECOND = (Who("approve", (Relation.ANOTHER,)),)
# nobody approves the card by which they are paid; who decides on it first has a second person behind them
_SECOND_PAID_ELSEWHERE = (Who("approve", (Relation.ANOTHER, Relation.NOT_ON_CARD)),)
_JUDGE = (Who("approve", (Relation.ANOTHER, Relation.NO_MAKER, Relation.NOT_ON_CARD)),)
_DIRECT_LEAD = (Who("decide_of_person", (Relation.NOT_THE_PERSON,)),)
_PERSON = (Who("answer_as_person", (Relation.THE_PERSON,)),)
_JUDGE_OF_PERSON = (Who("answer_contest_of_person", (Relation.ANOTHER, Relation.NO_MAKER, Relation.NOT_THE_PERSON)),)
_OFFER = ("offered", "accepted", "done")

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_CARD, "accept", (), "proposed", _LEAD, makes=True),
    Transition(_CARD, "change", (), "proposed", _LEAD, makes=True, chooses=True),
    Transition(_CARD, "dismiss", (), "dismissed", _LEAD, makes=True),
    Transition(_CARD, "approve", ("proposed",), "approved", _SECOND_PAID_ELSEWHERE, makes=True),
    Transition(_CARD, "reject", ("proposed",), "rejected", _SECOND),
    Transition(_CARD, "withdraw", ("proposed",), "withdrawn", (Who("decide", (Relation.THE_SAME,)),)),
    Transition(_CARD, "revoke", ("approved", "upheld"), "revoking", (Who("decide"), Who("approve")), due=True),
    Transition(_CARD, "confirm", ("revoking",), "revoked", _SECOND_PAID_ELSEWHERE),
    Transition(_CARD, "keep", ("revoking",), "approved", _SECOND_PAID_ELSEWHERE),
    Transition(
        _CARD,
        "contest",
        ("approved", "upheld", "revoking"),  # what is to be revoked holds until somebody confirms it
        "contested",
        (Who("contest", (Relation.ON_CARD, Relation.NOT_YET_CONTESTED)),),
        due=True,
        computes=True,
    ),
    Transition(_CARD, "uphold", ("contested",), "upheld", _JUDGE, computes=True),
    Transition(_CARD, "change", ("contested",), "proposed", _JUDGE, makes=True, chooses=True, computes=True),
    Transition(_COACHING, "offer", (), "offered", _DIRECT_LEAD, makes=True),
    Transition(_COACHING, "change", (), "offered", _DIRECT_LEAD, makes=True, chooses=True),
    Transition(_COACHING, "withdraw", ("offered",), "withdrawn", _DIRECT_LEAD),
    Transition(_COACHING, "accept", ("offered",), "accepted", _PERSON),
    Transition(_COACHING, "decline", ("offered", "accepted"), "declined", _PERSON),
    Transition(_COACHING, "done", ("accepted",), "done", (*_PERSON, *_DIRECT_LEAD)),
    Transition(_COACHING, "helped", ("done",), "helped", _PERSON),
    Transition(_COACHING, "not_helped", ("done",), "not_helped", _PERSON),
    Transition(
        _COACHING,
        "contest",
        _OFFER,
        "contested",
        (Who("contest", (Relation.THE_PERSON, Relation.NOT_YET_CONTESTED)),),
        due=True,
        computes=True,
    ),
    Transition(_COACHING, "uphold", ("contested",), "offered", _JUDGE_OF_PERSON, computes=True),
    Transition(
        _COACHING, "change", ("contested",), "offered", _JUDGE_OF_PERSON, makes=True, chooses=True, computes=True
    ),
    Transition(_COACHING, "withdraw", ("contested",), "withdrawn", _JUDGE_OF_PERSON, computes=True),
    Transition(_CAUSE, "accept", (), "accepted", _LEAD, makes=True),
    Transition(_CAUSE, "change", (), "changed", _LEAD, makes=True, chooses=True),
    Transition(_CAUSE, "dismiss", (), "dismissed", _LEAD, makes=True),
    Transition(_CAUSE, "dismiss", ("accepted", "changed"), "dismissed", _LEAD),
    Transition(_CAUSE, "done", ("accepted", "changed"), "done", _LEAD),
    Transition(_CAUSE, "helped", ("done",), "helped", _LEAD),
    Transition(_CAUSE, "not_helped", ("done",), "not_helped", _LEAD),
)
"""All moves. A decision begins with one of those without a state before."""


def moves_from(kind: str, state: str | None, /) -> Iterator[Transition]:
    """Return the moves of a kind from a state; from None those that begin a decision.

    Examples
    --------
    >>> [move.name for move in moves_from("weights", None)]
    ['accept', 'change', 'dismiss']
    >>> [move.name for move in moves_from("root_cause", "done")]
    ['helped', 'not_helped']
    """
    for each in TRANSITIONS:
        if kind in each.kinds and (state in each.before if state is not None else not each.before):
            yield each


def transition(kind: str, name: str, state: str | None, /) -> Transition | None:
    """Return the row for a move from a state, or None where there is none.

    Examples
    --------
    >>> transition("weights", "approve", "proposed").after
    'approved'
    >>> transition("coaching", "approve", "offered") is None
    True
    """
    return next((each for each in moves_from(kind, state) if each.name == name), None)
