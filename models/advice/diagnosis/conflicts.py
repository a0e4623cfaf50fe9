"""KPIs in conflict: one card pays for what harms the KPI that another card pays for, or the people whom it serves.

A pair is looked at where one side is paid for a KPI without the other, and another side is paid for the other: a card
that pays for both balances them itself. Three kinds of evidence, the strongest first: measured effects of opposite
sign; units that do better on one and worse on the other; the catalogue, which declares a guard.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from models.advice.inputs import AdviceInputs
from models.effects.strategy_map import pair_associations

__all__ = ["Conflict", "Organised", "conflicts"]

_FALSE_SHARE = 0.1
_MIN_ASSOCIATION = 0.1
"""Below it one KPI goes with a hundredth of the other's differences: nothing that a card should be changed for."""
_MAX_PAIRS = 400
"""Pairs tested between units: more than any real set of cards has, and still seconds."""


@dataclass(frozen=True)
class Organised:
    """Who works where, and who works for whom.

    Parameters
    ----------
    teams : pandas.DataFrame
        team_id, department.
    panel : pandas.DataFrame
        ``advice/panel``; empty where there is no run.
    handoffs : pandas.DataFrame
        ``handoffs``: source_team, team_id, cases; empty where there is no event log.
    internal : bool
        Whether the customers are colleagues.
    """

    teams: pd.DataFrame
    panel: pd.DataFrame = field(default_factory=pd.DataFrame)
    handoffs: pd.DataFrame = field(default_factory=pd.DataFrame)
    internal: bool = False

    def department(self, team: str, /) -> str:
        """Return a team's department; where none is known, the team stands for itself."""
        known = self.teams[self.teams["team_id"].astype(str) == team] if len(self.teams) else self.teams
        named = [str(name) for name in known["department"].dropna()] if len(known) else []
        return named[0] if named and named[0] else team


@dataclass(frozen=True)
class Conflict:
    """One KPI that is pushed against another.

    Parameters
    ----------
    kind : str
        ``between`` (other cards pay for the KPI that is harmed), ``unguarded`` (no card does, though the catalogue asks
        for it), ``customers`` (what is harmed is what customers say, and it is not on the card that pushes).
    pushed : str
    harmed : tuple of str
        One KPI; several where the evidence is effects.
    pushing, paying : tuple of (team, role)
        Cards that pay for the pushed KPI without the other, and cards that pay for the other without the pushed one;
        for ``customers`` all cards that pay for the pushed KPI, and none.
    evidence : str
        ``effects``, ``units`` or ``catalogue``.
    points : float
        On the pushed KPI, on the cards that push it.
    link : str
        ``handoffs`` (work goes from one side to the other), ``stage`` (the same stage of the journey), ``declared``.
    handed : int
        Cases handed from the pushing side to the paying one.
    association, low, high : float
        Between units; missing where it was not tested.
    """

    kind: str
    pushed: str
    harmed: tuple[str, ...]
    pushing: tuple[tuple[str, str], ...]
    paying: tuple[tuple[str, str], ...]
    evidence: str
    points: float
    link: str
    handed: int = 0
    association: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    units: int = 0

    @property
    def both(self) -> frozenset[str]:
        """The two KPIs, whichever is pushed."""
        return frozenset((self.pushed, *self.harmed))


def conflicts(
    table: pd.DataFrame, inputs: AdviceInputs, catalogue: Catalogue, organised: Organised, seed: int, /
) -> tuple[list[Conflict], int]:
    """Find KPIs in conflict.

    Parameters
    ----------
    table : pandas.DataFrame
        Of ``diagnosis_table``.
    seed : int
        Of the bootstrap over units.

    Returns
    -------
    tuple of (list of Conflict, int)
        Strongest evidence first, then most points; and how many pairs were looked at. Of the pairs that are in conflict
        by units alone at most a tenth is expected to be so by chance.
    """
    cards = table[table["weight"] > 0]
    candidates = _pairs(cards, catalogue, organised)[:_MAX_PAIRS]
    tested = _associations(candidates, organised, catalogue, seed)
    keys = cards[["kpi", "team_id", "role"]].itertuples(index=False, name=None)
    ways = dict(zip(keys, cards["alignment"], strict=True))
    judged = [one for pair in candidates if (one := _judged(pair, ways, tested, catalogue)) is not None]
    order = {"effects": 0, "units": 1, "catalogue": 2}
    found = sorted(_once(judged), key=lambda one: (order[one.evidence], -one.points))
    return found, len({pair.both for pair in candidates})


def _pairs(cards: pd.DataFrame, catalogue: Catalogue, organised: Organised, /) -> list[Conflict]:
    """Return every pair that could be in conflict, with the cards on either side."""
    having: dict[str, set[Any]] = {
        str(kpi): set(rows[["team_id", "role"]].itertuples(index=False, name=None))
        for kpi, rows in cards.groupby("kpi")
    }
    ratings = {kpi.id for kpi in catalogue.with_role("outcome") if kpi.perspective == "customer" and kpi.owner}
    guards = {(pushed, kpi.id) for kpi in catalogue.values() for pushed in kpi.guards}
    others = sorted({*having, *ratings, *(guard for pushed, guard in guards if pushed in having)} & set(catalogue))
    levers = sorted(kpi for kpi in having if kpi in catalogue and catalogue[kpi].role == "lever")
    found = []
    for pushed, harmed in product(levers, others):
        if pushed == harmed:
            continue
        pushing = having[pushed] - having.get(harmed, set())
        paying = having.get(harmed, set()) - having[pushed]
        declared = (pushed, harmed) in guards
        kind = _kind(pushing, paying, organised, declared and harmed not in having)
        if kind:
            found.append(_pair(kind, pushed, harmed, (pushing, paying), declared))
        if harmed in ratings:
            found.append(_pair("customers", pushed, harmed, (having[pushed], set()), declared=False))
    whole = [_with_link(pair, cards, catalogue, organised) for pair in found]
    return [pair for pair in whole if pair.link]


def _pair(kind: str, pushed: str, harmed: str, sides: tuple[set[Any], set[Any]], declared: bool) -> Conflict:
    evidence = "catalogue" if declared else ""
    pushing, paying = (tuple(sorted(side)) for side in sides)
    return Conflict(kind, pushed, (harmed,), pushing, paying, evidence, 0.0, "")


def _kind(pushing: set[Any], paying: set[Any], organised: Organised, unguarded: bool, /) -> str:
    """Return ``between`` where a card of another department pays for what these push against."""
    mine = {organised.department(str(team)) for team, _ in pushing}
    if pushing and any(organised.department(str(team)) not in mine for team, _ in paying):
        return "between"
    return "unguarded" if pushing and unguarded else ""


def _with_link(pair: Conflict, cards: pd.DataFrame, catalogue: Catalogue, organised: Organised, /) -> Conflict:
    """Return the pair with the points on it and what the two have to do with each other; no link: nothing."""
    (harmed,) = pair.harmed
    rows = cards[cards["kpi"] == pair.pushed]
    keys = rows[["team_id", "role"]].itertuples(index=False, name=None)
    points = sum(weight for key, weight in zip(keys, rows["weight"], strict=True) if key in pair.pushing)
    handed = _handed(pair, organised)
    stages = {catalogue[pair.pushed].stage, catalogue[harmed].stage}
    link = "handoffs" if handed else "stage" if len(stages) == 1 or "any" in stages else ""
    if not link and (pair.evidence or harmed in catalogue[pair.pushed].leads_to):
        link = "declared"
    return replace(pair, points=float(points), handed=handed, link=link)


def _handed(pair: Conflict, organised: Organised, /) -> int:
    if organised.handoffs.empty:
        return 0
    givers, takers = ({str(team) for team, _ in side} for side in (pair.pushing, pair.paying))
    hands = organised.handoffs
    mine = hands["source_team"].astype(str).isin(givers - takers) & hands["team_id"].astype(str).isin(takers - givers)
    return int(hands.loc[mine, "cases"].sum())


def _associations(
    candidates: list[Conflict], organised: Organised, catalogue: Catalogue, seed: int, /
) -> dict[frozenset[str], dict[str, Any]]:
    """Return per pair what comparing units says; a pair is tested once, whichever of the two is pushed."""
    if organised.panel.empty or not candidates:
        return {}
    pairs = sorted({(min(pair.both), max(pair.both)) for pair in candidates})
    known = organised.teams if len(organised.teams) else pd.DataFrame({"team_id": [], "department": []})
    found = pair_associations(organised.panel, known, catalogue, pairs, seed)
    found["against"] = _against(found)
    return {frozenset((str(row["parent"]), str(row["child"]))): row for row in found.to_dict("records")}


def _against(found: pd.DataFrame, /) -> np.ndarray:
    """Return which pairs move against each other: one-sided, so that pairs that agree lend the others nothing."""
    from scipy.stats import false_discovery_control

    two_sided, association = (found[name].to_numpy(dtype=float) for name in ("p_value", "association"))
    one_sided = np.where(association < 0, two_sided / 2, 1 - two_sided / 2)
    known, against = np.isfinite(one_sided), np.zeros(len(found), dtype=bool)
    if known.any():
        against[known] = false_discovery_control(one_sided[known]) <= _FALSE_SHARE
    return against & (association <= -_MIN_ASSOCIATION)


def _judged(
    pair: Conflict, ways: dict[Any, str], tested: dict[frozenset[str], dict[str, Any]], catalogue: Catalogue, /
) -> Conflict | None:
    (harmed,) = pair.harmed
    row = tested.get(pair.both, {})
    numbers = {name: row[name] for name in ("association", "low", "high", "units") if name in row}
    against = any(ways[pair.pushed, *card] == "misaligned" for card in pair.pushing)
    serves = any(ways[harmed, *card] == "aligned" for card in pair.paying) or catalogue[harmed].role == "outcome"
    evidence = "units" if row.get("against", False) else pair.evidence
    if against and serves and pair.kind == "between":
        evidence = "effects"
    return replace(pair, evidence=evidence, **numbers) if evidence else None


def _once(judged: list[Conflict], /) -> list[Conflict]:
    """Return one conflict per pushed KPI and evidence of effects, and per pair of KPIs; of ratings the clearest."""
    kept: dict[Any, Conflict] = {}
    for one in judged:
        key: Any = (one.kind, one.both)
        if one.evidence == "effects":
            key = ("effects", one.pushed)
        elif one.kind == "customers":
            key = ("customers", one.pushed)
        kept[key] = one if key not in kept else _merged(kept[key], one)
    by_effects = [one for one in kept.values() if one.evidence == "effects"]
    seen = {frozenset((one.pushed, harmed)) for one in by_effects for harmed in one.harmed}
    return [
        one for one in kept.values() if one.evidence == "effects" or one.kind == "customers" or one.both not in seen
    ]


def _merged(one: Conflict, other: Conflict, /) -> Conflict:
    if one.evidence == other.evidence == "effects":
        return replace(
            one,
            harmed=(*one.harmed, *other.harmed),
            pushing=tuple(sorted({*one.pushing, *other.pushing})),
            paying=tuple(sorted({*one.paying, *other.paying})),
            points=max(one.points, other.points),
            handed=max(one.handed, other.handed),
            link=one.link if one.handed >= other.handed else other.link,
            **dict.fromkeys(("association", "low", "high"), float("nan")),
        )
    if one.kind == "customers":
        return one if one.association <= other.association else other
    return one if one.points >= other.points else other
