"""How cards, KPIs, stages and teams are called in what a diagnosis says."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message, Name, Value
from models.advice.inputs import AdviceInputs

__all__ = ["card_name", "cards_with", "kpi_name", "listed", "stage_name", "team_name"]

_MAX_NAMED = 4
"""More names than this in one sentence are not read; the others are counted."""


def team_name(team: str, inputs: AdviceInputs, /) -> Name:
    """Return a team's name, else its id."""
    name = inputs.team_names.get(team, team)
    return Name(name, name)


def card_name(team: str, role: str, inputs: AdviceInputs, /) -> Name:
    """Return what a card is called: its team's name, and its role where it has one."""
    name = inputs.team_names.get(team, team)
    return Name(f"{name} · {role}", f"{name} · {role}") if role else Name(name, name)


def kpi_name(kpi: str, catalogue: Catalogue, /) -> Name:
    """Return a KPI's name in both languages, else its id."""
    if kpi in catalogue:
        return Name(catalogue[kpi].name.en, catalogue[kpi].name.zh)
    return Name(kpi, kpi)


def stage_name(stage: str, catalogue: Catalogue, /) -> Name:
    """Return a journey stage's name in both languages, else its id."""
    for known in catalogue.stages:
        if known.id == stage:
            return Name(known.name.en, known.name.zh)
    return Name(stage, stage)


def listed(names: Sequence[Name | str], /, named: int = _MAX_NAMED) -> Value:
    """Return names as an enumeration; of many the first, and how many more.

    Examples
    --------
    >>> from baton.messages.message import render
    >>> render(Message("text.verbatim", {"text": listed(["A", "B"])}), "en")
    'A, B'
    >>> render(listed(list("ABCDEF")), "en")
    'A, B, C, D and 2 more'
    """
    if len(names) <= named + 1:
        return tuple(names)
    return Message("place.more", {"names": tuple(names[:named]), "more": len(names) - named})


def cards_with(rows: pd.DataFrame, table: pd.DataFrame, inputs: AdviceInputs, /) -> Message:
    """Say on which cards some points are, and how many of all points that is.

    Parameters
    ----------
    rows : pandas.DataFrame
        Those of the table that are meant.
    table : pandas.DataFrame
        Of ``diagnosis_table``.
    """
    cards = rows[["team_id", "role"]].drop_duplicates()
    every = len(table[["team_id", "role"]].drop_duplicates())
    values: dict[str, Value] = {
        "points": float(rows["weight"].sum()),
        "share": float(rows["weight"].sum()) / max(float(table["weight"].sum()), 1e-12),
    }
    if len(cards) == every and every > 1:
        return Message("place.all_cards", {"n": every, **values})
    names = [card_name(str(team), str(role), inputs) for team, role in cards.itertuples(index=False, name=None)]
    return Message("place.cards", {"cards": listed(names), **values})
