from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from pipelines.simulate import Simulated, simulate
from simulation.scenarios.service.settings import load_world

TEAM_FIGURES = {
    "price_against_market", "major_incidents", "major_incident_hours", "change_disturbance_rate", "charged_hours_share",
}  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("internal") / "company"
    return simulate(folder, customers=1500, months=8, seed=3, employees=60, world="internal")


def read(company: Simulated, name: str) -> pd.DataFrame:
    path = next(company.folder.rglob(f"{name}.*"))
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def truth(company: Simulated) -> dict[str, Any]:
    return json.loads((company.folder / "truth.json").read_text(encoding="utf-8"))


def test_the_customers_are_users_of_business_units_and_some_go_elsewhere(company: Simulated) -> None:
    customers = read(company, "customers")
    assert set(customers["kind"]) == {"internal"}
    assert set(customers["segment"]) == {"operations", "sales", "research", "finance"}
    assert customers["customer_id"].str.startswith("U").all()
    assert 0.05 < customers["left_at"].notna().mean() < 0.6


def test_the_company_file_asks_for_both_presets(company: Simulated) -> None:
    settings = load_company(company.company_file)
    assert list(settings.kpis.presets) == ["service", "internal"]
    assert settings.company.name == "Harbour Group IT"


def test_nothing_of_the_telecom_is_left(company: Simulated) -> None:
    cases, steps, teams = read(company, "cases"), read(company, "case_steps"), read(company, "teams")
    world = load_world("internal")
    assert set(cases["process"]) == set(world.processes)
    assert set(read(company, "employees")["role"]) == {"service_desk", "field_engineer", "change_manager"}
    assert set(teams["department"]) == {"User support", "Workplace services", "Service management"}
    assert not {"billing", "outage", "installation"} & set(cases["process"])
    assert not {"ship", "test the line", "approve the credit"} & set(steps["activity"])
    written = cases["text"].dropna()
    assert not written.str.contains("router|roaming|宽带|套餐").any()
    assert written.str.contains("laptop").any()
    assert written.str.contains("权限").any()


def test_the_cards_turn_to_utilisation_and_cost(company: Simulated) -> None:
    cards = read(company, "scorecards")
    assert (cards.groupby(["team_id", "valid_from"])["weight"].sum() == 100).all()
    paid = cards[cards["kpi"].isin(["charged_hours_share", "cost_per_case"])]
    paid = paid.groupby(["team_id", "valid_from"])["weight"].sum().reset_index().sort_values("valid_from")
    first, last = paid.groupby("team_id")["weight"].first(), paid.groupby("team_id")["weight"].last()
    assert (last >= first + 20).all()


def test_the_teams_figures_are_recorded_every_month(company: Simulated) -> None:
    measures, teams = read(company, "measures"), read(company, "teams")
    own = measures[measures["unit"] == "team"]
    assert set(own["kpi"]) == TEAM_FIGURES
    assert (own.groupby("kpi").size() == len(teams) * 8).all()
    incidents = own.loc[own["kpi"] == "major_incidents", "value"]
    assert (incidents == incidents.round()).all()
    assert (own["value"] >= 0).all()


def test_what_business_units_care_for_makes_them_leave_and_utilisation_drives_them_away(company: Simulated) -> None:
    true_effects = {row["kpi"]: row["effect"] for row in company.effects if row["outcome"] == "churn"}
    for kpi in ("price_against_market", "major_incidents", "change_disturbance_rate", "major_incident_hours"):
        assert true_effects[kpi] < 0, kpi
    assert true_effects["charged_hours_share"] > 0


def test_more_incidents_do_harm_by_lasting_longer_as_well(company: Simulated) -> None:
    roles = truth(company)["roles"]
    assert roles["major_incidents"] == "lever"
    assert roles["major_incident_hours"] == "mediator"


def test_truth_and_bottlenecks_name_what_the_catalogue_and_the_processes_know(company: Simulated) -> None:
    true_effects, known = truth(company), load_catalogue(load_company(company.company_file))
    assert {row["kpi"] for row in true_effects["effects"]} <= set(known)
    assert {row["process"]: row["activity"] for row in true_effects["bottlenecks"]}["access"] == "approve the access"
    assert {row["process"] for row in true_effects["bottlenecks"]} == set(load_world("internal").processes)


def test_the_same_seed_writes_the_same_bytes(company: Simulated, tmp_path: Path) -> None:
    again = simulate(tmp_path / "again", customers=1500, months=8, seed=3, employees=60, world="internal")
    for file in sorted(path.relative_to(company.folder) for path in company.folder.rglob("*") if path.is_file()):
        assert (company.folder / file).read_bytes() == (again.folder / file).read_bytes(), file
