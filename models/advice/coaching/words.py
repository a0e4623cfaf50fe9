"""Why somebody is offered help, as messages that a manager understands in every language."""

from __future__ import annotations

from dataclasses import dataclass

from baton.catalogue.schema import Kpi
from baton.messages.message import Message, Name
from models.advice.coaching.learned import Closed, Record
from models.advice.reasons import chance

__all__ = ["Gap", "amount", "closes", "how_sure", "person_reason", "process_reason", "team_reason"]

_AMOUNTS = {
    "share": "amount.share",
    "seconds": "amount.seconds",
    "hours": "amount.hours",
    "points": "amount.points",
    "days": "amount.days",
}


@dataclass(frozen=True)
class Gap:
    """What is behind, how far, and how sure that is.

    Parameters
    ----------
    size : float
        In the KPI's own unit, after shrinkage.
    probability : float
        That the true gap is worth acting on.
    days : int
        That it was seen over.
    currency : str
        That amounts are given in.
    """

    kpi: Kpi
    size: float
    probability: float
    days: int
    currency: str = ""

    @property
    def below(self) -> bool:
        """Whether what is behind lies below others; else above."""
        return self.kpi.better == "higher"

    @property
    def values(self) -> dict[str, Message | Name | str]:
        """What the sentences of all levels have in common."""
        name = Name(self.kpi.name.en, self.kpi.name.zh)
        return {
            "kpi": name,
            "much": amount(self.kpi, self.size, self.currency),
            "days": str(self.days),
            "chance": _chance(self.probability),
        }


def amount(kpi: Kpi, value: float, currency: str = "", /) -> Message:
    """Say how much, in the KPI's own unit; money in the company's currency.

    Examples
    --------
    >>> from baton.catalogue.schema import Kpi, Text
    >>> kpi = Kpi(id="k", name=Text(en="K", zh="K"), layer="role", perspective="customer", source="cases", expr="x",
    ...           better="higher", unit="share", role="lever")
    >>> amount(kpi, 0.083).text
    '8 percentage points'
    """
    size = abs(value) * (100.0 if kpi.unit == "share" else 1.0)
    if kpi.unit == "money" and currency:
        return Message("amount.money", {"much": size, "currency": currency})
    key = "amount.money_unnamed" if kpi.unit == "money" else _AMOUNTS.get(kpi.unit, "amount.number")
    return Message(key, {"much": size})


def person_reason(gap: Gap, cases: int, months: float | None, *, beyond: bool) -> tuple[Message, ...]:
    """Say why one person is offered help.

    Parameters
    ----------
    cases : int
        What it rests on.
    months : float or None
        Since hiring, where the person is new.
    beyond : bool
        Whether the whole team is behind, and this is what comes on top.
    """
    if beyond:
        key = "coaching.person_below_beyond_team" if gap.below else "coaching.person_above_beyond_team"
    else:
        key = "coaching.person_below" if gap.below else "coaching.person_above"
    sentences = [Message(key, {**gap.values, "cases": str(cases)})]
    sentences.append(Message("coaching.confident", {"chance": _chance(gap.probability)}))
    if months is not None:
        sentences.append(Message("coaching.newcomer", {"months": int(months)}))
    return tuple(sentences)


def closes(closing: float, record: Record | None, closed: Closed | None, /) -> tuple[Message, ...]:
    """Say how much of such gaps closes within a cycle, and what that is known from.

    Parameters
    ----------
    closing : float
        Share of such gaps that usually closes, whether anybody was helped or not.
    record : Record or None
        What recorded coaching shows.
    closed : Closed or None
        What it closed, where the record is enough evidence.
    """
    offer = Message("coaching.offer")
    if closed is not None:
        values = {"people": closed.people, "share": closed.share, "low": closed.low, "high": closed.high}
        return Message("coaching.closes_recorded", values), offer
    general = Message("coaching.closes", {"share": closing})
    if record is None:
        return general, offer
    if record.verdict == "differed":
        return general, Message("coaching.record_differed"), offer
    return general, Message("coaching.record_few", {"people": record.people}), offer


def how_sure(probability: float, /) -> Message:
    """Say how sure it is that the KPI serves customers at all.

    Examples
    --------
    >>> how_sure(0.87).text
    'We are 87% confident that doing better here serves customers.'
    """
    return Message("coaching.serves_customers", {"chance": _chance(probability)})


def team_reason(gap: Gap, people: int) -> tuple[Message, ...]:
    """Say why a gap is the team's and nobody's in particular."""
    key = "coaching.team_below" if gap.below else "coaching.team_above"
    return (Message(key, {**gap.values, "people": str(people)}),)


def process_reason(gap: Gap, process: str, people: int) -> tuple[Message, ...]:
    """Say why a gap is the process's."""
    key = "coaching.process_below" if gap.below else "coaching.process_above"
    return (Message(key, {**gap.values, "process": process, "people": str(people)}),)


def _chance(probability: float, /) -> Message:
    """Say a probability as a share of a hundred, never as certainty or impossibility."""
    return chance(max(round(100 * probability), 1) / 100 if probability <= 0.99 else probability)
