"""The root causes of what customers write: labels, thresholds, unseen answers, and folders that must not be trusted."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from baton.company import Text
from baton.errors import ArtefactError, TooLittleDataError
from baton.taxonomy import Taxonomy, load_taxonomy
from features.text.text_set import TextSet
from models.complaints import root_cause
from models.complaints.abstention import SelectiveRule
from models.complaints.answers import Read, answer_table
from models.complaints.classifiers.tfidf import TfidfModel
from models.complaints.root_cause import RootCauseModel
from models.integrity.manifest import write_manifest

_WORDS = {
    "Late Flight": ["delayed", "late", "waiting", "hours", "departure"],
    "billing": ["invoice", "charged", "twice", "refund", "amount"],
    "odd": ["lamp", "green", "chair", "window", "paper"],
}
_FILLER = ["please", "the", "my", "was", "today", "why", "again", "hello", "help", "not"]
_SETTINGS = Text(model="tfidf")


def _texts(rows: int = 260) -> TextSet:
    generator = np.random.default_rng(0)
    found = []
    for number in range(rows):
        label = list(_WORDS)[number % 3]
        text = " ".join(generator.choice([*_WORDS[label], *_FILLER], 8)) + f" number {number}"
        found.append((f"c{number}", text, "en", False, label, 1.0, pd.NaT, str(number)))
    columns = ["text_id", "text", "language", "mixed", "label", "weight", "at", "group"]
    frame = pd.DataFrame(found, columns=columns).astype({"label": object, "at": "datetime64[us]"})
    frame.loc[240:, "label"] = None
    # each of six spellings is not worth a label of its own; one label is planted wrong
    frame.loc[[3, 6], "label"] = "late_flight"
    frame.loc[1, "label"] = "odd"
    return TextSet(frame)


@pytest.fixture(scope="module")
def texts() -> TextSet:
    return _texts()


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load_taxonomy()


@pytest.fixture(scope="module")
def model(texts: TextSet, taxonomy: Taxonomy) -> RootCauseModel:
    return RootCauseModel.fit(texts, taxonomy, _SETTINGS, 7)


@pytest.fixture
def folder(model: RootCauseModel, tmp_path: Path) -> Path:
    model.save(tmp_path / "root_cause")
    return tmp_path / "root_cause"


def test_spellings_are_one_cause_and_the_taxonomy_gives_the_upper_one(model: RootCauseModel) -> None:
    assert model.classes == ("Late Flight", "billing", "odd")
    assert model.main_causes == {"Late Flight": "delivery_delay", "billing": "billing", "odd": None}
    assert any("late_flight" in note for note in model.evaluation["notes"])


def test_the_evaluation_is_of_labelled_texts_alone_and_holds_what_the_contract_names(model: RootCauseModel) -> None:
    entry = model.evaluation
    assert entry["rows"] == 240
    assert {"base_rate", "split", "macro_f1", "accuracy", "ece", "coverage", "intervals", "baselines"} <= set(entry)
    assert entry["macro_f1"] > 0.9
    assert entry["baselines"]["majority"]["macro_f1"] < 0.3
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry


def test_a_text_is_answered_in_words_of_the_company_and_not_where_nothing_can_be_predicted(
    model: RootCauseModel,
) -> None:
    answered = model.classify(
        ["Charged twice, refund the amount on my invoice", "", None, "航班延误了，等了好几个小时", "\x00 ", "zzz qqq"]
    )
    assert answered["cause"].tolist()[0] == "billing"
    assert answered["main_cause"].tolist()[0] == "billing"
    assert answered["reason"].tolist() == ["", "empty", "empty", "language", "empty", "unclear"]
    assert answered["abstained"].tolist() == [False, True, True, True, True, True]
    assert answered["cause"].isna().tolist() == [False, True, True, False, True, False]
    assert answered["language"].tolist()[3] == "zh"


def test_a_text_that_was_learned_from_is_answered_by_a_model_that_has_not_seen_it(
    model: RootCauseModel, texts: TextSet
) -> None:
    answers = model.answers(texts)
    assert answers["text_id"].tolist() == texts.frame["text_id"].tolist()
    first = texts.frame["text"].tolist()[1]
    seen, unseen = model.model.probabilities([first])[0], answers.loc[1]
    assert unseen["cause"] == "billing"
    assert unseen["probability"] != pytest.approx(float(seen.max()), abs=1e-9)
    later = answers.loc[250]
    fresh = model.model.probabilities([texts.frame["text"].tolist()[250]])[0]
    assert later["probability"] == pytest.approx(float(fresh.max()))


def test_texts_that_were_learned_from_are_not_read_once_more(
    model: RootCauseModel, texts: TextSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    whole = RootCauseModel._probabilities

    def remembered(self: RootCauseModel, some: pd.Series) -> np.ndarray:
        asked.extend(some)
        return whole(self, some)

    before = model.read(texts, 7)
    frame = texts.frame.copy()
    frame.loc[1, "label"] = None  # no longer counted by its label: its probabilities are needed
    monkeypatch.setattr(RootCauseModel, "_probabilities", remembered)
    answers, _ = model.read(TextSet(frame), 7)
    known = set(model.seen["text_id"])
    assert len(known) > len(frame) / 2
    assert asked == frame["text"][~frame["text_id"].isin(known) | frame["label"].isna()].tolist()
    pd.testing.assert_frame_equal(answers, before[0])


def test_what_was_learned_from_is_not_kept_with_the_model(model: RootCauseModel) -> None:
    assert isinstance(model.model, TfidfModel)
    assert model.model.unseen is None


def test_learning_takes_one_thread_so_that_sums_do_not_depend_on_how_many_there_are(
    texts: TextSet, taxonomy: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []

    def counted(*given: Any) -> Any:
        used.extend(pool["num_threads"] for pool in threadpool_info())
        raise TooLittleDataError("seen enough")

    monkeypatch.setattr(root_cause, "choose_model", counted)
    with threadpool_limits(2), pytest.raises(TooLittleDataError, match="seen enough"):
        RootCauseModel.fit(texts, taxonomy, _SETTINGS, 7)
    assert used and set(used) == {1}


def test_the_last_digits_of_a_sum_change_no_answer() -> None:
    rule = SelectiveRule(0.2, 0.9, {"a": 0.7, "b": 0.6})
    even = np.array([[0.7, 0.3], [0.4, 0.6], [0.5, 0.5]])
    answered = [
        answer_table(
            even + nudge * np.array([1, -1]),
            ("a", "b"),
            rule,
            read=Read(np.array(["en"] * 3, dtype=object), frozenset({"en"}), np.zeros(3, dtype=bool)),
            main_causes={},
        )
        for nudge in (0.0, 1e-13, -1e-13)
    ]
    assert answered[0]["abstained"].tolist() == [False, False, True]
    for other in answered[1:]:
        pd.testing.assert_frame_equal(answered[0], other, check_exact=True)


def test_a_changed_text_under_a_known_id_is_read_anew(model: RootCauseModel, texts: TextSet) -> None:
    changed = texts.frame.head(2).assign(text="lamp green chair window paper")
    assert model.answers(TextSet(changed))["cause"].tolist() == ["odd", "odd"]


def test_one_long_text_does_not_take_the_room_of_as_many_as_there_are_texts(model: RootCauseModel) -> None:
    short = [f"late flight number {number}" for number in range(400)]
    tracemalloc.start()
    answered = model.classify(["charged twice " * 20_000, *short])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answered["cause"].tolist()[:2] == ["billing", "Late Flight"]
    assert peak < 250 * 1_000_000


def test_a_planted_wrong_label_is_listed(model: RootCauseModel) -> None:
    row = model.suspicious.set_index("text_id").loc["c1"]
    assert (row["label"], row["likely"]) == ("odd", "billing")


def test_what_is_saved_answers_the_same(model: RootCauseModel, texts: TextSet, folder: Path) -> None:
    again = RootCauseModel.load(folder)
    pd.testing.assert_frame_equal(again.answers(texts), model.answers(texts))
    pd.testing.assert_frame_equal(again.suspicious, model.suspicious)
    assert again.evaluation == model.evaluation
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".joblib", ".pt")]


@pytest.mark.parametrize("name", ["root_cause.json", "seen.parquet", "suspicious.parquet", "model/text_model.json"])
def test_a_folder_with_a_missing_or_damaged_file_is_refused_by_name(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtefactError, match=Path(name).name):
        RootCauseModel.load(folder)
    (folder / name).unlink()
    with pytest.raises(ArtefactError, match=Path(name).name):
        RootCauseModel.load(folder)


def test_a_folder_with_code_in_it_or_of_a_later_format_is_refused(folder: Path) -> None:
    later = json.loads((folder / "root_cause.json").read_text()) | {"format": 99}
    (folder / "root_cause.json").write_text(json.dumps(later))
    write_manifest(folder)
    with pytest.raises(ArtefactError, match="has format 99"):
        RootCauseModel.load(folder)
    (folder / "model" / "weights.pkl").write_bytes(b"x")
    with pytest.raises(ArtefactError, match=r"weights\.pkl"):
        RootCauseModel.load(folder)


def test_tables_that_lost_a_column_are_refused(folder: Path) -> None:
    pd.DataFrame({"other": ["x"]}).to_parquet(folder / "seen.parquet")
    write_manifest(folder)
    with pytest.raises(ArtefactError, match=r"seen\.parquet"):
        RootCauseModel.load(folder)
    shutil.rmtree(folder)
    with pytest.raises(ArtefactError, match="no model is there"):
        RootCauseModel.load(folder)


def test_all_texts_of_one_label_are_too_little(texts: TextSet, taxonomy: Taxonomy) -> None:
    frame = texts.frame.assign(label=pd.Series("Late Flight", index=texts.frame.index, dtype=object))
    with pytest.raises(TooLittleDataError):
        RootCauseModel.fit(TextSet(frame), taxonomy, _SETTINGS, 7)


def test_without_labels_causes_are_the_taxonomys_and_nothing_is_claimed_of_their_truth(
    texts: TextSet, taxonomy: Taxonomy
) -> None:
    frame = texts.frame.head(5).assign(label=pd.Series(None, index=range(5), dtype=object))
    model = RootCauseModel.fit(TextSet(frame), taxonomy, Text(), 7)
    assert model.evaluation["rows"] == 0
    assert model.evaluation["macro_f1"] is None
    assert any("descriptions alone" in note for note in model.evaluation["notes"])
    answered = model.classify(["My suitcase is lost, where is my bag? It never arrived", "我的账单多扣了钱，要求退款"])
    assert answered["main_cause"].tolist() == ["loss_damage", "billing"]
    assert set(answered["cause"]) <= {cause.id for cause in taxonomy}


def test_corrections_take_the_place_of_labels_and_add_texts(
    model: RootCauseModel, texts: TextSet, taxonomy: Taxonomy
) -> None:
    wrong = texts.frame["text"].tolist()[1]
    new = [f"the parking barrier broke down at gate {number} again" for number in ("one", "two", "three", "four")]
    corrections = pd.DataFrame({"text": [wrong, *new], "label": ["billing", *["parking"] * 4]})
    better = model.learn(corrections, texts, taxonomy, _SETTINGS, 7)
    assert "parking" in better.classes
    assert "c1" not in set(better.suspicious["text_id"])
    assert better.classify(["the parking barrier broke again"])["cause"].tolist() == ["parking"]


def test_texts_without_a_label_that_are_unlike_the_labelled_get_a_warning_and_no_shares(taxonomy: Taxonomy) -> None:
    texts = _texts(240)
    strange = texts.frame.head(90).assign(label=None)
    generator = np.random.default_rng(1)
    words = ["service", "signal", "tower", "outage", "coverage", "no", "my"]
    strange["text"] = [" ".join(generator.choice(words, 7)) + f" {n}" for n in range(90)]
    strange["text_id"] = strange["group"] = [f"s{n}" for n in range(90)]
    frame = pd.concat([texts.frame, strange], ignore_index=True)
    learned = RootCauseModel.fit(TextSet(frame), taxonomy, _SETTINGS, 7)
    notes = " ".join(learned.evaluation["notes"])
    assert "can only answer the 3 causes that are among the labels: 'Late Flight', 'billing', 'odd'" in notes
    assert "the 90 texts without a label are unlike the 240 labelled ones" in notes
    assert (learned.evaluation["labelled_texts"], learned.evaluation["representative"]) == (240, False)
    _, shares = learned.read(TextSet(frame), 7)
    assert shares["share"].isna().all()


def test_shares_of_all_texts_are_those_of_the_labels_where_all_are_labelled(taxonomy: Taxonomy, tmp_path: Path) -> None:
    texts = _texts(240)
    learned = RootCauseModel.fit(texts, taxonomy, _SETTINGS, 7)
    assert learned.evaluation["representative"]
    assert not any("can only answer" in note for note in learned.evaluation["notes"])
    learned.save(tmp_path)
    _, shares = RootCauseModel.load(tmp_path).read(texts, 7)
    by_cause = shares.dropna(subset="cause").set_index("cause")
    assert by_cause.loc["billing", "share"] == pytest.approx((texts.labels == "billing").mean())
