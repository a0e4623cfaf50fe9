"""What an offer of help says to the person, what it says to the lead, and where its action comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from baton.catalogue.schema import Action, Catalogue, Kpi, Text
from baton.messages.message import Message, Name
from models.advice.coaching.words import amount
from models.advice.targets.words import figure

__all__ = ["Help", "Seen", "action_source", "for_lead", "for_person", "seen_of_person"]


@dataclass(frozen=True)
class Seen:
    """A person's own figure beside that of colleagues.

    Parameters
    ----------
    own, peers : float
        The person's mean, and what colleagues would have with these cases; in the KPI's own unit.
    size, low, high : float
        The difference, chance allowed for, and its 90 % interval; in the KPI's own unit, positive is behind.
    cases, days : int
        What it rests on.
    people : int
        At least so many colleagues it is compared with.
    months : float or None
        Since hiring, where the person is new.
    beyond : bool
        Whether the whole team is behind, and this is what comes on top.
    """

    own: float
    peers: float
    size: float
    low: float
    high: float
    cases: int
    days: int
    people: int
    months: float | None
    beyond: bool


@dataclass(frozen=True)
class Help:
    """What is offered.

    Parameters
    ----------
    action : Action or None
        None where the catalogue has none.
    needs : sequence of Text
        What must be provided first.
    source : Message or None
        Where the action comes from.
    """

    action: Action | None
    needs: Sequence[Text]
    source: Message | None

    def messages(self, helps: str, provides: str, /) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
        """Return what helps and what must be provided, by these keys; nothing where there is nothing."""
        first: tuple[Message, ...] = ()
        if self.action is not None:
            name, advice = self.action.name, self.action.advice
            values = {"action": Name(name.en, name.zh), "advice": Name(advice.en, advice.zh)}
            first = (Message(helps, values),)
        needs = tuple(Name(need.en, need.zh) for need in self.needs)
        return first, (Message(provides, {"needs": needs}),) if needs else ()


def action_source(action: Action, catalogue: Catalogue, /) -> Message:
    """Say where an action comes from: the study with its effect, or that it is practice."""
    study = catalogue.studies.get(action.study or "")
    if study is None:
        return Message("action_source.practice")
    found = Name(study.found.en, study.found.zh)
    return Message("action_source.study", {"citation": study.citation, "year": str(study.year), "found": found})


def seen_of_person(kpi: Kpi, seen: Seen, currency: str, /) -> tuple[Message, ...]:
    """Say to a person what was seen."""
    values = {
        "cases": seen.cases,
        "days": seen.days,
        "people": seen.people,
        "own": figure(kpi, seen.own, currency),
        "peers": figure(kpi, seen.peers, currency),
        "much": amount(kpi, seen.size, currency),
        "low": amount(kpi, max(seen.low, 0.0), currency),
        "high": amount(kpi, max(seen.high, 0.0), currency),
    }
    sentences = [
        Message("for_person.offer", {"kpi": Name(kpi.name.en, kpi.name.zh)}),
        Message("for_person.seen", values),
    ]
    if seen.beyond:
        sentences.append(Message("for_person.beyond_team"))
    if seen.months is not None:
        sentences.append(Message("for_person.newcomer", {"months": int(seen.months)}))
    return tuple(sentences)


def for_person(seen: Sequence[Message], serves: Message, offered: Help, /) -> tuple[Message, ...]:
    """Say the whole offer to the person: what was seen, why it matters, what helps, and what it does not mean.

    Parameters
    ----------
    serves : Message
        How sure it is that the KPI serves customers.
    """
    helps, provides = offered.messages("for_person.action", "for_person.provides")
    closing = (Message("for_person.no_mark"), Message("for_person.object"))
    return (*seen, serves, *(helps or (Message("for_person.no_action"),)), *provides, *_source(offered), *closing)


def for_lead(reason: Sequence[Message], offered: Help, /, *, person: bool) -> tuple[Message, ...]:
    """Say the whole offer to the lead: the reason, what helps, what to provide, and how to bring it up.

    Parameters
    ----------
    person : bool
        Whether it is an offer to one person.
    """
    talk = (Message("for_lead.talk"),) if person else ()
    helps, provides = offered.messages("for_lead.action", "for_lead.provides")
    return (*reason, *helps, *provides, *_source(offered), *talk)


def _source(offered: Help, /) -> tuple[Message, ...]:
    return () if offered.source is None else (Message("action_source.sentence", {"source": offered.source}),)
