"""What levers that teams own do to the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import kpi_column, outcome_column
from models.effects.estimators.arithmetic import joint_normal
from models.effects.estimators.omnibus import JointTest
from models.effects.estimators.protocol import DRAWS, MAX_CORRELATION, Estimate
from models.effects.estimators.refutation import reasons_against
from models.effects.estimators.shift_share import (
    Comparison,
    between_teams,
    compare,
    prior_variance,
    team_spread,
    within_teams,
)
from models.effects.estimators.team_cells import MIN_TEAMS, TeamCells, cells_of_activity, cells_of_cases
from models.effects.estimators.team_tests import joint_test_of_teams, refute_teams
from models.effects.not_measured import NotMeasured

__all__ = ["METHOD", "TeamFindings", "estimate_teams"]

Floats = NDArray[np.float64]

TEAM_PERMUTATIONS = 499
METHOD = "teams_combined"


@dataclass(frozen=True)
class TeamFindings:
    """Effects on one outcome of levers that teams own.

    Parameters
    ----------
    levers : tuple of str
        Ids of the KPIs, in the order of the columns.
    point : array of shape (levers,)
    draws : array of shape (draws, levers)
    per_row : array of shape (levers,)
        The effect shared out over the cases of a customer at risk, where exposures are cases; NaN else.
    estimates : mapping of str to Estimate
        ``teams_combined``, ``teams_within``, ``teams_between``, on the scale of the effect.
    why_not : mapping of str to Message
    refuted : mapping of str to str
    checks : pandas.DataFrame
    notes : mapping of str to str
        Per lever what a reader must know.
    """

    levers: tuple[str, ...] = ()
    point: Floats = field(default_factory=lambda: np.zeros(0))
    draws: Floats = field(default_factory=lambda: np.zeros((DRAWS, 0)))
    per_row: Floats = field(default_factory=lambda: np.zeros(0))
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    joint: JointTest = field(default_factory=lambda: JointTest(1.0, 0, 0, np.zeros(0)))
    why_not: Mapping[str, Message] = field(default_factory=dict)
    refuted: Mapping[str, Message] = field(default_factory=dict)
    checks: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: Mapping[str, Message] = field(default_factory=dict)


def estimate_teams(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    fixed: tuple[str, ...],
    outcome: str,
    seed: int,
    /,
) -> TeamFindings:
    """Estimate the effects of all levers that teams own on one outcome.

    Parameters
    ----------
    organisation : Organisation
        Of two levers that move together the one on a scorecard stays.
    fixed : tuple of str
        Mandatory KPIs, which are not up for advice.
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.

    Returns
    -------
    TeamFindings
        Empty, with a reason per lever, where nothing can be compared.
    """
    wanted = [kpi.id for kpi in catalogue.with_role("lever") if kpi.owner == "team" and kpi.id not in fixed]
    why: dict[str, Message] = {}
    found: list[TeamFindings] = []
    by_activity = _in_activity(cases, wanted) if outcome == "churn" else ()
    if cases.exposures is not None and by_activity:
        found.append(_of_cells(cells_of_activity(cases.exposures, catalogue, by_activity), organisation, seed))
    known = [kpi for kpi in wanted if kpi_column(kpi) in cases.frame and cases.frame[kpi_column(kpi)].notna().any()]
    others = tuple(kpi for kpi in known if not any(kpi in part.levers for part in found))
    if others and outcome_column(outcome) in cases.frame:
        cells = cells_of_cases(cases, catalogue, outcome, others, seed)
        if cells is not None:
            found.append(_of_cells(cells, organisation, seed + 1))
    for part in found:
        why |= part.why_not
    levers = [lever for part in found for lever in part.levers]
    for kpi in wanted:
        if kpi not in levers:
            why.setdefault(kpi, Message(NotMeasured.NO_TEAM_VALUES))
    return replace(_together(found), why_not={kpi: why[kpi] for kpi in wanted if kpi not in levers})


def _in_activity(cases: CaseTable, wanted: list[str], /) -> tuple[str, ...]:
    """Levers whose teams are those that customers' activity belongs to."""
    met = cases.exposures
    if met is None or met.values.empty:
        return ()
    teams = set(met.shares["team_id"])
    owners = met.values.groupby("kpi")["team_id"].agg(lambda ids: ids.isin(teams).mean())
    return tuple(kpi for kpi in wanted if kpi in owners.index and owners[kpi] >= 0.5)


def _of_cells(cells: TeamCells, organisation: Organisation, seed: int, /) -> TeamFindings:
    cells, spread, why = _comparable(cells, organisation)
    if not cells.levers:
        return TeamFindings(why_not=why)
    inside, across = within_teams(cells), between_teams(cells)
    within = compare(cells, inside, spread, cells.contacts, cells.answers)
    between = compare(cells, across, spread, cells.contacts, cells.answers)
    crude = compare(cells, across, spread, cells.plain_contacts, cells.plain_answers, errors=False)
    measured = inside.usable | np.isfinite(between.point)
    if not measured.all():
        few = Message(NotMeasured.FEW_TEAMS_UNCHANGING)
        why |= {lever: few for lever, fine in zip(cells.levers, measured, strict=True) if not fine}
        return _rest(cells, measured, organisation, seed, why)
    point, covariance = _combined(within, between, crude)
    size = cells.scale * cells.covered
    freedom = float(max(int((cells.volume.sum(axis=(0, 1)) > 0).sum()) - 1 - cells.size, 2))
    deciding, found = (inside, within) if inside.usable.any() else (across, between)
    joint = joint_test_of_teams(
        cells, (inside, across), spread, (within.variance, between.variance), permutations=TEAM_PERMUTATIONS, seed=seed
    )
    checks = refute_teams(cells, deciding, spread, found, joint.single)

    def answer(method: str, middle: Floats, spreads: Floats) -> Estimate:
        # where there is nothing to compare the draws are unknown too
        draws = _student(np.nan_to_num(middle), spreads, freedom, seed) + np.where(np.isfinite(middle), 0.0, np.nan)
        return Estimate(
            method=method,
            levers=cells.levers,
            point=middle * size,
            draws=draws * size,
            spread=spread,
            freedom=freedom,
        )

    chosen = answer(METHOD, point, covariance)
    return TeamFindings(
        levers=cells.levers,
        point=chosen.point,
        draws=chosen.draws,
        per_row=chosen.point / cells.scale if cells.basis == "cases" else np.full(cells.size, np.nan),
        estimates={
            METHOD: chosen,
            "teams_within": answer("teams_within", within.point, within.covariance),
            "teams_between": answer("teams_between", between.point, between.covariance),
        },
        joint=joint,
        why_not=why,
        refuted=reasons_against(checks),
        checks=checks,
        notes=_notes(cells, inside.usable),
    )


def _rest(
    cells: TeamCells, measured: NDArray[np.bool_], organisation: Organisation, seed: int, why: Mapping[str, Message], /
) -> TeamFindings:
    """Go on without the levers about which nothing can be estimated."""
    kept = tuple(lever for lever, fine in zip(cells.levers, measured, strict=True) if fine)
    if not kept:
        return TeamFindings(why_not=why)
    found = _of_cells(cells.keep(kept), organisation, seed)
    return replace(found, why_not={**why, **found.why_not})


def _notes(cells: TeamCells, changing: NDArray[np.bool_], /) -> dict[str, Message]:
    alone = Message("estimate.between_teams_alone")
    return {lever: alone for lever, fine in zip(cells.levers, changing, strict=True) if not fine}


def _comparable(cells: TeamCells, organisation: Organisation, /) -> tuple[TeamCells, Floats, dict[str, Message]]:
    """Leave out levers that too few teams have, in which teams do not differ, or that move with another."""
    why: dict[str, Message] = {}
    enough = []
    for at, lever in enumerate(cells.levers):
        teams = cells.teams_with(at)
        if teams < MIN_TEAMS:
            why[lever] = Message(NotMeasured.FEW_TEAMS, {"teams": teams, "least": MIN_TEAMS})
        else:
            enough.append(lever)
    cells = cells.keep(tuple(enough))
    spread, differ = team_spread(cells)
    # a team may lack a lever altogether: its mean is unknown
    known = np.isfinite(cells.values).sum(axis=(0, 1))
    mean_value = np.where(known > 0, np.nansum(cells.values, axis=(0, 1)) / np.maximum(known, 1), np.nan)
    carded = set(organisation.current_cards["kpi"]) if len(organisation.scorecards) else set()
    kept: list[int] = []
    for at in sorted(range(cells.size), key=lambda at: (cells.levers[at] not in carded, at)):
        twin = next((other for other in kept if _alike(mean_value[:, at], mean_value[:, other])), None)
        if not differ[at]:
            why[cells.levers[at]] = Message(NotMeasured.TEAMS_ALIKE)
        elif twin is not None:
            why[cells.levers[at]] = Message(NotMeasured.NOT_SEPARATE, {"other": cells.levers[twin]})
        else:
            kept.append(at)
    kept.sort()
    return cells.keep(tuple(cells.levers[at] for at in kept)), spread[kept], why


def _alike(one: Floats, two: Floats, /) -> bool:
    both = np.isfinite(one) & np.isfinite(two)
    if both.sum() < MIN_TEAMS or one[both].std() == 0 or two[both].std() == 0:
        return False
    return abs(float(np.corrcoef(one[both], two[both])[0, 1])) > MAX_CORRELATION


def _combined(within: Comparison, between: Comparison, crude: Comparison, /) -> tuple[Floats, Floats]:
    """Draw the comparison within teams towards the one between them, as far as the two agree.

    The comparison between teams may be off by who uses which team. How far off is estimated from what the two differ by
    beyond their errors, and is never less than its own typical size; what the known attributes of customers change it
    by stands for what unknown ones would.

    Source: Green & Strawderman 1991; Altonji, Elder & Taber 2005.
    """
    inside, across = np.isfinite(within.point), np.isfinite(between.point)
    selection = np.nan_to_num(between.point - crude.point) ** 2
    width = prior_variance(within.point, between.point, within.variance, between.variance) + selection
    trust = np.where(inside, 1.0 / np.maximum(within.variance, 1e-300), 0.0)
    prior = np.where(across, 1.0 / np.maximum(width, 1e-300), 0.0)
    lean = prior / (trust + prior)
    point = (1.0 - lean) * np.nan_to_num(within.point) + lean * np.nan_to_num(between.point)
    # lever by lever: a few teams do not show well enough how the errors of many levers are correlated
    both = Comparison(point, (1.0 - lean) * within.left_out + lean * between.left_out)
    return point, both.covariance + np.diag(lean**2 * np.where(across, width - between.variance, 0.0))


def _student(point: Floats, covariance: Floats, freedom: float, seed: int, /) -> Floats:
    """Draws of a multivariate Student t: few teams show little of their own spread."""
    normal = joint_normal(np.zeros(len(point)), covariance, DRAWS, seed)
    chi = np.random.default_rng(seed + 3).chisquare(freedom, (DRAWS, 1))
    return point + normal * np.sqrt(freedom / chi)


def _together(parts: list[TeamFindings], /) -> TeamFindings:
    """Put the findings by cases and by activity side by side; the joint test holds for both together."""
    parts = [part for part in parts if part.levers]
    if not parts:
        return TeamFindings()
    if len(parts) == 1:
        return parts[0]
    one, two = parts
    methods = one.estimates.keys() & two.estimates.keys()
    smallest = min(parts, key=lambda part: part.joint.p_value)
    return TeamFindings(
        levers=(*one.levers, *two.levers),
        point=np.concatenate([one.point, two.point]),
        draws=np.hstack([one.draws, two.draws]),
        per_row=np.concatenate([one.per_row, two.per_row]),
        estimates={name: _joined(one.estimates[name], two.estimates[name]) for name in methods},
        joint=replace(smallest.joint, p_value=min(1.0, 2 * smallest.joint.p_value),
                      single=np.concatenate([one.joint.single, two.joint.single])),
        refuted={**one.refuted, **two.refuted},
        checks=pd.concat([one.checks, two.checks], ignore_index=True),
        notes={**one.notes, **two.notes},
    )  # fmt: skip


def _joined(one: Estimate, two: Estimate, /) -> Estimate:
    return replace(
        one,
        levers=(*one.levers, *two.levers),
        point=np.concatenate([one.point, two.point]),
        draws=np.hstack([one.draws, two.draws]),
        spread=np.concatenate([one.spread, two.spread]),
        freedom=min(one.freedom, two.freedom),
    )
