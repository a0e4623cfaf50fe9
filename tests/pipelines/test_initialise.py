"""`baton init` writes a company file that loads and explains every setting."""

from __future__ import annotations

import re
import tomllib
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from baton.catalogue.load import load_catalogue
from baton.company import Company, TableSource, load_company
from baton.contract.sources import TABLES
from baton.errors import CompanyFileError, OutputError
from pipelines.initialise import initialise


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    initialise(tmp_path / "new")
    return tmp_path / "new"


def switched_on(text: str) -> str:
    """The text with the # taken away from lines that hold TOML."""
    return re.sub(r"(?m)^# ?(?=\[|[a-z_]+ = )", "", text)


def test_what_it_writes_loads_with_the_contracts_defaults(folder: Path) -> None:
    company = load_company(folder)
    defaults = Company()
    for section in (
        "snapshots",
        "text",
        "policy",
        "privacy",
        "access",
        "alerts",
        "retraining",
        "engine",
        "accept",
        "faults",
    ):
        assert getattr(company, section) == getattr(defaults, section), section
    assert set(company.tables) == {"customers", "cases", "employees"}
    assert len(load_catalogue(company)) == len(load_catalogue(defaults))


def test_every_setting_of_every_section_stands_in_it_with_its_default(folder: Path) -> None:
    text = (folder / "company.toml").read_text("utf-8")
    raw = tomllib.loads(switched_on(text))

    def missing(model: type[BaseModel], found: dict[str, object], path: str) -> list[str]:
        lacking = []
        for name, field in model.model_fields.items():
            value = found.get(name)
            inner = [part for part in (field.annotation, *typing.get_args(field.annotation)) if isinstance(part, type)]
            nested = next((part for part in inner if issubclass(part, BaseModel)), None)
            if value is None:
                lacking.append(f"{path}{name}")
            elif nested is not None and nested is not TableSource:
                row = value[0] if isinstance(value, list) else value
                lacking += missing(nested, row, f"{path}{name}.")  # type: ignore[arg-type]
        return lacking

    assert [name for name in missing(Company, raw, "") if name != "path"] == []
    assert set(raw["tables"]) == set(TABLES)
    for key in TableSource.model_fields:
        assert re.search(rf"\b{key}\b", text), key


def test_switched_on_examples_load_too(folder: Path) -> None:
    for name in ("company.toml", "kpis.toml"):
        path = folder / name
        path.write_text(switched_on(path.read_text("utf-8")), encoding="utf-8")
    company = load_company(folder)
    catalogue = load_catalogue(company)
    assert catalogue["refund_within_two_days"].moment_of_truth
    assert catalogue.stages[-1].id == "repair"
    assert company.outcomes.case is not None
    assert company.outcomes.decline[0].unit == "team"


def test_what_is_there_already_stays(folder: Path) -> None:
    (folder / "company.toml").unlink()
    (folder / "kpis.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"kpis\.toml: is there already"):
        initialise(folder)
    assert (folder / "kpis.toml").read_text("utf-8") == "mine"
    assert not (folder / "company.toml").exists()


@pytest.mark.parametrize("scenario", ["service", "product", "b2b"])
def test_each_scenario_starts_from_its_own_preset(tmp_path: Path, scenario: str) -> None:
    initialise(tmp_path / scenario, scenario)
    company = load_company(tmp_path / scenario)
    assert company.company.scenario == scenario
    assert company.presets == (scenario,)
    assert len(load_catalogue(company)) >= 30


def test_internal_customers_are_a_preset_beside_a_scenario_and_none_themselves(tmp_path: Path) -> None:
    with pytest.raises(CompanyFileError, match="scenario 'internal'"):
        initialise(tmp_path / "new", "internal")


def test_a_scenario_without_a_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompanyFileError, match="scenario 'serivce'.* did you mean 'service'"):
        initialise(tmp_path / "new", "serivce")
    assert not (tmp_path / "new").exists()


def test_what_the_folder_lacks_is_left_out(tmp_path: Path) -> None:
    for name in ("cases.csv", "Teams.csv", "work.parquet"):
        (tmp_path / name).touch()
    initialise(tmp_path)
    company = load_company(tmp_path)
    assert {name: table.path for name, table in company.tables.items()} == {
        "cases": "cases.csv",
        "teams": "Teams.csv",
        "work": "work.parquet",
    }
    assert company.outcomes.churn is None


def test_leaving_is_given_by_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "activity.csv").touch()
    initialise(tmp_path)
    company = load_company(tmp_path)
    assert company.outcomes.churn is not None
    assert company.outcomes.churn.rule == "inactive"
