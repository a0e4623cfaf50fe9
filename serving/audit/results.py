"""What of a run an auditor asks for: models, data, how good they are, and what cards do to protected groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from baton.errors import ArtefactError
from baton.files import RunFolder
from baton.run_results import RunResults

__all__ = ["IMPACT", "RATES", "Run", "read_run"]

IMPACT = ("team_id", "role", "impact", "impact_ratio", "impact_low", "impact_high", "rises", "falls")
RATES = ("team_id", "role", "card", "attribute", "group", "people", "rate", "ratio")
_CARDS = {"today": "current_weight", "recommended": "recommended_weight"}
_RECORDED = ("company", "finished_at", "inputs", "code", "settings", "catalogue", "seed", "versions", "steps")


@dataclass(frozen=True)
class Run:
    """What a run has left; empty where there is none.

    Parameters
    ----------
    there : bool
        Whether a run was finished.
    recorded : mapping
        Data, code, settings and versions it was made from, by their digests.
    models, evaluation : mapping
        By outcome.
    impact : list of dict
        One row for each card (``IMPACT``).
    rates : list of dict
        One row for each card, of today and advised, attribute and group (``RATES``).
    verdicts : mapping of str to int
        How many rows of cards are to be raised, lowered, kept …
    coaching : int
        How many rows of coaching there are.
    """

    there: bool = False
    recorded: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    impact: list[dict[str, Any]] = field(default_factory=list)
    rates: list[dict[str, Any]] = field(default_factory=list)
    verdicts: Mapping[str, int] = field(default_factory=dict)
    coaching: int = 0


def read_run(folder: RunFolder, min_group: int, /) -> Run:
    """Read what a run has left.

    Parameters
    ----------
    min_group : int
        Groups of fewer people get no rate.
    """
    results = RunResults(folder)
    try:
        run = results.run
    except ArtefactError:
        return Run()
    weights, coaching = results.find("weights"), results.find("coaching")
    return Run(
        there=True,
        recorded={name: run[name] for name in _RECORDED if name in run},
        models=results.models,
        evaluation=results.evaluation,
        impact=[] if weights is None else _records(weights.drop_duplicates(["team_id", "role"])[list(IMPACT)]),
        rates=[] if weights is None else _rates(results, weights, min_group),
        verdicts={}
        if weights is None
        else {str(name): int(n) for name, n in weights["verdict"].value_counts().items()},
        coaching=0 if coaching is None else len(coaching),
    )


def _rates(results: RunResults, weights: Any, min_group: int, /) -> list[dict[str, Any]]:
    from models.advice.fairness import scoring_rates

    people, groups = results.find("advice/scores"), results.find("advice/groups")
    if people is None or groups is None or people.empty or groups.empty:
        return []
    found: list[dict[str, Any]] = []
    for (team, role), card in weights.groupby(["team_id", "role"], sort=True):
        for name, column in _CARDS.items():
            points = card.dropna(subset=[column]).set_index("kpi")[column]
            if points.empty:
                continue
            rates = scoring_rates(people, groups, str(role), points.to_dict(), min_group)
            found += [{"team_id": team, "role": role, "card": name, **row} for row in _records(rates)]
    return found


def _records(frame: Any, /) -> list[dict[str, Any]]:
    return frame.to_dict("records")
