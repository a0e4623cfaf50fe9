"""What has changed since the advice before, KPI by KPI, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from baton.contract.results import cast
from baton.messages.message import bilingual
from models.advice.limits import NEARLY
from models.advice.stability.given import Given, points_of
from models.advice.stability.words import change_words

if TYPE_CHECKING:
    from models.advice.inputs import AdviceInputs

__all__ = ["Change", "advice_changes"]

MIN_RANKED = 3
"""KPIs of a card: two have no order worth comparing."""
_MOVED = 0.25
"""Of an interval's width: an effect that moved less is called nearly the same."""
_ANSWERS = 0.02
"""Of controllability, from 0 to 1: less is nothing that moves points."""
_BLOCKING = {"fail", "guarded"}
_KEY = ["team_id", "role", "kpi"]


class Change(StrEnum):
    """What became of the advice on one KPI."""

    SAME = "same"
    NEW = "new"
    WITHDRAWN = "withdrawn"
    REVERSED = "reversed"
    MORE = "more"
    LESS = "less"
    COMPLETED = "completed"
    NEW_TEAM = "new_team"
    NEW_ROLE = "new_role"
    GONE_TEAM = "gone_team"
    GONE_ROLE = "gone_role"


_UNEXPLAINED = {Change.SAME, Change.COMPLETED, Change.NEW_TEAM, Change.NEW_ROLE, Change.GONE_TEAM, Change.GONE_ROLE}
"""Nothing is to be explained: nothing changed, or there is nothing to compare with."""


def advice_changes(before: Given | None, now: Given, inputs: AdviceInputs) -> pd.DataFrame:
    """Compare an advice with the one before.

    Parameters
    ----------
    before : Given or None
        None: no advice came before, so there is nothing to compare.
    inputs : AdviceInputs
        Of now: the outcome and its unit, and what KPIs are called.

    Returns
    -------
    pandas.DataFrame
        Rows of ``advice_changes.parquet``: one per KPI of a card, in either advice.
    """
    if before is None:
        return cast("advice_changes", [])
    one, other = (given.weights.set_index(_KEY) for given in (before, now))
    pairs = one.add_suffix("_0").join(other.add_suffix("_1"), how="outer")
    rows: list[dict[str, Any]] = []
    for (team, role), card in pairs.groupby(level=["team_id", "role"], sort=True):
        ranks = {
            "rank_targets": _rank(card["target_weight_0"], card["target_weight_1"]),
            "rank_recommended": _rank(card["cycle_3_0"], card["cycle_3_1"]),
        }
        alone = _alone(team, role, one.index, other.index)
        for line in card.reset_index().to_dict("records"):
            change = alone or _change(line)
            why = () if change in _UNEXPLAINED else _why(before, now, str(team), line)
            words = change_words(before, now, inputs, line, str(change), why)
            rows.append(_row(line, change, why) | ranks | {
                "team_id": team, "role": role, "as_of_before": before.as_of, "reason": bilingual(words)})  # fmt: skip
    return cast("advice_changes", rows)


def _row(line: dict[str, Any], change: Change, why: tuple[str, ...], /) -> dict[str, Any]:
    verdicts = {name: line[f"verdict_{at}"] for at, name in ((0, "verdict_before"), (1, "verdict"))}
    return {
        "kpi": line["kpi"], "change": str(change), "why": "; ".join(why),
        **{name: verdict if isinstance(verdict, str) else None for name, verdict in verdicts.items()},
        "target_before": line["target_weight_0"], "target": line["target_weight_1"],
        "recommended_before": line["cycle_3_0"], "recommended": line["cycle_3_1"],
        "confidence_before": line["confidence_0"], "confidence": line["confidence_1"],
    }  # fmt: skip


def _alone(team: str, role: str, before: pd.Index, now: pd.Index, /) -> Change | None:
    """Whether a card is in one of the advices alone: then nothing became of any move."""
    cards, teams = zip(
        *((set(index.droplevel("kpi")), set(index.get_level_values(0))) for index in (before, now)), strict=True
    )
    known = [(team, role) in of for of in cards]
    if all(known):
        return None
    if not known[0]:
        return Change.NEW_ROLE if team in teams[0] else Change.NEW_TEAM
    return Change.GONE_ROLE if team in teams[1] else Change.GONE_TEAM


def _change(line: dict[str, Any], /) -> Change:
    """What became of the move that was advised; what limits alone move counts as well."""
    now = points_of(line["current_weight_1"])
    ends = points_of(line["cycle_3_0"]), points_of(line["cycle_3_1"])
    ways = _way(points_of(line["current_weight_0"]), ends[0]), _way(now, ends[1])
    if ways == (0, 0):
        return Change.SAME
    if not ways[0]:
        return Change.NEW
    if not ways[1]:
        return Change.COMPLETED if abs(now - ends[0]) <= NEARLY else Change.WITHDRAWN
    if ways[0] != ways[1]:
        return Change.REVERSED
    further = ways[1] * (ends[1] - ends[0])
    return Change.SAME if abs(further) <= NEARLY else Change.MORE if further > 0 else Change.LESS


def _way(start: float, end: float, /) -> int:
    return 0 if abs(end - start) <= NEARLY else int(np.sign(end - start))


def _rank(one: pd.Series, other: pd.Series, /) -> float:
    """Spearman's correlation; what is in one advice alone had no points in the other."""
    both = pd.DataFrame({"one": one.fillna(0.0), "other": other.fillna(0.0)})
    if len(both) < MIN_RANKED or min(both["one"].nunique(), both["other"].nunique()) < 2:
        return float("nan")
    return float(both["one"].corr(both["other"], method="spearman"))


def _why(before: Given, now: Given, team: str, line: dict[str, Any], /) -> tuple[str, ...]:
    """What is different, the weightiest first."""
    kpi = str(line["kpi"])
    then, today = (points_of(line[f"current_weight_{at}"]) for at in (0, 1))
    found = []
    if abs(today - then) > NEARLY and abs(today - points_of(line["recommended_weight_0"])) > NEARLY:
        found.append("card")
    found += [name for name, differs in _made_otherwise(before, now, kpi).items() if differs]
    found += _measured_otherwise(before, now, team, kpi)
    if before.basis.kpis.get(kpi) == now.basis.kpis.get(kpi) and _answers_otherwise(before, now, kpi):
        found.append("response")
    gates = [(line[f"{name}_0"], line[f"{name}_1"]) for name in ("stress", "impact")]
    if any(one != other and _BLOCKING & {one, other} for one, other in gates):
        found.append("gate")
    if not found:
        # a probability that crosses its bar is the newer data, however little they moved
        found.append("effect" if line["direction_0"] != line["direction_1"] and now.measured(team, kpi) else "others")
    return tuple(found)


def _answers_otherwise(before: Given, now: Given, kpi: str, /) -> bool:
    one, other = (given.controllable.get(kpi, np.nan) for given in (before, now))
    return bool(abs(other - one) > _ANSWERS)


def _made_otherwise(before: Given, now: Given, kpi: str, /) -> dict[str, bool]:
    one, other = before.basis, now.basis
    role = before.roles.get(kpi) != now.roles.get(kpi) and kpi in one.kpis and kpi in other.kpis
    return {
        "outcome": _serve_otherwise(before, now),
        "policy": dict(one.policy) != dict(other.policy),
        "settings": one.settings != other.settings,
        "role": role,
        "catalogue": not role and one.kpis.get(kpi) != other.kpis.get(kpi),
        "method": one.method != other.method,
    }


def _serve_otherwise(before: Given, now: Given, /) -> bool:
    known = before.basis.outcome, now.basis.outcome
    return all(known) and known[0] != known[1]


def _measured_otherwise(before: Given, now: Given, team: str, kpi: str, /) -> list[str]:
    if _serve_otherwise(before, now):
        return []
    effects = before.effect(team, kpi), now.effect(team, kpi)
    known = [given.measured(team, kpi) for given in (before, now)]
    if known[0] != known[1]:
        return ["measured" if known[1] else "not_measured"]
    if not known[1]:
        return []
    refuted = [given.refuted.get(kpi, False) for given in (before, now)]
    chance = [given.joint_p.get(kpi, 1.0) > given.basis.policy.get("false_moves", 0.05) for given in (before, now)]
    found = []
    if refuted[0] != refuted[1]:
        found.append("refuted" if refuted[1] else "not_refuted")
    if chance[0] != chance[1]:
        found.append("by_chance" if chance[1] else "not_by_chance")
    if before.question != now.question:
        return found  # effects are in another unit, or of another horizon
    width = max(effect[2] - effect[1] for effect in effects)
    if abs(effects[1][0] - effects[0][0]) > _MOVED * width:
        found.append("effect")
    return found
