"""What scorecards see of the customer's journey, and where they are blind: for the report and the service's pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from baton.catalogue.schema import Catalogue, Kpi
from baton.wording.wording import Bilingual, listed, number, say, translated, verbatim

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JourneyFacts", "JourneyStage", "journey_stages", "mean_points", "measured_kpis", "written_points"]

_MAX_NAMED = 8


@dataclass(frozen=True)
class JourneyFacts:
    """What is known of a journey.

    Parameters
    ----------
    catalogue : Catalogue
        Has the stages and their KPIs.
    points : mapping of str to float
        Mean points by KPI over the cards of today that may be shown.
    cards : pandas.DataFrame or None
        ``weights`` of these cards; None where there are none.
    measured : collection of str
        KPIs that had values.
    misaligned : collection of str
        KPIs that are paid for and point away from the customer.
    """

    catalogue: Catalogue
    points: Mapping[str, float]
    cards: pd.DataFrame | None
    measured: Collection[str]
    misaligned: Collection[str]


@dataclass(frozen=True)
class JourneyStage:
    """A stage: what is measured on cards there, and what could be.

    Parameters
    ----------
    id : str
        As in the catalogue; ``any`` for what belongs to all stages.
    on_card : tuple of (Bilingual, Bilingual, bool, bool, Bilingual)
        Name, points, moment of truth, misaligned, who answers for it.
    measurable : tuple of (Bilingual, bool)
        KPIs with data that no card holds: name, moment of truth.
    more, absent : int
        How many more are measurable; how many of the catalogue have no data.
    """

    id: str
    name: Bilingual
    points: Bilingual
    share: float
    on_card: tuple[tuple[Bilingual, Bilingual, bool, bool, Bilingual], ...]
    measurable: tuple[tuple[Bilingual, bool], ...]
    more: int
    absent: int


def journey_stages(facts: JourneyFacts, /) -> tuple[JourneyStage, ...]:
    """Lay scorecards over the journey; the last is what belongs to all stages."""
    names = [(stage.id, translated(stage.name)) for stage in facts.catalogue.stages]
    return tuple(_stage(facts, stage, name) for stage, name in [*names, ("any", say("journey.any"))])


def mean_points(cards: pd.DataFrame, /) -> dict[str, float]:
    """Return the mean points per KPI over cards of today; empty where no points are known.

    Parameters
    ----------
    cards : pandas.DataFrame
        Columns ``team_id``, ``role``, ``kpi`` and ``current_weight``.
    """
    card = cards["team_id"].astype(str) + "\n" + cards["role"].fillna("").astype(str)
    known = cards["current_weight"].notna().groupby(card).transform("any")
    count = int(card[known].nunique())
    if not count:
        return {}
    points = cards[known].groupby("kpi", observed=True)["current_weight"].sum() / count
    return {str(kpi): float(mean) for kpi, mean in points.items()}


def measured_kpis(
    tables: Mapping[str, pd.DataFrame | None], catalogue: Catalogue, staged: Collection[str], /
) -> set[str]:
    """Return KPIs that had values: that a prediction used, an effect was estimated of, or a card could be judged by.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame or None
        ``attributions``, ``effects`` and ``panel``.
    staged : collection of str
        Names of the source tables; empty: not known.
    """
    found: set[str] = set()
    attributions, effects, panel = (tables.get(name) for name in ("attributions", "effects", "panel"))
    if attributions is not None:
        # one that never differs among all rows has no information, whether it had values or not
        found |= {str(kpi) for kpi in attributions.loc[attributions["mean_abs_attribution"] > 0, "kpi"].unique()}
    if effects is not None:
        found |= {str(kpi) for kpi in effects.loc[effects["effect"].notna(), "kpi"].unique()}
    if panel is not None and len(panel):
        found |= {str(kpi) for kpi in panel["kpi"].unique()}
    return {kpi for kpi in found if kpi in catalogue and _has_source(catalogue[kpi], staged)}


def written_points(value: float, /) -> Bilingual:
    """Return points as people write them."""
    return number(value, 0 if round(value, 6).is_integer() else 1)


def _has_source(kpi: Kpi, staged: Collection[str], /) -> bool:
    return not staged or kpi.source in staged


def _stage(facts: JourneyFacts, stage_id: str, name: Bilingual, /) -> JourneyStage:
    points = facts.points
    kpis = [kpi for kpi in facts.catalogue.values() if kpi.stage == stage_id]
    cards = sorted((kpi for kpi in kpis if points.get(kpi.id, 0.0) > 0), key=lambda kpi: -points[kpi.id])
    free = [kpi for kpi in kpis if kpi not in cards and kpi.id in facts.measured]
    free.sort(key=lambda kpi: (not kpi.moment_of_truth, kpi.role != "lever"))
    total = float(sum(points[kpi.id] for kpi in cards))
    return JourneyStage(
        id=stage_id,
        name=name,
        points=say("journey.points", points=written_points(total)),
        share=total,
        on_card=tuple(
            (
                translated(kpi.name),
                written_points(points[kpi.id]),
                kpi.moment_of_truth,
                kpi.id in facts.misaligned,
                _answering(facts, kpi.id),
            )
            for kpi in cards
        ),
        measurable=tuple((translated(kpi.name), kpi.moment_of_truth) for kpi in free[:_MAX_NAMED]),
        more=max(len(free) - _MAX_NAMED, 0),
        absent=len(kpis) - len(cards) - len(free),
    )


def _answering(facts: JourneyFacts, kpi_id: str, /) -> Bilingual:
    """Whose cards hold a KPI: posts by their name, whole teams by their number."""
    weights = facts.cards
    if weights is None:
        return say("answers.nobody")
    holders = weights[(weights["kpi"] == kpi_id) & (weights["current_weight"] > 0)]
    roles = holders["role"].fillna("").astype(str)
    named = [verbatim(role) for role in sorted(set(roles) - {""})]
    whole = int((roles == "").sum())
    if whole:
        named.append(say("answers.whole_team", n=whole))
    return say("answers.who", who=listed(named)) if named else say("answers.nobody")
