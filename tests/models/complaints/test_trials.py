"""Trials of the causes: later texts, languages nobody has seen it read, and models too dear to train once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from baton.company import Text
from features.text.text_set import TextSet
from models.complaints.abstention import SelectiveRule
from models.complaints.calibration import ScoreScale
from models.complaints.classifiers.encoder import EncoderModel, fit_head
from models.complaints.classifiers.stacked import Mixture, StackedModel
from models.complaints.classifiers.tfidf import TfidfModel
from models.complaints.cross_fitting import cross_fitted
from models.complaints.selection import Choice
from models.complaints.training_set import training_set
from models.complaints.trials import never_predicted, readable_languages, tried

_CLASSES = ("bill", "late", "lost")
_SETTINGS = Text()


@dataclass(frozen=True)
class _Reads:
    """Knows the label by the text's first word, but has nine parts in ten of certainty only."""

    name: str = "tfidf"
    classes: tuple[str, ...] = _CLASSES
    trained: int = 0

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        found = np.full((len(texts), 3), 0.05)
        found[np.arange(len(texts)), [_CLASSES.index(text.split()[0]) for text in texts]] = 0.9
        return found


def _texts(rows: int = 900, days: int = 365, languages: Sequence[str] = ("en",)) -> TextSet:
    label = np.array(_CLASSES, dtype=object)[np.arange(rows) % 3]
    language = np.array(languages, dtype=object)[np.arange(rows) // 3 % len(languages)]
    return TextSet(
        pd.DataFrame(
            {
                "text_id": [f"c{n}" for n in range(rows)],
                "text": [f"{label[n]} {language[n]} {n}" for n in range(rows)],
                "language": language,
                "mixed": False,
                "label": label,
                "weight": 1.0,
                "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.linspace(0, days, rows), unit="D"),
                "group": [str(n) for n in range(rows)],
            }
        )
    )


def _choice(texts: TextSet, name: str = "tfidf") -> Choice:
    held_out = texts.rows(np.arange(0, len(texts), 5))
    return Choice(
        _Reads(name), held_out, _Reads().probabilities(held_out.texts), {"tfidf": {"macro_f1": 1.0}}, ("a note",)
    )  # type: ignore[arg-type]


def test_texts_of_a_year_are_tested_on_the_last_quarter_and_across_beside_it() -> None:
    texts = _texts()
    asked: list[int] = []

    def fit(some: TextSet) -> _Reads:
        asked.append(len(some))
        return _Reads(trained=len(some))

    choice = _choice(texts)
    crossed = cross_fitted(choice, texts, fit, 7)  # type: ignore[arg-type]
    entry = tried(choice, crossed, texts, fit, _SETTINGS, 7)  # type: ignore[arg-type]
    assert entry["split"].startswith("in time: tested on texts since 2024-09-30")
    assert entry["rows"] == 225
    assert entry["across"]["rows"] == 900
    assert entry["across"]["repeats"]["times"] == 3
    # fifteen folds of three deals, and the past alone
    assert asked == [720] * 15 + [675]
    assert entry["accuracy"] == 1.0
    assert entry["ece"] == pytest.approx(0.1)
    assert entry["notes"] == ["a note"]


def test_a_stack_is_compared_with_the_ngrams_in_it_which_are_not_fitted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = _texts()
    mixture = Mixture(np.array([0.75, 0.25]), ScoreScale(1.0, np.zeros(3)))
    stack = StackedModel(_CLASSES, (_Reads(), _Reads("encoder")), mixture)  # type: ignore[arg-type]
    choice = replace(_choice(texts), model=stack)

    def fit(*_: object, **__: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(TfidfModel, "fit", fit)
    crossed = cross_fitted(choice, texts, lambda _: stack, 7)
    entry = tried(choice, crossed, texts, lambda _: stack, _SETTINGS, 7)
    assert crossed.ngrams is not None
    assert crossed.ngrams.max() == 0.9
    assert entry["baselines"]["tfidf"]["accuracy"] == 1.0


def test_texts_of_a_month_are_tested_across_alone() -> None:
    texts = _texts(days=30)
    choice = _choice(texts)
    crossed = cross_fitted(choice, texts, lambda _: _Reads(), 7)  # type: ignore[arg-type, return-value]
    entry = tried(choice, crossed, texts, lambda _: _Reads(), _SETTINGS, 7)  # type: ignore[arg-type, return-value]
    assert entry["split"].startswith("cross-validation, 5 folds")
    assert "across" not in entry


def test_a_dear_model_is_tested_where_it_was_chosen_and_stood_in_for_elsewhere() -> None:
    texts = _texts(days=30)
    choice = _choice(texts, "finetune")

    class _Unsure(_Reads):
        def probabilities(self, texts: Sequence[str]) -> np.ndarray:
            return np.tile([0.4, 0.3, 0.3], (len(texts), 1))

    crossed = cross_fitted(choice, texts, lambda _: _Unsure(), 7)  # type: ignore[arg-type, return-value]
    assert len(crossed.tested.texts) == 180
    assert crossed.stood_in is not None
    assert crossed.stood_in.sum() == 720
    assert (crossed.unseen.probabilities.max(axis=1)[~crossed.stood_in] == 0.9).all()
    assert (crossed.unseen.probabilities.max(axis=1)[crossed.stood_in] == 0.4).all()
    assert "takes too long to train once per fold" in crossed.notes[0].text


def test_a_language_with_few_labelled_texts_is_not_taken_for_read() -> None:
    texts = _texts(100)
    frame = texts.frame.assign(language=["de"] * 5 + ["und"] * 30 + ["en"] * 65)
    assert readable_languages(_Reads(), TextSet(frame), _SETTINGS, 7) == {"en"}  # type: ignore[arg-type]


@dataclass
class _Encoder:
    """Sees what is meant in every language, or, where ``shared`` is false, in each in a way of its own."""

    shared: bool
    name: str = "made up"
    languages: frozenset[str] = frozenset({"en", "zh", "fr"})

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        found = np.zeros((len(texts), 6), dtype=np.float32)
        for row, text in enumerate(texts):
            label, language, _ = text.split()
            away = 0 if self.shared or language == "en" else 3
            found[row, _CLASSES.index(label) + away] = 1.0
        return found


@pytest.mark.parametrize(("shared", "read"), [(True, {"en", "zh", "fr"}), (False, {"en", "zh"})])
def test_an_encoder_reads_a_language_without_labels_only_if_it_carries_over_between_those_with(
    shared: bool, read: set[str]
) -> None:
    texts, encoder = _texts(120, languages=("en", "zh")), _Encoder(shared)
    learned = training_set(texts)
    head, scale = fit_head(encoder.embed(learned.texts), learned, 7)
    model = EncoderModel(learned.classes, encoder, head, scale)  # type: ignore[arg-type]
    assert readable_languages(model, texts, _SETTINGS, 7) == read


def test_causes_that_are_never_named_or_share_a_threshold_are_reported() -> None:
    rule = SelectiveRule(0.2, 0.9, {"bill": 2.0, "late": 0.6, "lost": 0.7}, ("lost",))
    never, shared = (note.text for note in never_predicted(rule, _CLASSES))
    assert "'bill'" in never
    assert "'late'" not in never
    assert "'lost'" in shared
