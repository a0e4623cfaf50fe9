"""The advised target of every KPI on every card, and what today's target is worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Policy
from baton.contract.results import cast
from baton.messages.message import Message, bilingual
from features.cases.table import CaseTable, Organisation
from models.advice.inputs import AdviceInputs
from models.advice.reasons import chance, finding
from models.advice.settings import Settings
from models.advice.targets.aims import judged
from models.advice.targets.standings import Card, Standing, standings
from models.advice.targets.words import aim_sentences, figure, named, verdict_sentences
from models.advice.weights import target_card
from models.effects.findings import Effects

__all__ = ["Scene", "expected", "scene_of", "targets_table"]

Floats = NDArray[np.float64]
Row = dict[str, Any]

MAX_FACTOR = 20.0
"""A target this many times the figure, or this small a part of it, is in another unit."""
_NOTHING = (np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Scene:
    """What targets and objectives are drawn up from.

    Parameters
    ----------
    standings : dict
        Per card (team, role) and KPI.
    lines : dict
        Per card and KPI the row of ``models.advice.weights.TargetCard.frame``: effect, probabilities, whether it harms.
    shares : dict
        Per card its share of all cases.
    small : frozenset
        Cards of fewer people than ``min_group``.
    routed : bool
        Whether cases are dealt out otherwise than by chance.
    """

    standings: dict[Card, dict[str, Standing]]
    lines: dict[Card, dict[str, Row]]
    shares: dict[Card, float]
    small: frozenset[Card]
    routed: bool
    catalogue: Catalogue
    inputs: AdviceInputs
    policy: Policy
    as_of: pd.Timestamp
    currency: str

    def of(self, card: Card, /) -> AdviceInputs:
        """Return what weights are solved from, with the effects of the card's own team."""
        return self._own[card[0]]

    @cached_property
    def _own(self) -> dict[str, AdviceInputs]:
        return {team: self.inputs.of_team(team) for team, _ in self.lines}

    def draws(self, card: Card, kpi: str, /) -> Floats:
        """Return the draws of a lever's effect on the card's customers, helpful positive."""
        return self.inputs.helpful * self.of(card).draws[kpi].to_numpy(dtype=float)


def scene_of(
    cases: CaseTable, organisation: Organisation, catalogue: Catalogue, effects: Effects, inputs: AdviceInputs,
    settings: Settings, /,
) -> Scene:  # fmt: skip
    """Measure the teams of all cards, those of today and those that may come.

    Returns
    -------
    Scene
    """
    policy = settings.policy
    keys = pd.concat([inputs.cards[["team_id", "role"]], inputs.headcounts[["team_id", "role"]]]).drop_duplicates()
    cards = [(str(team), str(role)) for team, role in keys.itertuples(index=False, name=None)]
    found = {card: target_card(inputs, policy, *card) for card in cards}
    primary = effects.primary
    return Scene(
        standings=standings(cases, organisation, catalogue, inputs, policy, cards),
        lines={card: {line["kpi"]: line for line in each.frame.to_dict("records")} for card, each in found.items()},
        shares={card: each.share for card, each in found.items()},
        small=frozenset(card for card, each in found.items() if 0 < each.people < policy.min_group),
        routed=primary is not None and not primary.routing.near_random,
        catalogue=catalogue,
        inputs=inputs,
        policy=policy,
        as_of=pd.Timestamp(organisation.as_of),
        currency=settings.currency,
    )


def targets_table(scene: Scene, weights: pd.DataFrame, organisation: Organisation, /) -> pd.DataFrame:
    """Advise targets for all KPIs of today's cards, and those that are advised to come onto them.

    Parameters
    ----------
    weights : pandas.DataFrame
        Rows of ``weights.parquet``.
    organisation : Organisation
        Of today's cards the targets are read.

    Returns
    -------
    pandas.DataFrame
        Rows of ``targets.parquet``: team × role × KPI.
    """
    today = {}
    if len(organisation.scorecards):
        cards = organisation.current_cards
        # a target without end is none
        cards = cards[np.isfinite(cards["target"].astype("float64"))] if "target" in cards else cards[:0]
        today = {
            (str(row["team_id"]), str(row["role"]), str(row["kpi"])): float(row["target"])
            for row in cards.to_dict("records")
        }
    rows = weights[weights["current_weight"].notna() | (weights["recommended_weight"] > 0)]
    return cast(
        "targets",
        [
            _row(scene, (team, role), kpi, today.get((team, role, kpi), np.nan))
            for team, role, kpi in rows[["team_id", "role", "kpi"]].itertuples(index=False, name=None)
        ],
    )


def _row(scene: Scene, card: Card, kpi_id: str, given: float, /) -> Row:
    kpi = scene.catalogue.get(kpi_id)
    as_percent = kpi is not None and kpi.unit == "share" and 1.0 < given <= 100.0
    target = given / 100.0 if as_percent else given
    row: Row = dict.fromkeys(
        ("current_value", "advised_target", "stretch_target", "expected_effect", "low", "high", "reliability", "n"),
        np.nan,
    )
    row |= {"team_id": card[0], "role": card[1], "kpi": kpi_id, "current_target": target, "basis": None}
    row |= {"verdict": None} | _found(scene, card, kpi_id, target)
    read_as = (Message("target.as_percent", {"given": given}),) if as_percent else ()
    return row | {"reason": bilingual((*row["reason"], *read_as))}


def _found(scene: Scene, card: Card, kpi_id: str, target: float, /) -> Row:
    """Return what is known and advised of one KPI of a card, the reason as messages."""
    kpi = scene.catalogue.get(kpi_id)
    blocked = _blocked(scene, card, kpi_id, kpi, target)
    if kpi is None or blocked is not None:
        return {"reason": (blocked or Message("target.not_in_catalogue", {"kpi": kpi_id}),)}
    standing = scene.standings.get(card, {}).get(kpi_id)
    line = scene.lines.get(card, {}).get(kpi_id, {})
    if standing is None or np.isnan(standing.raw):
        why = Message("target.no_figure", {"kpi": named(kpi), "days": scene.policy.cycle_days})
        return _harmful(scene, card, kpi, target) if line.get("misaligned") else _not_enough(why)
    row = {"current_value": standing.raw, "n": float(standing.levels.count[standing.at])}
    if line.get("misaligned"):
        return row | _harmful(scene, card, kpi, target)
    harm = _harm(scene, card, kpi_id, line)
    if harm >= scene.policy.confidence:
        return row | {"reason": (Message("target.doubtful", {"chance": chance(harm)}),)}
    if standing.aim is None:
        return row | _not_enough(Message("target.not_enough", {"days": scene.policy.cycle_days}))
    return row | _advised(scene, card, standing, target)


def _not_enough(why: Message, /) -> Row:
    return {"basis": "not_enough", "reason": (why,)}


def _blocked(scene: Scene, card: Card, kpi_id: str, kpi: Kpi | None, target: float, /) -> Message | None:
    """Say why nothing is advised or shown, whatever was measured."""
    name = {"kpi": kpi_id if kpi is None else named(kpi)}
    if kpi is None:
        return Message("target.not_in_catalogue", name)
    if kpi_id in scene.policy.fixed:
        return Message("target.fixed_without" if np.isnan(target) else "target.fixed", name)
    if kpi.role == "context":
        return Message("target.context", name)
    if card in scene.small and kpi.owner != "team":
        return Message("target.small", {"least": scene.policy.min_group})
    return None


def _harm(scene: Scene, card: Card, kpi: str, line: Row, /) -> float:
    """Return the probability that better here is worse for customers; 0 where no effect is known."""
    return float((scene.draws(card, kpi) < 0).mean()) if line.get("measured") else 0.0


def _harmful(scene: Scene, card: Card, kpi: Kpi, target: float, /) -> Row:
    line = scene.lines[card][kpi.id]
    sentences = [Message("target.harmful", {"kpi": named(kpi)}), *finding(scene.of(card), line)]
    if not np.isnan(target):
        sentences.append(Message("target.drop_it", {"target": figure(kpi, target, scene.currency)}))
    return {"verdict": "harmful", "reason": tuple(sentences)}


def _advised(scene: Scene, card: Card, standing: Standing, target: float, /) -> Row:
    aim, kpi = standing.aim, standing.levels.kpi
    assert aim is not None
    verdict, judgement = _verdict(scene, standing, target)
    names = scene.inputs.kpis.set_index("kpi")["guards"]
    guards = tuple(named(scene.catalogue[other]) for other in names.index if kpi.id in names[other])
    sentences = aim_sentences(standing, scene.currency, guards, routed=scene.routed)
    effect, low, high = expected(scene, card, standing, aim.advised)
    return {
        "advised_target": standing.own(aim.advised),
        "stretch_target": np.nan if scene.routed else standing.own(aim.stretch),
        "basis": aim.basis,
        "expected_effect": effect,
        "low": low,
        "high": high,
        "reliability": aim.reliability,
        "verdict": verdict,
        "reason": (*judgement, *sentences),
    }


def _verdict(scene: Scene, standing: Standing, target: float, /) -> tuple[str | None, tuple[Message, ...]]:
    """Judge today's target, unless it is in another unit."""
    aim, kpi, levels, at = standing.aim, standing.levels.kpi, standing.levels, standing.at
    if np.isnan(target) or aim is None:
        return None, ()
    raw = standing.raw
    odd = kpi.unit == "share" and not 0.0 <= target <= 1.0
    if kpi.unit != "share" and raw > 0 and target > 0:
        odd = not raw / MAX_FACTOR <= target <= raw * MAX_FACTOR
    if odd:
        values = {"given": target, "kpi": named(kpi), "raw": figure(kpi, raw, scene.currency)}
        return None, (Message("target.other_unit", values),)
    level, value, noise = levels.level(at, target), float(levels.value[0, at]), float(levels.noise[0, at])
    verdict, probability = judged(aim, level, value, noise)
    return verdict, (verdict_sentences(kpi, verdict, target, probability, scene.currency),)


def expected(scene: Scene, card: Card, standing: Standing, level: float, /) -> tuple[float, float, float]:
    """Return the customers kept over one cycle if a team's true level moves to another.

    Returns
    -------
    tuple of float
        Expected, low, high (90 %); NaN where no effect on leaving is known.
    """
    inputs, aim, kpi = scene.inputs, standing.aim, standing.levels.kpi.id
    line = scene.lines.get(card, {}).get(kpi, {})
    if inputs.outcome != "churn" or aim is None or not line.get("measured") or not line["between_sd"] > 0:
        return _NOTHING
    moved = level - aim.now
    if moved <= 0:
        return 0.0, 0.0, 0.0
    step = float(line["between_sd"]) / standing.levels.unit
    scale = inputs.customers_at_risk * scene.shares[card] * scene.policy.cycle_days / max(inputs.horizon_days, 1)
    draws = scene.draws(card, kpi) * scale
    point = inputs.helpful * float(line["effect"]) * scale
    if not len(draws):
        return point * moved / step, np.nan, np.nan
    # where the team stands today is not known exactly either
    rng = np.random.default_rng(len(draws))
    distance = np.maximum(moved + aim.now_sd * rng.standard_normal(len(draws)), 0.0)
    low, high = np.quantile(draws * distance, [0.05, 0.95]) / step
    return point * moved / step, float(low), float(high)
