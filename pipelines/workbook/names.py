"""What the ids in a run's results are called, in one language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from baton.errors import ArtefactError
from baton.messages.message import Message, render
from baton.messages.numbers import Language
from baton.wording.wording import Bilingual
from features.figures.definitions import NAMES
from pipelines.report.data.objective import outcome_name
from pipelines.report.data.results import Results
from pipelines.workbook.words import known_word, say

__all__ = ["Names"]


class Names:
    """Names of a company's KPIs, teams, causes and so on; what has none keeps its id."""

    def __init__(self, results: Results, language: Language, /) -> None:
        self.language: Language = language
        self.currency = results.company.company.currency
        self._results = results
        self._stages = {stage.id: stage.name for stage in results.catalogue.stages}
        self._actions = {action.id: action.name for action in results.catalogue.actions}
        mains = [about["main"] for about in results.causes.values() if "main" in about]
        self._causes: Mapping[str, Mapping[str, Any]] = {main["id"]: main for main in mains} | results.causes
        self._kinds: dict[str, Callable[[str], str]] = {
            "kpi": self.kpi,
            "team": self.team,
            "stage": self.stage,
            "outcome": self.outcome,
            "cause": self.cause,
            "action": self.action,
            "figure": self.figure,
        }

    def of(self, kind: str, identifier: str, /) -> str:
        """Return a name by the kind of its id, one of ``kinds``."""
        return self._kinds[kind](identifier)

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of ids that have names."""
        return frozenset(self._kinds)

    def kpi(self, identifier: str, /) -> str:
        """Return the name of a KPI, or of a feature that is none."""
        return self._plain(self._results.kpi_name(identifier))

    def unit_of(self, kpi: str, /) -> str:
        """Return the unit of a KPI's values; nothing for one that the catalogue does not know."""
        known = self._results.catalogue.get(kpi)
        return "" if known is None else known.unit

    def team(self, identifier: str, /) -> str:
        """Return a team's name."""
        return self._results.team_names.get(identifier, identifier)

    def stage(self, identifier: str, /) -> str:
        """Return the name of a journey stage."""
        name = self._stages.get(identifier)
        return identifier if name is None else (name.zh if self.language == "zh" else name.en)

    def action(self, identifier: str, /) -> str:
        """Return the name of a coaching action."""
        name = self._actions.get(identifier)
        return identifier if name is None else (name.zh if self.language == "zh" else name.en)

    def cause(self, identifier: str, /) -> str:
        """Return the name of a cause."""
        about = self._causes.get(identifier)
        return identifier.replace("_", " ") if about is None else about[self.language]

    def figure(self, identifier: str, /) -> str:
        """Return the name of a plain figure."""
        return render(Message(NAMES[identifier]), self.language) if identifier in NAMES else identifier

    def outcome(self, identifier: str, /) -> str:
        """Return the name of an outcome by its key."""
        try:
            return self._plain(outcome_name(self._results, identifier))
        except ArtefactError:
            return identifier

    def unit(self, kind: str, identifier: str, /) -> str:
        """Return the name of a unit of some kind: a team, a stage, the company …"""
        if kind == "company":
            return self._results.company.company.name
        return self.of(kind, identifier) if kind in ("team", "stage") else identifier

    def key(self, section: str, key: str, /) -> str:
        """Return the words of a key; one that is not known stays."""
        return say(f"{section}.{key}", self.language) if known_word(section, key) else key

    def say(self, key: str, /, **blanks: object) -> str:
        """Return a text of the workbook."""
        return say(key, self.language, **blanks)

    def _plain(self, text: Bilingual, /) -> str:
        return str(text.of(self.language).unescape())
