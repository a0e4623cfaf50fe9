"""Whom to help with what: gaps that are real, with the cases behind them and what must be provided first.

Only levers that keep customers (or serve the cases' outcome) are coached: help towards a KPI that harms would be harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from baton.contract.results import cast
from baton.messages.message import Message, bilingual
from baton.outcomes import served
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import kpi_column
from models.advice.coaching.closing import NEWCOMER_MONTHS
from models.advice.coaching.explain import Help, Seen, action_source, for_lead, for_person, seen_of_person
from models.advice.coaching.gaps import Standing, measurements, standing
from models.advice.coaching.learned import Record
from models.advice.coaching.process import process_shifts
from models.advice.coaching.scene import Scene, build_scene
from models.advice.coaching.words import Gap, closes, how_sure, person_reason, process_reason, team_reason
from models.advice.settings import Settings
from models.effects.estimators.design import Question, build_design

__all__ = ["FALSE_FLAGS", "Benefit", "coach", "flagged", "helpful_levers"]

Floats = NDArray[np.float64]

FALSE_FLAGS = 0.10
"""Expected share of flags whose true gap is not worth acting on, over all employees and KPIs."""
MIN_PROBABILITY = 0.5
MIN_TRUE_SHARE = 0.1
WIDTH_90 = 3.29
Z_90 = WIDTH_90 / 2
EVIDENCE_CASES = 5


def coach(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    effects: pd.DataFrame,
    settings: Settings,
    /,
) -> pd.DataFrame:
    """Find whom to help with what.

    Parameters
    ----------
    organisation : Organisation
        Of the employees only team, hiring and leaving are read.
    effects : pandas.DataFrame
        Rows of ``effects.parquet``.
    settings : Settings
        Of the policy ``min_group``, ``cycle_days``, ``confidence`` and ``fixed`` are kept to.

    Returns
    -------
    pandas.DataFrame
        One row per employee (or team, or process) and action, the most useful first. ``gap_sd``: the expected true gap
        in between-person standard deviations; ``probability``: that it is worth acting on; ``expected_effect``: the
        customers kept over a cycle if the gap closes as far as such gaps usually do (for a case outcome its change,
        summed over a cycle's cases; positive is good); ``priority``: that as a share of the largest, 0 to 100.

    Source
    ------
    Adams 2009; Spiegelhalter 2005; Müller, Parmigiani & Rice 2006 (false discoveries from posteriors); Brynjolfsson, Li
    & Raymond 2023.
    """
    policy = settings.policy
    benefit = helpful_levers(effects, cases, catalogue, policy)
    scene = build_scene(cases, organisation, catalogue, tuple(benefit), policy) if benefit else None
    if scene is None:
        return _table([])
    scene = replace(scene, currency=settings.currency)
    rng = np.random.default_rng(settings.seed)
    standings, values = {}, {}
    for at, lever in enumerate(scene.design.levers):
        found = measurements(scene.design, at, scene.team, scene.recent)
        stands = standing(found, policy.min_group, rng)
        if stands is not None:
            standings[lever], values[lever] = stands, found.value
    rows = (
        _people(scene, standings, benefit, values)
        + _teams(scene, standings, policy)
        + _processes(scene, standings, cases, catalogue, policy)
    )
    for row in rows:
        worth = benefit[row["kpi"]]
        row["expected_effect"] *= worth.gain
        row["serves"] = how_sure(worth.sure)
    return _table(_with_actions(rows, catalogue, scene.record))


@dataclass(frozen=True)
class Benefit:
    """What one SD better in a lever is worth.

    Parameters
    ----------
    gain : float
        For churn the fall of the probability of leaving within the horizon, for a case outcome the change per case;
        positive, and shrunk towards zero by how uncertain it is.
    sure : float
        Probability that it helps at all.
    false : float
        Share of levers that would be coached in vain if all as clear as this one were: its adjusted p-value.
    """

    gain: float
    sure: float
    false: float


def helpful_levers(
    effects: pd.DataFrame, cases: CaseTable, catalogue: Catalogue, policy: Policy, /
) -> dict[str, Benefit]:
    """Return the levers worth coaching.

    Left out are levers that are not clearly helpful (the effects' own ``clear``, and ``confidence``), that nobody owns
    as a person, and mandatory KPIs. Of many levers some look helpful by chance: of those that are coached, the expected
    share of useless ones is held at ``FALSE_FLAGS``. Where the joint test over them does not hold ``false_moves``, no
    KPI may matter and nobody is sent to practise one.

    Returns
    -------
    dict of KPI to Benefit

    Source
    ------
    Benjamini & Hochberg 1995.
    """
    from scipy.special import ndtr
    from scipy.stats import false_discovery_control

    outcome = served(effects["outcome"])
    if outcome is None:
        return {}
    helps = -1.0 if cases.better.get(outcome, "lower" if outcome == "churn" else "higher") == "lower" else 1.0
    of_people = {kpi.id for kpi in catalogue.values() if kpi.owner == "employee"}
    rows = effects[(effects["outcome"] == outcome) & effects["effect"].notna() & effects["kpi"].isin(of_people)]
    variance = ((rows["high"] - rows["low"]) / WIDTH_90) ** 2
    # what all levers do shows how much of a single one's estimate is luck
    true = max(float((rows["effect"] ** 2 - variance).mean()), MIN_TRUE_SHARE * float((rows["effect"] ** 2).mean()))
    gain = helps * rows["effect"].to_numpy(float)
    sure = ndtr(gain / np.sqrt(np.maximum(variance.to_numpy(float), 1e-300)))
    false = false_discovery_control(1.0 - sure) if sure.size else sure
    found = {}
    for at, row in enumerate(rows.to_dict("records")):
        kpi = catalogue[row["kpi"]]
        if kpi.role != "lever" or kpi.id in policy.fixed or kpi_column(kpi.id) not in cases.frame:
            continue
        if row["clear"] != "helps" or row["joint_p"] > policy.false_moves:
            continue
        if sure[at] >= policy.confidence and false[at] <= FALSE_FLAGS:
            noise = float(variance.iloc[at])
            found[kpi.id] = Benefit(float(gain[at]) * true / (true + noise), float(sure[at]), float(false[at]))
    return found


def flagged(probability: Floats, false_share: float = FALSE_FLAGS, /) -> NDArray[np.bool_]:
    """Choose as many flags as the expected share of false ones allows, the surest first.

    Parameters
    ----------
    probability : array
        Of each true gap; NaN: unknown, never flagged.

    Examples
    --------
    >>> flagged(np.array([0.99, 0.9, 0.86, 0.6, np.nan])).tolist()
    [True, True, True, False, False]
    """
    known = np.where(np.isfinite(probability), probability, 0.0)
    order = np.argsort(-known, kind="stable")
    false = np.cumsum(1 - known[order]) / np.arange(1, known.size + 1)
    allowed = (false <= false_share) & (known[order] >= MIN_PROBABILITY)
    chosen = np.zeros(known.size, bool)
    if allowed.any():
        chosen[order[: int(np.flatnonzero(allowed)[-1]) + 1]] = True
    return chosen


def _people(
    scene: Scene, standings: Mapping[str, Standing], benefit: Mapping[str, Benefit], values: Mapping[str, Floats], /
) -> list[dict[str, Any]]:
    probability = np.array([np.where(scene.here, stands.probability, np.nan) for stands in standings.values()])
    if not probability.size:
        return []
    # a flag is in vain if the gap is no gap, and if the lever is none
    useful = np.array([1.0 - benefit[lever].false for lever in standings])
    chosen = flagged((useful[:, None] * probability).ravel()).reshape(probability.shape)
    count = np.bincount(scene.design.employee[scene.recent], minlength=len(scene.people))
    rows = []
    for (lever, stands), flags in zip(standings.items(), chosen, strict=True):
        behind = _common(stands)
        for person in np.flatnonzero(flags):
            months = float(scene.months[person])
            new = bool(months < NEWCOMER_MONTHS)
            gap, chance = float(stands.gap[person]), float(stands.probability[person])
            team = int(scene.team[person])
            mine = scene.recent & (scene.design.employee == person)
            unit, beyond = scene.own_spread(lever, stands), team >= 0 and bool(behind[team])
            own = float(np.nanmean(scene.figures[lever][mine]))
            reach, room = Z_90 * float(stands.error[person]), scene.room(lever, own)
            size = min(gap * unit, room)
            reason = person_reason(
                Gap(scene.kpis[lever], size, chance, scene.days, scene.currency),
                int(count[person]),
                months if new else None,
                beyond=beyond,
            )
            seen = Seen(
                own=own,
                peers=scene.comparable(lever, own, float(values[lever][person])),
                size=size,
                low=min((gap - reach) * unit, room),
                high=min((gap + reach) * unit, room),
                cases=int(count[person]),
                days=scene.days,
                people=int(scene.peers[person]),
                months=months if new else None,
                beyond=beyond,
            )
            rows.append(
                _row(scene, Finding(lever, "employee", gap, chance), mine, scene.closing[new], reason)
                | {
                    "employee_id": scene.people[person],
                    "team_id": scene.teams[team] if team >= 0 else None,
                    "seen": seen_of_person(scene.kpis[lever], seen, scene.currency),
                    "new": new,
                }
            )
    return rows


def _common(stands: Standing, /) -> NDArray[np.bool_]:
    return stands.team_broad & (stands.team_probability > MIN_PROBABILITY)


def _teams(scene: Scene, standings: Mapping[str, Standing], policy: Policy, /) -> list[dict[str, Any]]:
    # teams that are nobody's own, such as those that only had cases handed to them, may lie beyond the last
    teams = int(scene.team.max(initial=-1)) + 1
    size = np.bincount(scene.team[scene.here & (scene.team >= 0)], minlength=teams)
    probability = np.array(
        [
            np.where((size >= policy.min_group) & _common(stands), stands.team_probability, np.nan)
            for stands in standings.values()
        ]
    )
    if not probability.size:
        return []
    rows = []
    chosen = flagged(probability.ravel()).reshape(probability.shape)
    for (lever, stands), flags in zip(standings.items(), chosen, strict=True):
        for team in np.flatnonzero(flags):
            gap, chance = float(stands.team_gap[team]), float(stands.team_probability[team])
            mine = scene.recent & (scene.design.team == team)
            found = Gap(scene.kpis[lever], gap * scene.own_spread(lever, stands), chance, scene.days, scene.currency)
            reason = team_reason(found, int(size[team]))
            rows.append(
                _row(scene, Finding(lever, "team", gap, chance), mine, scene.closing[False], reason)
                | {"team_id": scene.teams[team]}
            )
    return rows


def _processes(
    scene: Scene, standings: Mapping[str, Standing], cases: CaseTable, catalogue: Catalogue, policy: Policy, /
) -> list[dict[str, Any]]:
    levers = tuple(lever for lever in standings if lever in cases.case_level)
    if not levers or len(scene.processes) < 2 or not scene.recent.any() or scene.recent.all():
        return []
    # what has changed over time must stay in the values
    design = build_design(cases, catalogue, Question(None, levers), period=False)
    names = scene.processes
    found = [
        (lever, shift)
        for at, lever in enumerate(levers)
        for shift in process_shifts(design, at, scene.recent, standings[lever].spread, policy.min_group)
    ]
    chosen = flagged(np.array([shift.probability for _, shift in found]))
    rows = []
    for (lever, shift), flag in zip(found, chosen, strict=True):
        if not flag:
            continue
        mine = scene.recent & (design.process == shift.process)
        size = shift.gap * scene.own_spread(lever, standings[lever])
        gap = Gap(scene.kpis[lever], size, shift.probability, scene.days, scene.currency)
        reason = process_reason(gap, names[shift.process], shift.people)
        rows.append(
            _row(scene, Finding(lever, "process", shift.gap, shift.probability), mine, scene.closing[False], reason)
            | {"process": names[shift.process]}
        )
    return rows


@dataclass(frozen=True)
class Finding:
    """What somebody may be helped with.

    Parameters
    ----------
    level : {"employee", "team", "process"}
    sd : float
        The expected true gap in between-person standard deviations.
    probability : float
        That it is worth acting on.
    """

    kpi: str
    level: str
    sd: float
    probability: float


def _row(
    scene: Scene, found: Finding, mine: NDArray[np.bool_], closing: float, reason: tuple[Message, ...], /
) -> dict[str, Any]:
    share = float(mine.sum()) / max(float(scene.recent.sum()), 1.0)
    return {
        "employee_id": None,
        "team_id": None,
        "process": None,
        "kpi": found.kpi,
        "level": found.level,
        "gap_sd": found.sd,
        "probability": found.probability,
        "expected_effect": found.sd * share * scene.reach,
        "evidence": _evidence(scene, found.kpi, mine),
        "reason": reason,
        "n": int(mine.sum()),
        "closing_share": closing,
    }


def _evidence(scene: Scene, lever: str, mine: NDArray[np.bool_], /) -> list[str]:
    """Return the cases that show it most, the latest first among equals, no customer twice."""
    value = scene.design.values[:, scene.design.levers.index(lever)]
    rows = np.flatnonzero(mine & np.isfinite(value) & (value < 0))
    # handlers' measures are the same for a month of cases: rounding leaves the latest first
    rows = rows[np.lexsort((-scene.opened[rows], value[rows].round(2)))]
    customers = scene.design.customer[rows]
    first = np.sort(np.unique(customers, return_index=True)[1])[:EVIDENCE_CASES]
    return [str(name) for name in scene.case_id[rows[first]]]


def _with_actions(rows: list[dict[str, Any]], catalogue: Catalogue, record: Record | None, /) -> list[dict[str, Any]]:
    """Write a row per action, with what it closes, and what it says to the person and to the lead."""
    out = []
    for row in rows:
        kpi = catalogue[row["kpi"]]
        seen, serves, new = row.pop("seen", None), row.pop("serves"), row.pop("new", False)
        for action in catalogue.actions_for(kpi.id, row["level"]) or (None,):
            needs = tuple(dict.fromkeys((*(action.needs if action is not None else ()), *kpi.needs)))
            source = None if action is None else action_source(action, catalogue)
            offered = Help(action, needs, source)
            learned = record if record is not None and record.verdict == "learned" and seen is not None else None
            closed = None if learned is None else learned.closed(None if action is None else action.id, new)
            share = row["closing_share"] if closed is None else closed.share
            expected = () if seen is None else closes(share, record, closed)
            reason = (*row["reason"], *expected, serves)
            texts = {
                "reason": bilingual(reason),
                "for_person": None if seen is None else bilingual(for_person(seen, serves, offered)),
                "for_lead": bilingual(for_lead(reason, offered, person=seen is not None)),
                "source": None if source is None else bilingual(source),
                "needs": [{"en": need.en, "zh": need.zh} for need in needs],
                "expected_effect": row["expected_effect"] * share,
                "closing_share": share,
                "closing_low": None if closed is None else closed.low,
                "closing_high": None if closed is None else closed.high,
                "closing_basis": "gaps" if closed is None else "record",
            }
            out.append(row | texts | {"action": None if action is None else action.id})
    return out


def _table(rows: list[dict[str, Any]], /) -> pd.DataFrame:
    largest = max((float(row["expected_effect"]) for row in rows), default=0.0)
    for row in rows:
        row["priority"] = float(np.round(100 * float(row["expected_effect"]) / largest, 1)) if largest > 0 else 0.0
    keys = ["priority", "probability", "level", "kpi", "employee_id", "team_id", "process", "action"]
    table = cast("coaching", rows)
    return table.sort_values(keys, ascending=[False, False, *[True] * 6], kind="stable").reset_index(drop=True)
