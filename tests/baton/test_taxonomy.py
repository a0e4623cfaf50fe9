"""Causes in two levels: what ships, and what a company brings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company, Kpis, Text
from baton.errors import CatalogueError
from baton.taxonomy import Taxonomy, load_taxonomy, shipped_taxonomies

HAN = re.compile("[\u4e00-\u9fff]")


def own(tmp_path: Path, content: str) -> Company:
    (tmp_path / "causes.toml").write_text(content, encoding="utf-8")
    return Company(path=tmp_path / "company.toml", text=Text(taxonomy="causes.toml"))


NOISE = """
[[cause]]
id = "noise"
name = { en = "Noise", zh = "噪声" }
description = { en = "It is too loud.", zh = "太吵了。" }
stage = "use"
owner = { en = "Facilities", zh = "物业" }
aliases = ["Loud room"]

[[cause]]
id = "noise_night"
parent = "noise"
name = { en = "At night", zh = "夜间" }
description = { en = "It is loud at night.", zh = "夜里太吵。" }
"""


def test_every_cause_that_ships_is_reported_in_both_languages_with_process_stage_and_owner() -> None:
    taxonomy = load_taxonomy()
    assert len(taxonomy.mains) >= 11
    for cause in taxonomy:
        assert HAN.search(cause.name.zh) and HAN.search(cause.description.zh), cause.id
        assert not HAN.search(cause.name.en + cause.description.en), cause.id
        assert cause.process and cause.stage and cause.owner, cause.id
        assert cause.parent is not None or sum(sub.parent == cause.id for sub in taxonomy) >= 4, cause.id


@pytest.mark.parametrize("name", shipped_taxonomies())
def test_the_kpis_that_causes_name_are_in_a_preset(name: str) -> None:
    known = load_catalogue(Company(kpis=Kpis(presets=("service", "product", "b2b", "internal"))))
    assert {kpi for cause in shipped(name) for kpi in cause.kpis} <= set(known)


def shipped(name: str) -> Taxonomy:
    return load_taxonomy(Company(text=Text(taxonomy=name)))


@pytest.mark.parametrize("name", shipped_taxonomies()[1:])
def test_the_causes_of_an_industry_are_whole_in_both_languages(name: str) -> None:
    taxonomy, general = shipped(name), load_taxonomy()
    own = [cause for cause in taxonomy if cause.id not in general]
    assert sum(cause.parent is None for cause in own) >= 6
    for cause in own:
        assert HAN.search(cause.name.zh) and HAN.search(cause.description.zh), cause.id
        assert not HAN.search(cause.name.en + cause.description.en), cause.id
        assert cause.process and cause.owner and cause.kpis, cause.id
        assert cause.stage in ("consultation", "delivery", "use", "renewal"), cause.id
        assert cause.aliases, cause.id
        assert cause.parent is not None or sum(sub.parent == cause.id for sub in taxonomy) >= 3, cause.id
    for language in ("en", "zh"):  # sub-causes are shown beside each other: no two may read alike
        names = [getattr(cause.name, language) for cause in own]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "label", "main"),
    [
        ("telecom", "携号转网受阻", "number"), ("telecom", "bill shock", "plan"), ("telecom", "late flight", "delivery_delay"),
        ("saas", "Feature request", "feature_gap"), ("saas", "SSO", "integration"), ("saas", "退订困难", "subscription"),
        ("retail", "return denied", "returns"), ("retail", "疑似假货", "goods"), ("retail", "Lost Luggage", "loss_damage"),
        ("bank", "ATM", "channel"), ("bank", "chargeback", "disputed"), ("bank", "理财纠纷", "investment"),
        ("public", "噪声扰民", "environment"), ("public", "pothole", "roads"), ("public", "拖欠工资", "work"),
    ],
)  # fmt: skip
def test_labels_of_an_industry_mean_a_cause(name: str, label: str, main: str) -> None:
    taxonomy = shipped(name)
    cause = taxonomy.find(label)
    assert cause is not None
    assert taxonomy.main(cause.id).id == main


def test_an_industry_leaves_out_general_causes_that_it_has_not() -> None:
    assert "booking" not in shipped("bank") and "booking_fails" not in shipped("bank")
    assert "billing_wrong_amount" in shipped("bank")


def test_a_company_stands_on_an_industry_and_leaves_causes_out(tmp_path: Path) -> None:
    found = load_taxonomy(own(tmp_path, 'extends = "telecom"\nwithout = ["number"]\n' + NOISE))
    assert "noise_night" in found and "plan_unwanted" in found and "billing" in found
    assert "number" not in found and "number_porting" not in found


def test_the_causes_of_the_simulated_companies_are_known(checkout: Path) -> None:
    worlds = checkout / "simulation" / "scenarios"
    taxonomy, seen = load_taxonomy(), 0
    for place in [*worlds.rglob("*texts*.toml")]:
        for name in tomllib.loads(place.read_text("utf-8")).get("causes", {}):
            seen += 1
            assert taxonomy.find(name) is not None, f"{place.name}: {name}"
    assert seen > 30


@pytest.mark.parametrize("label", ["late flight", "LATE_FLIGHT", " Late-Flight ", "delivery_delay_late", "晚到"])
def test_a_label_is_found_in_any_spelling(label: str) -> None:
    cause = load_taxonomy().find(label)
    assert cause is not None and load_taxonomy().main(cause.id).id == "delivery_delay"


def test_a_company_brings_its_own_causes_alone_or_on_top(tmp_path: Path) -> None:
    alone = load_taxonomy(own(tmp_path, NOISE))
    assert [cause.id for cause in alone] == ["noise", "noise_night"]
    assert alone["noise_night"].stage == "use" and alone.find("loud ROOM") == alone["noise"]
    both = load_taxonomy(own(tmp_path, 'extends = "general"\n' + NOISE))
    assert "billing" in both and "noise_night" in both
    below = 'extends = "general"\n' + NOISE.replace('parent = "noise"', 'parent = "billing"')
    assert load_taxonomy(own(tmp_path, below))["noise_night"].owner == both["billing"].owner


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (NOISE.replace("aliases", "alias"), "noise.*unknown key; did you mean 'aliases'"),
        (NOISE.replace('parent = "noise"', 'parent = "nois"'), "noise_night.parent.*'nois'; did you mean 'noise'"),
        (NOISE.replace("noise_night", "noise"), "'noise' is there twice"),
        (NOISE + 'aliases = ["loud room"]\n', "'loud room' stands for both 'noise' and 'noise_night'"),
        ('extend = "general"\n' + NOISE, "unknown key 'extend'; did you mean 'extends'"),
        ('extends = "telekom"\n' + NOISE, "no taxonomy is called 'telekom'; did you mean 'telecom'"),
        ('extends = "general"\nwithout = ["bookings"]\n' + NOISE, "no cause 'bookings'.*did you mean 'booking'"),
        ('without = ["booking"]\n' + NOISE, "write extends too"),
        ('extends = "general"\nwithout = "booking"\n' + NOISE, "without is a list"),
        ("", r"no \[\[cause\]\]"),
        ("[[cause]", "cannot be read"),
        (NOISE.replace('description = { en = "It is too loud.", zh = "太吵了。" }', ""), "noise.*description"),
    ],
)
def test_a_taxonomy_that_contradicts_itself_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        load_taxonomy(own(tmp_path, content))


def test_a_taxonomy_that_is_not_there_is_reported_with_its_path(tmp_path: Path) -> None:
    company = Company(path=tmp_path / "company.toml", text=Text(taxonomy="missing.toml"))
    with pytest.raises(CatalogueError, match="missing.toml: not there"):
        load_taxonomy(company)


@pytest.mark.parametrize(
    ("label", "main"),
    [
        ("Bad Flight", "quality_defect"),
        ("Can't Tell", "other"),
        ("Cancelled Flight", "delivery_delay"),
        ("Customer Service Issue", "no_resolution"),
        ("Damaged Luggage", "loss_damage"),
        ("Flight Attendant Complaints", "staff_attitude"),
        ("Flight Booking Problems", "booking"),
        ("Late Flight", "delivery_delay"),
        ("Lost Luggage", "loss_damage"),
        ("longlines", "wait"),
        ("Competitor made better offer", "price"),
        ("Attitude of support person", "staff_attitude"),
        ("Network reliability", "system_failure"),
        ("Extra data charges", "billing"),
        ("Moved", "other"),
    ],
)
def test_labels_of_public_sets_mean_a_cause(label: str, main: str) -> None:
    taxonomy = load_taxonomy()
    cause = taxonomy.find(label)
    assert cause is not None and taxonomy.main(cause.id).id == main


def test_a_kpi_that_there_is_not_is_refused_with_the_nearest(tmp_path: Path) -> None:
    text = '[[cause]]\nid = "noise"\nname = "Noise"\ndescription = "It is too loud."\nkpis = ["{kpi}"]\n'
    place = tmp_path / "causes.toml"
    company = Company(text=Text(taxonomy=str(place)))
    place.write_text(text.format(kpi="first_contact_resolutoin"))
    with pytest.raises(CatalogueError, match=r"cause 'noise'.*no KPI .*first_contact_resolution"):
        load_taxonomy(company)
    place.write_text(text.format(kpi="complaint_solved_rate"))  # of a preset that this company has not
    assert load_taxonomy(company)["noise"].kpis == ("complaint_solved_rate",)
