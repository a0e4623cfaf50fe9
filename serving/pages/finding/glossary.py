"""What the words of the pages mean, and what each KPI measures."""

from __future__ import annotations

from baton.errors import BatonError
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf
from serving.pages.finding.terms import TERMS

__all__ = ["show_glossary"]


def show_glossary(asked: Asked, of: PagesOf, /) -> Reply:
    """Show all terms by name, and the company's KPIs; without a run the terms alone."""
    language = asked.language
    terms = sorted(TERMS.values(), key=lambda term: str(term.name.of(language)).casefold())
    try:
        catalogue = of.read().names.catalogue
    except BatonError:
        return Shown("glossary", {"terms": terms, "kpis": []})
    kpis = [(kpi.id, kpi.name.model_dump(), (kpi.description or kpi.name).model_dump()) for kpi in catalogue.values()]
    return Shown("glossary", {"terms": terms, "kpis": sorted(kpis, key=lambda kpi: kpi[1][language].casefold())})
