"""The source tables of a simulated product company, as its systems would hand them out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.scenarios.product.settings import TEXTS
from simulation.scenarios.product.story import PLANNED_RELEASES, ProductStory
from simulation.scenarios.product.teams import team_name
from simulation.scenarios.service import records as support_records

__all__ = ["cases", "customers", "declines", "employees", "measures", "scorecards", "teams"]

_DEVELOPER = "developer"
_MEASURED = ("knowledge_use", "mandatory_training")


def customers(story: ProductStory, /) -> pd.DataFrame:
    """Return the CRM's accounts: those who joined before observation ended; who leaves later is still here."""
    frame = support_records.customers(story.support).rename(columns={"site": "region"})
    place = frame["customer_id"].str[1:].astype(int).to_numpy() - 1
    return frame.assign(seats=story.accounts.seats[place], industry=frame["segment"], segment=frame["plan"])


def cases(story: ProductStory, seed: int, /) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return support's cases, and each true root cause's share of those with a text."""
    frame, of_support = support_records.cases(story.support, seed, TEXTS)
    return frame, of_support.shares


def teams(story: ProductStory, /) -> pd.DataFrame:
    """Return HR's teams: product teams and support's."""
    names = [story.world.modules.names[team].replace("_", " ") for team in range(story.teams.count)]
    product = pd.DataFrame(
        {
            "team_id": [team_name(team) for team in range(story.teams.count)],
            "name": [f"Product team {name}" for name in names],
            "department": "Product",
            "stage": "use",
            "scenario": "product",
        }
    )
    return pd.concat([product, support_records.teams(story.support).assign(scenario="product")], ignore_index=True)


def employees(story: ProductStory, seed: int, /) -> pd.DataFrame:
    """Return HR's employees: people in support, and developers, who handle no cases."""
    support = support_records.employees(story.support, seed)
    rng = np.random.default_rng([seed, 24])
    per_team = story.world.volume.developers_per_team
    count = story.teams.count * per_team
    opens, _ = story.calendar.observed_days
    developers = pd.DataFrame(
        {
            "employee_id": np.char.add("D", np.char.zfill(np.arange(1, count + 1).astype(str), 5)),
            "team_id": np.repeat([team_name(team) for team in range(story.teams.count)], per_team),
            "role": _DEVELOPER,
            "hired_at": story.calendar.times(np.floor(opens - 1 - rng.exponential(900.0, count))),
            "contract": rng.choice(["permanent", "agency"], count, p=[0.85, 0.15]),
            "language": rng.choice(["en", "en+zh"], count, p=[0.6, 0.4]),
            "site": rng.choice(["harbour", "hills"], count, p=[0.6, 0.4]),
            "gender": rng.choice(["f", "m", "x"], count, p=[0.34, 0.64, 0.02]),
            "birth_year": rng.integers(1966, 2004, count),
        }
    )
    return pd.concat([support, developers], ignore_index=True)


def measures(story: ProductStory, seed: int, /) -> pd.DataFrame:
    """Return what has been computed per month: of people in support, and of product teams."""
    of_support = support_records.measures(story.support, seed)
    rng = np.random.default_rng([seed, 25])
    values, calendar = story.values(), story.calendar
    team, month = (part.ravel() for part in np.indices((story.teams.count, calendar.months)))
    month = month + calendar.observed.start
    at = {kpi: value[team, month] for kpi, value in values.items()}
    found = {
        "release_on_time_rate": rng.binomial(PLANNED_RELEASES, at["release_on_time_rate"]) / PLANNED_RELEASES,
        "features_shipped": story.lived.shipped[team, month].astype(float),
        "development_cost": (at["development_cost"] * np.exp(0.02 * rng.standard_normal(team.size))).round(1),
        "test_coverage": np.clip(at["test_coverage"] + 0.01 * rng.standard_normal(team.size), 0, 1).round(3),
        "customer_interviews": np.floor(at["customer_interviews"] + rng.random(team.size)),
    }
    frames = [of_support[of_support["kpi"].isin(_MEASURED)]]
    for kpi, value in found.items():
        frames.append(
            pd.DataFrame(
                {
                    "unit": "team",
                    "unit_id": np.array([team_name(number) for number in range(story.teams.count)])[team],
                    "from": calendar.times(calendar.month_days[month].astype(float)),
                    "to": calendar.times(calendar.month_days[month + 1].astype(float)),
                    "kpi": kpi,
                    "value": value,
                    "n": PLANNED_RELEASES if kpi == "release_on_time_rate" else 1,
                }
            )
        )
    frame = pd.concat(frames, ignore_index=True)
    return frame.sort_values(["from", "unit_id", "kpi"], kind="stable").reset_index(drop=True)


def scorecards(story: ProductStory, /) -> pd.DataFrame:
    """Return every scorecard that was ever in force; a product team has one card for all, of role ""."""
    days, ends = story.calendar.month_days, story.calendar.observed.stop
    rows = [
        (team_name(team), "", kpi, points, float(days[month]) if month >= 0 else month * 30.0)
        for team, month, card in story.teams.cards
        if month < ends
        for kpi, points in card.items()
    ]
    frame = pd.DataFrame(rows, columns=["team_id", "role", "kpi", "weight", "valid_from"])
    frame["valid_from"] = story.calendar.times(frame["valid_from"].to_numpy(float))
    return pd.concat([frame, support_records.scorecards(story.support)], ignore_index=True)


def declines(story: ProductStory, /) -> list[dict[str, str]]:
    """Return the falls of service that were planted: unit, unit_id, from, to, cause."""
    starts = story.calendar.starts
    return [
        {
            "unit": "team",
            "unit_id": team_name(slump.number),
            "from": str(starts[slump.first]),
            "to": str(starts[slump.after]),
            "cause": "relaunch that lost the users",
        }
        for slump in story.teams.slumps
    ] + support_records.declines(story.support)
