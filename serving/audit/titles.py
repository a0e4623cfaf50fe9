"""What the outcomes of an evaluation and the verdicts of cards are called in an auditor's summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from baton.catalogue.load import load_kpis
from baton.company import Company
from baton.errors import ArtefactError
from baton.messages.message import Message, Name
from baton.outcomes import Outcome

__all__ = ["ROOT_CAUSE", "outcome_titles", "verdict_name"]

ROOT_CAUSE = "root_cause"
"""The key of ``evaluation.json`` that is no outcome: how well the causes in texts are found."""

_VERDICTS: Mapping[str, str] = {
    "raise": "audit_verdict.raise",
    "lower": "audit_verdict.lower",
    "keep": "audit_verdict.keep",
    "add": "audit_verdict.add",
    "drop": "audit_verdict.drop",
}


def verdict_name(verdict: str, /) -> Message:
    """Return what the verdict of a card's row is called; that of another Baton keeps its key."""
    return Message(_VERDICTS[verdict]) if verdict in _VERDICTS else Message.verbatim(verdict)


def outcome_titles(company: Company, keys: Iterable[str], /) -> dict[str, Message]:
    """Return what the keys of ``evaluation.json`` are called; one that names no outcome stays as it is."""
    kpis = load_kpis(company)
    titles: dict[str, Message] = {}
    for key in keys:
        if key == ROOT_CAUSE:
            titles[key] = Message("outcome.root_cause")
            continue
        try:
            outcome = Outcome.parse(key)
        except ArtefactError:
            titles[key] = Message.verbatim(key)
            continue
        kpi = kpis.get(outcome.metric)
        name = "" if kpi is None else Name(kpi.name.en, kpi.name.zh)
        titles[key] = outcome.title(name, company.outcomes.low_of(outcome.metric) if outcome.metric else None)
    return titles
