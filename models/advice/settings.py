"""What a company decides about its advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from baton.company import Company, Policy, Privacy
from baton.errors import PolicyError
from baton.nearest import did_you_mean
from models.advice.controllability.tried import Tried
from models.advice.stability.before import Before

__all__ = ["Settings", "changed_policy"]


@dataclass(frozen=True)
class Settings:
    """What a company decides about its advice.

    Parameters
    ----------
    seed : int
        Of all draws; the same seed gives the same advice.
    currency : str
        That amounts are given in.
    privacy : Privacy
        Which columns of employees the fairness audit reads.
    learners : bool
        Whether double machine learning is shown beside the other estimators. It takes the most time and changes no
        effect, weight or offer of help.
    before : Before
        What was advised before, which stands until the evidence clearly leaves it.
    tried : tuple of Tried
        What pilots measured of how people answer to points.
    """

    policy: Policy
    seed: int
    currency: str = ""
    privacy: Privacy = field(default_factory=Privacy)
    learners: bool = True
    before: Before = field(default_factory=Before)
    tried: tuple[Tried, ...] = ()

    @classmethod
    def of(
        cls, company: Company, /, *, learners: bool = True, before: Before | None = None, tried: tuple[Tried, ...] = ()
    ) -> Settings:
        """Return the settings of a company file."""
        profile = company.company
        return cls(company.policy, profile.seed, profile.currency, company.privacy, learners, before or Before(), tried)


def changed_policy(policy: Policy, limits: Mapping[str, Any], /) -> Policy:
    """Return a policy with some limits changed.

    Raises
    ------
    PolicyError
        If there is no such limit, a value that it cannot have, or one that effects would have to be estimated anew for.
    """
    if "worth" in limits:
        raise PolicyError("worth: effects are estimated by these prices; set them under [policy] and run again")
    try:
        return Policy.model_validate(policy.model_dump() | dict(limits))
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"])
        hint = did_you_mean(name, Policy.model_fields) if fault["type"] == "extra_forbidden" else ""
        raise PolicyError(f"{name}: {fault['msg'].removeprefix('Value error, ')}{hint}") from None
