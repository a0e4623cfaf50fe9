"""The service preset is whole, means what the fixed ids promise, and reads well in both languages."""

from __future__ import annotations

import re

import pytest

from baton.catalogue.expressions import columns_of
from baton.catalogue.library import library_page
from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue, Text
from baton.company import Company
from baton.contract.sources import TABLES

FIXED = {
    # id: (source, role, better)
    "response_seconds": ("cases", "lever", "lower"),
    "handle_seconds": ("cases", "lever", "lower"),
    "first_contact_resolution": ("cases", "lever", "higher"),
    "transfer_rate": ("cases", "lever", "lower"),
    "reopen_rate": ("cases", "lever", "lower"),
    "on_time_rate": ("cases", "lever", "higher"),
    "cost_per_case": ("cases", "lever", "lower"),
    "wait_seconds": ("cases", "lever", "lower"),
    "csat": ("cases", "outcome", "higher"),
    "nps": ("cases", "outcome", "higher"),
    "promise_kept": ("measures", "lever", "higher"),
    "knowledge_use": ("measures", "lever", "higher"),
    "script_adherence": ("measures", "lever", "higher"),
    "mandatory_training": ("measures", "lever", "higher"),
    "training_hours": ("work", "lever", "higher"),
    "coaching_sessions": ("work", "lever", "higher"),
    "quality_score": ("work", "outcome", "higher"),
    "occupancy": ("work", "context", "lower"),
    "customer_lifetime_value": ("customers", "outcome", "higher"),
    "churn_rate": ("customers", "outcome", "lower"),
    "retention_rate": ("customers", "outcome", "higher"),
    "key_revenue_share": ("customers", "outcome", "higher"),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(Company())


def test_it_covers_stages_layers_and_perspectives(catalogue: Catalogue) -> None:
    kpis = list(catalogue.values())
    assert len(kpis) >= 36
    for stage in catalogue.stages:
        inside = [kpi for kpi in kpis if kpi.stage == stage.id]
        assert len(inside) >= 3, stage.id
        assert any(kpi.moment_of_truth for kpi in inside), stage.id
        assert any(kpi.role == "lever" for kpi in inside), stage.id
    for layer in ("strategic", "operational", "role"):
        assert sum(kpi.layer == layer for kpi in kpis) >= 5
    for perspective in ("customer", "financial", "process", "learning"):
        assert sum(kpi.perspective == perspective for kpi in kpis) >= 4


@pytest.mark.parametrize("name", sorted(FIXED))
def test_fixed_ids_keep_their_meaning(catalogue: Catalogue, name: str) -> None:
    kpi = catalogue[name]
    assert (kpi.source, kpi.role, kpi.better) == FIXED[name]


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


def test_speed_and_cost_are_never_pushed_without_a_watch(catalogue: Catalogue) -> None:
    guards = {other for kpi in catalogue.values() for other in kpi.guards}
    assert {"handle_seconds", "cost_per_case", "csat", "nps"} <= guards


def test_every_text_is_written_in_both_languages(catalogue: Catalogue) -> None:
    texts: list[tuple[str, Text]] = [(stage.id, stage.name) for stage in catalogue.stages]
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


def test_the_page_names_every_kpi_and_action(catalogue: Catalogue) -> None:
    page = library_page(catalogue)
    for kpi in catalogue.values():
        assert f"### `{kpi.id}` {kpi.name.en} · {kpi.name.zh}" in page
    assert all(action.advice.zh in page for action in catalogue.actions)
