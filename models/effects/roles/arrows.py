"""Declared arrows between KPIs that have nothing to do with each other."""

from __future__ import annotations

import numpy as np

from baton.messages.message import Message
from models.effects.estimators.employee_means import spreads
from models.effects.estimators.moments import bayesian_weights
from models.effects.roles.findings import name_of
from models.effects.roles.looked import Looked

__all__ = ["unrelated_arrows"]

RESAMPLED = 100
MAX_WITHIN = 0.03
"""Correlation in single cases that counts as none."""
MAX_BETWEEN = 0.2
"""Correlation between people that counts as none: what they have in common by temper is as much."""
TWO_SIDED = 1.645
"""Standard errors that an interval of 90 % reaches on each side."""


def unrelated_arrows(looked: Looked, /) -> tuple[Message, ...]:
    """Name declared arrows whose KPIs go together neither in single cases nor between people.

    Both correlations must lie, with their intervals, within what counts as none; arrows of handlers' figures are left
    to ``strategy_arrows``, which tests between units alone.
    """
    design = looked.design
    pairs = [
        (one, two)
        for one in design.levers
        for two in looked.catalogue[one].leads_to
        if two in design.levers and not looked.of_handler(one) and not looked.of_handler(two)
    ]
    if not pairs:
        return ()
    people = looked.moments.employees
    weights = np.vstack([np.ones((1, people)), bayesian_weights(RESAMPLED, people, looked.seed)])
    covariance = looked.moments.covariance(weights)
    spread = np.maximum(spreads(covariance), 1e-100)
    found = []
    for one, two in pairs:
        at, other = looked.column(one), looked.column(two)
        within = looked.cases.correlations[:, at, other]
        between = covariance[:, at, other] / (spread[:, at] * spread[:, other])
        near = (
            abs(each[0]) + TWO_SIDED * each[1:].std(ddof=1) < most
            for each, most in ((within, MAX_WITHIN), (between, MAX_BETWEEN))
        )
        if all(near):
            names = {"parent": name_of(looked.catalogue, one), "child": name_of(looked.catalogue, two)}
            values = {"within": float(within[0]), "between": float(between[0])}
            found.append(Message("roles.arrow", names | values))
    return tuple(found)
