"""What a pilot tries and what is expected of it: the advised cards of its teams, and how far the KPI should move."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from baton.catalogue.schema import Kpi
from baton.files import RunFolder
from baton.run_results import RunResults

__all__ = ["PREDICTED_LEVEL", "definition_of", "expected_of", "points_moved", "tried_cards"]

PREDICTED_LEVEL = 0.9
"""How probable it should be that what is measured lies in the interval that was predicted."""

_WORDS = {"name", "description", "needs", "layer", "perspective", "stage", "guards", "leads_to", "moment_of_truth"}
_INPUTS = "inputs.json"


def definition_of(kpi: Kpi, /) -> str:
    """Return the digest of how a KPI is computed; what it is called does not count.

    Examples
    --------
    >>> from baton.catalogue.load import load_catalogue
    >>> from baton.company import Company
    >>> csat = load_catalogue(Company())["csat"]
    >>> definition_of(csat) == definition_of(csat.model_copy(update={"stage": "use"}))
    True
    >>> definition_of(csat) == definition_of(csat.model_copy(update={"aggregate": "median"}))
    False
    """
    text = json.dumps(kpi.model_dump(mode="json", exclude=_WORDS), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def tried_cards(folder: RunFolder, teams: Collection[str], /) -> tuple[dict[str, Any], ...]:
    """Return the lines of teams' cards as the run advises them: today's points and those that are tried.

    Returns
    -------
    tuple of dict
        ``team_id``, ``role``, ``kpi``, ``current`` (None: no card is known), ``tried``; empty where none is advised.
    """
    results = RunResults(folder)
    if "weights" not in results:
        return ()
    columns = ["team_id", "role", "kpi", "current_weight", "recommended_weight"]
    table = results.table("weights", columns)
    table = table[table["team_id"].isin(list(teams)) & table["recommended_weight"].notna()]
    return tuple(
        {
            "team_id": str(row["team_id"]),
            "role": str(row["role"]),
            "kpi": str(row["kpi"]),
            "current": None if np.isnan(row["current_weight"]) else float(row["current_weight"]),
            "tried": float(row["recommended_weight"]),
        }
        for row in table.to_dict("records")
    )


def points_moved(kpi: str, cards: Sequence[Mapping[str, Any]], begins: Collection[str], /) -> float:
    """Return by how many points a KPI rises in the teams that begin, on average; 0 where no card is known.

    Examples
    --------
    >>> cards = [{"team_id": team, "kpi": "fcr", "current": 20.0, "tried": 30.0} for team in ("a", "b", "c")]
    >>> points_moved("fcr", cards, ["a", "b"])
    10.0
    """
    moved = [
        line["tried"] - line["current"]
        for line in cards
        if line["kpi"] == kpi and line["team_id"] in begins and line["current"] is not None
    ]
    return float(np.mean(moved)) if moved else 0.0


def expected_of(
    folder: RunFolder, kpi: Kpi, cards: Sequence[dict[str, Any]], begins: Collection[str], /
) -> dict[str, Any] | None:
    """Return how far a KPI should move in the teams that begin, by the response of people to points.

    Returns
    -------
    dict or None
        ``effect``, ``low``, ``high`` in the KPI's unit, ``level`` and ``basis`` (``measured`` on past changes of cards,
        else ``scenario``); None where its points do not change, or the run does not know how much teams differ.
    """
    from models.advice.inputs import AdviceInputs

    moved = points_moved(kpi.id, cards, begins)
    if not moved or not (folder.advice / _INPUTS).exists():
        return None
    inputs = AdviceInputs.load(folder.advice)
    row = inputs.kpis.set_index("kpi").reindex([kpi.id]).iloc[0]
    per_answer = kpi.sign * moved * float(row["between_sd"])
    if not np.isfinite(per_answer):
        return None
    tried = inputs.piloted.get(kpi.id)
    basis = inputs.basis([kpi.id])
    if tried is not None:
        answer, ends = tried["response"], [tried["low"], tried["high"]]
    else:
        can = float(row["controllable"])
        # any response between the two is as probable as another, as where the effect of a card is computed
        outside = (1 - PREDICTED_LEVEL) / 2
        reach = inputs.response_high - inputs.response_low
        ends = [can * (inputs.response_low + share * reach) for share in (outside, 1 - outside)]
        answer = can * inputs.response_per_point
    low, high = sorted(per_answer * end for end in ends)
    stated = {"effect": per_answer * answer, "low": low, "high": high, "level": PREDICTED_LEVEL, "basis": basis}
    return stated if basis not in inputs.widths else {**stated, "width": inputs.widths[basis]}
