"""What each lever does to the outcome: estimators, tests and the tables that a run leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from baton.messages.message import Message
from baton.outcomes import LEAVING, served
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import later_column, outcome_column, outcome_columns, outcome_of
from models.effects.estimators.beyond import beyond_horizon
from models.effects.estimators.by_team import TeamDifferences, team_differences
from models.effects.estimators.case_level import case_level
from models.effects.estimators.combined import combine, span
from models.effects.estimators.design import Design, Question, build_design, usable_controls, usable_levers
from models.effects.estimators.double_ml import double_ml
from models.effects.estimators.employee_means import employee_means, solve_total
from models.effects.estimators.moments import Moments, bayesian_weights, between_moments
from models.effects.estimators.omnibus import JointTest, joint_test
from models.effects.estimators.over_time import as_of_now
from models.effects.estimators.protocol import DRAWS, MAX_CORRELATION, Estimate
from models.effects.estimators.refutation import reasons_against, refute
from models.effects.estimators.routing import Routing, routing_test
from models.effects.estimators.team_cells import met_again
from models.effects.findings import Effects, OutcomeEffects
from models.effects.not_measured import NotMeasured
from models.effects.roles.check import check_roles
from models.effects.roles.findings import Roles
from models.effects.tables import by_method_table, by_team_table, draws_table, effects_table
from models.effects.team_effects import TeamFindings, estimate_teams
from models.effects.worth import with_worth

__all__ = ["estimate"]

Floats = NDArray[np.float64]

PERMUTATIONS = 999
MIN_EMPLOYEES = 30
MIN_CASES_OF_A_PERSON = 5
MIN_DIFFERENCE = 2.5


class _Compared(NamedTuple):
    """Cases made comparable, and how people differ in them."""

    design: Design
    moments: Moments


def estimate(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    policy: Policy,
    seed: int,
    *,
    learners: bool = True,
) -> Effects:
    """Estimate the effect of every lever on every outcome of the cases.

    Parameters
    ----------
    learners : bool
        Whether to run double machine learning too, for the outcome that weights serve; it takes the most time.

    Returns
    -------
    Effects
        Empty of effects, with the reason in every row, where nothing can be estimated.
    """
    names = [outcome_of(name) for name in outcome_columns(cases.frame.columns)]
    outcomes: dict[str, OutcomeEffects] = {}
    if cases.exposures is not None:
        names = list(dict.fromkeys([*names, "churn"]))
    names = sorted(names, key=lambda name: name != "churn")
    roles = check_roles(cases, organisation.employees, catalogue, policy.fixed, names[0], seed) if names else Roles()
    declared, catalogue = catalogue, roles.applied(catalogue)
    for at, outcome in enumerate(names):
        # it takes the most time: for the outcome that weights serve alone
        learned = learners and at == 0
        found, compared = _estimate_outcome(cases, organisation, catalogue, policy, outcome, seed + at)
        if learned and compared is not None:
            found = _with_double_ml(found, cases, catalogue, compared, seed + at)
        teams = estimate_teams(cases, organisation, catalogue, policy.fixed, outcome, seed + at)
        outcomes[outcome] = _with_roles(_with_teams(found, teams), roles)
    outcomes = with_worth(outcomes, policy.worth, cases, declared)
    return Effects(
        table=effects_table(declared, outcomes, _carded(organisation), policy.false_moves),
        draws=draws_table(outcomes),
        by_method=by_method_table(outcomes),
        by_team=by_team_table(outcomes.get(served(outcomes) or "")),
        outcomes=outcomes,
    )


def _estimate_outcome(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    policy: Policy,
    outcome: str,
    seed: int,
    /,
) -> tuple[OutcomeEffects, _Compared | None]:
    """Return the effects on one outcome, and what they come from where there is anything."""
    levers, why_not = usable_levers(cases, catalogue, policy.fixed)
    helpful = -1 if cases.better.get(outcome, "lower") == "lower" else 1
    scale = cases.cases_per_customer / _meetings(cases) if outcome in LEAVING else 1.0
    kind = cases.kinds.get(outcome, "probability")
    column = outcome_column(outcome)
    # where activity alone says who left, cases may name no customer and have no such column
    answers = cases.frame.loc[cases.frame["employee_id"].notna(), column] if column in cases.frame else pd.Series()
    if answers.nunique() < 2 or not levers:
        reason = Message(NotMeasured.NO_OUTCOME)
        return _nothing(outcome, kind, helpful, scale, {**why_not, **dict.fromkeys(levers, reason)}), None
    question = Question(outcome, levers, usable_controls(cases, catalogue))
    design = build_design(cases, catalogue, question, organisation.employees)
    moments = between_moments(design)
    if int((moments.counts[:, -1] > 0).sum()) < design.size + 5:
        reason = Message(NotMeasured.FEW_PEOPLE)
        return _nothing(outcome, kind, helpful, scale, {**why_not, **dict.fromkeys(levers, reason)}), None
    design, dropped = _separable(design, moments, organisation, seed)
    if not design.targets:
        return _nothing(outcome, kind, helpful, scale, {**why_not, **dropped}), None
    factor = np.full(DRAWS + 1, scale)
    if outcome in LEAVING:
        known = cases.frame.reindex(columns=[later_column(outcome)]).iloc[design.rows, 0]
        later = known.to_numpy(dtype=np.float64, na_value=np.nan)
        factor *= beyond_horizon(design, later, cases.horizon_days, draws=DRAWS, seed=seed)
    compared = _Compared(design, between_moments(design))
    return _effects_of(compared, kind, helpful, factor, {**why_not, **dropped}, seed), compared


def _with_double_ml(
    found: OutcomeEffects, cases: CaseTable, catalogue: Catalogue, compared: _Compared, seed: int, /
) -> OutcomeEffects:
    learned = double_ml(cases, catalogue, compared.design, draws=DRAWS, seed=seed, moments=compared.moments)
    return replace(found, estimates={**found.estimates, learned.method: learned})


def _meetings(cases: CaseTable, /) -> float:
    """How often a customer who meets a person meets them within a horizon: one case's difference is that of all."""
    known = cases.frame[cases.frame["employee_id"].notna() & cases.frame["customer_id"].notna()]
    return float(met_again(known, cases.horizon_days, "employee_id").mean()) if len(known) else 1.0


def _effects_of(
    compared: _Compared, kind: str, helpful: int, factor: Floats, why_not: Mapping[str, Message], seed: int, /
) -> OutcomeEffects:
    design, moments = compared
    means = employee_means(design, draws=DRAWS, seed=seed, moments=moments)
    plain = case_level(design, draws=DRAWS, seed=seed, moments=moments)
    routing = routing_test(design, moments, permutations=100, seed=seed)
    crude = replace(design, values=design.unadjusted)
    change = plain.point - case_level(crude, draws=2, seed=seed, moments=moments).point
    chosen = combine(means, plain, change, seed=seed)
    if not routing.near_random:
        chosen = span(chosen, plain, seed=seed)
    chosen, months = as_of_now(chosen, design, moments, seed=seed)
    joint = joint_test(design, moments, permutations=PERMUTATIONS, seed=seed)
    checks = refute(design, moments, means, joint.single, seed)
    scale = float(factor[0])
    draws = (chosen.draws + _selection(design, means, routing, seed)) * factor[1:, None]
    point = chosen.point * scale
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    notes = [] if routing.near_random else [Message("estimate.associations")]
    if months:
        notes.append(Message("estimate.of_now", {"months": months}))
    if int((moments.counts[:, -1] >= MIN_CASES_OF_A_PERSON).sum()) < MIN_EMPLOYEES:
        notes.append(Message("estimate.few_cases", {"people": MIN_EMPLOYEES, "cases": MIN_CASES_OF_A_PERSON}))
    return OutcomeEffects(
        outcome=design.outcome, kind=kind, helpful=helpful, levers=design.targets, point=point, low=low, high=high,
        draws=draws, scale=scale, primary=chosen.method,
        estimates={each.method: each for each in (chosen, means, plain)}, joint=joint, routing=routing,
        why_not=why_not, refuted=reasons_against(checks), checks=checks,
        notes=tuple(notes), by_team=_by_team(compared, routing, seed).scaled(scale),
    )  # fmt: skip


def _by_team(compared: _Compared, routing: Routing, seed: int, /) -> TeamDifferences:
    """How teams' effects differ; not asked where cases go by skill, since teams then differ by what they are given."""
    return team_differences(*compared, seed=seed) if routing.near_random else TeamDifferences()


def _carded(organisation: Organisation, /) -> frozenset[str]:
    return frozenset(organisation.current_cards["kpi"]) if len(organisation.scorecards) else frozenset()


def _with_teams(found: OutcomeEffects, teams: TeamFindings, /) -> OutcomeEffects:
    """Put levers that teams own beside those of single people."""
    why_not = {kpi: why for kpi, why in {**found.why_not, **teams.why_not}.items() if kpi not in teams.levers}
    if not teams.levers:
        return replace(found, why_not=why_not, teams=teams)
    low, high = np.quantile(teams.draws, [0.05, 0.95], axis=0)
    return replace(
        found,
        levers=(*found.levers, *teams.levers),
        point=np.concatenate([found.point, teams.point]),
        low=np.concatenate([found.low, low]),
        high=np.concatenate([found.high, high]),
        draws=np.hstack([found.draws, teams.draws]),
        why_not=why_not,
        refuted={**found.refuted, **teams.refuted},
        notes=found.notes if found.levers else (),
        teams=teams,
    )


def _with_roles(found: OutcomeEffects, roles: Roles, /) -> OutcomeEffects:
    """Say of levers that behave as outcomes why they have no effect."""
    return replace(found, why_not={**found.why_not, **roles.reports}, roles=roles)


def _separable(
    design: Design, moments: Moments, organisation: Organisation, seed: int, /
) -> tuple[Design, dict[str, Message]]:
    """Leave out levers in which people do not differ, and those that cannot be distinguished from another.

    Of two that move together the one on a scorecard stays, else the first of the catalogue.
    """
    from models.effects.estimators.employee_means import spreads

    weights = np.vstack([np.ones((1, moments.employees)), bayesian_weights(100, moments.employees, seed)])
    covariance = moments.covariance(weights)
    variance = np.diagonal(covariance, axis1=1, axis2=2)[:, : design.size]
    differs = variance[0] / np.maximum(variance[1:].std(axis=0), 1e-300) > MIN_DIFFERENCE
    carded = _carded(organisation)
    order = sorted(range(design.size), key=lambda at: (at >= design.asked, design.levers[at] not in carded, at))
    spread = np.maximum(spreads(covariance[0]), 1e-300)
    kept: list[int] = []
    why: dict[str, Message] = {}
    for at in order:
        twin = next(
            (other for other in kept if abs(covariance[0, at, other] / (spread[at] * spread[other])) > MAX_CORRELATION),
            None,
        )
        if not differs[at]:
            why[design.levers[at]] = Message(NotMeasured.PEOPLE_ALIKE)
        elif twin is not None:
            why[design.levers[at]] = Message(NotMeasured.NOT_SEPARATE, {"other": design.levers[twin]})
        else:
            kept.append(at)
    asked = set(design.targets)
    chosen = tuple(design.levers[at] for at in sorted(kept))
    return design.keep(chosen), {kpi: reason for kpi, reason in why.items() if kpi in asked}


def _selection(design: Design, means: Estimate, routing: Routing, seed: int, /) -> Floats:
    """Draws of the bias that hidden case mix as strong as the known one would bring.

    Source: Altonji, Elder & Taber 2005; Oster 2019: selection on what is hidden judged by selection on what is seen.
    """
    crude = between_moments(design, design.unadjusted)
    before = solve_total(design, crude.covariance(np.ones((1, crude.employees))), crude.kept)[0]
    strength = 1.0 if routing.near_random else 2.0
    direction = np.random.default_rng(seed + 1).standard_normal((len(means.draws), 1))
    return strength * direction * (means.point - before)[None, :]


def _nothing(outcome: str, kind: str, helpful: int, scale: float, why_not: Mapping[str, Message], /) -> OutcomeEffects:
    empty = np.zeros(0)
    common = Counter(why_not.values()).most_common(1)
    note = Message("estimate.nothing")
    if common:
        note = Message("estimate.nothing_because", {"why": common[0][0], "n": common[0][1]})
    return OutcomeEffects(
        outcome=outcome, kind=kind, helpful=helpful, levers=(), point=empty, low=empty, high=empty,
        draws=np.zeros((DRAWS, 0)), scale=scale, primary="none", estimates={}, joint=JointTest(1.0, 0, 0, np.zeros(0)),
        routing=Routing(True, 0.0, 1.0), why_not=why_not, notes=(note,),
    )  # fmt: skip
