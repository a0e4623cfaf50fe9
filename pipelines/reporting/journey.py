"""What the scorecards see of the customer's journey, and where they are blind."""

from __future__ import annotations

from dataclasses import dataclass

from baton.catalogue.schema import Kpi
from pipelines.reporting.first import misaligned_kpis
from pipelines.reporting.results import Results
from pipelines.reporting.why import average_points
from pipelines.reporting.wording import Bilingual, listed, number, say, translated

__all__ = ["Journey", "JourneyStage", "journey_section"]

_MOST_NAMED = 8


@dataclass(frozen=True)
class JourneyStage:
    """A stage: what is measured on cards there, and what could be.

    Parameters
    ----------
    on_card : tuple of (Bilingual, Bilingual, bool, bool)
        Name, points, moment of truth, misaligned.
    measurable : tuple of (Bilingual, bool)
        KPIs with data that no card holds: name, moment of truth.
    more, absent : int
        How many more are measurable; how many of the catalogue have no data.
    """

    name: Bilingual
    points: Bilingual
    share: float
    on_card: tuple[tuple[Bilingual, Bilingual, bool, bool], ...]
    measurable: tuple[tuple[Bilingual, bool], ...]
    more: int
    absent: int


@dataclass(frozen=True)
class Journey:
    """The section."""

    finding: Bilingual
    stages: tuple[JourneyStage, ...]
    known: bool


def journey_section(results: Results, /) -> Journey:
    """Lay the scorecards over the journey."""
    points = average_points(results)
    wrong = set(misaligned_kpis(results))
    measured = _measured(results)
    names = [(stage.id, translated(stage.name)) for stage in results.catalogue.stages]
    names.append(("any", say("journey.any")))
    stages, blind, heaviest = [], [], ("", 0.0)
    for stage_id, name in names:
        kpis = [kpi for kpi in results.catalogue.values() if kpi.stage == stage_id]
        cards = sorted((kpi for kpi in kpis if points.get(kpi.id, 0.0) > 0), key=lambda kpi: -points[kpi.id])
        total = float(sum(points[kpi.id] for kpi in cards))
        free = [kpi for kpi in kpis if kpi not in cards and kpi.id in measured]
        free.sort(key=lambda kpi: (not kpi.moment_of_truth, kpi.role != "lever"))
        stages.append(
            JourneyStage(
                name=name,
                points=say("journey.points", n=number(total, 0 if float(total).is_integer() else 1)),
                share=total,
                on_card=tuple(
                    (
                        translated(kpi.name),
                        number(float(points[kpi.id]), 0 if float(points[kpi.id]).is_integer() else 1),
                        kpi.moment_of_truth,
                        kpi.id in wrong,
                    )
                    for kpi in cards
                ),
                measurable=tuple((translated(kpi.name), kpi.moment_of_truth) for kpi in free[:_MOST_NAMED]),
                more=max(len(free) - _MOST_NAMED, 0),
                absent=len([kpi for kpi in kpis if kpi not in cards and kpi.id not in measured]),
            )
        )
        if stage_id != "any" and total == 0:
            blind.append(say("word.quoted", text=name))
        if total > heaviest[1]:
            heaviest = (stage_id, total)
    known = len(points) > 0
    if not known:
        return Journey(say("journey.no_cards"), tuple(stages), False)
    finding = (
        say("journey.blind", stages=listed(blind)) if blind else say("journey.covered", stage=dict(names)[heaviest[0]])
    )
    return Journey(finding, tuple(stages), True)


def _measured(results: Results, /) -> set[str]:
    """KPIs that the data could compute: those that predictions, effects or cards had a value for, by their own names."""
    found: set[str] = set()
    for name in ("attributions", "effects", "diagnosis"):
        frame = results.get(name)
        if frame is not None:
            found |= {str(kpi) for kpi in frame["kpi"].unique()}
    return {kpi for kpi in found if kpi in results.catalogue and _has_source(results, results.catalogue[kpi])}


def _has_source(results: Results, kpi: Kpi, /) -> bool:
    return not results.staged or kpi.source in results.staged
