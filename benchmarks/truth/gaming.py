"""People who answer to their scorecard, over four cycles: is the company better off for having followed the advice?"""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.truth.cases import live
from benchmarks.truth.judge import OPEN
from benchmarks.truth.kpis import ECHOES, LEVERS, TODAY
from benchmarks.truth.leaving import left_within, risk
from benchmarks.truth.people import BEFORE, Calendar
from benchmarks.truth.story import Story, happen, left_days
from benchmarks.truth.tables import ROLE, record
from benchmarks.truth.worlds import SIZES, WORLDS
from models.advice.advise import advise
from models.advice.settings import Settings

__all__ = ["CYCLES", "CYCLE_MONTHS", "Answer", "again", "answer", "card_rows", "play", "under"]

CYCLES = 4
CYCLE_MONTHS = 3
PARAMETERS = Path(__file__).with_name("gaming.toml")
_AT = {lever.kpi: at for at, lever in enumerate(LEVERS)}


@dataclass(frozen=True)
class Answer:
    """What a card does to people, in standard deviations of each lever: arrays of shape (levers,).

    Parameters
    ----------
    real : array
        What changes for customers.
    record : array
        What changes in the record alone.
    """

    real: np.ndarray
    record: np.ndarray


def answer(points: dict[str, float], responsiveness: float) -> Answer:
    """Return what people change under a card, against today's.

    Effort moves to what pays and away from what no longer does; part of it goes into the record alone; speed and thrift
    cut corners.

    Parameters
    ----------
    points : dict of str to float
        Of the new card.
    responsiveness : float
        A company's own, around 1.
    """
    given = tomllib.loads(PARAMETERS.read_text("utf-8"))
    per_point = given["response"]["sd_per_point"] * responsiveness
    change = np.array([points.get(lever.kpi, 0.0) - TODAY.get(lever.kpi, 0.0) for lever in LEVERS])
    moved = per_point * change * np.array([lever.controllable for lever in LEVERS])
    # faking is learned where points are added; taking them away makes nobody record less than there was
    faked = np.array([given["faked"].get(lever.kpi, 0.0) for lever in LEVERS])
    fake = np.maximum(moved, 0.0) * faked
    real = moved - fake
    spilled = real.copy()
    for arrow, strength in given["corners"].items():
        parent, child = arrow.split(" > ")
        spilled[_AT[child]] += strength * real[_AT[parent]]
    # points for ratings are earned by whom one asks: what they took from other levers is lost, and comes back with them
    picked = sum(points.get(echo.kpi, 0.0) - TODAY.get(echo.kpi, 0.0) for echo in ECHOES if not echo.monthly)
    spilled -= per_point * given["ratings"]["picked"] * picked / len(LEVERS)
    return Answer(spilled, fake)


def play(size: str, seed: int, world: str = "linear") -> dict[str, Any]:
    """Follow the advice for four cycles, and do not, by the same chance.

    Returns
    -------
    dict of str to Any
        One line of the results: leaving within the horizon after the last cycle, under the advice and under today's
        card.
    """
    begun = time.process_time()
    form = SIZES[size]
    given = tomllib.loads(PARAMETERS.read_text("utf-8"))
    responsiveness = float(
        np.random.default_rng([seed, 41]).uniform(given["response"]["least"], given["response"]["most"])
    )
    start = happen(WORLDS[world], replace(form, months=form.months + CYCLES * CYCLE_MONTHS), seed)
    story, inflation = start, np.zeros_like(start.people.level)
    cards = {f"t{team}": dict(TODAY) for team in range(form.teams)}
    history: list[pd.DataFrame] = []
    for cycle in range(CYCLES):
        month = form.months + cycle * CYCLE_MONTHS
        seen = replace(story, calendar=Calendar(start.calendar.months, month))
        found = record(seen, seed, inflation=inflation)
        organisation = found.organisation
        if history:
            scorecards = pd.concat([organisation.scorecards, *history], ignore_index=True)
            organisation = replace(organisation, scorecards=scorecards)
        advice = advise(found.cases, organisation, found.catalogue, Settings(OPEN, seed, learners=False))
        advised = advice.weights[advice.weights["role"] == ROLE]
        cards = {
            str(team): dict(zip(rows["kpi"], rows["recommended_weight"], strict=True))
            for team, rows in advised.groupby("team_id")
        }
        history.append(card_rows(cards, organisation.as_of))
        level = story.people.level.copy()
        level[:, :, BEFORE + month :], inflation = under(start, inflation, cards, BEFORE + month, responsiveness)
        story = again(story, level)
    end = start.calendar.end
    here = (start.customers.joined < end) & (start.left_day >= end) & (story.left_day >= end)
    leaving = [float(left_within(each.risk, float(end))[here].mean()) for each in (start, story)]
    customers = [int(((each.customers.joined < end) & (each.left_day >= end)).sum()) for each in (start, story)]
    return {
        "world": "gaming", "size": size, "seed": seed, "roles": "right", "responsiveness": round(responsiveness, 3),
        "leaving_today": round(leaving[0], 6), "leaving_advised": round(leaving[1], 6), "customers_today": customers[0],
        "customers_advised": customers[1], "moved": any(card != TODAY for card in map(_nonzero, cards.values())),
        "seconds": {"play": round(time.process_time() - begun, 2)},
    }  # fmt: skip


def _nonzero(card: dict[str, float], /) -> dict[str, float]:
    return {kpi: points for kpi, points in card.items() if points > 0}


def card_rows(cards: dict[str, dict[str, float]], valid_from: pd.Timestamp, /) -> pd.DataFrame:
    """Return cards as the table of scorecards has them."""
    rows = [
        {"team_id": team, "role": ROLE, "kpi": kpi, "weight": points, "target": np.nan, "valid_from": valid_from}
        for team, card in cards.items()
        for kpi, points in _nonzero(card).items()
    ]
    return pd.DataFrame(rows)


def under(
    start: Story, inflation: np.ndarray, cards: dict[str, dict[str, float]], since: int, responsiveness: float, /
) -> tuple[np.ndarray, np.ndarray]:
    """Return people's levels and flattered records with new cards from a month on; `start` is without any answer."""
    level, inflated = start.people.level[:, :, since:].copy(), inflation.copy()
    spread = np.array([lever.spread for lever in LEVERS])
    inflated[:, :, since:] = 0.0
    for team, card in cards.items():
        found = answer(card, responsiveness)
        member = start.people.team[:, since:] == int(team[1:])
        level += found.real[:, None, None] * member
        inflated[:, :, since:] += (spread * found.record)[:, None, None] * member
    return level, inflated


def again(story: Story, level: np.ndarray, /) -> Story:
    """Let everything happen again with other levels, by the same chance."""
    people = replace(story.people, level=level)
    lived = live(story.world, people, story.customers, story.cases, {})
    found = risk(story.world, story.calendar, story.customers, story.cases, lived.harm, story.base)
    left = left_days(found, story.customers.joined, story.customers)
    return replace(story, people=people, lived=lived, risk=found, left_day=left)
