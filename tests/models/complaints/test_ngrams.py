"""Counting n-grams once gives what counting them each time gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from models.complaints.classifiers.ngrams import NgramCounts, View, counted_once, learn_views, stacked

ENGLISH = [
    "The parcel came late again!",
    "Late, late, late: order 4711 is #NeverOnTime",
    "Charged twice for one order",
    "@shop charged me twice, see https://example.com/bill",
    "",
]
CHINESE = ["网络又断了，没有人来修", "账单多扣了20元", "没有人接电话", "网络断了一天", "多扣钱，没有人管"]


@pytest.mark.parametrize("texts", [ENGLISH, CHINESE])
def test_terms_and_weights_are_those_of_scikit_learn(texts: list[str]) -> None:
    for view in learn_views(texts)[0]:
        plain: TfidfVectorizer = View(view.analyzer, view.shortest, view.longest, view.start).counter(min_df=2)
        wanted = plain.fit_transform(texts)
        learned, found = NgramCounts().learn(View(view.analyzer, view.shortest, view.longest, view.start), texts, 2)
        assert list(learned.terms) == plain.get_feature_names_out().tolist()
        np.testing.assert_allclose(found.toarray(), wanted.toarray(), atol=1e-12)
        np.testing.assert_allclose(learned.matrix(texts).toarray(), wanted.toarray(), atol=1e-12)


def test_counts_kept_for_the_next_fold_change_nothing_and_analyse_no_text_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    analyser = View.counter

    def counted(view: View, **more: Any) -> Any:
        counter = analyser(view, **more)
        build: Callable[[], Callable[[str], list[str]]] = counter.build_analyzer

        def noted() -> Callable[[str], list[str]]:
            analyse = build()
            return lambda text: (read.append(text), analyse(text))[1]

        counter.build_analyzer = noted
        return counter

    with monkeypatch.context() as patched, counted_once():
        patched.setattr(View, "counter", counted)
        learn_views(ENGLISH[:4])
        views, matrix = learn_views(ENGLISH[1:])
    assert len(read) == len(ENGLISH) * len(views)
    fresh, wanted = learn_views(ENGLISH[1:])
    assert [view.terms for view in views] == [view.terms for view in fresh]
    np.testing.assert_allclose(matrix.toarray(), wanted.toarray(), atol=1e-12)


def test_only_the_commonest_terms_are_kept_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.complaints.classifiers.ngrams._MANY_TERMS", 2)
    view, matrix = NgramCounts().learn(View("word", 1, 1), ["late late late", "late bill", "bill rude"], 1)
    assert view.terms == ("bill", "late") and matrix.shape == (3, 2)


def test_texts_without_a_common_term_have_no_columns() -> None:
    view, matrix = NgramCounts().learn(View("word", 1, 1), ["late", "bill"], 2)
    assert view.terms == () and matrix.shape == (2, 0)
    assert stacked([view], ["late"]).shape == (1, 0)


def test_a_view_numbers_its_terms_once(monkeypatch: pytest.MonkeyPatch) -> None:
    view = learn_views(ENGLISH)[0][0]
    first = view.matrix(["late"])
    monkeypatch.setattr(View, "counter", None)
    np.testing.assert_array_equal(view.matrix(["late"]).toarray(), first.toarray())
