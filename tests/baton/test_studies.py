"""Where coaching actions come from: every study that is named is there, with the size of its effect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from baton.catalogue.load import available_presets, load_catalogue
from baton.company import Company
from baton.errors import CatalogueError


def test_every_study_that_ships_gives_a_size_or_says_that_there_is_none() -> None:
    studies = load_catalogue(Company()).studies
    assert len(studies) >= 8
    for study in studies.values():
        assert re.search(r"\d%|standard deviations|no size of effect", study.found.en), study.id
        assert re.search(r"\d%|个标准差|无效应量", study.found.zh), study.id
        assert re.match(r"10\.\d{4,}/", str(study.doi)), study.id


def test_every_study_stands_behind_some_action() -> None:
    named = set()
    for preset in available_presets():
        catalogue = load_catalogue(Company.model_validate({"kpis": {"presets": [preset]}}))
        named |= {action.study for action in catalogue.actions}
    assert named - {None} == set(load_catalogue(Company()).studies)


def own_action(tmp_path: Path, study: str) -> Company:
    (tmp_path / "own.toml").write_text(
        f"""
[[action]]
id = "own_action"
kpi = "csat"
level = "employee"
name = "Talk"
advice = "Talk it over."
study = "{study}"

[[study]]
id = "our_trial"
citation = "Our trial"
year = 2025
found = "up by 5%"
""",
        encoding="utf-8",
    )
    return Company.model_validate({"kpis": {"files": [str(tmp_path / "own.toml")]}})


def test_a_company_names_a_study_of_its_own(tmp_path: Path) -> None:
    catalogue = load_catalogue(own_action(tmp_path, "our_trial"))
    assert catalogue.studies["our_trial"].found.en == "up by 5%"


def test_a_study_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"action own_action: no study 'our_tral', did you mean|our_trial"):
        load_catalogue(own_action(tmp_path, "our_tral"))
