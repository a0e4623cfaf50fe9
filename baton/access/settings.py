"""``[access]`` of the company file: where decisions are kept, who leads which team, and how people sign in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from baton.section import Section

__all__ = ["ROLES", "Access", "IdentityProvider", "Role"]

Role = Literal["service", "analyst", "manager", "employee", "auditor"]
ROLES: tuple[Role, ...] = ("service", "analyst", "manager", "employee", "auditor")


class IdentityProvider(Section):
    """``[access.identity_provider]``: the company's own, whose tokens (OIDC, JWT) are taken.

    Parameters
    ----------
    jwks : str
        The provider's public keys: a file beside the company file, or an https address.
    roles : dict of str to Role
        What the provider calls our roles; whoever has none of them is refused.
    """

    issuer: str
    audience: str
    jwks: str
    user_claim: str = "sub"
    role_claim: str = "roles"
    roles: dict[str, Role] = Field(default_factory=lambda: {role: role for role in ROLES})


class Access(Section):
    """``[access]``: the state of the service and who may do what.

    Parameters
    ----------
    database : str
        Address of a PostgreSQL database; empty: SQLite in ``.baton`` beside the company file.
    hierarchy : str, optional
        CSV of teams: ``team_id``, ``manager`` (the name of a user), ``above`` (the team above it).
    token_days : int
        How long a token lasts.
    answer_days : int
        Within how many days a contest is to be answered.
    session_idle_minutes, session_hours : int
        How long somebody who has signed in may rest, and how long they stay signed in at most.
    requests_per_minute, service_requests_per_minute : int
        Of one person, and of one system (role ``service``).
    """

    database: str = ""
    hierarchy: str | None = None
    token_days: Annotated[int, Field(ge=1, le=3650)] = 90
    answer_days: Annotated[int, Field(ge=1, le=365)] = 14
    session_idle_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    session_hours: Annotated[int, Field(ge=1, le=168)] = 12
    requests_per_minute: Annotated[int, Field(ge=1)] = 600
    service_requests_per_minute: Annotated[int, Field(ge=1)] = 60_000
    identity_provider: IdentityProvider | None = None
