"""Who asks: a user in a role, with the teams they lead and the person that they are."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["LOCAL", "NOBODY", "PRINCIPAL", "Principal"]


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Parameters
    ----------
    user : str
        Name of the user.
    role : str
        One of the roles of ``[access]``, or ``local`` where no access is set up.
    led : frozenset of str
        Teams led directly.
    teams : frozenset of str
        Teams led directly, and all below them.
    employee : str or None
        The pseudonym under which the results know this user.
    """

    user: str
    role: str
    led: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    employee: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether no access is set up, and everything may be done."""
        return self.role == "local"


LOCAL = Principal("local", "local")
"""Whoever sits at this machine, while no access is set up."""

NOBODY = Principal("nobody", "nobody")
"""Who may do nothing."""

PRINCIPAL: ContextVar[Principal] = ContextVar("PRINCIPAL", default=NOBODY)
"""Who asks in the present request; nobody, until the door has set it."""
