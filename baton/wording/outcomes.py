"""What people call what is predicted."""

from __future__ import annotations

from collections.abc import Callable

from baton.company import Company
from baton.errors import ArtefactError
from baton.messages.message import Message, Name
from baton.outcomes import Outcome
from baton.wording.wording import Bilingual, translated_message, verbatim

__all__ = ["outcome_title", "predicted_name"]

_CAUSES = "root_cause"


def outcome_title(outcome: Outcome, company: Company, kpi_name: Callable[[str], Bilingual], /) -> Bilingual:
    """Return what people call an outcome.

    Parameters
    ----------
    company : Company
        Says which ratings are low.
    kpi_name : callable
        Returns what people call a KPI.
    """
    metric = kpi_name(outcome.metric)
    low = company.outcomes.low_of(outcome.metric)
    return translated_message(outcome.title(Name(metric.en.unescape(), metric.zh.unescape()), low))


def predicted_name(key: str, company: Company, kpi_name: Callable[[str], Bilingual], /) -> Bilingual:
    """Return the words for a key of ``evaluation.json``; a key that names nothing stands for itself."""
    if key == _CAUSES:
        return translated_message(Message("outcome.root_cause"))
    try:
        return outcome_title(Outcome.parse(key), company, kpi_name)
    except ArtefactError:
        return verbatim(key)
