"""From cases to advice in one call: effects, reliability, weights, targets, coaching, and how today's cards lie.

Pipeline, benchmarks, notebooks and tests all come through here, so that what is judged is what ships. Nothing is read
or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.progress import Progress, silent
from features.cases.table import CaseTable, Organisation
from models.advice.coaching.coach import coach
from models.advice.controllability.learned import Controllability, learn_controllability
from models.advice.diagnosis.alignment import diagnosis_table
from models.advice.inputs import AdviceInputs, gather
from models.advice.settings import Settings
from models.advice.targets.okrs import okrs_table
from models.advice.targets.targets import scene_of, targets_table
from models.advice.weights import recommend
from models.effects.estimate import estimate
from models.effects.findings import Effects
from models.effects.reliability import measure
from models.effects.tables import beside_attributions

__all__ = ["STEPS", "Advice", "Evidence", "advise", "evidence"]

STEPS = 4
"""Of the progress that is reported; whoever calls reports the last when all is written."""


@dataclass(frozen=True)
class Evidence:
    """What is found before any card is solved.

    Parameters
    ----------
    effects, reliability, inputs, coaching, controllability
        As in ``Advice``.
    """

    effects: Effects
    reliability: pd.DataFrame
    inputs: AdviceInputs
    coaching: pd.DataFrame
    controllability: Controllability


@dataclass(frozen=True)
class Advice:
    """All that advising finds.

    Parameters
    ----------
    effects : Effects
        With its tables: one row per outcome and lever, their draws, and the same by every estimator.
    reliability : pandas.DataFrame
        One row per unit (employee or team) and KPI, from ``models.effects.reliability.measure``.
    inputs : AdviceInputs
        What weights are solved from: the service and the sandbox solve them again from it under another policy.
    weights : pandas.DataFrame
        One row per card and KPI, from ``models.advice.weights.recommend``.
    diagnosis : pandas.DataFrame
        One row per KPI of every card of today, from ``models.advice.diagnosis.alignment.diagnosis_table``.
    coaching : pandas.DataFrame
        One row per employee, team or process and action, from ``models.advice.coaching.coach.coach``.
    targets : pandas.DataFrame
        One row per card and KPI, from ``models.advice.targets.targets.targets_table``.
    okrs : pandas.DataFrame
        One row per key result, from ``models.advice.targets.okrs.okrs_table``.
    controllability : Controllability
        How far people can move KPIs, by the catalogue and by past changes of cards.
    """

    effects: Effects
    reliability: pd.DataFrame
    inputs: AdviceInputs
    weights: pd.DataFrame
    diagnosis: pd.DataFrame
    coaching: pd.DataFrame
    targets: pd.DataFrame
    okrs: pd.DataFrame
    controllability: Controllability

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """The tables that a run writes, by the names of their files."""
        return {
            "effects": self.effects.table,
            "effect_draws": self.effects.draws,
            "effects_by_method": self.effects.by_method,
            "reliability": self.reliability,
            "diagnosis": self.diagnosis,
            "weights": self.weights,
            "targets": self.targets,
            "okrs": self.okrs,
            "coaching": self.coaching,
            "controllability": self.controllability.table,
        }


def advise(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    settings: Settings,
    attributions: pd.DataFrame | None = None,
    progress: Progress = silent,
) -> Advice:
    """Estimate effects, solve the weights of all cards, find whom to help with what, and diagnose today's cards.

    Parameters
    ----------
    attributions : pandas.DataFrame, optional
        Rows of ``attributions.parquet``, to be shown beside the effects.

    Returns
    -------
    Advice

    Raises
    ------
    PolicyError
        If the limits of the policy contradict each other whatever the card.
    """
    found = evidence(cases, organisation, catalogue, settings, attributions, progress)
    progress("weights of scorecards", 3, STEPS)
    weights = recommend(found.inputs, settings.policy)
    scene = scene_of(cases, organisation, catalogue, found.effects, found.inputs, settings)
    return Advice(
        effects=found.effects,
        reliability=found.reliability,
        inputs=found.inputs,
        weights=weights,
        coaching=found.coaching,
        diagnosis=diagnosis_table(found.inputs, settings.policy),
        targets=targets_table(scene, weights, organisation),
        okrs=okrs_table(scene, weights),
        controllability=found.controllability,
    )


def evidence(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    settings: Settings,
    attributions: pd.DataFrame | None = None,
    progress: Progress = silent,
) -> Evidence:
    """Find what advice rests on, and solve no card: what is asked for again and again where cards are not.

    Parameters
    ----------
    attributions : pandas.DataFrame, optional
        As in ``advise``.

    Returns
    -------
    Evidence
    """
    policy = settings.policy
    progress("effects of levers", 0, STEPS)
    effects = estimate(cases, organisation, catalogue, policy, settings.seed, learners=settings.learners)
    effects = beside_attributions(effects, cases, catalogue, attributions)
    progress("reliability of KPIs", 1, STEPS)
    reliability = measure(cases, organisation, catalogue, policy)
    progress("coaching", 2, STEPS)
    learned = learn_controllability(cases, organisation, catalogue, settings, reliability)
    return Evidence(
        effects=effects,
        reliability=reliability,
        inputs=gather(cases, organisation, catalogue, effects, reliability, settings).answering(learned),
        controllability=learned,
        coaching=coach(cases, organisation, catalogue, effects.table, settings),
    )
