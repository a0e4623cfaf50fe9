"""Words and characters of texts, counted: each text once, however many models of however many folds ask for it."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["NgramCounts", "View", "counted_once", "learn_views", "stacked"]

_HAN = "㐀-䶿一-鿿豈-﫿"
_TOKEN = rf"(?u)[{_HAN}]|[^\W_{_HAN}]+|[!?！？]"
_MANY_TERMS = 150_000
# a complaint opens with what it is about: its subject, or its first sentence
_STARTS = (20, 60)


def _plain(text: str) -> str:
    """Lower a text, with the hashtags' words parted and every address, handle and number alike."""
    text = re.sub(r"https?://\S+|www\.\S+", " _url_ ", text)
    text = re.sub(r"(?<!\w)@\w+", " _handle_ ", text)
    text = re.sub(r"#(\w+)", lambda tag: " " + re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tag[1]) + " ", text)
    text = re.sub(r"\d+", "0", text)
    return re.sub(r"\s+", " ", text).lower()


@dataclass(frozen=True)
class View:
    """One way of counting n-grams.

    Parameters
    ----------
    analyzer : {"word", "char_wb", "char"}
        A Chinese character is a word of its own.
    shortest, longest : int
        Terms in an n-gram.
    start : int
        Only the first characters of a text are read; 0: all of it. What a complaint opens with says what it is about.
    terms : tuple of str
    inverse_frequency : numpy.ndarray, shape (terms,)
    """

    analyzer: str
    shortest: int
    longest: int
    start: int = 0
    terms: tuple[str, ...] = ()
    inverse_frequency: np.ndarray | None = None

    def counter(self, **more: Any) -> Any:
        """Return scikit-learn's counter of these n-grams."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        start = self.start or None
        if self.analyzer == "word":
            more["token_pattern"] = _TOKEN
        return TfidfVectorizer(
            analyzer=self.analyzer,
            ngram_range=(self.shortest, self.longest),
            preprocessor=lambda text: _plain(text[:start]),
            sublinear_tf=True,
            dtype=np.float64,
            **more,
        )

    def matrix(self, texts: Sequence[str], /) -> csr_matrix:
        """Return weighted n-grams (texts, terms); rows have length 1, or 0 where no term is known."""
        from scipy.sparse import csr_matrix

        if not self.terms or not len(texts):
            return csr_matrix((len(texts), len(self.terms)))
        return self._fitted.transform(texts)

    @cached_property
    def _fitted(self) -> Any:
        # made once: tens of thousands of terms take longer to number than a text takes to read
        counter = self.counter(vocabulary={term: number for number, term in enumerate(self.terms)})
        counter.idf_ = self.inverse_frequency
        return counter


@dataclass
class _Counted:
    """The n-grams of one view, text after text: term numbers, how often each, and where each text's begin."""

    analyse: Any
    number_of: dict[str, int] = field(default_factory=dict)
    row_of: dict[str, int] = field(default_factory=dict)
    columns: array[int] = field(default_factory=lambda: array("i"))
    counts: array[float] = field(default_factory=lambda: array("f"))
    begins: array[int] = field(default_factory=lambda: array("q", [0]))

    def read(self, texts: Sequence[str], /) -> None:
        number_of = self.number_of
        for text in texts:
            if text in self.row_of:
                continue
            self.row_of[text] = len(self.row_of)
            for term, count in Counter(self.analyse(text)).items():
                self.columns.append(number_of.setdefault(term, len(number_of)))
                self.counts.append(count)
            self.begins.append(len(self.columns))

    def rows(self, texts: Sequence[str], /) -> csr_matrix:
        from scipy.sparse import csr_matrix

        whole = csr_matrix(
            (
                np.frombuffer(self.counts, dtype=np.float32),
                np.frombuffer(self.columns, dtype=np.int32),
                np.frombuffer(self.begins, dtype=np.int64),
            ),
            shape=(len(self.row_of), len(self.number_of)),
        )
        return whole[[self.row_of[text] for text in texts]].astype(np.float64)


class NgramCounts:
    """Counts n-grams of texts to learn from, and keeps them: what a fold learns from, the next folds learn from too."""

    def __init__(self) -> None:
        self._counted: dict[View, _Counted] = {}

    def learn(self, view: View, texts: Sequence[str], seen: int, /) -> tuple[View, csr_matrix]:
        """Return the view with the terms that at least ``seen`` texts have, and the texts' weighted n-grams."""
        from scipy.sparse import csr_matrix
        from sklearn.feature_extraction.text import TfidfTransformer

        counted = self._counted.get(view)
        if counted is None:
            counted = self._counted[view] = _Counted(view.counter().build_analyzer())
        counted.read(texts)
        counts: Any = counted.rows(texts)
        in_texts = np.bincount(counts.indices, minlength=counts.shape[1])
        kept = np.flatnonzero(in_texts >= seen)
        if len(kept) > _MANY_TERMS:
            often = np.asarray(counts[:, kept].sum(axis=0)).ravel()
            kept = kept[np.argsort(-often, kind="stable")[:_MANY_TERMS]]
        if not len(kept):
            return replace(view, terms=(), inverse_frequency=np.zeros(0)), csr_matrix((len(texts), 0))
        names = list(counted.number_of)
        terms = sorted((names[number], number) for number in kept.tolist())
        weigh = TfidfTransformer(sublinear_tf=True)
        matrix = weigh.fit_transform(counts[:, [number for _, number in terms]])
        learned = replace(view, terms=tuple(term for term, _ in terms), inverse_frequency=weigh.idf_)
        return learned, csr_matrix(matrix)


_COUNTED: ContextVar[NgramCounts | None] = ContextVar("counted", default=None)


@contextmanager
def counted_once() -> Iterator[None]:
    """Let every model that is fitted inside count each text once; what is remembered ends with it."""
    before = _COUNTED.set(NgramCounts())
    try:
        yield
    finally:
        _COUNTED.reset(before)


def learn_views(texts: Sequence[str], /) -> tuple[tuple[View, ...], csr_matrix]:
    """Learn which n-grams there are; return the views and the texts' weighted n-grams, side by side.

    Inside ``counted_once`` a text that was counted before is not counted again.
    """
    from scipy.sparse import csr_matrix, hstack

    counts = _COUNTED.get() or NgramCounts()
    # a term of one text teaches nothing about the next, but of few texts nothing else may be left
    seen = 2 if len(texts) >= 200 else 1
    learned = [counts.learn(view, texts, seen) for view in _views(texts)]
    return tuple(view for view, _ in learned), csr_matrix(hstack([matrix for _, matrix in learned]))


def stacked(views: Sequence[View], texts: Sequence[str], /) -> csr_matrix:
    """Return the weighted n-grams of all views side by side (texts, terms)."""
    from scipy.sparse import csr_matrix, hstack

    return csr_matrix(hstack([view.matrix(texts) for view in views]))


def _views(texts: Sequence[str]) -> tuple[View, ...]:
    """What to count: Chinese is written without spaces, so its characters are its words."""
    letters = sum(len(re.findall(r"\w", text[:400])) for text in texts[:2000])
    han = sum(len(re.findall(f"[{_HAN}]", text[:400])) for text in texts[:2000])
    chinese = han / max(letters, 1)
    views = [View("word", 1, 2)]
    if chinese < 0.9:
        views.append(View("char_wb", 2, 5))
    if chinese > 0.1:
        views.extend(View("word", 1, 2, start=start) for start in _STARTS)
    return tuple(views)
