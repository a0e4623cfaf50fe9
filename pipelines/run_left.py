"""What a run has left that a diagnosis reads: effects, reliability, months of units, hand-overs and causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.files import RunFolder, read_json
from baton.outcomes import served
from baton.run_results import RunResults

if TYPE_CHECKING:
    from models.advice.diagnosis.causes import CauseTables

__all__ = ["RunLeft", "causes_of", "clear_effects", "evidence_of", "read_run"]


@dataclass(frozen=True)
class RunLeft:
    """A run's tables; empty ones where the run has not made them, or there is none.

    Parameters
    ----------
    there : bool
        Whether a run has advised.
    reliability, panel, handoffs : pandas.DataFrame
    clear : mapping of str to str
        Per KPI what its effect on the outcome that weights serve says: ``helps``, ``harms``, ``unclear``.
    """

    there: bool
    reliability: pd.DataFrame
    panel: pd.DataFrame
    handoffs: pd.DataFrame
    causes: CauseTables
    clear: dict[str, str] = field(default_factory=dict)


def read_run(folder: RunFolder, /) -> RunLeft:
    """Read what a run has left.

    Raises
    ------
    ArtefactError
        If a table is there and cannot be read.
    """
    results = RunResults(folder)
    effects = results.find("effects", ["outcome", "kpi", "clear"])
    return RunLeft(
        there=(folder.advice / "inputs.json").exists(),
        reliability=_found(results, "advice/reliability"),
        panel=_found(results, "advice/panel"),
        handoffs=_found(results, "handoffs"),
        causes=causes_of(results),
        clear={} if effects is None else clear_effects(effects),
    )


def clear_effects(effects: pd.DataFrame, /) -> dict[str, str]:
    """Return what each KPI's effect says, of the outcome that weights serve.

    Parameters
    ----------
    effects : pandas.DataFrame
        Rows of ``effects.parquet``.
    """
    rows = effects[effects["outcome"] == served(effects["outcome"])]
    return dict(zip(rows["kpi"].astype(str), rows["clear"].astype(str), strict=True))


def causes_of(results: RunResults, /) -> CauseTables:
    """Return what a run has left about causes."""
    from models.advice.diagnosis.causes import CauseTables

    place = results.folder.texts / "about.json"
    about: dict[str, Any] = read_json(place) if place.exists() else {}
    owners = {cause: known["owner"] for cause, known in about.items() if known.get("owner")}
    return CauseTables(
        diagnosis=_found(results, "cause_diagnosis"),
        trends=_found(results, "cause_trends"),
        prices=_found(results, "cause_prices"),
        emerging=_found(results, "emerging_causes"),
        names={cause: (known["en"], known["zh"]) for cause, known in about.items()},
        owners={cause: (owner["en"], owner["zh"]) for cause, owner in owners.items()},
    )


def evidence_of(
    results: RunResults, cards: pd.DataFrame, effects: pd.DataFrame, catalogue: Catalogue, /
) -> pd.DataFrame | None:
    """Set the causes that a run has read beside the KPIs of today's cards; None where it has read none.

    Parameters
    ----------
    cards : pandas.DataFrame
        team_id, role, kpi, weight.
    effects : pandas.DataFrame
        Rows of ``effects.parquet``.
    """
    from models.advice.diagnosis.causes import cause_evidence

    if "cause_diagnosis" not in results:
        return None
    return cause_evidence(causes_of(results), cards, clear_effects(effects), catalogue)


def _found(results: RunResults, name: str, /) -> pd.DataFrame:
    from baton.contract.results import cast

    found = results.find(name)
    return cast(name, []) if found is None else found
