"""The one table of pages: where each lies, who may open it, and what shows it. Another page is another row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from serving.access.principal import Principal
from serving.access.rules import may_at_all
from serving.pages.asked import Asked, Reply
from serving.pages.behind import PagesOf
from serving.pages.card import show_card, take_card
from serving.pages.causes.acting import show_cause, take_cause
from serving.pages.causes.page import show_causes, take_correction
from serving.pages.coaching import show_coaching, show_offer, take_offer
from serving.pages.contacts.customer import send_notes, show_customer, take_note
from serving.pages.customers import show_customers
from serving.pages.decision import show_decision, take_decision
from serving.pages.decisions import show_decisions
from serving.pages.finding.glossary import show_glossary
from serving.pages.finding.search import show_search
from serving.pages.journey import show_journey
from serving.pages.live_desk import show_live_desk, take_live_desk
from serving.pages.models import show_models, take_models
from serving.pages.own import show_own
from serving.pages.pilots import show_pilots
from serving.pages.review.page import send_workbook, show_review
from serving.pages.teams import show_teams

__all__ = ["PAGES", "PageEntry", "entry_of", "navigation"]

Handler = Callable[[Asked, PagesOf], Reply]


@dataclass(frozen=True)
class PageEntry:
    """A page.

    Parameters
    ----------
    path : str
    name : str
        Key of its name in the navigation; empty: it is not there.
    actions : tuple of str
        Of ``serving.access.rules``, one of which somebody must be allowed for anything at all; what the page shows is
        asked row by row. Empty: everybody who has signed in.
    show : callable
        Answers GET; fills its forms with what was typed, if they are shown again.
    take : callable, optional
        Answers POST of a form of the page.
    """

    path: str
    name: str
    actions: tuple[str, ...]
    show: Handler
    take: Handler | None = None

    def is_for(self, who: Principal, /) -> bool:
        """Whether somebody may open it."""
        return not self.actions or any(may_at_all(who, action) for action in self.actions)


PAGES: tuple[PageEntry, ...] = (
    PageEntry("/pages/teams", "pages_frame.teams", ("weights",), show_teams),
    PageEntry("/pages/customers", "pages_frame.customers", ("churn_of_customer",), show_customers),
    PageEntry("/pages/customer", "", ("read_customer_notes",), show_customer, take_note),
    PageEntry("/pages/customer-notes.csv", "", ("read_customer_notes",), send_notes),
    PageEntry("/pages/live", "pages_live.name", ("live_desk",), show_live_desk, take_live_desk),
    PageEntry("/pages/causes", "pages_frame.causes", ("causes_of_team",), show_causes, take_correction),
    PageEntry("/pages/cause", "", ("decide",), show_cause, take_cause),
    PageEntry("/pages/journey", "pages_journey.name", ("weights",), show_journey),
    PageEntry("/pages/coaching", "pages_frame.coaching", ("coaching_of_team",), show_coaching),
    PageEntry("/pages/offer", "", ("decide_of_person",), show_offer, take_offer),
    PageEntry("/pages/card", "", ("weights",), show_card, take_card),
    PageEntry(
        "/pages/decisions", "pages_frame.decisions", ("read_decision", "read_decision_of_person"), show_decisions
    ),
    PageEntry("/pages/decision", "", ("read_decision", "read_decision_of_person"), show_decision, take_decision),
    PageEntry("/pages/pilots", "pages_pilots.name", ("read_pilot",), show_pilots),
    PageEntry("/pages/models", "pages_frame.models", ("models",), show_models, take_models),
    PageEntry("/pages/review", "", ("review_pack",), show_review),
    PageEntry("/pages/review.xlsx", "", ("review_pack",), send_workbook),
    PageEntry("/pages/glossary", "", (), show_glossary),
    PageEntry("/pages/search", "", (), show_search),
    PageEntry("/pages/mine", "pages_frame.mine", ("own_card",), show_own),
)


def entry_of(path: str, /) -> PageEntry | None:
    """Return the page of a path."""
    return next((each for each in PAGES if each.path == path), None)


def navigation(who: Principal, /) -> list[PageEntry]:
    """Return the pages that somebody can go to, in the order of the table."""
    return [each for each in PAGES if each.name and each.is_for(who)]
