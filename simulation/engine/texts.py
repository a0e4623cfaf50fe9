"""What customers write when they open a case, in two languages, and the cause behind it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulation.engine.text_style import Chances, restyle

__all__ = ["TELECOM_TEXTS", "GeneratedTexts", "Planted", "generate_texts", "write_texts"]

TELECOM_TEXTS = Path(__file__).resolve().parents[1] / "scenarios" / "service" / "worlds" / "texts.toml"
"""What customers of the telecom write."""

_WRITTEN_SHARE = 0.3
_MISLABELLED = 0.05
_NOT_RECORDED = 0.5
_HABITS = 12


@dataclass(frozen=True)
class Planted:
    """A cause that nobody had before.

    Parameters
    ----------
    after : numpy.ndarray of bool, shape (cases,)
        The cases that can be about it.
    share : float
        Of those with a text.
    sentences : dict of str to list of str
        What is written, by language.
    """

    name: str
    after: np.ndarray
    share: float
    sentences: dict[str, list[str]]


@dataclass(frozen=True)
class GeneratedTexts:
    """What was written, and why.

    Parameters
    ----------
    texts, recorded, true : arrays of object (cases,)
        None where nothing was written; a few causes are recorded wrongly.
    shares : dict of str to float
        Each true cause's share of the texts.
    """

    texts: np.ndarray
    recorded: np.ndarray
    true: np.ndarray
    shares: dict[str, float]


def write_texts(
    process: np.ndarray, language: np.ndarray, rng: np.random.Generator, /, content_file: Path = TELECOM_TEXTS
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Write texts for some of the cases: the texts, recorded causes and true shares of ``generate_texts``."""
    generated = generate_texts(process, language, rng, content_file)
    return generated.texts, generated.recorded, generated.shares


def generate_texts(
    process: np.ndarray,
    language: np.ndarray,
    rng: np.random.Generator,
    /,
    content_file: Path = TELECOM_TEXTS,
    planted: Planted | None = None,
) -> GeneratedTexts:
    """Write texts for some of the cases.

    Parameters
    ----------
    process, language : arrays of str (cases,)
    rng : numpy.random.Generator
        Draws what is written of and how it is recorded; the style has a generator of its own, which leaves this one's
        later draws alone.
    content_file : Path
        What can be written, and why: openings, endings and causes by process, as in ``texts.toml``.
    planted : Planted, optional
        A new cause, recorded as one of the old ones, or not at all.
    """
    content = tomllib.loads(content_file.read_text(encoding="utf-8"))
    names = list(content["causes"])
    texts, recorded, true = (np.full(process.size, None, object) for _ in range(3))
    written = np.flatnonzero(rng.random(process.size) < _WRITTEN_SHARE)
    cause = np.zeros(written.size, int)
    for name in np.unique(process[written]):
        weight = np.array([part["weight"] if name in part["processes"] else 0.0 for part in content["causes"].values()])
        rows = process[written] == name
        cause[rows] = rng.choice(weight.size, int(rows.sum()), p=weight / weight.sum())
    pick = rng.random((4, written.size))
    wrong = rng.random(written.size) < _MISLABELLED
    label = np.where(wrong, rng.integers(0, len(names), written.size), cause)
    recorded[written] = np.asarray(names, object)[label]
    true[written] = np.asarray(names, object)[cause]
    style = rng.spawn(1)[0]
    whether, which = style.random((2, written.size, _HABITS))
    new = np.zeros(written.size, bool)
    if planted is not None:
        new = planted.after[written] & (style.random(written.size) < planted.share)
        true[written[new]] = planted.name
        recorded[written[new & (style.random(written.size) < _NOT_RECORDED)]] = None
    for place, row in enumerate(written):
        spoken, part = str(language[row]), content["causes"][names[cause[place]]]
        bodies = planted.sentences[spoken] if planted is not None and new[place] else part[spoken]
        opening, body, ending, when = (
            options[int(pick[number, place] * len(options))]
            for number, options in enumerate(
                (content["openings"][spoken], bodies, content["endings"][spoken], content["when"][spoken])
            )
        )
        other = content["causes"][names[int(which[place, 11] * len(names))]][spoken]
        second = other[int(which[place, 10] * len(other))].format(when=when)
        sentences = f"{opening}{body.format(when=when)}{ending}"
        texts[row] = restyle(sentences, second, spoken, Chances(whether[place], which[place]))
    counted = np.bincount(cause[~new], minlength=len(names)) / max(written.size, 1)
    shares = dict(zip(names, counted.round(4).tolist(), strict=True))
    if planted is not None:
        shares[planted.name] = round(float(new.mean()) if written.size else 0.0, 4)
    return GeneratedTexts(texts, recorded, true, shares)
