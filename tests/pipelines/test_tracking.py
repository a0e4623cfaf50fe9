"""A run's models reach the registry, and a champion that was tested on other rows is tested again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.company import Company
from baton.errors import ArtefactError
from baton.files import RunFolder, read_json
from baton.outcomes import outcome_folder
from features.training.table import TrainingTable
from models.integrity.model_file import model_file
from models.registry.champions import Registry
from models.registry.promotion import Origin
from pipelines import tracking
from pipelines.train import train


def table(months: int, *, forgotten: int = 0, seen: bool = False) -> TrainingTable:
    """Customers by month; outcomes of the first months may be lost to chance, and the cause may be seen as it is."""
    generator = np.random.default_rng(5)
    as_of = pd.date_range("2024-01-01", periods=months, freq="MS").repeat(60)
    unit = [f"c{number}" for number in range(60)] * months
    cause = generator.normal(size=len(unit))
    leaves = (cause + 0.2 * generator.normal(size=len(unit)) > 0.5).astype(float)
    leaves[: 60 * forgotten] = generator.permutation(leaves[: 60 * forgotten])
    frame = pd.DataFrame({"unit_id": unit, "as_of": as_of, "label": leaves, "group": unit})
    frame["wait_seconds__30d"] = cause + generator.normal(size=len(unit))
    features = ("wait_seconds__30d",)
    if seen:
        frame["reopen_rate__30d"], features = cause, (*features, "reopen_rate__30d")
    return TrainingTable(
        outcome="churn",
        kind="probability",
        unit="customer",
        frame=frame,
        features=features,
        kpi_of={name: name.split("__")[0] for name in features},
        latest=frame["as_of"].max(),
        horizon_days=30,
    )


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(path=tmp_path / "company.toml")


def trained(company: Company, name: str, rows: TrainingTable) -> RunFolder:
    folder = RunFolder(company.folder / name).create()
    rows.save(outcome_folder(folder.training, "churn"))
    train(company, folder, {"churn": rows})
    return folder


def champions(company: Company) -> list[int]:
    return [row["version"] for row in tracking.list_models(company) if row["alias"] == "champion"]


def test_models_of_later_runs_replace_the_champion_only_if_better_on_their_rows(company: Company) -> None:
    assert tracking.list_models(company) == []
    first = trained(company, "first", table(6))
    assert tracking.track(company, first, Origin({"cases": "a"})) == []
    assert tracking.track(company, first, Origin({"cases": "a"})) == []
    assert champions(company) == [1]
    # a month later, most of what there is to learn from has been lost
    worse = trained(company, "worse", table(7, forgotten=5))
    notes = [note.text for note in tracking.track(company, worse, Origin({"cases": "b"}))]
    assert len(notes) == 1
    assert "version 1 stays champion, version 2 is no better" in notes[0]
    assert "(version 2 is no better than guessing)" in notes[0]
    # and then the cause itself is seen
    better = trained(company, "better", table(8, seen=True))
    assert tracking.track(company, better, Origin({"cases": "c"})) == []
    assert champions(company) == [3]
    assert [row["version"] for row in tracking.rollback(company, "churn") if row["alias"] == "champion"] == [1]
    assert tracking.promote(company, "churn", 2, force=True)[1]["alias"] == "champion"


def test_champions_of_other_data_or_with_changed_files_are_replaced_with_a_note(company: Company) -> None:
    folder = trained(company, "first", table(6))
    assert tracking.track(company, folder, Origin({"activity": "a"}, "wrong mapping")) == []
    (note,) = (each.text for each in tracking.track(company, folder, Origin({"activity": "b"}, "right mapping")))
    assert note.startswith("churn: version 2 replaces champion 1 without a comparison: the data of version 1 mean")
    first, second = tracking.list_models(company)
    assert (first["alias"], second["alias"]) == ("", "champion")
    assert first["data"] != second["data"]
    assert first["meaning"] != second["meaning"]
    champion = Registry(company).place("churn", 2)
    model_file(champion).write_text("tree", encoding="utf-8")
    (note,) = (each.text for each in tracking.track(company, folder, Origin({"activity": "c"}, "right mapping")))
    assert note.startswith("churn: version 3 replaces champion 2, which cannot be used: churn version 2: ")
    assert champions(company) == [3]
    named = read_json(folder.file("models.json"))["churn"]
    assert (named["model"], named["champion"], named["meaning"]) == ("churn/3", "churn/3", "right mapping")


def test_a_run_without_figures_is_reported(company: Company) -> None:
    with pytest.raises(ArtefactError, match=r"evaluation\.json: not there"):
        tracking.track(company, RunFolder(company.folder / "out"), Origin({}))


def test_a_champion_is_kept_through_a_feature_that_is_gone(company: Company) -> None:
    before = table(6)
    tracking.track(company, trained(company, "before", before), Origin({}))
    frame = before.frame.rename(columns={"wait_seconds__30d": "wait_seconds__60d"})
    described = {"frame": frame, "features": ("wait_seconds__60d",), "kpi_of": {"wait_seconds__60d": "wait_seconds"}}
    renamed = TrainingTable(**{**vars(before), **described, "latest": before.latest})
    tracking.track(company, trained(company, "after", renamed), Origin({}))
    # the same rows, the same metrics: nothing distinguishes them, so the champion stays
    assert champions(company) == [1]
    assert Registry(company).compare("churn", 2).reason == "no metric distinguishes them on the same test set"
