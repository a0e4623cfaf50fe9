"""The page put together: one HTML document that loads nothing and runs nothing but its own script."""

from __future__ import annotations

from typing import Any

from baton.charts.drawing import Pen
from baton.wording.causes import causes_section
from baton.wording.waiting import process_section
from baton.wording.wording import Bilingual, say
from pipelines.report.data.results import Results
from pipelines.report.document import document
from pipelines.report.sections.all_cards import glance_of
from pipelines.report.sections.cards import cards_of
from pipelines.report.sections.coaching import support_section
from pipelines.report.sections.customers import all_customers, caution, risk_bands, top_customers
from pipelines.report.sections.explained import explained_figures
from pipelines.report.sections.figures import figures_section
from pipelines.report.sections.first_of_texts import first_of_texts
from pipelines.report.sections.first_screen import first_screen
from pipelines.report.sections.journey import journey_section
from pipelines.report.sections.method import method_section
from pipelines.report.sections.retention.pictures import segments_staying, staying_figure
from pipelines.report.sections.since.section import since_section
from pipelines.report.sections.strategy import strategy_figure
from pipelines.report.sections.targets import judged_targets
from pipelines.report.sections.teams import company_fields, team_pages
from pipelines.report.sections.trust import trust_section
from pipelines.report.sections.units import decline_figures
from pipelines.report.sections.why import why_section

__all__ = ["render"]

_MAX_CARDS = 60  # shown in full; the others stand in the table of all


def render(results: Results, /) -> str:
    """Return the page.

    Returns
    -------
    str
        A whole HTML document. Everything that comes from data is escaped; style and script are allowed by their hashes
        alone, and nothing else may load or run.
    """
    languages = results.company.company.languages
    return document(
        "report.html.jinja",
        company=results.company.company.name,
        languages=languages,
        title=say("page.title", company=results.company.company.name),
        as_of=_as_of(results),
        say=say,
        **_content(results, Pen(languages)),
    )


def _as_of(results: Results, /) -> Bilingual | None:
    moment = results.as_of
    return None if moment is None else say("page.as_of", date=f"{moment:%Y-%m-%d}")


def _content(results: Results, pen: Pen, /) -> dict[str, Any]:
    cards, hidden = cards_of(results)
    declines, decline_notes = decline_figures(results, pen)
    bands, top, warned = risk_bands(results, pen), top_customers(results), caution(results)
    notes = [*([warned] if warned else []), *decline_notes]
    priced = bool(results.company.policy.worth)
    glance, since = glance_of(cards, money=priced) if len(cards) > 1 else None, since_section(results)
    anchors = [
        "now",
        *(["glance"] if glance else []),
        *(["since"] if since else []),
        *(["risk"] if bands or declines or notes else []),
    ]
    process, causes = process_section(results, pen), causes_section(results)
    pages, unpaged = team_pages(results, cards, pen)
    fields, fields_key, without_field = company_fields(results, pen)
    strategy = strategy_figure(results, pen)
    first, figures = first_screen(results, cards, hidden), figures_section(results, pen)
    why, journey, support = why_section(results, pen), journey_section(results), support_section(results)
    return {
        "anchors": [
            *anchors,
            *(["figures"] if figures else []),
            *(["why"] if why.figures else []),
            *(["causes"] if causes else []),
            *([] if journey.empty else ["journey"]),
            *(["process"] if process else []),
            *(["strategy"] if strategy else []),
            *(["teams"] if pages else []),
            *([] if support.lacking else ["support"]),
            "trust",
            "method",
        ],
        "first": first if causes is None else first_of_texts(results, first, causes),
        "cards": cards[:_MAX_CARDS],
        "folded": max(len(cards) - _MAX_CARDS, 0),
        "sketch": bool(cards) and all(card.hypothetical for card in cards),
        "hidden": hidden,
        "min_group": results.company.policy.min_group,
        "glance": glance,
        "since": since,
        "bands": bands,
        "explored": "okrs" in results.looked,
        "top": top,
        "top_more": all_customers(results),
        "staying": staying_figure(results, pen),
        "segments_staying": segments_staying(results),
        "declines": declines,
        "decline_notes": notes,
        "why": why,
        "journey": journey,
        "process": process,
        "causes": causes,
        "figures": figures,
        "fields": fields,
        "fields_key": fields_key,
        "without_field": without_field,
        "strategy": strategy,
        "pages": pages,
        "judged": judged_targets(results),
        "unpaged": unpaged,
        "support": support,
        "support_header": [say(f"support.{column}") for column in ("where", "kpi", "action", "reason", "needs")],
        "count_header": [say("support.kpi"), say("support.concerned")],
        "trust": trust_section(results, pen, () if why.figures else why.missing),
        "method": method_section(results),
        "explained": explained_figures(results, pen),
    }
