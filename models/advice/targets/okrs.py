"""Drafts of objectives and key results: what is worth trying where evidence is promising but thin.

KPIs on a card hold the floor; objectives explore. So what is sure enough for the card is no objective, nor is what
harms, what is mandatory, or what nobody has a counterweight for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from baton.contract.results import cast
from baton.messages.message import Message, bilingual
from models.advice.reasons import chance
from models.advice.targets.standings import Card, Standing
from models.advice.targets.targets import Scene, expected
from models.advice.targets.words import figure, named

__all__ = ["MIN_PROMISING", "okrs_table"]

Row = dict[str, Any]

MIN_PROMISING = 0.6
"""A direction less probable than this is hardly more than a coin's."""
CLEAR = 0.95
"""What one lever must show by itself where all effects together could be chance: an interval that is helpful."""
MAX_OBJECTIVES = 2
"""A team explores one or two things at a time, or none of them well."""
MAX_GUARDS = 2
"""With the lead, three key results."""
_RISING = frozenset({"raise", "add"})


@dataclass(frozen=True)
class Draft:
    """An objective of a team.

    Parameters
    ----------
    sure : float
        Probability that the KPI serves customers.
    gain : float
        Customers expected to be kept, or for other outcomes how sure.
    by_chance : bool
        Whether all effects together could be chance.
    guards : tuple of (Standing, bool)
        What must not suffer, and whether the catalogue names it as a guard.
    """

    card: Card
    standing: Standing
    sure: float
    gain: float
    by_chance: bool
    guards: tuple[tuple[Standing, bool], ...]


def okrs_table(scene: Scene, weights: pd.DataFrame, /) -> pd.DataFrame:
    """Draft objectives for levers whose effect is promising and not sure enough for the card.

    Promising but thin is a lever that nothing refuted, for which the card of the team does not pay more, and whose
    direction is probable (``MIN_PROMISING``) but less so than the policy's ``confidence``; or, where the joint test
    says that all effects together could be chance, one that is clear by itself (``CLEAR``). It reaches for where the
    best quarter of comparable teams truly is, further than a target does; where a cycle's figure could not show that
    much, there is no objective.

    Parameters
    ----------
    weights : pandas.DataFrame
        Rows of ``weights.parquet``.

    Returns
    -------
    pandas.DataFrame
        Rows of ``okrs.parquet``, at most two objectives per team, the most promising first.
    """
    rising = weights[weights["verdict"].isin(_RISING)]
    paid = set(rising[["team_id", "role", "kpi"]].itertuples(index=False, name=None))
    by_team: dict[str, list[Draft]] = {}
    for card in scene.standings:
        for draft in _drafts(scene, card, paid):
            by_team.setdefault(card[0], []).append(draft)
    rows = []
    for team in sorted(by_team):
        best = sorted(by_team[team], key=lambda draft: (-draft.gain, draft.standing.levels.kpi.id))[:MAX_OBJECTIVES]
        for number, draft in enumerate(best, start=1):
            rows += _rows(scene, draft, number)
    return cast("okrs", rows)


def _drafts(scene: Scene, card: Card, paid: set[tuple[str, str, str]], /) -> Iterable[Draft]:
    if card in scene.small:
        return
    for kpi, line in scene.lines[card].items():
        standing = scene.standings[card].get(kpi)
        if (*card, kpi) in paid or standing is None or not _worth_trying(scene, line, standing):
            continue
        sure = float((scene.draws(card, kpi) > 0).mean())
        by_chance = max(float(line["joint_p"]), scene.inputs.joint_p_value) > scene.policy.false_moves
        guards = _guards(scene, card, kpi)
        least, most = (CLEAR, 1.0) if by_chance else (MIN_PROMISING, scene.policy.confidence)
        if least <= sure <= most and guards:
            gain = expected(scene, card, standing, _goal(standing))[0]
            yield Draft(card, standing, sure, sure if np.isnan(gain) else gain, by_chance, guards)


def _goal(standing: Standing, /) -> float:
    """What an objective reaches for: where the best quarter of comparable teams truly is, or the stretch target."""
    aim = standing.aim
    return np.nan if aim is None else max(aim.peers, aim.stretch)


def _worth_trying(scene: Scene, line: Row, standing: Standing, /) -> bool:
    """Whether a lever helps, is not refuted, and has a way to go that a cycle's figure can show."""
    aim = standing.aim
    if line["role"] != "lever" or not line["measured"] or line["misaligned"] or line["fixed"] or aim is None:
        return False
    visible = _goal(standing) - aim.now > float(np.sqrt(standing.levels.noise[0, standing.at]))
    helps = scene.inputs.helpful * float(line["effect"]) > 0 and line["refuted"] is not True
    return helps and visible and not aim.by_chance


def _guards(scene: Scene, card: Card, kpi: str, /) -> tuple[tuple[Standing, bool], ...]:
    """What must not suffer: the KPI's guards, else what the lever leads to or what reports how customers felt."""
    here = {
        name: standing
        for name, standing in scene.standings[card].items()
        if name != kpi and standing.aim is not None and not np.isnan(standing.raw)
    }
    named_ = [name for name, other in scene.catalogue.items() if kpi in other.guards and name in here]
    found = [(here[name], True) for name in named_[:MAX_GUARDS]]
    if any(kpi in other.guards for other in scene.catalogue.values()) and not found:
        return ()  # it has guards, and none can be measured
    felt = [name for name in here if scene.catalogue[name].role == "outcome"]
    for name in felt[: max(1 - len(found), 0)]:
        found.append((here[name], False))
    return tuple(found)


def _rows(scene: Scene, draft: Draft, number: int, /) -> Iterable[Row]:
    kpi, aim = draft.standing.levels.kpi, draft.standing.aim
    assert aim is not None
    ends = {"from_value": draft.standing.own(aim.now), "to_value": draft.standing.own(_goal(draft.standing))}
    amounts = {name: figure(kpi, value, scene.currency) for name, value in ends.items()} | {"kpi": named(kpi)}
    key = "okr.objective_raise" if kpi.better == "higher" else "okr.objective_lower"
    effect, low, high = expected(scene, draft.card, draft.standing, _goal(draft.standing))
    why = Message(
        "okr.promising_chance" if draft.by_chance else "okr.promising",
        {"chance": chance(draft.sure), "kpi": named(kpi), "asked": scene.policy.confidence},
    )
    careful = (Message("target.routing"),) if scene.routed else ()
    shared = {
        "team_id": draft.card[0], "role": draft.card[1], "number": number,
        "objective": bilingual(Message(key, amounts)), "by": scene.as_of + pd.Timedelta(days=scene.policy.cycle_days),
    }  # fmt: skip
    yield shared | ends | {
        "kind": "lead", "kpi": kpi.id, "expected_effect": effect, "low": low, "high": high,
        "reason": bilingual((why, Message("okr.explore"), *careful)),
    }  # fmt: skip
    for standing, declared in draft.guards:
        other, held = standing.levels.kpi, standing.aim
        assert held is not None
        level = standing.own(held.now)
        values = {"kpi": named(other), "to_value": figure(other, level, scene.currency)}
        yield shared | {
            "kind": "guard", "kpi": other.id, "from_value": level, "to_value": level, "expected_effect": np.nan,
            "low": np.nan, "high": np.nan,
            "reason": bilingual(Message("okr.guard" if declared else "okr.counterweight", values)),
        }  # fmt: skip
