"""What is said about each text: the cause, how sure, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.complaints.abstention import SelectiveRule

__all__ = ["ANSWER_COLUMNS", "Read", "answer_table"]

ANSWER_COLUMNS = ("cause", "main_cause", "probability", "abstained", "second_cause", "language", "reason")
_MIN_SECOND = 0.05
_DIGITS = 9


@dataclass(frozen=True)
class Read:
    """Whether texts could be read.

    Parameters
    ----------
    languages : numpy.ndarray of str, shape (texts,)
    trusted : frozenset of str
        Languages that the model has been seen to read.
    empty : numpy.ndarray of bool, shape (texts,)
        Where nothing is left to read.
    """

    languages: np.ndarray
    trusted: frozenset[str]
    empty: np.ndarray


def answer_table(
    probabilities: np.ndarray,
    classes: tuple[str, ...],
    rule: SelectiveRule,
    /,
    *,
    read: Read,
    main_causes: Mapping[str, str | None],
) -> pd.DataFrame:
    """Turn probabilities into answers.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (texts, classes)
    classes : tuple of str
        In the order of the probabilities' columns.
    main_causes : mapping of str to str or None
        The upper cause of each class, where the taxonomy knows it.

    Returns
    -------
    pandas.DataFrame
        One row per text, columns ``ANSWER_COLUMNS``. ``cause`` is the best guess, also where ``abstained``; null where
        the text is empty. ``reason`` is why it is abstained: ``empty``, ``language``, ``unclear``, or ``""``.
    """
    # the last digits may depend on how many texts were multiplied at once
    probabilities = np.round(probabilities, _DIGITS)
    names = np.array([*classes, None], dtype=object)
    rows = len(probabilities)
    order = np.argsort(-probabilities, axis=1, kind="stable") if rows else np.zeros((0, 2), dtype=np.int64)
    first, second = order[:, 0].copy(), order[:, 1].copy()
    top = probabilities[np.arange(rows), first]
    second[probabilities[np.arange(rows), second] < _MIN_SECOND] = len(classes)
    foreign = ~np.isin(read.languages.astype(str), [*read.trusted, "und"])
    unclear = ~rule.answered(probabilities, classes)
    reason = np.select([read.empty, foreign, unclear], ["empty", "language", "unclear"], default="")
    first[read.empty], second[read.empty] = len(classes), len(classes)
    cause = names[first]
    main = np.array([None if name is None else main_causes.get(name) for name in cause], dtype=object)
    return pd.DataFrame(
        {
            "cause": pd.Series(cause, dtype="str"),
            "main_cause": pd.Series(main, dtype="str"),
            "probability": np.where(read.empty, np.nan, top),
            "abstained": reason != "",
            "second_cause": pd.Series(names[second], dtype="str"),
            "language": pd.Series(read.languages, dtype="str"),
            "reason": pd.Series(reason, dtype="str"),
        },
        columns=list(ANSWER_COLUMNS),
    )
