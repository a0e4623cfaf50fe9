"""Who is responsible for a team, and may see what an alert names: the direct lead, else the nearest lead above."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serving.access.principal import Principal
from serving.access.rules import may_at_all
from serving.access.sight import Sight

if TYPE_CHECKING:
    from baton.company import Company
    from serving.access.hierarchy import Hierarchy
    from serving.access.keeper import Keeper
    from serving.access.members import Members

__all__ = ["Leads", "Sees", "sees"]

Sees = Callable[[Sight], bool]
"""Whether somebody may see what an alert names."""


@dataclass(frozen=True)
class Leads:
    """Those who lead teams, as of now.

    Parameters
    ----------
    principals : mapping of str to Principal
        Managers, and analysts, who lead nobody and hear of data alone, by their names.
    """

    principals: dict[str, Principal]
    hierarchy: Hierarchy
    members: Members
    min_group: int

    @classmethod
    def read(cls, company: Company, keeper: Keeper, members: Members, /) -> Leads:
        """Ask who leads what.

        Raises
        ------
        OutputError
            If the database or the file of the hierarchy cannot be read.
        """
        from sqlalchemy import select

        from serving.state.schema import User

        hierarchy = keeper.hierarchy()
        with keeper.state.reading() as session:
            users = {user.name: user for user in session.scalars(select(User))}
        found: dict[str, Principal] = {}
        for user in users.values():
            if user.role == "manager":
                led = frozenset(user.teams) | hierarchy.led.get(user.name, frozenset())
                found[user.name] = Principal(user.name, user.role, led, hierarchy.under(led), user.employee)
            elif user.role == "analyst":
                found[user.name] = Principal(user.name, user.role, employee=user.employee)
        if company.access.identity_provider is not None:  # whom it lets in need not be known here
            for name, led in hierarchy.led.items():
                if name not in users:
                    found[name] = Principal(name, "manager", led, hierarchy.under(led))
        return cls(found, hierarchy, members, company.policy.min_group)

    def of(self, teams: Sequence[str], sees: Sees, /) -> tuple[str | None, list[Principal]]:
        """Return the first of some teams for which somebody is responsible who may see it, and who that is.

        Returns
        -------
        (str or None, list of Principal)
            The team, and the nearest leads, by name; the first team and nobody where there is none.
        """
        for team in teams:
            for each in self.hierarchy.over(team):
                several = [who for who in self.principals.values() if each in who.led and sees(self.sight(who))]
                if several:
                    return team, sorted(several, key=lambda who: who.user)
        return (teams[0] if teams else None), []

    def sight(self, who: Principal, /) -> Sight:
        """Return what somebody sees."""
        return Sight(who, self.members, self.min_group)

    def all_may(self, users: Iterable[str], customer: str, /) -> bool:
        """Whether each of some users sees a customer."""
        return all(self.may_still(user, lambda sight: sight.customer(customer)) for user in users)

    def may_still(self, user: str, sees: Sees, /) -> bool:
        """Whether a user who was addressed may see it now."""
        who = self.principals.get(user)
        return who is not None and sees(self.sight(who))


def sees(about: str, subject: str, team: str | None, measure: str, /) -> Sees:
    """Return what asks whether somebody may see an alert, as if they asked for it themselves.

    Parameters
    ----------
    about : str
        ``customer``, ``conversation``, ``team`` or ``data``.
    subject : str
        Id of the customer or team.
    team : str or None
        Whose it is; None where only those are asked who lead it.
    measure : str
        Of the rule.
    """
    if about == "data":  # that it changed is in the metrics too
        return lambda sight: may_at_all(sight.principal, "metrics")
    if about == "customer":
        return lambda sight: sight.customer(subject)
    if about == "conversation":  # it names no customer but to those who may see them
        return lambda sight: team is None or sight.team("live_kpis", team)
    if measure.startswith("decline:"):
        return lambda sight: sight.unit("team", subject)
    return lambda sight: sight.team_figures("live_kpis", subject)
