"""What a company decides about its advice."""

from __future__ import annotations

from dataclasses import dataclass, field

from baton.company import Company, Policy, Privacy

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """What a company decides about its advice.

    Parameters
    ----------
    policy : Policy
    seed : int
        Of all draws; the same seed gives the same advice.
    currency : str
        That amounts are told in.
    privacy : Privacy
        Which columns of employees the fairness audit reads.
    learners : bool
        Whether double machine learning is shown beside the other estimators. It takes the most time and changes no
        effect, weight or offer of help.
    """

    policy: Policy
    seed: int
    currency: str = ""
    privacy: Privacy = field(default_factory=Privacy)
    learners: bool = True

    @classmethod
    def of(cls, company: Company, /, *, learners: bool = True) -> Settings:
        """Return the settings of a company file."""
        profile = company.company
        return cls(company.policy, profile.seed, profile.currency, company.privacy, learners)
