"""The diagnosis as data: a headline, parts with what was found in each, and the tables behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message, Name, bilingual

if TYPE_CHECKING:
    from models.advice.diagnosis.finding import Finding
    from models.advice.diagnosis.funnel import Funnel
    from models.advice.diagnosis.headline import Headline

__all__ = ["Diagnosis", "Section"]


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Parameters
    ----------
    key : str
        ``influence``, ``stages``, ``causes``, ``conflicts`` or ``evidence``.
    title : Message
        Of the part.
    findings : tuple of Finding
        The weightiest first.
    remarks : tuple of Message
        What is to be said besides: that nothing was found, or what a run would add.
    """

    key: str
    title: Message
    findings: tuple[Finding, ...]
    remarks: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Parameters
    ----------
    headline : Headline
        What today's points do, in shares and sentences.
    parts : tuple of Section
        What was found besides: influence, stages, causes, conflicts, and causes as evidence for weights.
    cards : list of dict
        Per team and role: points by perspective, role and alignment.
    kpis : list of dict
        Per team, role and KPI: weight, alignment, effect with interval, reliability.
    stages : list of dict
        Per journey stage: mean points, KPIs on cards, levers on no card.
    evidence : list of dict
        Causes beside the KPIs that measure their process step, as in ``cause_evidence.parquet``.
    notes : tuple of Message
        What a reader must know.
    names : mapping of str to Name
        What KPIs and teams are called, by id.
    outcome : str or None
        The outcome that effects are on.
    currency : str
        Of effects in money; empty: not named.
    funnels : tuple of Funnel
        Teams' values of the KPIs on cards against their volume.
    """

    headline: Headline
    parts: tuple[Section, ...]
    cards: list[dict[str, Any]]
    kpis: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    notes: tuple[Message, ...] = ()
    names: Mapping[str, Name] = field(default_factory=dict)
    outcome: str | None = None
    currency: str = ""
    funnels: tuple[Funnel, ...] = ()

    def sections(self) -> dict[str, list[dict[str, Any]]]:
        """Return the findings as titled tables, rounded for reading."""
        shown = [{name: _rounded(value) for name, value in row.items()} for row in self.kpis]
        cards = [{name: _rounded(value) for name, value in row.items()} for row in self.cards]
        stages = [{name: _rounded(value) for name, value in row.items()} for row in self.stages]
        found = [
            {"section": part.key, "kind": one.kind, "points": _rounded(one.points)}
            | {name: getattr(one, name).text for name in ("what", "where", "sure", "next")}
            for part in self.parts
            for one in part.findings
        ]
        return {
            "Points per card, by how they lie to the customer": cards,
            "KPIs on today's cards": shown,
            "Journey stages: what the cards measure, and what none does": stages,
            "What was found": found,
        }

    def as_json(self) -> dict[str, Any]:
        """Return all of it as values, with the words in every language."""
        sections = {part.key: [one.as_json() for one in part.findings] for part in self.parts}
        remarks = {part.key: [bilingual(remark) for remark in part.remarks] for part in self.parts}
        tables = {name: getattr(self, name) for name in ("cards", "kpis", "stages")}
        notes = [note.text for note in self.notes]
        return {
            "headline": self.headline.as_json(),
            "found": sections,
            **tables,
            "cause_evidence": self.evidence,
            "funnels": [one.as_json() for one in self.funnels],
            "remarks": remarks,
            "notes": notes,
        }


def _rounded(value: Any, /) -> Any:
    if isinstance(value, float):
        return f"{value:.3g}"
    return ", ".join(value) if isinstance(value, list) else value
