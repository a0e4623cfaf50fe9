"""The leak audit: a feature that alone all but gives away the outcome was written after it.

Each feature is judged alone by how well it ranks the outcome on rows that it was not fitted to: numbers by the share of
events in quantile bins (and as they stand), categories by the share of events per value, texts by their words; what is
missing is a value of its own. The limits, areas under the ROC curve:

- 0.90 for numbers and categories. On public telecom data the strongest honest columns reach 0.74 (tenure) and 0.73
  (contract), those written after the fact 0.94 (churn score), 0.95 (satisfaction score) and 1.00 (reason).
- 0.85 for texts, among the rows that have one: remarks written with a rating reach 0.90, a rating's strongest honest
  column 0.63.
- 0.9 of the variance where the outcome is a number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import LeakError
from baton.messages.message import Message
from features.training.table import KEYS, TrainingTable

__all__ = ["LIMIT_AUC", "LIMIT_R2", "LIMIT_TEXT_AUC", "Leak", "audit", "refuse"]

LIMIT_AUC = 0.9
LIMIT_TEXT_AUC = 0.85
LIMIT_R2 = 0.9
_MAX_AUDITED_ROWS = 60_000
_MAX_TEXTS = 8_000
_MIN_TEXTS = 50
_FOLDS = 5
_BINS = 50
_SEED = 20240229


@dataclass(frozen=True)
class Leak:
    """A feature that alone all but gives away the outcome.

    Parameters
    ----------
    metric : {"auc", "r2"}
    value : float
        How well it does alone.
    """

    feature: str
    metric: str
    value: float

    @property
    def message(self) -> Message:
        """What was found, for people."""
        name = "AUC" if self.metric == "auc" else "R²"
        return Message("learned.leak", {"feature": self.feature, "metric": f"{name} {self.value:.3f}"})

    @property
    def sentence(self) -> str:
        """What was found, in English."""
        return self.message.text


def audit(table: TrainingTable) -> list[Leak]:
    """Find features that alone all but give away the outcome.

    Parameters
    ----------
    table : TrainingTable
        Text columns beside the features are judged too.

    Returns
    -------
    list of Leak
        Strongest first.
    """
    known = table.labelled
    if len(known) > _MAX_AUDITED_ROWS:
        kept = np.random.default_rng(_SEED).choice(len(known), _MAX_AUDITED_ROWS, replace=False)
        known = known.iloc[np.sort(kept)]
    label = known["label"].to_numpy(dtype="float64")
    if len(np.unique(label)) < 2:
        return []
    folds = _folds(known["group"])
    is_number = table.kind == "number"
    found = []
    for name in (column for column in table.frame.columns if column not in KEYS):
        if not is_number and _is_text(known[name]):
            value = _text_auc(known[name], label, folds)
            if value >= LIMIT_TEXT_AUC:
                found.append(Leak(name, "auc", value))
        score = _out_of_fold(known[name], label, folds)
        value = _r2(label, score) if is_number else max(_auc(label, score), _raw_auc(known[name], label))
        if value >= (LIMIT_R2 if is_number else LIMIT_AUC) and name not in {leak.feature for leak in found}:
            found.append(Leak(name, "r2" if is_number else "auc", float(value)))
    return sorted(found, key=lambda leak: -leak.value)


def refuse(company: Company, catalogue: Catalogue, table: TrainingTable) -> list[Message]:
    """Stop if the audit finds leaks that the company file does not accept.

    Where leaving is silence (``rule = "inactive"``), what a customer did before a snapshot was not written after the
    fact, however well it predicts: who has been silent for weeks often stays so. Such features are kept and reported.

    Returns
    -------
    list of Message
        What a reader of the results must know.

    Raises
    ------
    LeakError
        Naming the features and how to accept them.
    """
    found = [leak for leak in audit(table) if leak.feature not in company.accept.leaks]
    silence = [leak for leak in found if _is_silence(company, catalogue, table, leak.feature)]
    found = [leak for leak in found if leak not in silence]
    if found:
        names = ", ".join(f'"{leak.feature}"' for leak in found)
        raise LeakError(
            f"{table.outcome}: {'; '.join(leak.sentence for leak in found)}: written after the fact? "
            f"Leave {'it' if len(found) == 1 else 'them'} out of the table, or accept with [accept] leaks = [{names}]"
        )

    return [
        Message(
            "text.of_outcome", {"outcome": table.outcome, "text": Message("learned.silence", {"leak": leak.message})}
        )
        for leak in silence[:1]
    ]


def _is_silence(company: Company, catalogue: Catalogue, table: TrainingTable, feature: str, /) -> bool:
    churn = company.outcomes.churn
    if table.outcome != "churn" or churn is None or churn.rule != "inactive" or not table.temporal:
        return False
    kpi = table.kpi_of.get(feature)
    return kpi is not None and kpi in catalogue and catalogue[kpi].source == "activity"


def _folds(group: pd.Series, /) -> np.ndarray:
    codes, names = pd.factorize(group)
    return np.random.default_rng(_SEED).integers(0, _FOLDS, len(names))[codes]


def _out_of_fold(column: pd.Series, label: np.ndarray, folds: np.ndarray, /) -> np.ndarray:
    codes, count = _codes(column)
    score = np.empty(len(label))
    for fold in range(_FOLDS):
        fit, held = folds != fold, folds == fold
        mean = label[fit].mean() if fit.any() else label.mean()
        weight = np.bincount(codes[fit], minlength=count)
        total = np.bincount(codes[fit], weights=label[fit], minlength=count)
        score[held] = ((total + 2 * mean) / (weight + 2))[codes[held]]
    return score


def _is_text(column: pd.Series, /) -> bool:
    return not isinstance(column.dtype, pd.CategoricalDtype) and not pd.api.types.is_numeric_dtype(column.dtype)


def _codes(column: pd.Series, /) -> tuple[np.ndarray, int]:
    """Number the values: a category's own, or a number's quantile bin; missing is 0."""
    if _is_text(column):  # whether anything was written
        return column.notna().to_numpy().astype(int), 2
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy() + 1, len(column.cat.categories) + 1
    values = column.to_numpy(dtype="float64")
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), dtype=int), 1
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, _BINS + 1)[1:-1]))
    codes = np.zeros(len(values), dtype=int)
    codes[known] = np.searchsorted(edges, values[known], side="right") + 1
    return codes, len(edges) + 2


def _text_auc(column: pd.Series, label: np.ndarray, folds: np.ndarray, /) -> float:
    """How well a logistic regression on words ranks the outcome of texts that it has not seen; 0.5 with few texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    written = np.flatnonzero(column.notna().to_numpy())[:_MAX_TEXTS]
    texts, events, fold_of = column.iloc[written].astype("str"), label[written] == label.max(), folds[written]
    if min(events.sum(), (~events).sum()) < _MIN_TEXTS:
        return 0.5
    # pairs of characters stand in for words in languages written without spaces
    pattern = r"(?u)[\u3040-\u9fff]|\w\w+"
    words = TfidfVectorizer(token_pattern=pattern, min_df=2, sublinear_tf=True, max_features=20_000)
    try:
        matrix = words.fit_transform(texts)
    except ValueError:  # no word comes twice: ids, not texts
        return 0.5
    score = np.zeros(len(texts))
    for fold in range(_FOLDS):
        fit, held = fold_of != fold, fold_of == fold
        if held.any() and len(np.unique(events[fit])) == 2:
            model = LogisticRegression(C=3.0, solver="liblinear").fit(matrix[fit], events[fit])
            score[held] = model.decision_function(matrix[held])
    return _auc(events.astype("float64"), score)


def _raw_auc(column: pd.Series, label: np.ndarray, /) -> float:
    if isinstance(column.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        return 0.5
    values = column.to_numpy(dtype="float64")
    known = np.isfinite(values)
    if known.mean() < 0.5 or len(np.unique(label[known])) < 2:
        return 0.5
    one_way = _auc(label[known], values[known])
    return max(one_way, 1 - one_way)


def _auc(label: np.ndarray, score: np.ndarray, /) -> float:
    ranks = pd.Series(score).rank().to_numpy()
    events = label == 1
    positive, negative = int(events.sum()), int((~events).sum())
    if positive == 0 or negative == 0:
        return 0.5
    return float((ranks[events].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _r2(label: np.ndarray, score: np.ndarray, /) -> float:
    if np.std(score) == 0:
        return 0.0
    return float(np.corrcoef(label, score)[0, 1] ** 2)
