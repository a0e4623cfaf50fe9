"""The four figures of the first screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from baton.outcomes import CASE_TABLE, Outcome
from baton.wording.wording import Bilingual, listed, money, number, percent, say, translated_message
from pipelines.report.data.left_out import outcome_left_out
from pipelines.report.data.objective import titled
from pipelines.report.data.results import Results
from pipelines.report.sections.cards import Card
from pipelines.report.sections.units import units_tile

__all__ = ["Tile", "tiles_of"]


@dataclass(frozen=True)
class Tile:
    """A figure that matters: what it is, the figure, and what it means."""

    label: Bilingual
    value: Bilingual
    note: Bilingual
    tone: str = "plain"


def tiles_of(results: Results, cards: Sequence[Card], hidden: int, wrong: Sequence[str], /) -> tuple[Tile, ...]:
    """Return scorecards to change, KPIs that point the wrong way, customers and units at risk."""
    return (
        _cards_tile(results, cards, hidden),
        _misaligned_tile(results, wrong),
        _customers_tile(results),
        Tile(*units_tile(results)),
    )


def _cards_tile(results: Results, cards: Sequence[Card], hidden: int, /) -> Tile:
    label, none = say("tile.cards"), say("word.none")
    if not cards:
        group = results.company.policy.min_group
        note = say("tile.cards_small", group=group) if hidden else _no_cards(results)
        return Tile(label, say("word.not_computed") if not hidden else none, note)
    if all(card.hypothetical for card in cards):
        return Tile(label, say("word.none"), say("tile.cards_sketch"))
    moved = sum(card.moved for card in cards)
    if not moved:
        return Tile(label, none, say("tile.cards_keep"))
    note = say("tile.cards_note", points=f"{results.company.policy.max_change:g}")
    return Tile(label, say("tile.cards_value", n=moved, total=len(cards)), note, "good")


def _no_cards(results: Results, /) -> Bilingual:
    warned = results.warned("no_advice.no_weights", "no_advice.no_cases")
    return translated_message(warned[0]) if warned else say("tile.cards_missing")


def _misaligned_tile(results: Results, wrong: Sequence[str], /) -> Tile:
    label, diagnosis = say("tile.misaligned"), results.get("diagnosis")
    if wrong:
        return Tile(label, number(len(wrong)), listed([results.kpi_name(kpi) for kpi in wrong[:4]]), "bad")
    if diagnosis is None or not (diagnosis["weight"].fillna(0) > 0).any():
        return Tile(label, say("word.unknown"), say("tile.misaligned_missing"))
    if (diagnosis["alignment"] == "unmeasured").all():
        return Tile(label, say("word.unknown"), say("tile.misaligned_unknown"))
    return Tile(label, say("word.none"), say("tile.misaligned_none"))


def _customers_tile(results: Results, /) -> Tile:
    churn, cases = results.get("churn"), results.get(CASE_TABLE)
    if results.guessed("churn"):
        return Tile(say("tile.customers"), say("word.unknown"), say("tile.customers_guessed"))
    if churn is None and results.guessed("case"):
        return Tile(say("tile.cases"), say("word.unknown"), say("tile.customers_guessed"))
    days = results.company.snapshots.horizon_days
    if churn is not None:
        expected, total = round(float(churn["probability"].sum())), len(churn)
        label, value = say("tile.customers_expected"), say("tile.customers_value", n=expected)
        if results.flat:
            return Tile(label, value, say("tile.customers_flat", total=total), "bad")
        at_stake = churn["value_at_risk"].sum(min_count=1) if "value_at_risk" in churn else float("nan")
        if pd.notna(at_stake) and at_stake > 0:
            amount = money(float(at_stake), results.company.company.currency)
            return Tile(label, value, say("tile.customers_money", total=total, days=days, money=amount), "bad")
        return Tile(label, value, say("tile.customers_note", total=total, days=days), "bad")
    wanted = results.company.outcomes.case
    if cases is not None and wanted is not None and wanted.low is not None and "probability" in cases:
        metric = titled(results, Outcome("case", metric=wanted.metric))
        value = say("tile.cases_value", share=percent(float(cases["probability"].mean())))
        return Tile(say("tile.cases"), value, say("tile.cases_note", metric=metric, n=len(cases)), "bad")
    why = outcome_left_out(results, "churn") or outcome_left_out(results, "case")
    note = say("tile.customers_missing") if why is None else say("tile.not_predicted", reason=why)
    return Tile(say("tile.customers"), say("word.not_computed"), note)
