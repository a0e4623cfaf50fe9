"""What one user sees of one run: asked for every row of every answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from baton.errors import DeniedError
from serving.access.members import Members
from serving.access.principal import Principal
from serving.access.rules import Subject, may, may_at_all

__all__ = ["Sight"]

_OF_UNIT = {"team": "decline_of_team", "employee": "decline_of_person"}


@dataclass(frozen=True)
class Sight:
    """What one user sees of one run.

    Parameters
    ----------
    principal : Principal
        Who asks.
    members : Members
        Who belongs to which team.
    min_group : int
        What is known of a team of fewer people is known of its people: only who leads it directly sees it.
    """

    principal: Principal
    members: Members
    min_group: int

    def require(self, action: str, what: str, /) -> None:
        """Refuse what a role may do for nobody at all: then nothing is given away by saying so.

        Raises
        ------
        DeniedError
            If the role may not.
        """
        if not may_at_all(self.principal, action):
            raise DeniedError(f"the role {self.principal.role} may not {what}")

    def customer(self, customer_id: str, /) -> bool:
        """Whether the prediction of a customer is seen."""
        if may(self.principal, "churn_of_customer"):
            return True
        teams: Iterable[str] = self.members.teams_of_customer.get(customer_id, ())
        return any(may(self.principal, "churn_of_customer", Subject(team)) for team in teams)

    def unit(self, unit: str, unit_id: str, /) -> bool:
        """Whether the prediction of a unit's decline is seen.

        Raises
        ------
        DeniedError
            If the role sees none of any unit of this kind.
        """
        action = _OF_UNIT.get(unit, "decline_of_other")
        self.require(action, "ask for a person's decline" if unit == "employee" else f"ask for a {unit}'s decline")
        if unit == "employee":
            return self.person(action, unit_id)
        if unit == "team" and self._hides(unit_id):
            return False
        return may(self.principal, action, Subject(unit_id if unit == "team" else None))

    def person(self, action: str, person: str | None, /) -> bool:
        """Whether something about one employee is seen."""
        return may(self.principal, action, Subject(self.members.team_of.get(person or ""), person))

    def team(self, action: str, team_id: str, /) -> bool:
        """Whether something about a team is seen."""
        return may(self.principal, action, Subject(team_id))

    def team_figures(self, action: str, team_id: str, /) -> bool:
        """Whether figures of a team are seen that in a small team are those of its people.

        Raises
        ------
        DeniedError
            If the role sees them of no team at all.
        """
        self.require(action, "ask for a team's figures")
        return self.team(action, team_id) and not self._hides(team_id)

    def card_of(self, row: dict[str, Any], /) -> bool:
        """Whether a line of a scorecard is seen: the own teams', or the card on which the user is measured."""
        if may(self.principal, "weights", Subject(row["team_id"])):
            return True
        person = self.principal.employee
        if person is None or not may(self.principal, "own_card", Subject(None, person)):
            return False
        return self.members.on_card(person, row["team_id"], row.get("role") or "")

    def coaching(self, row: dict[str, Any], /) -> dict[str, Any] | None:
        """Return a row of coaching as far as it is seen: a person reads what is for them, a lead what is for leads."""
        person = row.get("employee_id")
        if person is None:
            seen = may(self.principal, "coaching_of_team", Subject(row.get("team_id")))
            return row if seen and not self._hides(row.get("team_id") or "") else None
        if not self.person("coaching_of_person", person):
            return None
        if person == self.principal.employee:
            return {name: value for name, value in row.items() if name != "for_lead"}
        return row

    def _hides(self, team_id: str, /) -> bool:
        """Whether a team is so small that its figures are its people's, whom the user does not lead."""
        few = 0 < self.members.sizes.get(team_id, 0) < self.min_group
        return few and not self.principal.is_local and team_id not in self.principal.led
