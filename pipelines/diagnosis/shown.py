"""The tables of the page, as messages: points per card, and the KPIs on today's cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from baton.messages.message import Message, Name
from baton.outcomes import WORTH
from models.advice.diagnosis.places import listed
from pipelines.diagnosis.found import Diagnosis

__all__ = ["MAX_FINDINGS", "ShownTable", "cards_table", "kpis_table"]

MAX_FINDINGS = 6
"""Of one part: more is no page that a manager reads; ``--json`` has all."""
_MAX_CARDS = 20
_WAYS = {
    "aligned": "diagnosis_table.serves",
    "weak": "diagnosis_table.nothing",
    "misaligned": "diagnosis_table.against",
    "unmeasured": "diagnosis_table.unmeasured",
}


@dataclass(frozen=True)
class ShownTable:
    """A table to be written in any language.

    Parameters
    ----------
    header : tuple of Message
    rows : tuple of tuple of Message
    remark : Message, optional
        What stands below it.
    """

    title: Message
    header: tuple[Message, ...]
    rows: tuple[tuple[Message, ...], ...]
    remark: Message | None = None


def cards_table(found: Diagnosis, /) -> ShownTable:
    """Points per card by how they lie to the customer, those first that work against the customer most."""
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in found.cards:
        alike.setdefault((row["role"], *(row[kind] for kind in _WAYS)), []).append(row)
    ordered = sorted(alike.values(), key=lambda group: -group[0]["misaligned"])
    rows = [(_card(group, found), *(_points(group[0][kind]) for kind in _WAYS)) for group in ordered[:_MAX_CARDS]]
    more = sum(len(group) for group in ordered[_MAX_CARDS:])
    return ShownTable(
        title=Message("diagnosis_table.title_cards"),
        header=(Message("diagnosis_table.card"), *(Message(key) for key in _WAYS.values())),
        rows=tuple(rows),
        remark=Message("diagnosis_table.more_cards", {"n": more}) if more > 0 else None,
    )


def _card(group: list[dict[str, Any]], found: Diagnosis, /) -> Message:
    """Return what a card is called; cards of one role with the same points are one row."""
    if len(group) == 1:
        return _text(found.names[f"{group[0]['team_id']}/{group[0]['role']}"])
    names = listed([found.names[str(row["team_id"])] for row in group], 2)
    if not group[0]["role"]:
        return Message("diagnosis_table.alike_teams", {"cards": names})
    return Message("diagnosis_table.alike", {"role": str(group[0]["role"]), "n": len(group)})


def kpis_table(found: Diagnosis, /) -> ShownTable:
    """Per KPI the cards and points that it has, what it does, its effect and its reliability (median over cards)."""
    frame = pd.DataFrame(found.kpis)
    rows = []
    for kpi, lines in frame.groupby("kpi", sort=False):
        row = {
            "kpi": kpi,
            "cards": len(lines),
            "points": float(lines["weight"].sum()),
            "ways": list(dict.fromkeys(lines.sort_values("weight", ascending=False)["alignment"])),
            "reliability": lines["reliability"].astype(float).median(),
        }
        row |= {name: lines[name].astype(float).mean() for name in ("effect", "low", "high")}
        row["differs"] = lines["effect"].astype(float).round(9).nunique() > 1
        rows.append(row)
    rows.sort(key=lambda row: -row["points"])
    effect, remark = _effect_words(found)
    return ShownTable(
        title=Message("diagnosis_table.title_kpis"),
        header=(
            Message("diagnosis_table.kpi"),
            Message("diagnosis_table.cards"),
            Message("diagnosis_table.points"),
            Message("diagnosis_table.way"),
            effect,
            Message("diagnosis_table.reliability"),
        ),
        rows=tuple(_kpi_row(row, found, 100.0 if found.outcome == "churn" else 1.0) for row in rows),
        remark=remark if found.outcome is not None else None,
    )


def _effect_words(found: Diagnosis, /) -> tuple[Message, Message]:
    """Say what effects are counted in: in the heading, and in the line below the table."""
    if found.outcome == "churn":
        return Message("diagnosis_table.churn"), Message("diagnosis_table.key_churn")
    if found.outcome == WORTH:
        if not found.currency:
            return Message("diagnosis_table.money_unnamed"), Message("diagnosis_table.key_money_unnamed")
        values = {"currency": found.currency}
        return Message("diagnosis_table.money", values), Message("diagnosis_table.key_money", values)
    return Message("diagnosis_table.effect"), Message("diagnosis_table.key_effect")


def _kpi_row(row: dict[str, Any], found: Diagnosis, scale: float, /) -> tuple[Message, ...]:
    effect = _text("–")
    if row["differs"]:
        effect = Message("diagnosis_table.by_team")
    elif row["effect"] == row["effect"]:
        ends = {name: scale * float(row[name]) for name in ("effect", "low", "high")}
        effect = Message("diagnosis_table.ranged", ends)
    ways = tuple(Message(_WAYS[way]) for way in row["ways"])
    known = row["reliability"] == row["reliability"]
    return (
        _text(found.names[row["kpi"]]),
        _text(str(row["cards"])),
        _points(row["points"]),
        Message("diagnosis_table.ways", {"ways": ways}),
        effect,
        Message("diagnosis_table.number", {"value": float(row["reliability"])}) if known else _text("–"),
    )


def _text(text: str | Name, /) -> Message:
    return Message("text.verbatim", {"text": text})


def _points(value: float, /) -> Message:
    return Message("diagnosis_table.points_of", {"value": float(value)})
