"""A company made by hand whose levers' effects are known, and cards that point the wrong way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue, Kpi, Stage
from baton.company import Policy
from features.cases.exposures import ExposureTable
from features.cases.table import CaseTable, Organisation
from models.advice.advise import Advice, advise
from models.advice.settings import Settings

CARD = {"handle": 30.0, "cost": 25.0, "solved": 10.0, "script": 10.0, "rating": 20.0, "duty": 5.0}
DIRECT = {"solved": -0.012, "handle": 0.004, "promise": -0.006, "cost": 0.008, "script": 0.0}
HANDLE_ON_SOLVED = -0.5


@dataclass(frozen=True)
class Known:
    """A company and the true effect per case of one standard deviation better of each lever."""

    cases: CaseTable
    organisation: Organisation
    catalogue: Catalogue
    policy: Policy
    truth: dict[str, float]


def _kpi(kpi_id: str, zh: str, **changes: object) -> Kpi:
    settings: dict[str, object] = {
        "id": kpi_id,
        "name": {"en": kpi_id.capitalize(), "zh": zh},
        "layer": "role",
        "perspective": "customer",
        "source": "cases",
        "expr": kpi_id,
        "better": "higher",
        "unit": "share",
        "role": "lever",
        "controllable": 0.9,
    }
    return Kpi.model_validate(settings | changes)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Five levers, of which handling time moves first-contact resolution; a mandatory KPI, a rating and a context."""
    return Catalogue(
        (
            _kpi("solved", "一次解决", guards=("handle",)),
            _kpi("handle", "处理时长", better="lower", unit="seconds", leads_to=("solved",), perspective="process"),
            _kpi("promise", "承诺兑现", source="measures", expr="value"),
            _kpi("script", "话术遵循", source="measures", expr="value", perspective="process"),
            _kpi("cost", "成本", better="lower", unit="money", perspective="financial"),
            _kpi("duty", "必修培训", source="measures", expr="value", perspective="learning"),
            _kpi("rating", "评分", role="outcome", unit="points"),
        ),
        (Stage.model_validate({"id": "use", "name": {"en": "Use", "zh": "使用"}}),),
    )


@pytest.fixture(scope="session")
def make_company(catalogue: Catalogue) -> Callable[..., Known]:
    """Make a company: ``make_company(seed, employees, cases, null, skill_routing, hidden)``."""

    def make(
        seed: int = 1,
        employees: int = 120,
        cases: int = 60_000,
        *,
        null: bool = False,
        skill_routing: float = 0.0,
        cards: bool = True,
    ) -> Known:
        rng = np.random.default_rng(seed)
        skills = {name: rng.standard_normal(employees) for name in DIRECT}
        solved_skill = skills["solved"] + HANDLE_ON_SOLVED * skills["handle"]
        direct = dict.fromkeys(DIRECT, 0.0) if null else DIRECT
        frame, levels = _served(rng, employees, cases, skills, solved_skill, skill_routing)
        risk = 0.08 + direct["solved"] * (solved_skill / solved_skill.std())[levels["employee"]]
        for name in ("handle", "promise", "cost", "script"):
            risk = risk + direct[name] * (skills[name] / skills[name].std())[levels["employee"]]
        risk = risk + 0.02 * levels["seen"] + 0.01 * levels["hidden"] + 0.015 * levels["customer_trait"]
        frame["y:churn"] = (rng.random(cases) < np.clip(risk, 0.001, 0.999)).astype(float)
        truth = dict(direct)
        truth["handle"] += direct["solved"] * HANDLE_ON_SOLVED / solved_skill.std() * skills["handle"].std()
        table = CaseTable(
            frame=frame,
            case_level=frozenset({"solved", "handle", "cost", "rating"}),
            horizon_days=90,
            cases_per_customer=1.5,
            customers_at_risk=15_000,
            kinds={"churn": "probability"},
            better={"churn": "lower"},
        )
        return Known(table, _organisation(employees, cards), catalogue, Policy(fixed=("duty",)), truth)

    return make


@pytest.fixture(scope="session")
def known(make_company: Callable[..., Known]) -> Known:
    """The company that most tests look at."""
    return make_company()


@pytest.fixture(scope="session")
def advice_of() -> Callable[[Known], Advice]:
    """Advise a company by the way that ships, without what is only shown beside."""

    def advised(company: Known) -> Advice:
        return advise(
            company.cases, company.organisation, company.catalogue, Settings(company.policy, 7, learners=False)
        )

    return advised


@pytest.fixture(scope="session")
def advice(known: Known, advice_of: Callable[[Known], Advice]) -> Advice:
    """The advice to the company that most tests look at."""
    return advice_of(known)


def _served(
    rng: np.random.Generator,
    employees: int,
    cases: int,
    skills: dict[str, np.ndarray],
    solved_skill: np.ndarray,
    skill_routing: float,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    process_of = np.arange(employees) % 4
    process, seen, hidden = rng.integers(0, 4, cases), rng.standard_normal(cases), rng.standard_normal(cases)
    employee = np.zeros(cases, dtype=int)
    place = skill_routing * seen + np.sqrt(1 - skill_routing**2) * rng.standard_normal(cases)
    for number in range(4):
        rows, people = np.flatnonzero(process == number), np.flatnonzero(process_of == number)
        people = people[np.argsort(solved_skill[people])] if skill_routing else people
        rank = place[rows].argsort().argsort() / len(rows)
        employee[rows] = people[(rank * len(people)).astype(int)]
    customers = cases // 4
    customer, period = rng.integers(0, customers, cases), rng.integers(0, 12, cases)
    share = np.clip(0.65 + 0.07 * solved_skill[employee] - 0.1 * hidden - 0.08 * seen, 0.02, 0.98)
    monthly = {
        name: 0.8 * rng.standard_normal((employees, 12)) + skills[name][:, None] for name in ("promise", "script")
    }
    frame = pd.DataFrame(
        {
            "case_id": [f"k{number}" for number in range(cases)],
            "customer_id": [f"c{number}" for number in customer],
            "employee_id": [f"e{number}" for number in employee],
            "team_id": [f"t{number % 8}" for number in employee],
            "stage": "use",
            "process": process.astype(str),
            "priority": "normal",
            "channel": "phone",
            "opened_at": pd.Timestamp("2025-01-01") + pd.to_timedelta(period * 30 + 1, unit="D"),
            "period": pd.Timestamp("2025-01-01") + pd.to_timedelta(period * 30, unit="D"),
            "x:difficulty": seen,
            "kpi:solved": (rng.random(cases) < share).astype(float),
            "kpi:handle": 400
            - 40 * skills["handle"][employee]
            + 80 * hidden
            + 50 * seen
            + 120 * rng.standard_normal(cases),
            "kpi:cost": 20 - 2 * skills["cost"][employee] + 4 * hidden + 6 * rng.standard_normal(cases),
            "kpi:promise": monthly["promise"][employee, period],
            "kpi:script": monthly["script"][employee, period],
            "kpi:rating": np.where(rng.random(cases) < 0.3, rng.integers(1, 6, cases), np.nan),
        }
    )
    trait = rng.standard_normal(customers)[customer]
    return frame, {"employee": employee, "seen": seen, "hidden": hidden, "customer_trait": trait}


def _organisation(employees: int, cards: bool) -> Organisation:
    teams = [f"t{number}" for number in range(8)]
    rows = [
        {"team_id": team, "role": "agent", "kpi": kpi, "weight": weight, "target": None, "valid_from": day}
        for team in teams
        for kpi, weight in CARD.items()
        for day in [pd.Timestamp("2024-12-01")]
    ]
    columns = ["team_id", "role", "kpi", "weight", "target", "valid_from"]
    people = pd.DataFrame(
        {
            "employee_id": [f"e{number}" for number in range(employees)],
            "team_id": [f"t{number % 8}" for number in range(employees)],
            "role": "agent",
            "hired_at": pd.NaT,
            "left_at": pd.NaT,
        }
    )
    named = pd.DataFrame({"team_id": teams, "name": [f"Team {team}" for team in teams]})
    scorecards = pd.DataFrame(rows if cards else [], columns=columns)
    return Organisation(people, named, scorecards, pd.DataFrame(), pd.Timestamp("2025-12-31"))


MONTHLY = {"adoption": -0.006, "defects": -0.004, "speed": 0.003, "idle": 0.0}
"""What one standard deviation better of a product team's KPI does to leaving in a month."""

TEAM_CARD = {"speed": 60.0, "defects": 25.0, "adoption": 10.0, "idle": 5.0}


@pytest.fixture(scope="session")
def make_team_company() -> Callable[..., Known]:
    """Make a company whose levers belong to product teams: ``make_team_company(seed, teams, customers, ...)``.

    Customers use several teams' products. With ``confounded`` the restless ones use those of teams that do well, so that
    a comparison between teams is wrong and only change within them is right.
    """

    def make(
        seed: int = 1, teams: int = 20, customers: int = 3000, *, months: int = 18, strength: float = 1.0,
        confounded: float = 0.0, moving: float = 0.7, noise: float = 0.3,
    ) -> Known:  # fmt: skip
        rng = np.random.default_rng(seed)
        levels = rng.standard_normal((teams, len(MONTHLY)))
        true = levels + moving * _wandering(rng, months, teams, len(MONTHLY))
        trait = rng.standard_normal(customers)
        taste = 1.2 * rng.standard_normal((customers, teams)) + 1.5 * confounded * np.outer(trait, levels[:, :2].sum(1))
        shares = np.exp(taste) * (taste >= np.sort(taste, axis=1)[:, [-5]])
        shares /= shares.sum(axis=1, keepdims=True)
        slopes = strength * np.array(list(MONTHLY.values()))
        own = 0.004 * rng.standard_normal(teams)
        left = np.full(customers, months)
        for month in range(months):
            felt = np.mean([true[max(month - back, 0)] for back in range(4)], axis=0) @ slopes
            risk = 0.035 + 0.008 * trait + 0.004 * np.sin(month) + shares @ (felt + own)
            leaves = (left == months) & (rng.random(customers) < np.clip(risk, 0.001, 0.9))
            left[leaves] = month
        catalogue = Catalogue(
            tuple(
                _kpi(name, name, source="activity", expr="amount", better="lower" if name == "defects" else "higher",
                     grains=("customer", "team"))
                for name in MONTHLY
            ),
            (Stage.model_validate({"id": "use", "name": {"en": "Use", "zh": "使用"}}),),
        )  # fmt: skip
        met = ExposureTable(
            *_lived(rng, shares, left, months, trait), _rated(rng, true, catalogue, noise), frozenset(MONTHLY), 30, 2.8
        )
        keys = pd.DataFrame({name: [] for name in ("case_id", "customer_id", "employee_id", "team_id")})
        cases = CaseTable(keys, frozenset(), 90, float("nan"), customers, {"churn": "probability"},
                          {"churn": "lower"}, exposures=met)  # fmt: skip
        spread = (levels + (true - levels).mean(axis=0)).std(axis=0)
        truth = dict(zip(MONTHLY, slopes * spread * met.rows_per_horizon, strict=True))
        return Known(cases, _product_teams(teams), catalogue, Policy(), truth)

    return make


def _wandering(rng: np.random.Generator, months: int, teams: int, size: int) -> np.ndarray:
    moved = rng.standard_normal((months, teams, size))
    for month in range(1, months):
        moved[month] = 0.7 * moved[month - 1] + np.sqrt(1 - 0.49) * moved[month]
    return moved


def _lived(
    rng: np.random.Generator, shares: np.ndarray, left: np.ndarray, months: int, trait: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows and shares of the customers who are still there at each month's beginning."""
    half, seen = rng.integers(0, 2, len(left)), 0.5 * trait + rng.standard_normal(len(left))
    rows, exposed, start = [], [], 0
    for month in range(3, months):
        here = np.flatnonzero(left >= month)
        rows.append(
            pd.DataFrame(
                {
                    "customer_id": [f"c{number}" for number in here],
                    "as_of": pd.Timestamp("2024-01-01") + pd.DateOffset(months=month),
                    "half": half[here],
                    "x:seen": seen[here],
                    "y:churn": (left[here] == month).astype(float),
                }
            )
        )
        row, team = np.nonzero(shares[here])
        exposed.append(
            pd.DataFrame(
                {"row": row + start, "team_id": [f"p{number:02d}" for number in team], "share": shares[here][row, team]}
            )
        )
        start += len(here)
    return pd.concat(rows, ignore_index=True), pd.concat(exposed, ignore_index=True)


def _rated(rng: np.random.Generator, true: np.ndarray, catalogue: Catalogue, noise: float) -> pd.DataFrame:
    """Teams' KPIs by month as each half of the customers lived them."""
    months, teams, _ = true.shape
    stamps = [pd.Timestamp("2024-01-01") + pd.DateOffset(months=month) for month in range(months)]
    parts = []
    for at, name in enumerate(MONTHLY):
        halves = [
            0.5 + 0.1 * catalogue[name].sign * (true[:, :, at] + noise * rng.standard_normal((months, teams)))
            for _ in (0, 1)
        ]
        parts.append(
            pd.DataFrame(
                {
                    "team_id": np.tile([f"p{number:02d}" for number in range(teams)], months),
                    "month": np.repeat(stamps, teams),
                    "kpi": name,
                    "value_0": halves[0].ravel(),
                    "value_1": halves[1].ravel(),
                    "n_0": 50.0,
                    "n_1": 50.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _product_teams(teams: int) -> Organisation:
    names = [f"p{number:02d}" for number in range(teams)]
    rows = [
        {"team_id": team, "role": "", "kpi": kpi, "weight": weight, "target": None, "valid_from": day}
        for team in names
        for kpi, weight in TEAM_CARD.items()
        for day in [pd.Timestamp("2023-12-01")]
    ]
    people = pd.DataFrame({"employee_id": [], "team_id": [], "role": []})
    named = pd.DataFrame({"team_id": names, "name": [f"Product {team}" for team in names]})
    return Organisation(people, named, pd.DataFrame(rows), pd.DataFrame(), pd.Timestamp("2025-07-01"))
