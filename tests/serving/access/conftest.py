"""Two teams, one above the other, and a third beside them; a user in every role."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company, load_company
from baton.contract.sources import TABLES as TABLES_IN
from baton.files import RunFolder, write_json
from features.staging.pseudonyms import load_key, pseudonym
from models.advice.inputs import AdviceInputs, catalogue_rows
from serving.access.granting import Request, give
from tests.filled_results import write_filled

HIERARCHY = "team_id,manager,above\nt1,lin,\nt2,,t1\nt3,mara,\nt4,mara,\nt5,lin,t4\n"
POLICY = "[policy]\nmax_weight = 60\noutcome_max = 100\nmin_share = {}\nimpact_ratio = 0\nfixed = []\n"
REASON = {"en": "Waits are long.", "zh": "等待时间长。"}

TABLES = {
    "cases": {
        "present": ["case_id", "customer_id", "team_id", "opened_at", "csat", "employee_id"],
        "rows": 4,
        "observed_until": "2025-03-31T00:00:00",
    },
    "customers": {"present": ["customer_id", "joined_at", "left_at"], "rows": 4, "observed_until": None},
    "employees": {"present": ["employee_id", "role", "team_id"], "rows": 40, "observed_until": None},
}


class House(NamedTuple):
    """A company with access set up, its run, and a token of each user."""

    company: Company
    folder: RunFolder
    tokens: dict[str, str]
    people: dict[str, str]  # pseudonym by the id of the company's own

    def headers(self, user: str, /) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[user]}"}


def cards() -> pd.DataFrame:
    row = {"role": "agent", "current_weight": 50.0, "recommended_weight": 50.0, "verdict": "keep", "reason": REASON}
    return pd.DataFrame(
        [
            {**row, "team_id": team, "kpi": kpi, "expected_effect": np.nan, "rises": 13.0, "falls": 3.0}
            for team in ("t1", "t2", "t3")
            for kpi in ("csat", "wait_seconds")
        ]
    )


def solvable(company: Company) -> AdviceInputs:
    """What cards of every team are solved from; first-contact resolution keeps customers."""
    kpis = catalogue_rows(load_catalogue(company)).set_index("kpi", drop=False)
    means = {"first_contact_resolution": -0.02, "wait_seconds": 0.0001}
    rng = np.random.default_rng(3)
    draws = pd.DataFrame({kpi: mean + 0.0002 * rng.standard_normal(200) for kpi, mean in means.items()})
    for kpi in means:
        kpis.loc[kpi, ["effect", "low", "high"]] = [draws[kpi].mean(), *draws[kpi].quantile([0.05, 0.95])]
    kpis = kpis.assign(joint_p=0.001, icc=0.2, between_sd=1.0)
    lines = [(team, kpi) for team in ("t1", "t2", "t3") for kpi in means]
    cards = [{"team_id": team, "role": "agent", "kpi": kpi, "weight": 50.0} for team, kpi in lines]
    people = [
        {"team_id": team, "role": "agent", "kpi": kpi, "n_per_day": 5.0, "people": 20, "share": 1.0}
        for team, kpi in lines
    ]
    return AdviceInputs(
        kpis=kpis.reset_index(drop=True), draws=draws, cards=pd.DataFrame(cards), headcounts=pd.DataFrame(people),
        outcome="churn", helpful=-1, kind="probability", horizon_days=90, customers_at_risk=10_000, joint_p_value=0.001,
    )  # fmt: skip


def offers(people: dict[str, str]) -> pd.DataFrame:
    row = {"kpi": "wait_seconds", "action": "call_back", "gap_sd": 1.0, "evidence": ["k1"], "probability": 0.9}
    words = {"reason": REASON, "for_person": REASON, "for_lead": REASON}
    persons = [
        {**row, **words, "employee_id": people[name], "team_id": team, "level": "employee"}
        for name, team in (("e1", "t1"), ("e2", "t2"), ("e3", "t3"))
    ]
    teams = [{**row, **words, "employee_id": None, "team_id": team, "level": "team"} for team in ("t1", "t2", "t3")]
    return pd.DataFrame([*persons, *teams])


def with_every_column(frame: pd.DataFrame, table: str = "cases") -> pd.DataFrame:
    """A table as staging leaves it: columns of the contract that the source has not are empty."""
    kinds = {"time": "datetime64[us]", "number": "float64", "integer": "Int64", "flag": "boolean"}
    empty = {
        column.name: pd.Series([None] * len(frame)).astype(kinds.get(column.type, "str"))
        for column in TABLES_IN[table].columns
        if column.name not in frame
    }
    return frame.assign(**empty)


@pytest.fixture(scope="module")
def house(company: Company, run_folder: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Team t1 is led by lin, t2 stands below it with no lead of its own, t3 is mara's; e1, e2, e3 work in them.

    Of one module: tests write in it, and the tests of a module need not run one after the other.
    """
    place = tmp_path_factory.mktemp("house") / "company"
    shutil.copytree(company.folder, place, ignore=shutil.ignore_patterns(".baton"))
    text = (place / "company.toml").read_text("utf-8")
    (place / "company.toml").write_text(text + '[access]\nhierarchy = "hierarchy.csv"\n', encoding="utf-8")
    (place / "hierarchy.csv").write_text(HIERARCHY, encoding="utf-8")
    own, folder = load_company(place), RunFolder(place / "out")
    key = load_key(place / "employees.key")
    people = {f"e{number}": pseudonym(key, f"e{number}") for number in range(40)}
    team_of = {"e1": "t1", "e2": "t2", "e3": "t3", "e4": "t4"}
    team_of |= {f"e{number}": f"t{number // 5 - 1}" for number in range(10, 25)}  # five more in each of the three
    pd.DataFrame(
        {
            "employee_id": list(people.values()),
            "team_id": [team_of.get(name, "t9") for name in people],
            "role": "agent",
        }
    ).to_parquet(folder.staged / "employees.parquet")
    pd.DataFrame(
        {
            "case_id": ["k1", "k2", "k3", "k4"],
            "csat": [4.0, 3.0, 2.0, 5.0],
            "customer_id": ["c1", "c2", "c3", "c4"],
            "team_id": ["t1", "t2", "t3", "t1"],
            "opened_at": pd.to_datetime(["2025-03-01", "2025-03-02", "2025-03-03", "2023-03-01"]),
        }
    ).pipe(with_every_column).to_parquet(folder.staged / "cases.parquet")
    pd.DataFrame(
        {"customer_id": ["c1", "c2", "c3", "c4"], "left_at": pd.NaT, "joined_at": pd.Timestamp("2022-01-01")}
    ).astype({"left_at": "datetime64[us]"}).pipe(with_every_column, "customers").to_parquet(
        folder.staged / "customers.parquet"
    )
    write_json(folder.staged / "tables.json", {"tables": TABLES, "scales": {"cases": {"csat": [1, 5]}}, "types": {}})
    solvable(own).save(folder.advice)
    write_filled(folder, "weights", cards())
    write_filled(folder, "coaching", offers(people))
    users = [
        Request("etl", "service"),
        Request("ana", "analyst"),
        Request("lin", "manager", employee=people["e9"]),
        Request("mara", "manager"),
        Request("emil", "employee", employee=people["e1"]),
        Request("aud", "auditor"),
    ]
    return House(own, folder, {each.name: give(own, each).token for each in users}, people)


def approvable(house: House) -> House:
    """Give a house cards and a policy under which what is accepted may be approved."""
    # KPIs that weights are solved from: others are not approved
    write_filled(house.folder, "weights", cards().replace({"kpi": {"csat": "first_contact_resolution"}}))
    file = house.company.folder / "company.toml"
    file.write_text(file.read_text("utf-8") + POLICY, encoding="utf-8")
    return house._replace(company=load_company(file))


@pytest.fixture(scope="module")
def served(open_on: Callable[..., Any], house: House) -> Iterator[Any]:
    """The service of the house."""
    with open_on(house.company, house.folder) as opened:
        yield opened


@pytest.fixture
def empty(tmp_path: Path) -> Company:
    """A company of which nothing is there but its file."""
    (tmp_path / "company.toml").write_text('[company]\nname = "Leer"\n', encoding="utf-8")
    return load_company(tmp_path)
