"""The b2b preset is whole: people own what they handle, suppliers own what they deliver, and it reads well in both languages."""

from __future__ import annotations

import re

import pytest

from baton.catalogue.expressions import columns_of
from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue, Text
from baton.company import Company
from baton.contract.sources import TABLES

FIXED = {
    # id: (source, role, better, owner)
    "response_seconds": ("cases", "lever", "lower", "employee"),
    "reached_before_expiry": ("cases", "lever", "higher", "employee"),
    "second_needs_found": ("measures", "lever", "higher", "employee"),
    "margin_rate": ("measures", "lever", "higher", "employee"),
    "go_live_right_first_time": ("cases", "lever", "higher", "employee"),
    "project_delay_days": ("cases", "lever", "lower", "employee"),
    "go_live_follow_up": ("measures", "lever", "higher", "employee"),
    "project_cost": ("cases", "lever", "lower", "employee"),
    "visits_per_account": ("measures", "lever", "higher", "employee"),
    "first_time_fix_rate": ("cases", "lever", "higher", "employee"),
    "cost_per_visit": ("cases", "lever", "lower", "employee"),
    "supplier_on_time_rate": ("cases", "lever", "higher", "team"),
    "supplier_defect_rate": ("cases", "lever", "lower", "team"),
    "supplier_price_saving": ("measures", "lever", "higher", "team"),
    "supplier_complaint_share": ("measures", "mediator", "lower", "team"),
    "supplier_score": ("measures", "outcome", "higher", "team"),
    "project_success_rate": ("cases", "mediator", "higher", "employee"),
    "project_repurchase": ("activity", "mediator", "higher", None),
    "cooperation_depth": ("activity", "mediator", "higher", None),
    "key_account_renewal_rate": ("measures", "outcome", "higher", "employee"),
    "csat": ("cases", "outcome", "higher", "employee"),
    "nps": ("cases", "outcome", "higher", "employee"),
    "customer_lifetime_value": ("customers", "outcome", "higher", "team"),
    "retention_rate": ("customers", "outcome", "higher", "team"),
    "key_revenue_share": ("customers", "outcome", "higher", "team"),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(Company.model_validate({"company": {"scenario": "b2b"}, "kpis": {"presets": ["b2b"]}}))


def test_it_covers_stages_layers_and_perspectives(catalogue: Catalogue) -> None:
    kpis = list(catalogue.values())
    assert len(kpis) >= 48
    for stage in catalogue.stages:
        inside = [kpi for kpi in kpis if kpi.stage == stage.id]
        assert len(inside) >= 3, stage.id
        assert any(kpi.moment_of_truth for kpi in inside), stage.id
        assert any(kpi.role == "lever" for kpi in inside), stage.id
    for layer in ("strategic", "operational", "role"):
        assert sum(kpi.layer == layer for kpi in kpis) >= 10, layer
    for perspective in ("customer", "financial", "process", "learning"):
        assert sum(kpi.perspective == perspective for kpi in kpis) >= 6, perspective
    for role in ("lever", "mediator", "outcome", "context"):
        assert catalogue.with_role(role), role


@pytest.mark.parametrize("name", sorted(FIXED))
def test_fixed_ids_keep_their_meaning_and_their_owner(catalogue: Catalogue, name: str) -> None:
    kpi = catalogue[name]
    assert (kpi.source, kpi.role, kpi.better, kpi.owner) == FIXED[name]


def test_what_suppliers_own_is_given_by_delivery_or_by_purchasing_and_no_single_person_answers(
    catalogue: Catalogue,
) -> None:
    owned = [kpi for kpi in catalogue.with_role("lever") if kpi.owner == "team"]
    assert len(owned) >= 4
    for kpi in owned:
        assert kpi.id.startswith("supplier_"), kpi.id
        assert set(kpi.grains) == ({"customer", "team"} if kpi.source == "cases" else {"team"}), kpi.id


def test_every_kpi_uses_columns_that_the_contract_has(catalogue: Catalogue) -> None:
    for kpi in catalogue.values():
        for text in (kpi.expr, kpi.denominator):
            if text is not None:
                assert columns_of(text) <= set(TABLES[kpi.source].names), kpi.id


def test_only_levers_claim_to_be_controllable_and_all_levers_do(catalogue: Catalogue) -> None:
    for kpi in catalogue.values():
        assert (kpi.controllable is not None) == (kpi.role == "lever"), kpi.id


def test_every_lever_says_what_people_need_and_has_an_owner_and_an_action(catalogue: Catalogue) -> None:
    for kpi in catalogue.with_role("lever"):
        assert kpi.needs, kpi.id
        assert kpi.owner is not None, kpi.id
        assert catalogue.actions_for(kpi.id, kpi.owner), kpi.id


def test_arrows_lead_away_from_levers_and_never_back(catalogue: Catalogue) -> None:
    for kpi in catalogue.values():
        for other in kpi.leads_to:
            if kpi.role == "outcome":
                assert catalogue[other].role == "outcome", f"{kpi.id} → {other}"
            if kpi.role == "mediator":
                assert catalogue[other].role != "lever", f"{kpi.id} → {other}"


def test_haste_and_cost_are_never_pushed_without_a_watch(catalogue: Catalogue) -> None:
    guards = {other for kpi in catalogue.values() for other in kpi.guards}
    assert {
        "margin_rate",
        "discount_rate",
        "cost_per_visit",
        "project_cost",
        "supplier_price_saving",
        "csat",
        "nps",
    } <= guards
    for kpi in catalogue.values():
        assert kpi.id not in kpi.guards, kpi.id
        assert all(catalogue[other].role in ("lever", "outcome") for other in kpi.guards), kpi.id


def test_every_text_is_written_in_both_languages(catalogue: Catalogue) -> None:
    texts: list[tuple[str, Text]] = []
    for kpi in catalogue.values():
        assert kpi.description is not None, kpi.id
        texts += [(kpi.id, kpi.name), (kpi.id, kpi.description), *((kpi.id, need) for need in kpi.needs)]
    for action in catalogue.actions:
        assert action.needs, action.id
        texts += [(action.id, action.name), (action.id, action.advice), *((action.id, need) for need in action.needs)]
    for place, text in texts:
        assert re.search(r"[\u4e00-\u9fff]", text.zh), f"{place}: {text.zh}"
        assert not re.search(r"[\u4e00-\u9fff]", text.en), f"{place}: {text.en}"


def test_no_two_kpis_carry_the_same_name(catalogue: Catalogue) -> None:
    for language in ("en", "zh"):
        names = [getattr(kpi.name, language) for kpi in catalogue.values()]
        assert len(names) == len(set(names))


def test_actions_help_persons_teams_and_processes(catalogue: Catalogue) -> None:
    levels = [action.level for action in catalogue.actions]
    assert min(levels.count(level) for level in ("employee", "team", "process")) >= 8
    for action in catalogue.actions:
        # a person is not coached on what only a team owns
        assert not (action.level == "employee" and "employee" not in catalogue[action.kpi].grains), action.id
