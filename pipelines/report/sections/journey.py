"""What the scorecards see of the customer's journey, and where they are blind."""

from __future__ import annotations

from dataclasses import dataclass

from baton.wording.journey import JourneyFacts, JourneyStage, journey_stages, measured_kpis
from baton.wording.wording import Bilingual, listed, say
from pipelines.report.data.results import Results
from pipelines.report.sections.first_screen import misaligned_kpis
from pipelines.report.sections.why import average_points

__all__ = ["Journey", "journey_section"]


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
    tables = {
        "attributions": results.get("attributions"),
        "effects": results.get("effects"),
        "panel": results.panel,
    }
    facts = JourneyFacts(
        results.catalogue,
        points,
        results.get("weights"),
        measured_kpis(tables, results.catalogue, results.staged),
        set(misaligned_kpis(results)),
    )
    stages = journey_stages(facts)
    if not points:
        return Journey(say("journey.no_cards"), stages, False)
    real = stages[:-1]
    blind = [say("word.quoted", text=stage.name) for stage in real if not stage.on_card]
    if blind:
        return Journey(say("journey.blind", stages=listed(blind)), stages, True)
    heaviest = max(real, key=lambda stage: stage.share)
    return Journey(say("journey.covered", stage=heaviest.name), stages, True)
