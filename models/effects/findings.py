"""What the estimation of effects has found, for one outcome and for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.messages.message import Message
from baton.outcomes import served
from models.effects.estimators.by_team import TeamDifferences
from models.effects.estimators.omnibus import JointTest
from models.effects.estimators.protocol import Estimate
from models.effects.estimators.routing import Routing
from models.effects.roles.findings import Roles
from models.effects.team_effects import TeamFindings

__all__ = ["Effects", "OutcomeEffects"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OutcomeEffects:
    """Effects of all levers on one outcome.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    kind : str
        ``probability`` or ``number``.
    helpful : int
        -1 where a helpful effect is negative (churn), else +1.
    levers : tuple of str
        Those that could be estimated, in the order of the columns of ``draws``.
    point, low, high : arrays of shape (levers,)
    draws : array of shape (draws, levers)
    scale : float
        What takes an effect per case to the effect.
    primary : str
        The estimator that ``draws`` come from.
    estimates : mapping of str to Estimate
        All of them for levers that single people own, per case.
    joint : JointTest
        Over the levers that single people own.
    why_not : mapping of str to Message
        Levers without an effect, and why.
    refuted : mapping of str to Message
        Levers whose effect failed a refutation, and which.
    checks : pandas.DataFrame
        What the refutations found, one row per lever.
    notes : tuple of Message
    teams : TeamFindings
        What comparing teams found; its levers come last in ``levers``.
    by_team : TeamDifferences
        What is added to the effects for the people of one team, whose customers may want other things.
    roles : Roles
        Declared levers that behave as outcomes, which have no effect, and the other way round, which have one.
    """

    outcome: str
    kind: str
    helpful: int
    levers: tuple[str, ...]
    point: Floats
    low: Floats
    high: Floats
    draws: Floats
    scale: float
    primary: str
    estimates: Mapping[str, Estimate]
    joint: JointTest
    routing: Routing
    why_not: Mapping[str, Message]
    refuted: Mapping[str, Message] = field(default_factory=dict)
    checks: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[Message, ...] = ()
    teams: TeamFindings = field(default_factory=TeamFindings)
    by_team: TeamDifferences = field(default_factory=TeamDifferences)
    roles: Roles = field(default_factory=Roles)

    @cached_property
    def p_values(self) -> dict[str, float]:
        """Per owner of levers (``employee``, ``team``) the joint test's p-value, both tests taken together.

        Source: Holm 1979, so that the chance of any false one of the two stays what was asked for.

        Of 0.004 and 0.03 the smaller counts twice: 0.008 and 0.03.
        """
        # it is asked for many times over, and statsmodels collects garbage each time
        from statsmodels.stats.multitest import multipletests

        own = len(self.levers) > len(self.teams.levers)
        tests = {"employee": self.joint.p_value} if own else {}
        if self.teams.levers:
            tests["team"] = self.teams.joint.p_value
        if not tests:
            return {}
        adjusted = multipletests(list(tests.values()), method="holm")[1]
        return {owner: float(p_value) for owner, p_value in zip(tests, adjusted, strict=True)}


@dataclass(frozen=True)
class Effects:
    """What ``effects.parquet`` and ``effect_draws.parquet`` say, and what weights need besides.

    Parameters
    ----------
    table : pandas.DataFrame
        Outcome × KPI, columns of the contract.
    draws : pandas.DataFrame
        outcome, kpi, draw, effect.
    by_method : pandas.DataFrame
        outcome, kpi, method, effect, low, high, primary: every estimator's answer.
    by_team : pandas.DataFrame
        team_id, kpi, effect, low, high, difference, difference_sd on the outcome that weights serve: a row per lever
        of every team that differs from the company; empty where none can be distinguished from chance.
    outcomes : mapping of str to OutcomeEffects
    """

    table: pd.DataFrame
    draws: pd.DataFrame
    by_method: pd.DataFrame
    by_team: pd.DataFrame
    outcomes: Mapping[str, OutcomeEffects]

    @property
    def primary(self) -> OutcomeEffects | None:
        """The outcome that weights serve: churn where there is one, else the first."""
        outcome = served(self.outcomes)
        return None if outcome is None else self.outcomes[outcome]
