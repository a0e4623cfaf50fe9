from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.company import Company
from models.effects.strategy_map import pair_associations, strategy_arrows

TEAMS = pd.DataFrame({"team_id": ["t0", "t1", "t2"], "department": ["a", "a", "a"]})


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(Company.model_validate({"company": {"name": "Map"}, "outcomes": {"churn": {}}}))


def long_panel(values: dict[str, np.ndarray]) -> pd.DataFrame:
    """Values of people (rows) over months (columns); every third person is of one team."""
    people, count = next(iter(values.values())).shape
    months = pd.date_range("2025-01-01", periods=count, freq="MS")
    parts = [
        pd.DataFrame(
            {
                "unit": "employee",
                "unit_id": [f"e{person}" for person in range(people) for _ in months],
                "team_id": [f"t{person % 3}" for person in range(people) for _ in months],
                "from": list(months) * people,
                "kpi": kpi,
                "value": block.ravel(),
            }
        )
        for kpi, block in values.items()
    ]
    return pd.concat(parts, ignore_index=True)


def found(panel: pd.DataFrame, catalogue: Catalogue, parent: str, child: str) -> pd.Series:
    table = strategy_arrows(panel, TEAMS, catalogue, seed=3)
    return table[(table["parent"] == parent) & (table["child"] == child)].iloc[0]


def test_an_arrow_between_people_who_are_better_at_both_is_confirmed(catalogue: Catalogue) -> None:
    rng = np.random.default_rng(1)
    skill = rng.normal(size=(60, 1))
    panel = long_panel(
        {
            "knowledge_use": skill + rng.normal(size=(60, 8)),
            "first_contact_resolution": skill + rng.normal(size=(60, 8)),
        }
    )
    row = found(panel, catalogue, "knowledge_use", "first_contact_resolution")
    assert (row["verdict"], row["unit"], row["units"], row["months"]) == ("confirmed", "employee", 60, 8)
    assert 0 < row["low"] < row["association"] < row["high"]


def test_lower_is_better_turns_the_arrow_round(catalogue: Catalogue) -> None:
    rng = np.random.default_rng(2)
    skill = rng.normal(size=(60, 1))
    haste = {
        "handle_seconds": skill + rng.normal(size=(60, 8)) * 0.5,  # slower, and solved more often
        "first_contact_resolution": skill + rng.normal(size=(60, 8)) * 0.5,
    }
    row = found(long_panel(haste), catalogue, "handle_seconds", "first_contact_resolution")
    assert row["verdict"] == "contradicted"
    assert row["high"] < 0


def test_luck_that_two_kpis_share_within_a_month_confirms_nothing(catalogue: Catalogue) -> None:
    rng = np.random.default_rng(3)
    month = rng.normal(size=(60, 8))  # the same hard cases spoil both in that month, and nobody is better than others
    panel = long_panel({"knowledge_use": month, "first_contact_resolution": month.copy()})
    assert found(panel, catalogue, "knowledge_use", "first_contact_resolution")["verdict"] == "not_confirmed"


def test_what_whole_teams_have_in_common_confirms_nothing(catalogue: Catalogue) -> None:
    rng = np.random.default_rng(4)
    team = np.array([[5.0], [0.0], [-5.0]] * 20)
    panel = long_panel(
        {
            "knowledge_use": team + rng.normal(size=(60, 8)),
            "first_contact_resolution": team + rng.normal(size=(60, 8)),
        }
    )
    assert found(panel, catalogue, "knowledge_use", "first_contact_resolution")["verdict"] == "not_confirmed"


def test_an_arrow_without_enough_people_or_without_a_kpi_stays_untested(catalogue: Catalogue) -> None:
    rng = np.random.default_rng(5)
    values = {kpi: rng.normal(size=(60, 8)) for kpi in ("knowledge_use", "first_contact_resolution")}
    few = long_panel(values).loc[lambda frame: frame["unit_id"].isin([f"e{person}" for person in range(12)])]
    row = found(few, catalogue, "knowledge_use", "first_contact_resolution")
    assert (row["verdict"], row["units"]) == ("untested", 12)
    assert np.isnan(row["association"])
    assert found(few, catalogue, "csat", "nps")["verdict"] == "untested"


def test_ten_teams_without_a_link_are_rarely_called_linked(catalogue: Catalogue) -> None:
    """Four pairs of five KPIs at a tenth: of twenty companies two are expected, with or against each other."""
    kpis = ["cost_per_case", "csat", "handle_seconds", "on_time_rate", "reopen_rate"]
    teams = pd.DataFrame({"team_id": [f"t{number}" for number in range(10)], "department": "one"})
    pairs, called = [(kpis[0], other) for other in kpis[1:]], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = {kpi: rng.normal(size=(10, 1)) + 0.7 * rng.normal(size=(10, 6)) for kpi in kpis}
        panel = long_panel(true).assign(unit="team")
        panel["unit_id"] = panel["unit_id"].str.replace("e", "t")
        table = pair_associations(panel, teams, catalogue, pairs, seed)
        called += bool(table["verdict"].isin(["confirmed", "contradicted"]).any())
    assert called <= 5
