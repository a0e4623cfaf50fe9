"""The one place that decides: which role may do what, for which teams and people. What is in no cell is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto

from serving.access.principal import Principal

__all__ = ["ACTIONS", "RULES", "Scope", "Subject", "may", "may_at_all"]


class Scope(Flag):
    """For what something may be done; several add up."""

    NONE = 0
    OWN = auto()  # the person that the user is
    LED = auto()  # people and teams that the user leads directly
    TEAMS = auto()  # teams that the user leads directly, and those below
    ALL = auto()


@dataclass(frozen=True)
class Subject:
    """What an answer, or a row of it, is about.

    Parameters
    ----------
    team : str or None
        Its team, or the team of its person.
    person : str or None
        The pseudonym of the employee it is about.
    """

    team: str | None = None
    person: str | None = None


_N, _O, _L, _T, _A = Scope.NONE, Scope.OWN, Scope.LED, Scope.TEAMS, Scope.ALL
_ROLES = ("service", "analyst", "manager", "employee", "auditor")
# a person's own row is never in reach of ALL by habit: analysts and services see groups
_TABLE: dict[str, tuple[Scope, Scope, Scope, Scope, Scope]] = {
    #                        service  analyst  manager    employee  auditor
    "describe": (_A, _A, _A, _A, _A),
    "report": (_N, _A, _N, _N, _N),
    "metrics": (_A, _A, _N, _N, _N),
    "churn_of_customer": (_A, _A, _T, _N, _N),
    "churn_of_features": (_A, _A, _N, _N, _N),
    "decline_of_team": (_A, _A, _T, _N, _N),
    "decline_of_person": (_N, _N, _L | _O, _O, _N),
    "decline_of_other": (_A, _A, _N, _N, _N),
    "decline_of_features": (_A, _A, _N, _N, _N),
    "weights": (_A, _A, _T, _N, _N),
    "own_card": (_N, _N, _O, _O, _N),
    "weights_under_policy": (_N, _A, _T, _N, _N),
    "try_weights": (_N, _A, _T, _N, _N),
    "coaching_of_team": (_N, _A, _T, _N, _N),
    "coaching_of_person": (_N, _N, _L | _O, _O, _N),
    "models": (_N, _A, _N, _N, _A),
    "move_champion": (_N, _A, _N, _N, _N),
    # company-wide figures of causes have no persons; by team they are those of a team
    "causes_of_team": (_N, _A, _T, _N, _N),
    # a text that is shown: to who leads a team, those of its own cases
    "correct_label": (_N, _A, _T, _N, _N),
    "classify": (_A, _A, _A, _N, _N),
    "conversation": (_A, _A, _A, _N, _N),
    "live_kpis": (_A, _A, _T, _N, _N),
    "live_desk": (_N, _A, _T, _N, _N),
    "take_conversation": (_N, _N, _T, _N, _N),
    "read_customer_notes": (_N, _A, _T, _N, _N),
    "note_customer": (_N, _N, _T, _N, _N),
    "review_pack": (_N, _A, _T, _N, _N),
    "send_events": (_A, _N, _N, _N, _N),
    "read_decision": (_N, _A, _T, _N, _A),
    "read_decision_of_person": (_N, _N, _L | _O, _O, _A),
    "decide": (_N, _N, _T, _N, _N),
    "decide_of_person": (_N, _N, _L, _N, _N),
    "approve": (_N, _A, _T, _N, _N),
    # who contests asks to be heard by somebody above the own lead
    "answer_contest_of_person": (_N, _N, _T, _N, _N),
    "answer_as_person": (_N, _N, _O, _O, _N),
    "contest": (_N, _N, _O, _O, _N),
    "read_pilot": (_N, _A, _T, _N, _A),
    "run_pilot": (_N, _A, _N, _N, _N),
    "approve_pilot": (_N, _A, _T, _N, _N),
    "read_audit": (_N, _N, _N, _N, _A),
}
RULES: dict[tuple[str, str], Scope] = {
    (role, action): scope for action, scopes in _TABLE.items() for role, scope in zip(_ROLES, scopes, strict=True)
}
"""Scope by role and action."""
ACTIONS = tuple(_TABLE)


def may_at_all(principal: Principal, action: str, /) -> bool:
    """Whether a user may do something for anything at all."""
    return principal.is_local or bool(_scope(principal, action))


def may(principal: Principal, action: str, subject: Subject = Subject(), /) -> bool:
    """Whether a user may do something for a team or a person.

    Examples
    --------
    >>> lead = Principal("lin", "manager", led=frozenset({"t1"}), teams=frozenset({"t1", "t2"}), employee="p-9")
    >>> may(lead, "weights", Subject("t2")), may(lead, "weights", Subject("t3")), may(lead, "weights")
    (True, False, False)
    >>> may(lead, "decline_of_person", Subject("t1", "p-1")), may(lead, "decline_of_person", Subject("t2", "p-2"))
    (True, False)
    >>> may(lead, "decline_of_person", Subject("t7", "p-9"))
    True
    """
    if principal.is_local:
        return True
    scope = _scope(principal, action)
    return (
        Scope.ALL in scope
        or (Scope.TEAMS in scope and subject.team in principal.teams)
        or (Scope.LED in scope and subject.team in principal.led)
        or (Scope.OWN in scope and subject.person is not None and subject.person == principal.employee)
    )


def _scope(principal: Principal, action: str, /) -> Scope:
    return RULES.get((principal.role, action), Scope.NONE)
