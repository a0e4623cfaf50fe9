"""Figures of the month that whole teams are measured on: prices, failures, disturbance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.scenarios.service.cases import levels
from simulation.scenarios.service.truth import Story, team_name

__all__ = ["team_measures"]

# of the SD between teams, that a figure is off
_BLUR = 0.2


def team_measures(story: Story, rng: np.random.Generator, /) -> list[pd.DataFrame]:
    """Return one table per lever that the world measures monthly; what is counted comes by chance.

    Returns
    -------
    list of pandas.DataFrame
        With the columns of ``measures``; empty where the world has no such lever.
    """
    people, calendar = story.people, story.calendar
    values, posts = levels(story.world, people), np.bincount(people.post_team)
    team, month = np.indices((posts.size, calendar.months))
    team, month = team.ravel(), month.ravel() + calendar.observed.start
    frames = []
    for kpi, lever in story.world.levers.items():
        if not lever.monthly:
            continue
        total = np.zeros((posts.size, values[kpi].shape[1]))
        np.add.at(total, people.post_team, values[kpi])
        true = np.maximum((total / posts[:, None])[team, month], 0.0)
        blurred = true + _BLUR * lever.spread * rng.standard_normal(true.size)
        seen = rng.poisson(true) if lever.scale == "count" else np.maximum(blurred, 0.0)
        frames.append(
            pd.DataFrame(
                {
                    "unit": "team",
                    "unit_id": [team_name(int(number)) for number in team],
                    "from": calendar.times(calendar.month_days[month].astype(float)),
                    "to": calendar.times(calendar.month_days[month + 1].astype(float)),
                    "kpi": kpi,
                    "value": seen.round(4),
                    "n": 1,
                }
            )
        )
    return frames
