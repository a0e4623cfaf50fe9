"""The preset of internal customers is whole, alone and beside every other preset, in both languages."""

from __future__ import annotations

import re

import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.company import Company


def catalogue_of(*presets: str) -> Catalogue:
    return load_catalogue(Company.model_validate({"kpis": {"presets": list(presets)}}))


def test_it_brings_what_internal_customers_care_for() -> None:
    catalogue = catalogue_of("internal")
    assert len(catalogue) >= 12
    assert {
        "hr_satisfaction", "finance_satisfaction", "it_satisfaction", "price_against_market", "major_incidents",
        "major_incident_hours", "voluntary_user_share", "freely_won_clients", "answered_within_day",
        "change_disturbance_rate", "service_stability",
    } <= set(catalogue)  # fmt: skip
    for key in ("stage", "layer", "perspective"):
        assert len({getattr(kpi, key) for kpi in catalogue.values()} - {"any"}) >= 3, key
    assert {kpi.role for kpi in catalogue.values()} == {"lever", "mediator", "outcome"}


def test_every_lever_has_needs_an_owner_and_an_action_and_arrows_never_lead_back() -> None:
    catalogue = catalogue_of("internal")
    for kpi in catalogue.values():
        assert (kpi.controllable is not None) == (kpi.role == "lever"), kpi.id
        if kpi.role == "lever":
            assert kpi.needs, kpi.id
            assert catalogue.actions_for(kpi.id, kpi.owner or ""), kpi.id
        for other in kpi.leads_to if kpi.role == "mediator" else ():
            assert catalogue[other].role != "lever", f"{kpi.id} → {other}"


@pytest.mark.parametrize("beside", ["service", "product", "b2b"])
def test_it_stands_beside_the_preset_of_every_scenario(beside: str) -> None:
    both, own, other = catalogue_of(beside, "internal"), catalogue_of("internal"), catalogue_of(beside)
    assert len(both) == len(own) + len(other)


def test_every_text_is_written_in_both_languages() -> None:
    catalogue = catalogue_of("internal")
    for item in (*catalogue.values(), *catalogue.actions):
        sentence = item.advice if hasattr(item, "advice") else item.description  # type: ignore[union-attr]
        for text in (item.name, sentence, *item.needs):
            assert text is not None, item.id
            assert re.search(r"[\u4e00-\u9fff]", text.zh), item.id
            assert not re.search(r"[\u4e00-\u9fff]", text.en), item.id
