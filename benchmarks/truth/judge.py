"""One company judged: what was advised beside what is true."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from baton.company import Policy
from benchmarks.truth.kpis import ECHOES, LEVERS, TODAY
from benchmarks.truth.rivals import given, weigh
from benchmarks.truth.story import Story, happen
from benchmarks.truth.tables import ROLE, Recorded, month_earlier, record, wrong_roles
from benchmarks.truth.worlds import SIZES, WORLDS
from models.advice.advise import Advice, advise
from models.advice.settings import Settings
from models.advice.weights import target_card

__all__ = ["HARMFUL", "OPEN", "Card", "judge", "regret", "true_card"]

OPEN = Policy(
    min_weight=0, max_weight=100, step=5, max_change=100, min_share={}, outcome_max=100, impact_ratio=0, fixed=()
)
"""A policy without caps: what is judged is the evidence. Steps of five points halve the time and cost no target."""
HARMFUL = 0.1
"""A KPI counts as truly misaligned if it harms by more than this share of the strongest effect."""
KPIS = [each.kpi for each in (*LEVERS, *ECHOES)]

Card = pd.DataFrame


def judge(
    world: str, size: str, seed: int, *, roles: str = "right", again: bool = False, econml_python: str | None = None
) -> dict[str, Any]:
    """Simulate, advise and judge one company.

    Parameters
    ----------
    roles : {"right", "wrong"}
        Whether a third of the declared roles is wrong.
    again : bool
        Whether to ask for advice a month earlier too.
    econml_python : str, optional
        The Python of an environment with EconML, for one rival more.

    Returns
    -------
    dict of str to Any
        One line of the results.
    """
    begun = _clock()
    story = happen(WORLDS[world], SIZES[size], seed)
    found = record(story, seed, wrong_roles(seed) if roles == "wrong" else None)
    truth = story.effects
    written = _clock()
    advice = _advised(found, seed)
    advised = _clock()
    levers = [kpi for kpi in KPIS if found.catalogue[kpi].role == "lever"]
    rules = weigh(given(found.cases, found.catalogue, levers), econml_python)
    rivals = _clock()
    cards = [_card(found, advice, team, truth) for team in found.organisation.teams["team_id"]]
    result = {"world": world, "size": size, "seed": seed, "roles": roles, "cases": len(found.cases.frame)}
    result |= {"regret": _regrets(cards, rules)} if _something(truth) else {"regret": {}}
    result |= _intervals(advice, story, truth) | _moves(advice, cards, truth)
    if again:
        result["same"] = _same(advice, _advised(month_earlier(found), seed), found)
    seconds = {"company": written - begun, "advise": advised - written, "rivals": rivals - advised}
    seconds["judge"] = _clock() - rivals
    return result | {"seconds": {name: round(value, 2) for name, value in seconds.items()}}


def _clock() -> float:
    """Processor seconds, those of other programs that were called counted."""
    return sum(os.times()[:4])


def _advised(found: Recorded, seed: int, /) -> Advice:
    return advise(found.cases, found.organisation, found.catalogue, Settings(OPEN, seed, learners=False))


def _something(truth: list[dict[str, float]], /) -> bool:
    return any(effect < 0 for group in truth for effect in group.values())


def true_card(found: Recorded, effects: dict[str, float]) -> Card:
    """Return what the evidence would pay if the truth were known: kpi (index), b, D, best (100 in all)."""
    control = {each.kpi: each.controllable for each in (*LEVERS, *ECHOES)}
    card = pd.DataFrame(index=KPIS)
    card["c2"] = [control[kpi] ** 2 for kpi in KPIS]
    card["b"] = [-effects.get(kpi, 0.0) for kpi in KPIS] * card["c2"]
    card["D"] = card["c2"] + OPEN.risk_aversion * np.array([found.noise[kpi] for kpi in KPIS])
    best = card["b"].clip(lower=0.0) / card["D"]
    card["best"] = 100.0 * best / best.sum() if best.sum() > 0 else 0.0
    return card


def _card(found: Recorded, advice: Advice, team: str, truth: list[dict[str, float]], /) -> Card:
    card = true_card(found, truth[int(team[1:]) % len(truth)])
    frame = target_card(advice.inputs, OPEN, team, ROLE).frame.set_index("kpi")
    card["target"] = frame["target"].reindex(KPIS).fillna(0.0)
    card["current"] = [TODAY.get(kpi, 0.0) for kpi in KPIS]
    for name in ("up", "down"):
        card[name] = frame[name].reindex(KPIS)
    rows = advice.weights[advice.weights["team_id"] == team].set_index("kpi")
    for name in ("recommended_weight", "cycle_3"):
        card[name] = rows[name].reindex(KPIS).fillna(0.0)
    return card


def regret(card: Card, weights: np.ndarray) -> float:
    """Return 0 for the true optimum's direction, 1 for weights worth nothing."""
    return 1.0 - _value(card, weights) / _value(card, card["best"].to_numpy())


def _value(card: Card, weights: np.ndarray, /) -> float:
    spread = float((weights**2 * card["D"]).sum())
    return max(float((card["b"] * weights).sum()), 0.0) ** 2 / spread if spread > 0 else 0.0


def _regrets(cards: list[Card], rules: dict[str, dict[str, float]], /) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for card in cards:
        tried = {
            "Baton": card["target"].to_numpy(),
            "recommended": card["recommended_weight"].to_numpy(),
            "after three cycles": card["cycle_3"].to_numpy(),
            "today's card": card["current"].to_numpy(),
        }
        tried |= {name: np.array([rule.get(kpi, 0.0) for kpi in KPIS]) for name, rule in rules.items()}
        for name, weights in tried.items():
            found.setdefault(name, []).append(regret(card, weights))
    return {name: round(float(np.mean(values)), 5) for name, values in found.items()}


def _intervals(advice: Advice, story: Story, truth: list[dict[str, float]], /) -> dict[str, Any]:
    """What is said of effects: how many intervals cover the truth, and how far off each is in its own half-widths."""
    found = advice.effects.outcomes["churn"]
    mean = {kpi: float(np.mean([group[kpi] for group in truth])) for kpi in truth[0]}
    rows = {}
    for at, kpi in enumerate(found.levers):
        true = mean.get(kpi, 0.0)
        rows[kpi] = [round(float(value), 6) for value in (true, found.point[at], found.low[at], found.high[at])]
    covered = sum(low <= true <= high for true, _, low, high in rows.values())
    return {
        "effects": rows, "covered": covered, "measured": len(rows), "near_random": bool(found.routing.near_random),
        "p_value": round(min(found.p_values.values(), default=1.0), 5),
    }  # fmt: skip


def _moves(advice: Advice, cards: list[Card], truth: list[dict[str, float]], /) -> dict[str, Any]:
    weights = advice.weights
    strongest = max(abs(effect) for group in truth for effect in group.values())
    harmful = {kpi for group in truth for kpi, effect in group.items() if effect > HARMFUL * strongest > 0}
    flagged = set(weights.loc[weights["misaligned"].astype(bool), "kpi"])
    changed = weights["verdict"].isin(["raise", "add", "lower", "drop"])
    group = weights["team_id"].str.removeprefix("t").astype(int) % len(truth)
    moves = []
    for row in weights.assign(group=group)[changed].drop_duplicates(["kpi", "verdict", "group"]).to_dict("records"):
        # the first two teams are of the first and the second group
        best, now = cards[row["group"]].loc[row["kpi"], "best"], TODAY.get(row["kpi"], 0.0)
        right = best > now if row["verdict"] in ("raise", "add") else best < now
        # where nothing matters there is no better card: every move is a false one
        right = right and strongest > 0
        moves.append([row["kpi"], row["verdict"], round(float(row["confidence"]), 4), bool(right)])
    gain = float(np.mean([(card["b"] * (card["recommended_weight"] - card["current"])).sum() for card in cards]))
    ranks = [
        float(card["target"].corr(card["best"], method="spearman"))
        for card in cards
        if min(card["target"].nunique(), card["best"].nunique()) > 1
    ]
    return {
        "rank": round(float(np.mean(ranks)), 4) if ranks and strongest > 0 else None,
        "flagged": sorted(flagged), "harmful": sorted(harmful), "moved": bool(changed.any()), "moves": moves,
        "directions": _directions(cards[0]),
        "gain": gain, "coached": sorted(set(advice.coaching["kpi"])) if len(advice.coaching) else [],
    }  # fmt: skip


def _directions(card: Card, /) -> list[list[Any]]:
    """Per lever, moved or not: how sure its target is to lie above or below today's points, and whether it does."""
    found = []
    for kpi, row in card[card["up"].notna()].iterrows():
        up = row["up"] >= row["down"]
        right = row["best"] > row["current"] if up else row["best"] < row["current"]
        found.append([kpi, round(float(max(row["up"], row["down"])), 4), bool(right)])
    return found


def _same(now: Advice, before: Advice, found: Recorded, /) -> float | None:
    team = str(found.organisation.teams["team_id"].iloc[0])
    targets = [
        target_card(each.inputs, OPEN, team, ROLE).frame.set_index("kpi")["target"].reindex(KPIS).fillna(0.0)
        for each in (now, before)
    ]
    if min(each.nunique() for each in targets) < 2:
        return None
    return round(float(targets[0].corr(targets[1], method="spearman")), 4)
