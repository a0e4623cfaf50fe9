"""The whole loop against the truth: diagnose, pilot, measure, adopt, and advise again with what the pilot measured.

``python -m benchmarks.truth.loop --seeds 10`` prints one line for each company and their medians. People answer to
points by what each company draws (`gaming.toml`: 0.3 to 1.7 of what is assumed, part of it in the record alone). Half
of the teams, drawn by chance, get the advised cards for two cycles; then everybody is advised again, once as if no
pilot had been measured and once with it, from the same data. Judged is how far the expected effect of the same next
cards is from what the simulator says that they bring, and the answer that is assumed for the tried KPI from the
simulator's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.truth.gaming import CYCLE_MONTHS, Answer, again, answer, card_rows, under
from benchmarks.truth.judge import OPEN
from benchmarks.truth.kpis import LEVERS, TODAY
from benchmarks.truth.people import BEFORE, Calendar
from benchmarks.truth.story import Story, happen
from benchmarks.truth.tables import ROLE, Recorded, record
from benchmarks.truth.worlds import WORLDS, Size
from features.kpis.columns import kpi_column
from models.advice.advise import Advice, advise, evidence
from models.advice.controllability.tried import Tried
from models.advice.expected import expected_effect
from models.advice.inputs import AdviceInputs
from models.advice.settings import Settings
from models.advice.weights import target_card
from models.pilots.calibration import came_true
from models.pilots.inference import measure
from models.pilots.schedules import Wave, draw_schedules
from pipelines.pilots.history import traits

__all__ = ["Loop", "main", "play_loop"]

SIZE = Size(72, 12, 10, 9_600)
_MONTHS = 2 * CYCLE_MONTHS
_UNIT = 0.025
_BY_NAME = {lever.kpi: at for at, lever in enumerate(LEVERS)}


@dataclass(frozen=True)
class Loop:
    """What one company's loop brought.

    Parameters
    ----------
    kpi : str
        That the pilot was judged by: the lever that gained most points.
    responsiveness : float
        The company's own: 1 is what is assumed.
    true_answer, assumed, measured, low, high : float
        Of the KPI to a point, in standard deviations between people.
    true_effect, expected_assumed, expected_measured : float
        Customers a cycle that the next cards keep: by the simulator, and as stated without and with the pilot.
    covers_assumed, covers_measured : bool
        Whether the stated 90 % interval holds the simulator's.
    predicted : bool or None
        Whether the pilot came out as predicted.
    """

    seed: int
    kpi: str
    responsiveness: float
    true_answer: float
    assumed: float
    measured: float
    low: float
    high: float
    true_effect: float
    expected_assumed: float
    expected_measured: float
    covers_assumed: bool
    covers_measured: bool
    predicted: bool | None
    seconds: float


def play_loop(seed: int, size: Size = SIZE, responsiveness: float | None = None) -> Loop | None:
    """Play one company's loop; None where the first advice moves nothing, so that there is nothing to try."""
    begun = time.process_time()
    own = float(np.random.default_rng([seed, 61]).uniform(0.3, 1.7)) if responsiveness is None else responsiveness
    start = happen(WORLDS["linear"], replace(size, months=size.months + _MONTHS), seed)
    first = record(replace(start, calendar=Calendar(start.calendar.months, size.months)), seed)
    advice = advise(first.cases, first.organisation, first.catalogue, Settings(OPEN, seed, learners=False))
    cards = _cards(advice)
    kpi = _most_raised(cards)
    if kpi is None:
        return None
    tried, later = _pilot(start, first, cards, kpi, seed, own)
    stated = _stated(advice.inputs, tried)
    tried = replace(tried, predicted=stated)
    settings = Settings(OPEN, seed, learners=False)
    again_advised = advise(later.cases, later.organisation, later.catalogue, settings)
    # everything else is the same: effects are estimated with the same seed
    with_pilot = evidence(later.cases, later.organisation, later.catalogue, replace(settings, tried=(tried,))).inputs
    truth = _true_effect(start, again_advised, own)
    assumed, measured = (_expected(inputs, again_advised) for inputs in (again_advised.inputs, with_pilot))
    can = LEVERS[_BY_NAME[kpi]].controllable
    known = with_pilot.piloted[kpi]
    return Loop(
        seed, kpi, own, _true_answer(kpi, own), _UNIT * can, known["response"], known["low"], known["high"],
        truth, assumed[0], measured[0], assumed[1] <= truth <= assumed[2], measured[1] <= truth <= measured[2],
        came_true(stated, {"low": tried.low, "high": tried.high}), time.process_time() - begun,
    )  # fmt: skip


def _cards(advice: Advice, /) -> dict[str, dict[str, float]]:
    rows = advice.weights[advice.weights["role"] == ROLE]
    return {
        str(team): dict(zip(card["kpi"], card["recommended_weight"], strict=True))
        for team, card in rows.groupby("team_id")
    }


def _most_raised(cards: dict[str, dict[str, float]], /) -> str | None:
    gains = {
        lever.kpi: float(np.mean([card.get(lever.kpi, 0.0) - TODAY.get(lever.kpi, 0.0) for card in cards.values()]))
        for lever in LEVERS
    }
    best = max(gains, key=lambda name: gains[name])
    return best if gains[best] >= 1.0 else None


def _pilot(
    start: Story, first: Recorded, cards: dict[str, dict[str, float]], kpi: str, seed: int, own: float, /
) -> tuple[Tried, Recorded]:
    """Carry out a pilot in half of the teams, and return what it measured and what the company knows afterwards."""
    rng = np.random.default_rng([seed, 67])
    since = start.calendar.months - _MONTHS
    teams = sorted(cards)
    before = _panel(first, kpi, teams)
    schedules = draw_schedules(traits(before, np.ones(len(teams))), [Wave(before.shape[1], len(teams) // 2)], rng)[
        :1000
    ]
    begins = [team for team, at in zip(teams, schedules[0], strict=True) if at == before.shape[1]]
    given = {team: cards[team] if team in begins else dict(TODAY) for team in teams}
    level = start.people.level.copy()
    level[:, :, BEFORE + since :], inflation = under(start, np.zeros_like(level), given, BEFORE + since, own)
    later = record(again(start, level), seed, inflation=inflation)
    scorecards = [
        later.organisation.scorecards,
        card_rows({team: cards[team] for team in begins}, first.organisation.as_of),
    ]
    later = replace(
        later, organisation=replace(later.organisation, scorecards=pd.concat(scorecards, ignore_index=True))
    )
    found = measure(_panel(later, kpi, teams), schedules[0], schedules, level=0.9)
    points = float(np.mean([cards[team].get(kpi, 0.0) - TODAY.get(kpi, 0.0) for team in begins]))
    return Tried("pilot", kpi, found.effect, found.low, found.high, points, len(begins)), later


def _panel(found: Recorded, kpi: str, teams: Sequence[str], /) -> np.ndarray:
    frame = found.cases.frame[["team_id", "opened_at", kpi_column(kpi)]]
    month = frame["opened_at"].dt.to_period("M")
    table = frame.groupby(["team_id", month], observed=True)[kpi_column(kpi)].mean().unstack()
    return table.reindex(teams).to_numpy(dtype=float)


def _stated(inputs: AdviceInputs, tried: Tried, /) -> dict[str, Any]:
    row = inputs.kpis.set_index("kpi").loc[tried.kpi]
    sign = 1 if row["better"] == "higher" else -1
    per_answer = sign * tried.points * float(row["controllable"]) * float(row["between_sd"])
    low, high = sorted(per_answer * end for end in (0.0025, 0.0475))
    return {"low": low, "high": high, "level": 0.9, "basis": "scenario"}


def _expected(inputs: AdviceInputs, advice: Advice, /) -> tuple[float, float, float]:
    """Return what the next cards of all teams are said to bring together; ends added as if all were wrong alike."""
    total = np.zeros(3)
    for team, card in _cards(advice).items():
        target = target_card(inputs, OPEN, team, ROLE)
        points = np.array([card.get(kpi, 0.0) for kpi in target.frame["kpi"]])
        total += np.nan_to_num(expected_effect(inputs, OPEN, target, points))
    return float(total[0]), float(total[1]), float(total[2])


def _true_effect(start: Story, advice: Advice, own: float, /) -> float:
    """Return how many customers the next cards keep a cycle by the simulator, against the cards that hold now."""
    inputs, total = advice.inputs, 0.0
    truth = start.effects
    for team, card in _cards(advice).items():
        target = target_card(inputs, OPEN, team, ROLE)
        now = dict(zip(target.frame["kpi"], target.frame["current"], strict=True))
        moved = answer(card, own).real - answer(now, own).real
        effects = truth[int(team[1:]) % len(truth)]
        worth = -sum(effects[lever.kpi] * moved[at] for at, lever in enumerate(LEVERS))
        total += worth * inputs.customers_at_risk * target.share * OPEN.cycle_days / max(inputs.horizon_days, 1)
    return float(total)


def _true_answer(kpi: str, own: float, /) -> float:
    """Return what one point more does to a KPI as it is recorded, other points staying."""
    plain: Answer = answer(dict(TODAY), own)
    more = answer({**TODAY, kpi: TODAY.get(kpi, 0.0) + 1.0}, own)
    at = _BY_NAME[kpi]
    return float((more.real + more.record)[at] - (plain.real + plain.record)[at])


def main(arguments: Sequence[str] | None = None) -> None:
    """Play the loop in several companies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=500)
    chosen = parser.parse_args(arguments)
    found: list[Loop] = []
    for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
        loop = play_loop(seed)
        print(f"{seed}: the first advice moves nothing" if loop is None else loop, flush=True)
        found += [] if loop is None else [loop]
    if not found:
        return
    table = pd.DataFrame([each.__dict__ for each in found])
    answers = (table[["assumed", "measured"]].sub(table["true_answer"], axis=0)).abs()
    effects = (table[["expected_assumed", "expected_measured"]].sub(table["true_effect"], axis=0)).abs()
    print(f"{len(table)} companies with a pilot")
    print(f"answer, mean error per ten points: {(10 * answers).mean().round(3).to_dict()}")
    print(f"nearer than assumed: {int((answers['measured'] < answers['assumed']).sum())}")
    holds = table["true_answer"].between(table["low"], table["high"])
    print(f"interval of the answer holds the true one: {int(holds.sum())}")
    truth = table["true_effect"].mean()
    print(f"expected effect, mean error: {effects.mean().round(1).to_dict()}; mean truth {truth:.1f}")
    print(f"nearer than assumed: {int((effects['expected_measured'] < effects['expected_assumed']).sum())}")
    print(f"interval holds the truth: {table[['covers_assumed', 'covers_measured']].sum().to_dict()}")
    print(f"pilots as predicted: {table['predicted'].value_counts(dropna=False).to_dict()}")
    print(f"CPU seconds a company: {table['seconds'].median():.0f}")


if __name__ == "__main__":
    main()
