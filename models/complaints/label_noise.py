"""Labels that look wrong, for somebody to read again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.text.text_set import TextSet

__all__ = ["SUSPICIOUS_COLUMNS", "suspicious_labels"]

SUSPICIOUS_COLUMNS = ("text_id", "label", "likely", "probability")
_MIN_ROWS = 10


def suspicious_labels(texts: TextSet, probabilities: np.ndarray, classes: tuple[str, ...], /) -> pd.DataFrame:
    """List labels that a model which has not seen them holds for wrong.

    Parameters
    ----------
    texts : TextSet
        Labelled texts.
    probabilities : numpy.ndarray, shape (texts, classes)
        Out-of-fold.
    classes : tuple of str
        In the order of the probabilities' columns.

    Returns
    -------
    pandas.DataFrame
        ``text_id``, ``label``, ``likely`` (the label that it should probably have) and ``probability`` (of that one);
        the most doubtful label first.

    Source
    ------
    Northcutt, Jiang & Chuang (2021), "Confident learning", as in ``cleanlab.filter``: as many labels as the noise from
    class to class is estimated at, those of the least margin. Beside it, labels that the model itself names are kept.
    """
    position = {name: number for number, name in enumerate(classes)}
    known = np.array([label in position for label in texts.labels], dtype=bool)
    rows = np.flatnonzero(known)
    kinds = {name: "float64" if name == "probability" else "str" for name in SUSPICIOUS_COLUMNS}
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    given = np.array([position[label] for label in texts.labels[rows]], dtype=np.int64)
    present = np.unique(given)
    if len(rows) < _MIN_ROWS or len(present) < 2:
        return empty
    # cleanlab wants every class to be given to some row
    given = np.searchsorted(present, given)
    predicted = probabilities[rows][:, present] + 1e-9
    predicted = predicted / predicted.sum(axis=1, keepdims=True)
    from cleanlab.filter import find_label_issues

    order = find_label_issues(
        given, predicted, filter_by="prune_by_noise_rate", return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    order = np.asarray(order, dtype=np.int64)
    order = order[predicted[order].argmax(axis=1) != given[order]]
    if not len(order):
        return empty
    likely = predicted[order].argmax(axis=1)
    names = np.array(classes, dtype=object)[present]
    return pd.DataFrame(
        {
            "text_id": texts.frame["text_id"].to_numpy(dtype=object)[rows[order]].astype(str),
            "label": names[given[order]].astype(str),
            "likely": names[likely].astype(str),
            "probability": predicted[order, likely],
        }
    )
