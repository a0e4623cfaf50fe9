"""Pilots for whoever has the company's files: the command line, and notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from baton.company import Company
from baton.files import RunFolder
from serving.access.keeper import Keeper
from serving.access.members import Members
from serving.access.principal import Principal
from serving.pilots.cards import frame_of
from serving.pilots.store import PilotStore

if TYPE_CHECKING:
    from models.advice.inputs import AdviceInputs

__all__ = ["limits_of_policy", "open_pilots"]


def limits_of_policy(company: Company, /) -> dict[str, object]:
    """Return the limits of ``[policy]`` as they are kept; the judgements of experts are none."""
    return company.policy.model_dump(mode="json", exclude={"prior"})


@contextmanager
def open_pilots(
    company: Company, folder: RunFolder, token: str | None = None, /
) -> Iterator[tuple[PilotStore, Principal]]:
    """Open the pilots of a company, and find out who asks.

    Parameters
    ----------
    folder : RunFolder
        Of the newest run: it knows who is in which team, and what weights are solved from.
    token : str, optional
        Needed where access is set up; else whoever sits at this machine asks.

    Raises
    ------
    AccessError
        If the token is not valid.
    OutputError
        If the database cannot be reached.
    """
    keeper = Keeper(company)
    user = keeper.required_principal(token)
    members = Members(folder.staged)
    store = PilotStore(
        keeper.state,
        keeper.audit.append,
        team_of=lambda person: members.team_of.get(person),  # noqa: PLW0108 - read at first use
        frame=frame_of(lambda: _inputs(folder), company.policy),
        limits=limits_of_policy(company),
    )
    try:
        yield store, user
    finally:
        keeper.state.close()


def _inputs(folder: RunFolder, /) -> AdviceInputs:
    from models.advice.inputs import AdviceInputs

    return AdviceInputs.load(folder.advice)
