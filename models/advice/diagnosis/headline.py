"""What today's points do: the share that serves the customer, shows no effect, works against, is not measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from baton.company import Policy
from baton.messages.message import Message, bilingual
from models.advice.diagnosis.alignment import KINDS
from models.advice.diagnosis.places import card_name
from models.advice.inputs import AdviceInputs

__all__ = ["Headline", "headline"]

_WORTH_SAYING = 0.01
"""Of all points: a smaller difference between cards and people is no sentence."""


@dataclass(frozen=True)
class Headline:
    """The first lines of the page.

    Parameters
    ----------
    shares : mapping of str to float
        Share of all points by how they lie to the customer (``KINDS``), each card counting once.
    by_people : mapping of str to float
        The same, each card counting as often as people have it; empty where headcounts are not known.
    unmeasured : mapping of str to float
        What the unmeasured share consists of: ``results`` (ratings and the like), ``mandatory``, ``unknown`` (not in
        the catalogue), ``others``.
    cards : int
    sentences : tuple of Message
    """

    shares: dict[str, float]
    by_people: dict[str, float]
    unmeasured: dict[str, float]
    cards: int
    sentences: tuple[Message, ...]

    def as_json(self) -> dict[str, Any]:
        """Return shares and sentences."""
        return {
            "cards": self.cards,
            "shares": self.shares,
            "by_people": self.by_people,
            "unmeasured": self.unmeasured,
            "sentences": [bilingual(message) for message in self.sentences],
        }


def headline(table: pd.DataFrame, inputs: AdviceInputs, policy: Policy, /) -> Headline:
    """Sum up all cards.

    Parameters
    ----------
    table : pandas.DataFrame
        Of ``diagnosis_table``.

    Returns
    -------
    Headline
        Without effects (no run yet) the sentences say what the catalogue alone says of the points.

    Examples
    --------
    30 of 100 points serve, 50 work against, 20 are on a rating: shares 0.3, 0.5 and 0.2 unmeasured, all of it results.
    """
    cards = table[["team_id", "role"]].drop_duplicates()
    shares = _shares(table, table["weight"])
    heads = inputs.headcounts.groupby(["team_id", "role"])["people"].max().rename("people").reset_index()
    people = table.merge(heads, on=["team_id", "role"], how="left")["people"].fillna(0.0).to_numpy(dtype=float)
    by_people = _shares(table, table["weight"] * people) if (people > 0).all() and len(people) else {}
    total = max(float(table["weight"].sum()), 1e-12)
    dark = table[table["alignment"] == "unmeasured"]
    kind = dark["kpi_role"].map({"outcome": "results", "unknown": "unknown"}).fillna("others")
    kind = kind.mask(dark["kpi"].isin(policy.fixed), "mandatory")
    composed = (dark["weight"].groupby(kind).sum() / total).to_dict()
    unmeasured = {name: float(composed.get(name, 0.0)) for name in ("results", "mandatory", "unknown", "others")}
    known = inputs.outcome is not None
    sentences = _measured(shares, unmeasured, len(cards)) if known else _by_catalogue(table, len(cards))
    if known:
        sentences += _silent(inputs, policy)
    if any(abs(by_people.get(kind, shares[kind]) - shares[kind]) >= _WORTH_SAYING for kind in KINDS):
        sentences += (Message("headline.by_people", _named(by_people)),)
    if shares["misaligned"] > 0:
        sentences += (_worst(table, inputs),)
    return Headline(shares, by_people, unmeasured, len(cards), sentences)


def _shares(table: pd.DataFrame, points: pd.Series, /) -> dict[str, float]:
    total = max(float(points.sum()), 1e-12)
    return {kind: float(points[table["alignment"] == kind].sum()) / total for kind in KINDS}


def _named(shares: dict[str, float], /) -> dict[str, float]:
    names: dict[str, str] = dict(zip(KINDS, ("serves", "nothing", "against", "unmeasured"), strict=True))
    return {names[kind]: share for kind, share in shares.items()}


def _measured(shares: dict[str, float], unmeasured: dict[str, float], cards: int, /) -> tuple[Message, ...]:
    first = Message("headline.shares", {"n": cards, **_named(shares)})
    names = {
        "results": "headline.on_results",
        "mandatory": "headline.on_mandatory",
        "unknown": "headline.on_unknown",
        "others": "headline.on_others",
    }
    parts = tuple(Message(names[name], {"share": share}) for name, share in unmeasured.items() if share > 0)
    return (first, Message("headline.unmeasured", {"parts": parts})) if parts else (first,)


def _by_catalogue(table: pd.DataFrame, cards: int, /) -> tuple[Message, ...]:
    total = max(float(table["weight"].sum()), 1e-12)

    def share(mine: pd.Series) -> float:
        return float(table.loc[mine, "weight"].sum()) / total

    return (
        Message(
            "headline.by_catalogue",
            {
                "n": cards,
                "customer": share(table["perspective"] == "customer"),
                "financial": share(table["perspective"] == "financial"),
                "process": share(table["perspective"] == "process"),
                "learning": share(table["perspective"] == "learning"),
            },
        ),
        Message(
            "headline.by_role",
            {"levers": share(table["kpi_role"] == "lever"), "results": share(table["kpi_role"] == "outcome")},
        ),
        Message("headline.no_direction"),
    )


def _silent(inputs: AdviceInputs, policy: Policy, /) -> tuple[Message, ...]:
    """Say where no effect is significant that this is no proof of none."""
    if inputs.joint_p_value <= policy.false_moves:
        return ()
    return (Message("headline.by_chance", {"p": inputs.joint_p_value, "asked": policy.false_moves}),)


def _worst(table: pd.DataFrame, inputs: AdviceInputs, /) -> Message:
    against = table[table["alignment"] == "misaligned"].groupby(["team_id", "role"])["weight"].sum()
    most = against[against >= float(against.max()) - 1e-9]
    team, role = most.index[0]
    total = float(table.loc[(table["team_id"] == team) & (table["role"] == role), "weight"].sum())
    values = {"card": card_name(str(team), str(role), inputs), "points": float(against.max()), "total": total}
    if len(most) == 1:
        return Message("headline.worst", values)
    return Message("headline.worst_of", {"n": len(most) - 1, **values})
