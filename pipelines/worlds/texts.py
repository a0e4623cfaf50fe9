"""What customers write when they open a case, in two languages, and the cause behind it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np

__all__ = ["TELECOM_TEXTS", "write_texts"]

TELECOM_TEXTS = Path(__file__).resolve().parent / "texts.toml"
"""What customers of the telecom write."""

_WRITTEN_SHARE = 0.3
_MISLABELLED = 0.05


def write_texts(
    process: np.ndarray, language: np.ndarray, rng: np.random.Generator, /, content_file: Path = TELECOM_TEXTS
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Write texts for some of the cases.

    Parameters
    ----------
    process, language : arrays of str (cases,)
    content_file : Path
        What can be written, and why: openings, endings and causes by process, as in ``texts.toml``.

    Returns
    -------
    tuple
        Texts and recorded root causes (object arrays, None where nothing was written; a few causes are recorded
        wrongly), and each true cause's share of the texts.
    """
    content = tomllib.loads(content_file.read_text(encoding="utf-8"))
    names = list(content["causes"])
    texts, causes = np.full(process.size, None, object), np.full(process.size, None, object)
    written = np.flatnonzero(rng.random(process.size) < _WRITTEN_SHARE)
    cause = np.zeros(written.size, int)
    for name in np.unique(process[written]):
        weight = np.array([part["weight"] if name in part["processes"] else 0.0 for part in content["causes"].values()])
        rows = process[written] == name
        cause[rows] = rng.choice(weight.size, int(rows.sum()), p=weight / weight.sum())
    pick = rng.random((4, written.size))
    for place, row in enumerate(written):
        spoken, part = str(language[row]), content["causes"][names[cause[place]]]
        opening, body, ending, when = (
            options[int(pick[number, place] * len(options))]
            for number, options in enumerate(
                (content["openings"][spoken], part[spoken], content["endings"][spoken], content["when"][spoken])
            )
        )
        texts[row] = f"{opening}{body.format(when=when)}{ending}"
    wrong = rng.random(written.size) < _MISLABELLED
    recorded = np.where(wrong, rng.integers(0, len(names), written.size), cause)
    causes[written] = np.asarray(names, object)[recorded]
    counted = np.bincount(cause, minlength=len(names)) / max(written.size, 1)
    return texts, causes, dict(zip(names, counted.round(4).tolist(), strict=True))
