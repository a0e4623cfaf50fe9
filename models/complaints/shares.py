"""How many of all texts are about each cause, though only some could be classified: estimated, with its uncertainty.

Counting answers is no estimate: causes that are easily recognised are overcounted, and a model carries the mix of
causes that it learned from into texts that have another.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from baton.contract.results import cast
from baton.files import write_atomically
from models.complaints.classifiers.model_files import read_table

__all__ = ["HeldAnswers", "cause_shares", "separability"]

_REPLICATES = 200
_LOW, _HIGH = 0.05, 0.95
# below so many texts of a cause nobody knows what the model says of its texts
_MIN_HELD = 10
# so much more than the rest does it count that shares add up to 1
_SUM = 1e3
_MAX_COMPARED = 1_500
_MIN_COMPARED = 50


@dataclass(frozen=True)
class HeldAnswers:
    """What a model says of labelled texts that it had not seen: how it errs, cause by cause.

    Parameters
    ----------
    classes : tuple of str
        In the order of the probabilities' columns.
    label : numpy.ndarray of str, shape (texts,)
    group : numpy.ndarray of str, shape (texts,)
        The same for texts that repeat each other.
    probabilities : numpy.ndarray, shape (texts, classes)
    """

    classes: tuple[str, ...]
    label: np.ndarray
    group: np.ndarray
    probabilities: np.ndarray

    def once(self) -> Self:
        """Return it with one text of each group, whose labels the model knows."""
        first = np.unique(self.group.astype(str), return_index=True)[1]
        first = first[np.isin(self.label[first].astype(str), self.classes)]
        return type(self)(self.classes, self.label[first], self.group[first], self.probabilities[first])

    def save(self, path: Path, /) -> None:
        """Write it as Parquet."""
        frame = pd.DataFrame(self.probabilities.astype(np.float32), columns=[f"p{n}" for n in range(len(self.classes))])
        frame.insert(0, "label", self.label.astype(str))
        frame.insert(1, "group", self.group.astype(str))
        with write_atomically(path) as temporary:
            frame.to_parquet(temporary, index=False)

    @classmethod
    def load(cls, path: Path, classes: tuple[str, ...], /) -> Self | None:
        """Read what ``save`` has written; None where nothing was.

        Raises
        ------
        ArtefactError
            If it is damaged, or of other classes.
        """
        if not path.exists():
            return None
        numbers = [f"p{n}" for n in range(len(classes))]
        frame = read_table(path, ["label", "group", *numbers])
        label, group = (frame[name].to_numpy(dtype=object) for name in ("label", "group"))
        return cls(classes, label, group, frame[numbers].to_numpy(dtype=np.float64))


def cause_shares(
    answers: pd.DataFrame,
    labels: np.ndarray,
    probabilities: np.ndarray,
    held: HeldAnswers | None,
    seed: int,
    /,
) -> pd.DataFrame:
    """Return each cause's share of all texts.

    Parameters
    ----------
    answers : pandas.DataFrame
        One row per text: ``cause``, ``abstained``, ``reason``.
    labels : numpy.ndarray of str, shape (texts,)
        The recorded cause; None where nobody recorded one.
    probabilities : numpy.ndarray, shape (texts, classes)
        Of the texts without a label; other rows are not looked at.
    held : HeldAnswers, optional
        None: nothing says how often the model is right, or the labelled texts are not like the others. Nothing is
        estimated then.
    seed : int
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row per cause, the most frequent first, and one (``cause`` null) for what got none, as in
        ``cause_shares.parquet``: texts classified (``named``) and recorded (``labelled``), all texts (``texts``),
        ``named`` ÷ ``texts``, and the estimated share of all texts with 90 % limits (null where nothing can be
        estimated). Texts that are empty or in a language that was not learned belong to no cause.

    Source
    ------
    Bella, Ferri, Hernández-Orallo & Ramírez-Quintana (2010), "Quantification via probability estimators" (scaled
    probability average), for several classes at once and within the simplex as in Hopkins & King (2010); intervals by a
    bootstrap over groups of repeated text, of the held-out texts and of those without a label.
    """
    named_cause = answers["cause"].where(~answers["abstained"].astype(bool))
    named = named_cause.value_counts()
    recorded = pd.Series(labels, dtype=object).value_counts()
    texts = len(answers)
    causes = list(dict.fromkeys([*named.index, *recorded.index, *(held.classes if held is not None else ())]))
    rows = pd.DataFrame({"cause": causes}, dtype=object)
    rows["named"] = [int(named.get(cause, 0)) for cause in causes]
    rows["labelled"] = [int(recorded.get(cause, 0)) for cause in causes]
    estimated = _estimated(answers, labels, probabilities, held, seed) if held is not None else {}
    if estimated:  # recorded causes that are too rare to be learned
        estimated |= {
            cause: (recorded[cause] / texts,) * 3 for cause in causes if cause in recorded and cause not in estimated
        }
    for place, name in enumerate(("share", "share_low", "share_high")):
        rows[name] = [(estimated[cause][place] if cause in estimated else np.nan) for cause in causes]
    by = ["share", "named", "labelled"] if estimated else ["named", "labelled"]
    rows = rows.sort_values([*by, "cause"], ascending=[False] * len(by) + [True], kind="stable")
    unclear = {"cause": None, "named": texts - int(named.sum()), "labelled": 0}
    rows = pd.concat([rows, pd.DataFrame([unclear])], ignore_index=True)
    rows = rows.astype({"named": "int64", "labelled": "int64"})  # without any cause, pandas would count in fractions
    rows["texts"], rows["named_share"] = texts, rows["named"] / max(texts, 1)
    return cast("cause_shares", rows)


def separability(one: list[str], other: list[str], seed: int, /) -> float | None:
    """Return how well words distinguish two sets of texts (AUC on held-out texts); None if too few.

    Parameters
    ----------
    one, other : list of str

    Source
    ------
    Lopez-Paz & Oquab (2017), "Revisiting classifier two-sample tests".
    """
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    drawn = [sorted(set(texts) - set(other_texts)) for texts, other_texts in ((one, other), (other, one))]
    if min(map(len, drawn)) < _MIN_COMPARED:
        return None
    generator = np.random.default_rng(seed)
    drawn = [[texts[at] for at in generator.permutation(len(texts))[:_MAX_COMPARED]] for texts in drawn]
    whose = np.repeat([0, 1], [len(texts) for texts in drawn])
    words = HashingVectorizer(analyzer="char_wb", ngram_range=(1, 3), n_features=2**15)
    found = cross_val_predict(
        LogisticRegression(class_weight="balanced", max_iter=300),
        words.transform([*drawn[0], *drawn[1]]),
        whose,
        cv=StratifiedKFold(3, shuffle=True, random_state=seed),
        method="decision_function",
    )
    return float(roc_auc_score(whose, found))


def _estimated(
    answers: pd.DataFrame, labels: np.ndarray, probabilities: np.ndarray, held: HeldAnswers, seed: int, /
) -> dict[str, tuple[float, float, float]]:
    known = pd.Series(labels, dtype=object).notna().to_numpy()
    readable = ~answers["reason"].isin(["empty", "language"]).to_numpy()
    texts, position = len(answers), {name: number for number, name in enumerate(held.classes)}
    own = np.array([position.get(str(label), -1) for label in labels[known]], dtype=np.int64)
    counted = np.bincount(own[own >= 0], minlength=len(position)).astype(np.float64)
    asked = probabilities[~known & readable]
    held = held.once()
    place = np.array([position[str(label)] for label in held.label], dtype=np.int64)
    often = np.bincount(place, minlength=len(position)) >= _MIN_HELD
    if not len(asked) or not often.any():
        exact = not (~known).any()
        return {name: (counted[n] / texts,) * 3 for name, n in position.items()} if exact else {}
    generator, found = np.random.default_rng(seed), []
    members = [np.flatnonzero(place == number) for number in range(len(position))]
    for replicate in range(_REPLICATES + 1):
        rows, drawn = members, np.arange(len(asked))
        if replicate:
            rows = [some[generator.integers(len(some), size=len(some))] if len(some) else some for some in members]
            drawn = generator.integers(len(asked), size=len(asked))
        confusion = np.column_stack(
            [held.probabilities[some].mean(axis=0) if len(some) else np.zeros(len(position)) for some in rows]
        )
        found.append(counted + len(asked) * _mixture(confusion, asked[drawn].mean(axis=0), often))
    shares = np.array(found) / texts
    low, high = np.quantile(shares[1:], [_LOW, _HIGH], axis=0)
    return {
        name: (float(shares[0, n]), float(min(low[n], shares[0, n])), float(max(high[n], shares[0, n])))
        for name, n in position.items()
    }


def _mixture(confusion: np.ndarray, mean: np.ndarray, often: np.ndarray, /) -> np.ndarray:
    """Return the shares of causes whose texts together would be answered as these are, on average."""
    from scipy.optimize import nnls

    causes = np.flatnonzero(often)
    design = np.vstack([confusion[:, causes], np.full(len(causes), _SUM)])
    share = np.zeros(len(often))
    share[causes] = nnls(design, np.append(mean, _SUM))[0]
    return share / max(share.sum(), 1e-12)
