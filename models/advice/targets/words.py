"""What is said of targets, as messages that a manager understands in every language."""

from __future__ import annotations

from collections.abc import Mapping

from baton.catalogue.schema import Kpi
from baton.messages.message import Message, Name, Value
from models.advice.reasons import chance
from models.advice.targets.aims import Aim
from models.advice.targets.standings import Standing

__all__ = ["aim_sentences", "figure", "named", "verdict_sentences"]

_UNITS = {
    "share": "level.share",
    "seconds": "level.seconds",
    "minutes": "level.minutes",
    "hours": "level.hours",
    "days": "level.days",
    "points": "level.points",
}
MIN_RELIABILITY = 0.5
"""Below it most of a figure is chance, and the reason says so."""
NEXT_TO_NOTHING = 1e-9
"""What arithmetic loses of a level."""
_VERDICTS = {"fine": "target.fine", "too_easy": "target.too_easy", "out_of_reach": "target.out_of_reach"}


def named(kpi: Kpi, /) -> Name:
    """Return a KPI's name in both languages."""
    return Name(kpi.name.en, kpi.name.zh)


def figure(kpi: Kpi, value: float, currency: str = "", /) -> Message:
    """Say a KPI's value in its own unit; money in the company's currency.

    Examples
    --------
    >>> from baton.catalogue.schema import Kpi, Text
    >>> kpi = Kpi(id="k", name=Text(en="K", zh="K"), layer="role", perspective="customer", source="cases", expr="x",
    ...           better="higher", unit="share", role="lever")
    >>> figure(kpi, 0.7234).text, figure(kpi.model_copy(update={"unit": "seconds"}), 412.3).text
    ('72.3%', '412 seconds')
    """
    if kpi.unit == "money":
        values: Mapping[str, Value] = {"much": value, "currency": currency} if currency else {"much": value}
        return Message("level.money" if currency else "level.money_unnamed", values)
    return Message(_UNITS.get(kpi.unit, "level.number"), {"much": value})


def aim_sentences(
    standing: Standing, currency: str, guards: tuple[Name, ...], /, *, routed: bool
) -> tuple[Message, ...]:
    """Say where the advised target comes from, who is there already, and what to be careful with.

    Parameters
    ----------
    guards : tuple of Name
        KPIs without which this one must not be asked for.
    routed : bool
        Whether cases are dealt out otherwise than by chance.
    """
    aim, kpi = standing.aim, standing.levels.kpi
    if aim is None:
        return ()
    amounts = {
        name: figure(kpi, standing.own(level), currency)
        for name, level in {"now": aim.now, "peers": aim.peers, "advised": aim.advised}.items()
    }
    found = _where_to(standing, aim, amounts)
    if standing.reached is not None and standing.reached[1] > 0:
        found.append(Message("target.reached", {"there": standing.reached[0], "n": standing.reached[1]}))
    if not aim.by_chance and aim.reliability < MIN_RELIABILITY:
        found.append(Message("target.noisy", {"share": aim.reliability}))
    if routed:
        found.append(Message("target.routing"))
    if guards and not aim.holds:
        found.append(Message("target.guards", {"guards": guards}))
    return tuple(found)


def _where_to(standing: Standing, aim: Aim, amounts: dict[str, Message], /) -> list[Message]:
    """Say what the target is taken from."""
    if aim.basis == "own_past":
        return [Message("target.own_past", amounts)]
    if aim.by_chance:
        return [Message("target.common", amounts)]
    if not aim.holds and standing.levels.asked(standing.at, aim.peers) < aim.peers - NEXT_TO_NOTHING:
        return [Message("target.halfway", amounts)]
    found = [Message("target.peers_people" if aim.by_people else "target.peers", amounts)]
    if aim.holds:
        found.append(Message("target.holds", amounts))
    elif aim.bounded:
        found.append(Message("target.bounded", amounts))
    return found


def verdict_sentences(kpi: Kpi, verdict: str, target: float, probability: float, currency: str, /) -> Message:
    """Say what today's target is worth."""
    values = {"target": figure(kpi, target, currency), "chance": chance(probability)}
    return Message(_VERDICTS[verdict], values)
