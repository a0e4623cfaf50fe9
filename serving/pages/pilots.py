"""Pilots: where each stands, the rule that was stated beforehand, what came of it, and who did what."""

from __future__ import annotations

from typing import Any

from baton.catalogue.load import load_catalogue
from baton.charts.pilots import event_line
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf
from serving.pilots.mounting import Pilots

__all__ = ["show_pilots"]


def show_pilots(asked: Asked, of: PagesOf, /) -> Reply:
    """Show the pilots that somebody may see, or one of them; moves are made by the commands and over HTTP."""
    store = Pilots(of.company, of.keeper, of.run).store
    known = load_catalogue(of.company)

    def name_of(kpi: str) -> dict[str, str]:
        found = known.get(kpi)
        return {"en": kpi, "zh": kpi} if found is None else found.name.model_dump()

    name = asked.query.get("name")
    if not name:
        return Shown("pilots", {"pilot": None, "rows": store.find(asked.who), "name_of": name_of})
    pilot = store.get(asked.who, name)
    gaps = _gaps(pilot["outcome"])
    values = {"pilot": pilot, "rows": [], "name_of": name_of, "gaps": gaps, "drawn": event_line(gaps)}
    return Shown("pilots", values)


def _gaps(outcome: dict[str, Any] | None, /) -> dict[int, float]:
    found = (outcome or {}).get("by_month", {})
    return {int(month): gap for month, gap in sorted(found.items(), key=lambda each: int(each[0])) if gap is not None}
