"""A model that is not as it was trained is refused by a sentence, and never ends the process that reads it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.errors import ArtefactError, DamagedModelError
from features.training.table import TrainingTable
from models.integrity.isolation import require_sound
from models.integrity.manifest import write_manifest
from models.integrity.trees import check_trees
from models.prediction.churn import ChurnPredictor
from models.prediction.fitted_model import TreeModel
from models.prediction.predictor import load_predictor


def table() -> TrainingTable:
    generator = np.random.default_rng(3)
    number = 1200
    frame = pd.DataFrame(
        {
            "unit_id": [f"c{n}" for n in range(number)],
            "as_of": pd.Timestamp("2025-01-01"),
            "group": [f"c{n}" for n in range(number)],
            "wait_seconds__30d": generator.normal(size=number),
            "csat__30d": np.where(generator.random(number) < 0.2, np.nan, generator.normal(size=number)),
            "segment": pd.Categorical(generator.choice(["gold", "plain", "blue", "new"], number)),
        }
    )
    risk = frame["wait_seconds__30d"] + frame["segment"].isin(["gold", "blue"]).to_numpy() * 2.0
    frame["label"] = (risk + 0.3 * generator.normal(size=number) > 1).astype(float)
    features = ("wait_seconds__30d", "csat__30d", "segment")
    return TrainingTable(
        outcome="churn",
        kind="probability",
        unit="customer",
        frame=frame,
        features=features,
        kpi_of={name: name.split("__")[0] for name in features},
        latest=None,
        temporal=False,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A predictor's folder, with splits on numbers and on categories."""
    import lightgbm as lgb

    folder = tmp_path_factory.mktemp("predictor")
    found = ChurnPredictor.fit(table(), 1)
    rows = table().frame
    data = lgb.Dataset(found.encoding.matrix(rows[list(table().features)]), rows["label"], categorical_feature=[2])
    booster = lgb.train(
        {"objective": "binary", "num_leaves": 7, "verbose": -1, "max_cat_to_onehot": 1, "num_threads": 1}, data, 6
    )
    ChurnPredictor(**{**vars(found), "model": TreeModel(booster)}).save(folder)
    assert "cat_threshold" in (folder / "model.lgb").read_text("utf-8")
    return folder


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "copy")


def line(name: str, change: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    """Change the numbers of a field in the first tree."""

    def changed(text: str) -> str:
        found = re.search(rf"^{name}=(.+)$", text, re.MULTILINE)
        assert found is not None
        return text[: found.start(1)] + " ".join(change(found[1].split())) + text[found.end(1) :]

    return changed


def first(name: str, value: str) -> Callable[[str], str]:
    return line(name, lambda numbers: [value, *numbers[1:]])


def all_are(name: str, value: str) -> Callable[[str], str]:
    return line(name, lambda numbers: [value] * len(numbers))


DAMAGE: dict[str, Callable[[str], str]] = {
    "empty": lambda text: "",
    "cut in the middle": lambda text: text[: len(text) // 2],
    "cut in the first tree": lambda text: text[: text.index("left_child=")],
    "end cut off": lambda text: text[: text.index("end of trees")],
    "zero bytes": lambda text: "\x00" * len(text),
    "zero bytes inside": lambda text: text.replace("leaf_value=", "\x00\x00\x00", 1),
    "garbage": lambda text: "a song about nothing\n" * 50,
    "garbage inside": lambda text: text.replace("threshold=", "threshold=abc ", 1),
    "num_leaves enlarged": first("num_leaves", "500"),
    "num_leaves huge": first("num_leaves", "2147483647"),
    "num_leaves negative": first("num_leaves", "-5"),
    "num_leaves nought": first("num_leaves", "0"),
    "num_cat huge": first("num_cat", "100000"),
    "no such feature": all_are("split_feature", "99999"),
    "negative feature": first("split_feature", "-7"),
    "child beyond": first("left_child", "9999"),
    "child far below": first("right_child", "-9999"),
    "circle": all_are("left_child", "0"),
    "circle of two": line("left_child", lambda numbers: ["1", "0", *numbers[2:]]),
    "node with two parents": line("right_child", lambda numbers: [numbers[-1]] * len(numbers)),
    "leaf is no number": first("leaf_value", "nan"),
    "leaf is infinite": first("leaf_value", "inf"),
    "leaf is enormous": first("leaf_value", "1e308"),
    "leaves missing": line("leaf_value", lambda numbers: numbers[:-1]),
    "counts enlarged": first("leaf_count", "2000000000"),
    "counts nought": all_are("internal_count", "0"),
    "categories beyond": line("cat_boundaries", lambda numbers: [*numbers[:-1], "1000000"]),
    "categories backwards": line("cat_boundaries", lambda numbers: ["5", *numbers[1:]]),
    "tree size enlarged": first("tree_sizes", "90000000"),
    "tree size negative": first("tree_sizes", "-3"),
    "trees repeated": lambda text: text.replace("end of trees", text[text.index("Tree=0") :], 1),
    "feature count enlarged": first("max_feature_idx", "50000"),
    "classes enlarged": first("num_class", "90000"),
    "linear": first("is_linear", "1"),
    "unknown decision": first("decision_type", "255"),
    "number with a line break": lambda text: text.replace("threshold=", "threshold=\n", 1),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_model_is_refused_by_its_digest_and_by_its_structure(how: str, copied: Path) -> None:
    model = copied / "model.lgb"
    damaged = DAMAGE[how](model.read_text("utf-8"))
    assert damaged != model.read_text("utf-8")
    model.write_text(damaged, encoding="utf-8", newline="\n")
    with pytest.raises(DamagedModelError, match="was changed after training"):
        load_predictor(copied)
    # whoever writes the record anew meets the second wall, before LightGBM sees the text
    write_manifest(copied)
    with pytest.raises(DamagedModelError, match="is damaged"):
        load_predictor(copied)
    with pytest.raises(DamagedModelError, match=r"model\.lgb: is damaged \(.+\) and is not loaded"):
        check_trees(damaged, 3, model)


def test_another_answer_than_in_training_is_refused_though_the_trees_are_sound(copied: Path, tmp_path: Path) -> None:
    model = copied / "model.lgb"
    text = re.sub(
        r"^leaf_value=.*$", lambda found: re.sub(r"-?\d[\d.e-]*", "3", found[0]), model.read_text(), flags=re.M
    )
    text = _resized(text)
    model.write_text(text, encoding="utf-8", newline="\n")
    check_trees(text, 3, model)
    write_manifest(copied)
    with pytest.raises(DamagedModelError, match="differ from those of its training"):
        load_predictor(copied)
    with pytest.raises(DamagedModelError, match="differ from those of its training"):
        require_sound([copied], tmp_path / "sound.json")


def test_a_split_on_whether_a_value_is_known_has_an_infinite_threshold_and_is_sound(tmp_path: Path) -> None:
    import lightgbm as lgb

    generator = np.random.default_rng(1)
    matrix = generator.integers(0, 2, (400, 1)).astype(float)
    unknown = generator.random(400) < 0.5
    matrix[unknown, 0] = np.nan
    data = lgb.Dataset(matrix, unknown.astype(float))
    text = lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 2).model_to_string()
    assert re.search(r"^threshold=.*inf", text, re.MULTILINE)
    check_trees(text, 1, tmp_path)
    with pytest.raises(DamagedModelError, match="a threshold is no number"):
        check_trees(_resized(re.sub(r"^(threshold=.*)inf", r"\1nan", text, flags=re.MULTILINE)), 1, tmp_path)


def _resized(text: str) -> str:
    start, end = text.index("Tree=0"), text.index("end of trees")
    sizes = [str(len(f"Tree={part}".encode())) for part in text[start:end].split("Tree=")[1:]]
    return re.sub(r"^tree_sizes=.*$", f"tree_sizes={' '.join(sizes)}", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["model.lgb", "predictor.json", "probe.json", "manifest.json"])
def test_a_missing_file_is_named(name: str, copied: Path) -> None:
    (copied / name).unlink()
    with pytest.raises(DamagedModelError, match=rf"{re.escape(name)}: not there"):
        load_predictor(copied)


@pytest.mark.parametrize(
    ("name", "content"),
    [("predictor.json", b"{}"), ("predictor.json", b"\xff\xfe"), ("probe.json", b"[]"), ("manifest.json", b"[1]")],
)
def test_a_changed_file_is_refused_also_with_a_record_made_anew(name: str, content: bytes, copied: Path) -> None:
    (copied / name).write_bytes(content)
    with pytest.raises(DamagedModelError):
        load_predictor(copied)
    if name != "manifest.json":
        write_manifest(copied)
        with pytest.raises(ArtefactError):
            load_predictor(copied)


def test_a_file_that_was_added_is_refused_and_what_a_killed_run_left_is_not(copied: Path) -> None:
    (copied / ".model.lgb.77.part").write_text("half", encoding="utf-8")
    assert load_predictor(copied).outcome == "churn"
    (copied / "out_of_fold.parquet").write_bytes(b"numbers of somebody else")
    with pytest.raises(DamagedModelError, match=r"out_of_fold\.parquet: was added after training"):
        load_predictor(copied)


def test_a_model_that_ends_the_process_which_tries_it_is_refused(
    trained: Path, copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a trial that dies as native code does, of the second of two models
    (tmp_path / "models" / "integrity").mkdir(parents=True)
    for package in ("models", "models/integrity"):
        (tmp_path / package / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "models" / "integrity" / "trial.py").write_text(
        'import json, os, sys\nprint(json.dumps({"begun": sys.argv[1]}))\n'
        'print(json.dumps({"ended": sys.argv[1], "fault": ""}), flush=True)\nos.abort()\n',
        encoding="utf-8",
    )
    monkeypatch.setattr("models.integrity.isolation._ROOT", tmp_path)
    verdicts = tmp_path / "sound.json"
    with pytest.raises(DamagedModelError, match=r"copy: loading it ends the process that loads it \(code -6\)"):
        require_sound([trained, copied], verdicts)
    assert not verdicts.exists()


def test_a_model_is_tried_once_and_again_when_it_has_changed(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = tmp_path / "sound.json"
    require_sound([copied], verdicts)
    monkeypatch.setattr("models.integrity.isolation._try", lambda folders: pytest.fail("tried again"))
    require_sound([copied], verdicts)
    (copied / "model.lgb").write_text("tree\n", encoding="utf-8")
    with pytest.raises(DamagedModelError, match="was changed after training"):
        require_sound([copied], verdicts)
    write_manifest(copied)
    with pytest.raises(pytest.fail.Exception, match="tried again"):
        require_sound([copied], verdicts)
