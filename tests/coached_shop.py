"""A contact centre whose people's true gaps are known, and the coaching that is advised for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import Action, Catalogue, Kpi, Stage, Text
from baton.company import Policy
from features.cases.table import CaseTable, Organisation
from models.advice.coaching.coach import coach
from models.advice.settings import Settings

AS_OF = pd.Timestamp("2026-07-01")
MONTHS = pd.date_range("2026-01-01", "2026-06-01", freq="MS")


def kpi(name: str, **changes: Any) -> Kpi:
    settings: dict[str, Any] = {
        "id": name, "name": Text(en=name.replace("_", " ").capitalize(), zh="一次解决率"), "layer": "role",
        "perspective": "customer", "source": "cases", "expr": "resolved_first", "better": "higher", "unit": "share",
        "role": "lever", "needs": (Text(en="a knowledge base", zh="知识库"),),
    }  # fmt: skip
    return Kpi(**settings | changes)


def action(name: str, level: str) -> Action:
    return Action(
        id=f"{name}_{level}", kpi=name, level=level, name=Text(en="Review", zh="复盘"),  # type: ignore[arg-type]
        advice=Text(en="Review together.", zh="一起复盘。"), needs=(Text(en="an hour", zh="一小时"),),
    )  # fmt: skip


CATALOGUE = Catalogue(
    (
        kpi("solved"),
        kpi("handling", better="lower", unit="seconds"),
        kpi("promise", source="measures"),
        kpi("rating", role="outcome"),
        kpi("training"),
    ),
    (Stage(id="use", name=Text(en="Use", zh="使用")),),
    tuple(action(name, level) for name in ("solved", "promise") for level in ("employee", "team", "process")),
)


def effects(**found: float) -> pd.DataFrame:
    rows = [
        {
            "outcome": "churn",
            "kpi": name,
            "effect": value,
            "low": value - 0.002,
            "high": value + 0.002,
            "refuted": False,
        }
        for name, value in found.items()
    ]
    table = pd.DataFrame(rows, columns=["outcome", "kpi", "effect", "low", "high"])
    clear = np.select([table["high"] < 0, table["low"] > 0], ["helps", "harms"], "unclear")
    return table.assign(clear=clear, joint_p=0.001)


SOLVED = effects(solved=-0.01)


@dataclass
class Shop:
    """A contact centre whose people's true deviations are known."""

    people: int = 60
    teams: int = 5
    cases_each: Mapping[int, int] = field(default_factory=dict)
    typical_cases: int = 240
    spread: float = 0.07
    gaps: Mapping[int, float] = field(default_factory=dict)
    team_gaps: Mapping[int, float] = field(default_factory=dict)
    hard: Mapping[int, float] = field(default_factory=dict)
    fall: tuple[str, float] | None = None
    own_process: Mapping[int, str] = field(default_factory=dict)
    seed: int = 0

    def make(self) -> tuple[CaseTable, Organisation, np.ndarray]:
        rng = np.random.default_rng(self.seed)
        true = rng.normal(0, self.spread, self.people)
        for person, gap in self.gaps.items():
            true[person] = gap
        team = np.arange(self.people) % self.teams
        true = true + np.array([self.team_gaps.get(int(number), 0.0) for number in team])
        count = np.array([self.cases_each.get(person, self.typical_cases) for person in range(self.people)])
        who = np.repeat(np.arange(self.people), count)
        process = np.array(["billing", "outage", "order"])[rng.integers(0, 3, who.size)]
        for person, name in self.own_process.items():
            process[who == person] = name
        month = rng.integers(0, len(MONTHS), who.size)
        hardness = rng.normal(0, 1, who.size) + np.array([self.hard.get(int(person), 0.0) for person in who])
        chance = 0.7 + true[who] - 0.08 * hardness - 0.1 * (process == "outage")
        if self.fall is not None:
            chance = chance - self.fall[1] * ((process == self.fall[0]) & (month >= 3))
        solved = (rng.random(who.size) < chance).astype(float)
        monthly = np.clip(0.8 + true[:, None] + rng.normal(0, 0.05, (self.people, len(MONTHS))), 0, 1)
        opened = MONTHS.to_numpy()[month] + rng.integers(0, 27 * 86400, who.size).astype("timedelta64[s]")
        frame = pd.DataFrame(
            {
                "case_id": [f"K{row}" for row in range(who.size)],
                "customer_id": [f"C{row % 900}" for row in range(who.size)],
                "employee_id": [f"E{person:02d}" for person in who],
                "team_id": [f"T{team[person]}" for person in who],
                "stage": pd.Categorical(["use"] * who.size),
                "process": pd.Categorical(process),
                "priority": pd.Categorical(["normal"] * who.size),
                "channel": pd.Categorical(rng.choice(["phone", "chat"], who.size)),
                "opened_at": opened,
                "closed_at": opened + np.timedelta64(3600, "s"),
                "period": MONTHS.to_numpy()[month],
                "x:hardness": hardness,
                "kpi:solved": solved,
                "kpi:handling": rng.gamma(4, 100, who.size) * (1 - true[who]),
                "kpi:promise": monthly[who, month],
                "kpi:rating": solved + rng.normal(0, 1, who.size),
                "kpi:training": rng.normal(3, 1, who.size) + true[who],
                "y:churn": (rng.random(who.size) < 0.1).astype(float),
            }
        )
        cases = CaseTable(
            frame, frozenset({"solved", "handling", "rating", "training"}), 90, 2.0, 5000,
            {"churn": "probability"}, {"churn": "lower"},
        )  # fmt: skip
        return cases, self.organisation(team), -true

    def organisation(self, team: np.ndarray) -> Organisation:
        rng = np.random.default_rng(self.seed + 1)
        employees = pd.DataFrame(
            {
                "employee_id": [f"E{person:02d}" for person in range(self.people)],
                "team_id": [f"T{number}" for number in team],
                "role": "agent",
                "hired_at": AS_OF - pd.Timedelta(days=1000),
                "left_at": pd.Series([pd.NaT] * self.people, dtype="datetime64[us]"),
                "gender": rng.choice(["f", "m"], self.people),
            }
        )
        teams = pd.DataFrame({"team_id": [f"T{number}" for number in range(self.teams)]})
        return Organisation(employees, teams, pd.DataFrame(), pd.DataFrame(), AS_OF)


def help_for(shop: Shop, table: pd.DataFrame = SOLVED, policy: Policy | None = None) -> pd.DataFrame:
    cases, organisation, _ = shop.make()
    return coach(cases, organisation, CATALOGUE, table, Settings(policy or Policy(), 7))
