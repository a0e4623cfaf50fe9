"""The registry: the first is champion, a challenger must be better on the same rows, and nothing is pickled."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Company
from baton.errors import ArtefactError, DamagedModelError, OutputError, PromotionError
from features.training.table import TrainingTable
from models.prediction.churn import ChurnPredictor
from models.prediction.linear import fit_linear
from models.prediction.predictor import load_predictor
from models.registry.answering import load_champion
from models.registry.champions import Registry
from models.registry.promotion import Origin, verdict
from models.registry.store import _empty_database

ENTRY = {"rows": 80, "split": "in time", "test_fingerprint": "rows-of-may", "log_loss": 0.5, "brier": 0.2, "auc": 0.7}


def table() -> TrainingTable:
    generator = np.random.default_rng(3)
    number = 300
    frame = pd.DataFrame(
        {
            "unit_id": [f"c{n}" for n in range(number)],
            "as_of": pd.Timestamp("2025-01-01"),
            "group": [f"c{n}" for n in range(number)],
            "wait_seconds__30d": generator.normal(size=number),
            "segment": pd.Categorical(generator.choice(["gold", "plain"], number)),
        }
    )
    # trees are learned, since no line foresees it
    frame["label"] = (2 * frame["wait_seconds__30d"].abs() + generator.normal(size=number) > 1.3).astype(float)
    return TrainingTable(
        outcome="churn",
        kind="probability",
        unit="customer",
        frame=frame,
        features=("wait_seconds__30d", "segment"),
        kpi_of={"wait_seconds__30d": "wait_seconds", "segment": "_context"},
        latest=None,
        temporal=False,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A predictor's folder."""
    folder = tmp_path_factory.mktemp("predictor")
    ChurnPredictor.fit(table(), 1).save(folder)
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty registry's database: making one takes seconds, copying it none."""
    folder = tmp_path_factory.mktemp("empty")
    Registry(Company(path=folder / "company.toml"), create=True)
    return folder / ".baton"


@pytest.fixture
def company(tmp_path: Path, empty: Path) -> Company:
    shutil.copytree(empty, tmp_path / "firm" / ".baton")
    return Company(path=tmp_path / "firm" / "company.toml")


def log(company: Company, predictor: Path, trees: int = 0, meaning: str = "m", **entry: Any) -> int:
    """Register a variant of a predictor."""
    variant = company.folder / f"variant-{trees}"
    if not variant.exists():
        found = load_predictor(predictor)
        replace(found, about={**found.about, "variant": trees}).save(variant)
    return Registry(company, create=True).log(
        "churn", variant, entry={**ENTRY, **entry}, origin=Origin({"cases": "abc"}, meaning), parameters={"seed": 7}
    )[0]


def aliases(company: Company) -> dict[int, str]:
    return {version.version: version.alias for version in Registry(company).versions("churn")}


def test_the_first_model_is_champion_and_the_next_a_challenger(company: Company, trained: Path) -> None:
    assert [log(company, trained, 1), log(company, trained, 2, log_loss=0.6)] == [1, 2]
    assert aliases(company) == {1: "champion", 2: "challenger"}


def test_the_champion_loads_and_predicts_what_was_trained(company: Company, trained: Path) -> None:
    log(company, trained)
    folder, version = load_champion(company, "churn")
    features = table().frame[["wait_seconds__30d", "segment"]]
    assert version == 1
    np.testing.assert_array_equal(load_predictor(folder).predict(features), load_predictor(trained).predict(features))


def test_nothing_in_the_registry_is_pickled_and_the_model_has_a_signature(company: Company, trained: Path) -> None:
    log(company, trained)
    folder, _ = load_champion(company, "churn")
    names = {path.name for path in folder.iterdir()}
    ours = {"model.lgb", "predictor.json", "probe.json", "manifest.json"}
    assert names == {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"} | ours
    described = (folder / "MLmodel").read_text("utf-8")
    assert "wait_seconds__30d" in described
    assert "code: null" in described
    assert "lightgbm==" in (folder / "requirements.txt").read_text("utf-8")


def test_mlflow_itself_loads_the_model(company: Company, trained: Path) -> None:
    import mlflow.lightgbm

    log(company, trained)
    folder, _ = load_champion(company, "churn")
    booster = mlflow.lightgbm.load_model(str(folder))
    assert booster.num_feature() == 2


def test_a_linear_model_is_registered_and_answers_as_champion(company: Company, trained: Path) -> None:
    found, rows = load_predictor(trained), table().frame[["wait_seconds__30d", "segment"]]
    label = table().frame["label"].to_numpy(dtype=np.float64)
    model = fit_linear(found.encoding.matrix(rows), label, categorical=found.encoding.categorical, weight=0.1)
    replace(found, model=model).save(company.folder / "variant-1")
    assert [log(company, trained, 1), log(company, trained, 1)] == [1, 1]
    folder, _ = load_champion(company, "churn")
    ours = {"linear.json", "predictor.json", "probe.json", "manifest.json"}
    assert {path.name for path in folder.iterdir()} == {"MLmodel"} | ours
    assert "wait_seconds__30d" in (folder / "MLmodel").read_text("utf-8")
    np.testing.assert_array_equal(load_predictor(folder).raw(rows), replace(found, model=model).raw(rows))


def test_the_same_model_is_registered_once(company: Company, trained: Path) -> None:
    assert [log(company, trained, 1), log(company, trained, 1)] == [1, 1]
    assert aliases(company) == {1: "champion"}


@pytest.mark.parametrize(
    ("challenger", "better"),
    [
        ({"log_loss": 0.49}, True),
        ({"log_loss": 0.51}, False),
        ({"log_loss": 0.50}, False),
        ({"log_loss": 0.50, "brier": 0.19}, True),
        ({"log_loss": 0.40, "test_fingerprint": "rows-of-june"}, False),
    ],
)
def test_a_challenger_is_promoted_only_if_better_on_the_same_rows(
    company: Company, trained: Path, challenger: dict[str, Any], better: bool
) -> None:
    log(company, trained, 1)
    log(company, trained, 2, **challenger)
    registry = Registry(company)
    if better:
        registry.promote("churn", 2)
        assert aliases(company) == {1: "", 2: "champion"}
    else:
        with pytest.raises(PromotionError, match="--force promotes it nevertheless"):
            registry.promote("churn", 2)
        assert aliases(company) == {1: "champion", 2: "challenger"}


def test_force_promotes_and_rollback_goes_back_step_by_step(company: Company, trained: Path) -> None:
    for number in (1, 2, 3):
        log(company, trained, number, log_loss=0.5 + number)
    registry = Registry(company)
    registry.promote("churn", 2, force=True)
    registry.promote("churn", 3, force=True)
    assert [registry.rollback("churn"), registry.rollback("churn")] == [2, 1]
    assert aliases(company)[1] == "champion"
    with pytest.raises(ArtefactError, match="no champion before the present one"):
        registry.rollback("churn")


def test_a_champion_tested_again_on_the_challengers_rows_can_be_compared(company: Company, trained: Path) -> None:
    log(company, trained, 1)
    log(company, trained, 2, log_loss=0.4, test_fingerprint="rows-of-june")
    registry = Registry(company)
    registry.note_test("churn", 1, "rows-of-june", {"log_loss": 0.45})
    assert registry.compare("churn", 2).better
    registry.note_test("churn", 1, "rows-of-june", {"log_loss": 0.35})
    assert not registry.compare("churn", 2).better


def test_a_folder_that_was_moved_still_finds_its_models(company: Company, trained: Path, tmp_path: Path) -> None:
    log(company, trained, 1)
    shutil.move(company.folder, tmp_path / "moved")
    moved = Company(path=tmp_path / "moved" / "company.toml")
    assert load_champion(moved, "churn")[0].is_relative_to(tmp_path / "moved")
    log(moved, trained, 2)
    assert Registry(moved).place("churn", 2).is_relative_to(tmp_path / "moved")


@pytest.mark.parametrize(
    ("outcome", "version", "message"),
    [("churn", 9, "no version 9; there are 1"), ("chrn", 1, "no registered model; there are churn")],
)
def test_an_unknown_version_or_outcome_is_refused_with_what_there_is(
    company: Company, trained: Path, outcome: str, version: int, message: str
) -> None:
    log(company, trained)
    with pytest.raises(ArtefactError, match=message):
        Registry(company).promote(outcome, version)
    with pytest.raises(ArtefactError, match=message):
        Registry(company).place(outcome, version)


def test_a_company_without_a_registry_learns_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="`baton run` registers them"):
        load_champion(Company(path=tmp_path / "company.toml"), "churn")


def test_the_registry_is_readable_by_its_owner_alone(company: Company, trained: Path) -> None:
    log(company, trained)
    assert (company.folder / ".baton").stat().st_mode & 0o077 == 0


def test_a_registry_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".baton").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="the registry cannot be written"):
        Registry(Company(path=tmp_path / "company.toml"), create=True)


def test_numbers_are_compared_by_rmse() -> None:
    assert verdict({"rmse": 1.0}, {"rmse": 1.1}).better
    assert not verdict({"rmse": 1.1}, {"rmse": 1.0}).better


GUESSES = {"auc": 0.52, "intervals": {"auc": [0.44, 0.6]}}
KNOWS = {"auc": 0.7, "intervals": {"auc": [0.6, 0.8]}}


def test_figures_of_data_that_mean_something_else_are_not_compared_and_the_newer_counts(
    company: Company, trained: Path
) -> None:
    log(company, trained, 1, log_loss=0.1)
    log(company, trained, 2, meaning="another", log_loss=0.6)
    found = Registry(company).compare("churn", 2)
    assert found.better
    assert found.replaced
    assert found.reason == "the data of version 1 mean something else, so the newer one counts"
    registry = Registry(company)
    registry.promote("churn", 2)
    with pytest.raises(PromotionError, match="so their figures cannot be compared"):
        registry.promote("churn", 1)
    assert [version.meaning for version in registry.versions("churn")] == ["m", "another"]


@pytest.mark.parametrize(("first", "second", "better"), [(KNOWS, GUESSES, False), (GUESSES, KNOWS, True)])
def test_a_model_no_better_than_guessing_never_replaces_one_that_is(
    company: Company, trained: Path, first: dict[str, Any], second: dict[str, Any], better: bool
) -> None:
    log(company, trained, 1, log_loss=0.5, **first)
    # neither its better log loss nor another meaning of its data helps it
    log(company, trained, 2, log_loss=0.4 if not better else 0.6, meaning="m" if better else "another", **second)
    assert Registry(company).compare("churn", 2).better is better


def test_the_same_model_of_other_data_is_a_version_of_its_own(company: Company, trained: Path) -> None:
    assert [log(company, trained, 1), log(company, trained, 1, meaning="another")] == [1, 2]


def test_a_version_whose_files_were_changed_is_neither_promoted_nor_gone_back_to(
    company: Company, trained: Path
) -> None:
    log(company, trained, 1)
    log(company, trained, 2, log_loss=0.4)
    registry = Registry(company)
    place = registry.place("churn", 1)
    registry.promote("churn", 2)
    (place / "predictor.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DamagedModelError, match=r"churn version 1: .*predictor\.json: was changed after training"):
        registry.rollback("churn")
    assert aliases(company) == {1: "", 2: "champion"}


@pytest.mark.parametrize("step", ["log_artifacts", "log_dict", "create_model_version"])
def test_a_disk_that_is_full_while_registering_leaves_no_version(
    company: Company, trained: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, step, full)
        with pytest.raises(OutputError, match="the registry cannot be written .No space left on device.; nothing was"):
            log(company, trained, 1)
    assert Registry(company).versions("churn") == []
    assert log(company, trained, 1) == 1
    assert aliases(company) == {1: "champion"}


def test_a_damaged_registry_is_reported(company: Company) -> None:
    (company.folder / ".baton" / "mlflow.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(ArtefactError, match=r"mlflow\.db: the registry cannot be read"):
        load_champion(company, "churn")


class Made:
    """A client that has made a database, or half of one."""

    def __init__(self, database: Path, whole: Path | None) -> None:
        if whole is None:
            database.write_text("half")
            raise OSError(28, "database or disk is full", str(database))
        shutil.copyfile(whole, database)

    def __getattr__(self, _: str) -> Any:
        return lambda: self

    store = _tracking_client = property(lambda self: self)


def no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_registry_that_cannot_be_made_whole_is_not_there(
    tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, folder = Company(path=tmp_path / "company.toml"), tmp_path / ".baton"
    # as in a process that has made none yet
    monkeypatch.setattr("models.registry.store._empty_database", _empty_database.__wrapped__)
    with monkeypatch.context() as patch, pytest.raises(OutputError, match="no space left; .* TMPDIR"):
        patch.setattr("models.registry.store._client", lambda database: Made(database, None))
        Registry(company, create=True)
    assert list(folder.iterdir()) == []
    monkeypatch.setattr("models.registry.store._client", lambda database: Made(database, empty / "mlflow.db"))
    with (
        monkeypatch.context() as patch,
        pytest.raises(OutputError, match=r"mlflow\.db: cannot be written .*run again$"),
    ):
        patch.setattr("baton.files.os.replace", no_space)
        Registry(company, create=True)
    assert list(folder.iterdir()) == []
