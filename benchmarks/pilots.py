"""Pilots in simulated companies of known truth: false alarms, power as planned, intervals.

``python -m benchmarks.pilots --pilots 200`` plans each pilot on a company's past and carries it out in its future,
once without any effect and once with the smallest effect that the plan says will probably be seen. Teams differ in
level, drift along with what they were last month, share the company's season, and are of different sizes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from models.pilots.estimate import Floats, Starts
from models.pilots.inference import measure
from models.pilots.power import POWER, power_of
from models.pilots.schedules import Wave, draw_schedules
from pipelines.pilots.history import traits
from pipelines.pilots.plan import ALPHA

__all__ = ["main"]

_PAST, _BEFORE = 24, 12


@dataclass(frozen=True)
class Design:
    """A kind of pilot.

    Parameters
    ----------
    teams, begin, waves, after : int
        How many teams there are and begin, in how many steps three months apart, and months of the pilot.
    spill : float
        Which share of the effect the others get, since they share customers.
    """

    name: str
    teams: int
    begin: int
    waves: int
    after: int
    spill: float = 0.0


DESIGNS = (
    Design("12 teams, at once", 12, 6, 1, 6),
    Design("24 teams, at once", 24, 12, 1, 6),
    Design("16 teams, two waves", 16, 8, 2, 9),
    Design("16 teams, a quarter spills over", 16, 8, 1, 6, 0.25),
)


def world(design: Design, rng: np.random.Generator, /) -> tuple[Floats, Floats]:
    """Return a company's outcome, teams by months, and how many people are in each team."""
    months = _PAST + design.after
    people = rng.integers(4, 20, design.teams).astype(float)
    drift = np.zeros((design.teams, months))
    for month in range(1, months):
        drift[:, month] = 0.8 * drift[:, month - 1] + rng.normal(0, 0.15, design.teams)
    season = rng.normal(0, 0.4, (1, months)) + rng.normal(0, 0.02) * np.arange(months)
    noise = rng.normal(0, 1, (design.teams, months)) / np.sqrt(people)[:, None]
    return rng.normal(0, 1, (design.teams, 1)) + drift + season + noise, people


def one(design: Design, seed: int, /) -> dict[str, float]:
    """Plan one pilot and carry it out twice."""
    rng = np.random.default_rng([seed, design.teams, design.waves])
    values, people = world(design, rng)
    past, panel = values[:, :_PAST], values[:, _PAST - _BEFORE :]
    per_wave = design.begin // design.waves
    waves = [Wave(_BEFORE + 3 * step, per_wave) for step in range(design.waves)]

    def draw(before: Floats) -> Starts:
        return draw_schedules(traits(before, people), waves, rng)[:1000]

    schedules = draw(past[:, -_BEFORE:])
    carried_out = schedules[0]
    power = power_of(past, draw, rng, before=_BEFORE, after=design.after, alpha=ALPHA)
    nothing = measure(panel, carried_out, schedules, level=1 - ALPHA)
    size = power.smallest
    began = np.arange(panel.shape[1])[None, :] >= carried_out[:, None]
    elsewhere = (np.arange(panel.shape[1])[None, :] >= carried_out.min()) & ~began
    tried = measure(panel + size * (began + design.spill * elsewhere), carried_out, schedules, level=1 - ALPHA)
    return {
        "smallest": size,
        "false_alarm": float(nothing.p_value <= ALPHA),
        "falsely_better": float(nothing.low > 0),
        "seen": float(tried.p_value <= ALPHA),
        "covered": float(tried.low <= size <= tried.high),
        "naive": _naive(panel, carried_out),
    }


def _naive(panel: Floats, carried_out: Starts, /) -> float:
    """Whether comparing before and after alone, by months as if they were independent, takes nothing for something."""
    began = carried_out < panel.shape[1]
    before, after = panel[began][:, :_BEFORE].mean(axis=0), panel[began][:, _BEFORE:].mean(axis=0)
    error = np.sqrt(before.var(ddof=1) / len(before) + after.var(ddof=1) / len(after))
    return float(abs(after.mean() - before.mean()) > 1.645 * error)


def main() -> None:
    """Run all designs, and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pilots", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{given.pilots} pilots each; two-sided test at {ALPHA:.0%}, planned power {POWER:.0%}")
    for design in DESIGNS:
        found = [one(design, given.seed * 100_000 + number) for number in range(given.pilots)]
        known = [each for each in found if np.isfinite(each["smallest"])]
        shares = {name: float(np.mean([each[name] for each in known])) for name in known[0]}
        print(
            f"{design.name}: false alarms {shares['false_alarm']:.3f}, adopted without an effect "
            f"{shares['falsely_better']:.3f}, effect seen {shares['seen']:.3f}, 90 % interval covers "
            f"{shares['covered']:.3f}; before and after alone: false alarms {shares['naive']:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
