"""What the scorecards see of the customer's journey, and where they are blind."""

from __future__ import annotations

from dataclasses import dataclass

from baton.catalogue.schema import Kpi
from baton.wording.wording import Bilingual, listed, number, say, translated, verbatim
from pipelines.report.data.results import Results
from pipelines.report.sections.first_screen import misaligned_kpis
from pipelines.report.sections.why import average_points

__all__ = ["Journey", "JourneyStage", "journey_section"]

_MAX_NAMED = 8


@dataclass(frozen=True)
class JourneyStage:
    """A stage: what is measured on cards there, and what could be.

    Parameters
    ----------
    on_card : tuple of (Bilingual, Bilingual, bool, bool, Bilingual)
        Name, points, moment of truth, misaligned, who answers for it.
    measurable : tuple of (Bilingual, bool)
        KPIs with data that no card holds: name, moment of truth.
    more, absent : int
        How many more are measurable; how many of the catalogue have no data.
    """

    name: Bilingual
    points: Bilingual
    share: float
    on_card: tuple[tuple[Bilingual, Bilingual, bool, bool, Bilingual], ...]
    measurable: tuple[tuple[Bilingual, bool], ...]
    more: int
    absent: int


@dataclass(frozen=True)
class Journey:
    """The section."""

    finding: Bilingual
    stages: tuple[JourneyStage, ...]
    known: bool

    @property
    def empty(self) -> bool:
        """Whether no stage has anything on a card or in the data."""
        return not any(stage.on_card or stage.measurable for stage in self.stages)


def journey_section(results: Results, /) -> Journey:
    """Lay the scorecards over the journey."""
    points = {str(kpi): float(mean) for kpi, mean in average_points(results).items()}
    names = [(stage.id, translated(stage.name)) for stage in results.catalogue.stages]
    measured, wrong = _measured(results), set(misaligned_kpis(results))
    stages = [
        _stage(results, stage, name, points, measured, wrong) for stage, name in [*names, ("any", say("journey.any"))]
    ]
    if not points:
        return Journey(say("journey.no_cards"), tuple(stages), False)
    real = stages[:-1]
    blind = [say("word.quoted", text=stage.name) for stage in real if not stage.on_card]
    if blind:
        return Journey(say("journey.blind", stages=listed(blind)), tuple(stages), True)
    heaviest = max(real, key=lambda stage: stage.share)
    return Journey(say("journey.covered", stage=heaviest.name), tuple(stages), True)


def _stage(
    results: Results, stage_id: str, name: Bilingual, points: dict[str, float], measured: set[str], wrong: set[str], /
) -> JourneyStage:
    kpis = [kpi for kpi in results.catalogue.values() if kpi.stage == stage_id]
    cards = sorted((kpi for kpi in kpis if points.get(kpi.id, 0.0) > 0), key=lambda kpi: -points[kpi.id])
    free = [kpi for kpi in kpis if kpi not in cards and kpi.id in measured]
    free.sort(key=lambda kpi: (not kpi.moment_of_truth, kpi.role != "lever"))
    total = float(sum(points[kpi.id] for kpi in cards))
    return JourneyStage(
        name=name,
        points=say("journey.points", points=_points(total)),
        share=total,
        on_card=tuple(
            (
                translated(kpi.name),
                _points(points[kpi.id]),
                kpi.moment_of_truth,
                kpi.id in wrong,
                _answering(results, kpi.id),
            )
            for kpi in cards
        ),
        measurable=tuple((translated(kpi.name), kpi.moment_of_truth) for kpi in free[:_MAX_NAMED]),
        more=max(len(free) - _MAX_NAMED, 0),
        absent=len(kpis) - len(cards) - len(free),
    )


def _answering(results: Results, kpi_id: str, /) -> Bilingual:
    """Whose cards hold a KPI: posts by their name, whole teams by their number."""
    weights = results.tables["weights"]
    holders = weights[(weights["kpi"] == kpi_id) & (weights["current_weight"] > 0)]
    roles = holders["role"].fillna("").astype(str)
    named = [verbatim(role) for role in sorted(set(roles) - {""})]
    whole = int((roles == "").sum())
    if whole:
        named.append(say("answers.whole_team", n=whole))
    return say("answers.who", who=listed(named)) if named else say("answers.nobody")


def _points(value: float, /) -> Bilingual:
    return number(value, 0 if round(value, 6).is_integer() else 1)


def _measured(results: Results, /) -> set[str]:
    """KPIs that had values: those that a prediction used, an effect was estimated of, or a card could be judged by."""
    found: set[str] = set()
    attributions, effects = results.get("attributions"), results.get("effects")
    if attributions is not None:
        # one that never differs among all rows has no information, whether it had values or not
        found |= {str(kpi) for kpi in attributions.loc[attributions["mean_abs_attribution"] > 0, "kpi"].unique()}
    if effects is not None:
        found |= {str(kpi) for kpi in effects.loc[effects["effect"].notna(), "kpi"].unique()}
    if len(results.panel):
        found |= {str(kpi) for kpi in results.panel["kpi"].unique()}
    return {kpi for kpi in found if kpi in results.catalogue and _has_source(results, results.catalogue[kpi])}


def _has_source(results: Results, kpi: Kpi, /) -> bool:
    return not results.staged or kpi.source in results.staged
