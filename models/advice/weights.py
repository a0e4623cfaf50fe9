"""From effects to the points on scorecards: what to pay for, how sure, and within which limits.

Target weights are the linear agency optimum ``w ∝ max(β, 0) · c² / (c² + r·σ²)``: β the value of one standard deviation
better, c how far people can move it, σ² its noise at the unit's own volume over a cycle, r the policy's risk aversion.

Source: Holmström & Milgrom 1991; Banker & Datar 1989; Baker 2002.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.company import Policy
from baton.contract.results import cast
from models.advice.conflict import conflict_name
from models.advice.expected import expected_effect, expected_money, moved_kpis
from models.advice.experts import blended
from models.advice.fairness import Impact, impact, movers
from models.advice.inputs import AdviceInputs
from models.advice.lines import aims, collisions, solve_card
from models.advice.policy import Solved, check_policy
from models.advice.reasons import explain
from models.advice.stability.standing import begun, heard_of, stands, still
from models.advice.stress.guarding import try_answers
from models.advice.target_card import TargetCard
from models.effects.not_measured import NotMeasured
from models.effects.signal import noise_ratio, spearman_brown

__all__ = ["recommend", "target_card"]

Floats = NDArray[np.float64]

WORTH_A_ROW = 1.0
_MONEY = ("expected_money", "expected_money_low", "expected_money_high")
UNMEASURED_DRAWS = 400
"""Of experts' judgements where nothing was measured: as many as effects have."""


def recommend(inputs: AdviceInputs, policy: Policy, team_id: str | None = None) -> pd.DataFrame:
    """Recommend the weights of every card, or of one team's cards.

    Parameters
    ----------
    team_id : str, optional
        One team only.

    Returns
    -------
    pandas.DataFrame
        Rows of ``weights.parquet``: one per card and KPI, moved or not, and per candidate.

    Raises
    ------
    PolicyError
        If the limits contradict each other whatever the card.
    """
    check_policy(policy)
    cards = _card_keys(inputs)
    rows: list[dict[str, Any]] = []
    for team, role in cards:
        if team_id is None or team == team_id:
            rows += _card_rows(inputs, policy, team, role)
    return cast("weights", rows)


def _card_keys(inputs: AdviceInputs, /) -> list[tuple[str, str]]:
    keys = pd.concat([inputs.cards[["team_id", "role"]], inputs.headcounts[["team_id", "role"]]]).drop_duplicates()
    carded = set(inputs.cards["team_id"])
    known = set(inputs.cards[["team_id", "role"]].itertuples(index=False, name=None))
    found = [key for key in keys.itertuples(index=False, name=None) if key in known or key[0] not in carded]
    return sorted((str(team), str(role)) for team, role in found)


def target_card(inputs: AdviceInputs, policy: Policy, team: str, role: str, /) -> TargetCard:
    """Work out what the evidence alone would pay on one card, and how sure each move is.

    Parameters
    ----------
    team, role : str

    Returns
    -------
    TargetCard
        Of the same inputs and policy it is worked out once, for weights, targets and diagnosis.
    """
    kept, found = inputs.kept.get((team, role), (None, None))
    if found is None or kept is not policy:
        found = _target_card(inputs, policy, team, role)
        inputs.kept[team, role] = policy, found
    return replace(found, frame=found.frame.copy())


def _target_card(inputs: AdviceInputs, policy: Policy, team: str, role: str, /) -> TargetCard:
    inputs = inputs.of_team(team)
    card = inputs.cards[(inputs.cards["team_id"] == team) & (inputs.cards["role"] == role)].set_index("kpi")["weight"]
    of_card = (inputs.headcounts["team_id"] == team) & (inputs.headcounts["role"] == role)
    headcounts = inputs.headcounts[of_card].set_index("kpi")
    kpis = inputs.kpis.set_index("kpi")
    here = [kpi for kpi in inputs.draws.columns if kpi in headcounts.index and kpi not in card.index]
    prior = policy.prior_of(role)
    judged = {} if prior is None else prior.weights
    here += [kpi for kpi in judged if kpi in kpis.index and kpi not in card.index and kpi not in here]
    frame = kpis.reindex([*card.index, *here]).rename(columns={"low": "effect_low", "high": "effect_high"})
    frame["kpi"] = frame.index
    if "joint_p" not in frame:
        frame["joint_p"] = inputs.joint_p_value
    frame["role"] = frame["role"].fillna("unknown")
    frame["on_card"] = frame["kpi"].isin(card.index)
    frame["current"] = card.reindex(frame.index).fillna(0.0).astype(float)
    frame["fixed"] = frame["kpi"].isin(policy.fixed)
    frame = frame[frame["on_card"] | ~frame["fixed"]].copy()
    n = headcounts["n_per_day"].reindex(frame.index).fillna(0.0) * policy.cycle_days
    frame["noise"] = [noise_ratio(icc, k) if icc == icc else np.inf for icc, k in zip(frame["icc"], n, strict=True)]
    frame["reliability"] = [
        spearman_brown(i, k) if i == i and k > 0 else np.nan for i, k in zip(frame["icc"], n, strict=True)
    ]
    lever = (frame["role"] == "lever") & ~frame["fixed"]
    frame["expert"] = frame["kpi"].map(judged).astype("float64").where(lever)
    frame = begun(inputs, policy, frame, team, role)
    # each owner's levers by their own joint test, all of them together at false_moves
    p_values = frame["joint_p"].fillna(1.0).clip(lower=inputs.joint_p_value)
    frame["heard"], frame["first"] = heard_of(frame, p_values, policy)
    _targets(inputs, policy, frame, 0.0 if prior is None else prior.doubt)
    known = len(card) > 0
    _directions(inputs, policy, frame, known)
    people = int(headcounts["people"].max()) if len(headcounts) else 0
    return TargetCard(
        frame.reset_index(drop=True), known, people, float(headcounts["share"].max()) if len(headcounts) else 0.0
    )


def _targets(inputs: AdviceInputs, policy: Policy, frame: pd.DataFrame, doubt: float, /) -> None:
    """Add measured, evidence_share, target, reach (the target among declared levers alone), low, high, up and down.

    What is declared as something else and behaves as a lever has a target, and no card moves towards it.
    """
    lever = frame["kpi"].isin(inputs.draws.columns) & ~frame["fixed"]
    here = np.isfinite(frame["noise"])
    frame.loc[lever & ~here, "why_key"] = str(NotMeasured.NOT_ON_CARD)
    frame.loc[lever & ~here, "why_values"] = "{}"
    frame["measured"] = lever & here
    for name in ("evidence_share", "target", "reach", "low", "high", "up", "down", "still"):
        frame[name] = np.nan
    other = frame["role"].isin(["outcome", "mediator", "context"]) & ~frame["fixed"]
    for name in ("target", "low", "high"):
        frame.loc[other, name] = 0.0
        frame.loc[frame["fixed"], name] = frame.loc[frame["fixed"], "current"]
    pays = (frame["measured"] | frame["expert"].notna()).to_numpy()
    if not pays.any():
        return
    points = 100.0 - float(frame.loc[frame["fixed"], "current"].sum())
    shares, say = blended(_shares(inputs, policy, frame[pays]), frame[pays], doubt)
    shares = points * shares
    frame.loc[pays, "evidence_share"] = say
    frame.loc[pays, "target"] = shares[0]
    frame.loc[pays, "low"] = np.quantile(shares[1:], 0.05, axis=0)
    frame.loc[pays, "high"] = np.quantile(shares[1:], 0.95, axis=0)
    declared = pays & (frame["role"] == "lever").to_numpy()
    if declared.sum() < pays.sum():
        shares = points * blended(_shares(inputs, policy, frame[declared]), frame[declared], doubt)[0]
    current = frame.loc[declared, "current"].to_numpy()
    # a KPI that is not on the card must be worth a line of its own
    minimum = np.where(frame.loc[declared, "on_card"], current, policy.min_weight / 2)
    frame.loc[declared, "reach"] = shares[0]
    frame.loc[declared, "up"] = (shares[1:] > minimum).mean(axis=0)
    frame.loc[declared, "down"] = (shares[1:] < current).mean(axis=0)
    frame.loc[declared, "still"] = still(shares[1:], frame[declared], policy)


def _shares(inputs: AdviceInputs, policy: Policy, levers: pd.DataFrame, /) -> Floats:
    """What evidence would pay each lever, as shares: first by the point estimates, then by each draw."""
    measured = levers["measured"].to_numpy()
    shares = np.zeros((1 + (len(inputs.draws) or UNMEASURED_DRAWS), len(levers)))
    if not measured.any():
        return shares
    known = levers[measured]
    square = known["controllable"].to_numpy(dtype=float) ** 2
    precision = square / (square + policy.risk_aversion * known["noise"].to_numpy(dtype=float))
    point = known["effect"].to_numpy(dtype=float)
    value = np.vstack([point, inputs.draws[list(known["kpi"])].to_numpy(dtype=float)])
    pull = np.clip(inputs.helpful * value, 0.0, None) * precision
    total = pull.sum(axis=1, keepdims=True)
    shares[:, measured] = np.divide(pull, total, out=np.zeros_like(pull), where=total > 0)
    return shares


def _directions(inputs: AdviceInputs, policy: Policy, frame: pd.DataFrame, known: bool, /) -> None:
    """Add misaligned, stands and direction: +1 raise, -1 lower, 0 keep."""
    # the interval's helpful end still lies on the harmful side
    best = frame["effect_high"] if inputs.helpful > 0 else frame["effect_low"]
    frame["misaligned"] = (frame["measured"] & (inputs.helpful * best < 0)).to_numpy(dtype=bool)
    sound = frame["measured"] & ~frame["refuted"].eq(True) & (frame["role"] == "lever")
    frame["misaligned"] &= sound & (frame["first"] | (frame["heard"] & (frame["was"] < 0)))
    # experts' judgements need no test of their own: they are never called evidence
    judged = frame["expert"].notna()
    first = (frame["first"] & sound) | judged
    up = (frame["up"] >= policy.confidence) & (frame["reach"] > frame["current"])
    down = (frame["down"] >= policy.confidence) & frame["on_card"]
    if not known and not judged.any():
        helps = (inputs.helpful * inputs.draws > 0).mean().reindex(frame["kpi"]).to_numpy(dtype=float)
        up = (np.nan_to_num(helps) >= policy.confidence) & (frame["target"] > 0)
    frame["direction"] = np.where(first & up, 1, np.where(first & down, -1, 0))
    frame["stands"] = (frame["direction"] == 0) & ((frame["heard"] & sound) | judged) & stands(frame, policy)
    frame["direction"] = frame["direction"].where(~frame["stands"], frame["was"])


def _card_rows(inputs: AdviceInputs, policy: Policy, team: str, role: str, /) -> list[dict[str, Any]]:
    target = target_card(inputs, policy, team, role)
    inputs = inputs.of_team(team)
    tried = try_answers(inputs, policy, target.frame, known=target.known)
    frame, steps = tried.frame, tried.steps
    fair = _impact(inputs, policy, role, frame, steps, known=target.known)
    blocked = fair.verdict == "fail" and bool((frame["direction"] != 0).any())
    if blocked:
        # nothing is proposed that a protected group pays for: the card stays, limits aside
        frame = frame.assign(direction=0, blocked=True)
        steps = solve_card(frame, policy, known=target.known)
    weights = [np.full(len(frame), np.nan)] * 3 if steps is None else [solved.weights for solved in steps]
    limits = () if steps is None else steps[-1].breaches
    clash = () if steps is None else collisions(frame, policy, steps, known=target.known)
    target = replace(target, frame=frame)
    if steps is None and bool((frame["direction"] > 0).any()):
        frame = frame.assign(too_few=frame["direction"] > 0)
    leads = aims(frame, policy, known=target.known)
    expected, low, high = expected_effect(inputs, policy, target, weights[0])
    money = dict(zip(_MONEY, expected_money(inputs, policy, target, weights[0]), strict=True))
    basis = inputs.basis(moved_kpis(frame, weights[0]))
    rows = []
    for at, line in enumerate(frame.to_dict("records")):
        advised = float(weights[0][at])
        if not line["on_card"] and not (advised > 0 or line["target"] >= WORTH_A_ROW):
            continue
        verdict = _verdict(line, advised, target.known)
        sure = max(line["up"], line["down"])
        if verdict in ("raise", "add"):
            sure = line["up"]
        elif verdict in ("lower", "drop"):
            sure = line["down"]
        going_on = line["direction"] != 0 and line["direction"] == line["was"]
        if going_on and verdict != "keep":
            sure = line["still"]  # of the whole move, which began earlier
        few = 0 < target.people < policy.min_group
        row = {
            "team_id": team, "role": role, "kpi": line["kpi"],
            "current_weight": line["current"] if target.known else np.nan, "target_weight": line["target"],
            "recommended_weight": advised, "low": line["low"], "high": line["high"], "verdict": verdict,
            "confidence": sure, "expected_effect": expected, "expected_low": low, "expected_high": high, **money,
            "reliability": np.nan if few else line["reliability"],
            "cycle_2": float(weights[1][at]), "cycle_3": float(weights[2][at]),
            "expected_basis": basis,
            "hypothetical": not target.known, "misaligned": line["misaligned"],
            "limits": "; ".join(map(str, limits)), "conflict": "; ".join(map(conflict_name, clash)),
            "impact_ratio": fair.ratio, "impact": fair.verdict,
            "impact_low": fair.low, "impact_high": fair.high, "rises": fair.rises, "falls": fair.falls,
            "evidence_share": line["evidence_share"], "stress_loses": tried.loses, "stress": str(tried.verdict),
            "direction": int(line["direction"]), "stands": bool(line["stands"]) and line["direction"] != 0,
            "started_from": (line["started_from"] if going_on else line["current"]) if target.known else np.nan,
            "aim": float(leads.iloc[at]) if line["direction"] != 0 else np.nan,
        }  # fmt: skip
        rows.append(row | {"reason": explain(inputs, policy, line, row, limits, clash)})
    return rows


def _impact(
    inputs: AdviceInputs, policy: Policy, role: str, frame: pd.DataFrame, steps: list[Solved] | None, /, *, known: bool
) -> Impact:
    """What the card at the end of the ramp does to protected groups."""
    if steps is None:
        return Impact("cannot be told", float("nan"), "")

    def scored(weights: Floats) -> Impact:
        card = dict(zip(frame["kpi"], weights, strict=True))
        return impact(inputs.scores, inputs.groups, role, card, policy.impact_ratio, policy.min_group)

    proposed = scored(steps[-1].weights)
    if known:
        cards = [dict(zip(frame["kpi"], card, strict=True)) for card in (frame["current"], steps[-1].weights)]
        rises, falls = movers(inputs.scores, role, cards[0], cards[1], policy.min_group)
        proposed = replace(proposed, rises=rises, falls=falls)
    if proposed.verdict == "fail" and proposed.ratio >= scored(frame["current"].to_numpy(dtype=float)).ratio:
        # keeping today's card, which is no fairer, would help nobody
        return replace(proposed, verdict="no worse than today")
    return proposed


def _verdict(line: dict[str, Any], advised: float, known: bool, /) -> str:
    if np.isnan(advised):
        return "keep"
    if not line["on_card"]:
        return "add" if advised > 0 else "keep"
    change = advised - line["current"]
    if abs(change) < 1e-6:
        return "keep"
    if change > 0:
        return "raise"
    return "drop" if advised == 0 else "lower"
