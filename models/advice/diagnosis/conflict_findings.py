"""KPIs in conflict, in words: who is paid for what, how many points hang on it, how sure, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message, Name, Value
from models.advice.diagnosis.conflicts import Conflict, Organised
from models.advice.diagnosis.finding import Finding
from models.advice.diagnosis.places import card_name, kpi_name, listed
from models.advice.inputs import AdviceInputs

__all__ = ["conflict_findings"]


def conflict_findings(
    found: Sequence[Conflict], table: pd.DataFrame, inputs: AdviceInputs, catalogue: Catalogue, organised: Organised, /
) -> list[Finding]:
    """Put conflicts into words, in their order.

    Parameters
    ----------
    table : pandas.DataFrame
        Of ``diagnosis_table``.

    Returns
    -------
    list of Finding
    """
    every = len(table[["team_id", "role"]].drop_duplicates())
    total = max(float(table["weight"].sum()), 1e-12)
    items = []
    for one in found:
        values: dict[str, Value] = {
            "pushed": kpi_name(one.pushed, catalogue),
            "harmed": tuple(kpi_name(kpi, catalogue) for kpi in one.harmed),
        }
        sides = {
            "pushing": _side(one.pushing, every, inputs, organised),
            "paying": _side(one.paying, every, inputs, organised),
        }
        items.append(
            Finding(
                kind=one.kind,
                what=_what(one, values, sides, organised.internal),
                where=_where(one, values, total),
                sure=_sure(one),
                next=_next(one, values),
                points=one.points,
                values={
                    "pushed": one.pushed,
                    "harmed": list(one.harmed),
                    "evidence": one.evidence,
                    "link": one.link,
                    "pushing": sorted({team for team, _ in one.pushing}),
                    "paying": sorted({team for team, _ in one.paying}),
                    "handed_over": one.handed,
                    "association": one.association,
                    "low": one.low,
                    "high": one.high,
                },
            )
        )
    return items


def _side(cards: Sequence[tuple[str, str]], every: int, inputs: AdviceInputs, organised: Organised, /) -> Message:
    """Return whose cards they are: all of them, else of whole departments, else one by one."""
    if len(cards) == every and every > 1:
        return Message("conflict.all_cards", {"n": every})
    departments = list(dict.fromkeys(organised.department(team) for team, _ in cards))
    names = [card_name(team, role, inputs) for team, role in cards]
    if len(departments) < len(cards):
        named = [inputs.team_names.get(name, name) for name in departments]
        names = [Name(name, name) for name in named]
    return Message("conflict.cards_of", {"names": listed(names)})


def _what(one: Conflict, values: dict[str, Value], sides: dict[str, Message], internal: bool, /) -> Message:
    pushing = {**values, "pushing": sides["pushing"]}
    if one.kind == "customers":
        return Message("conflict.internal" if internal else "conflict.customers", pushing)
    if one.kind == "unguarded":
        return Message("conflict.unguarded", pushing)
    key = {"effects": "conflict.effects", "units": "conflict.units", "catalogue": "conflict.declared"}[one.evidence]
    return Message(key, {**pushing, "paying": sides["paying"]})


def _where(one: Conflict, values: dict[str, Value], total: float, /) -> Message:
    numbers: dict[str, Value] = {"pushed": values["pushed"], "points": one.points, "share": one.points / total}
    if one.handed:
        return Message("conflict.where_handed", {**numbers, "n": one.handed})
    return Message("conflict.where_points", numbers)


def _sure(one: Conflict, /) -> Message:
    if one.evidence == "effects":
        return Message("conflict.sure_effects")
    numbers: dict[str, Value] = {"association": one.association, "low": one.low, "high": one.high}
    if one.evidence == "units":
        return Message("conflict.sure_units", {**numbers, "n": one.units})
    if one.association != one.association:
        return Message("conflict.sure_untested")
    return Message("conflict.sure_agree" if one.low > 0 else "conflict.sure_declared", numbers)


def _next(one: Conflict, values: dict[str, Value], /) -> Message:
    if one.kind == "customers":
        return Message("conflict.next_customers", {"pushed": values["pushed"]})
    keys = {
        "effects": "conflict.next_effects",
        "units": "conflict.next_units",
        "catalogue": "conflict.next_declared",
    }
    return Message(keys[one.evidence], values)
