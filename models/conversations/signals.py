"""How probable each signal is in a customer's turn: a linear model over cues and the turn's meaning.

The model is fitted to conversations that were written and labelled for it (``visible/*.jsonl``; docs/conversations.md)
and ships as numbers in ``signals.json``; ``python -m benchmarks.conversations --train`` writes these again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from baton.errors import ArtefactError
from models.conversations.cues import Turn, feature_names, turn_features

__all__ = [
    "SIGNALS",
    "Labelled",
    "SignalModel",
    "cross_fitted",
    "fit_signals",
    "joined",
    "read_labelled",
    "shipped_signals",
]

SIGNALS = (
    "strong_dissatisfaction", "threat_to_leave", "repeated_contact", "promise_broken", "legal_or_press_threat",
    "vulnerable_customer",
)  # fmt: skip
"""In the order of docs/conversations.md."""

_HERE = Path(__file__).parent
_MEANING_WEIGHT = 2.0
_STRENGTH = 1.0
_FOLDS = 8
_DIGITS = 5

Embed = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Labelled:
    """A conversation with its labels.

    Parameters
    ----------
    id, language, kind : str
    story : str
        Conversations that tell the same story (in two languages) are never parted between folds.
    turns : tuple of Turn
    signals : dict of str to int
        The first turn that shows each signal; those that do not occur are left out.
    level : {"low", "medium", "high", "critical"}
        As the conversation stands at its end.
    """

    id: str
    story: str
    language: str
    kind: str
    turns: tuple[Turn, ...]
    signals: dict[str, int]
    level: str


@dataclass(frozen=True)
class SignalModel:
    """Weights of the signals.

    Parameters
    ----------
    weights : numpy.ndarray
        Signals × (cues, then dimensions of the meaning).
    bias, slope, offset, threshold : numpy.ndarray
        One per signal: of the linear score; of the calibration of its log odds; from which probability on it is
        reported.
    """

    weights: np.ndarray
    bias: np.ndarray
    slope: np.ndarray
    offset: np.ndarray
    threshold: np.ndarray

    def probabilities(self, features: np.ndarray, /) -> np.ndarray:
        """Return the probability of each signal (turns, signals) from the turns' features."""
        score = (features @ self.weights.T + self.bias) * self.slope + self.offset
        return 1.0 / (1.0 + np.exp(-np.clip(score, -30, 30)))

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return {
            "signals": list(SIGNALS),
            "cues": list(feature_names()),
            **{
                name: np.round(getattr(self, name), _DIGITS).tolist()
                for name in ("bias", "slope", "offset", "threshold", "weights")
            },
        }

    @classmethod
    def from_json(cls, content: dict[str, Any], /) -> SignalModel:
        """Read what ``to_json`` has written.

        Raises
        ------
        ArtefactError
            If it was made from other signals or cues.
        """
        if content["signals"] != list(SIGNALS) or content["cues"] != list(feature_names()):
            raise ArtefactError(
                "signals.json was made from other cues; `python -m benchmarks.conversations --train` makes it anew"
            )
        return cls(*(np.array(content[name]) for name in ("weights", "bias", "slope", "offset", "threshold")))


@cache
def shipped_signals() -> SignalModel:
    """Return the model that ships."""
    return SignalModel.from_json(json.loads((_HERE / "signals.json").read_text(encoding="utf-8")))


def read_labelled(place: Path, /) -> list[Labelled]:
    """Read labelled conversations, one JSON object a line."""
    rows = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Labelled(
            row["id"],
            row.get("story", row["id"]),
            row["language"],
            row["kind"],
            tuple(Turn(turn["speaker"] == "customer", turn["text"]) for turn in row["turns"]),
            row["signals"],
            row["level"],
        )
        for row in rows
    ]


def fit_signals(conversations: Sequence[Labelled], embed: Embed, /) -> SignalModel:
    """Fit the model: one ridge-penalised logistic regression per signal, calibrated on conversations held out.

    A signal's first turn is its positive; turns after it are left out, since it may or may not show in them.

    Parameters
    ----------
    conversations : sequence of Labelled
    embed : callable
        Texts to their meaning (texts, dimensions), such as ``Encoder.embed``.

    Returns
    -------
    SignalModel
    """
    from sklearn.linear_model import LogisticRegression

    features, whose, place = _stacked(conversations, embed)
    held = _cross_fit(conversations, features, whose, place)
    rows = []
    for number, signal in enumerate(SIGNALS):
        known, label = _labels(conversations, signal, whose, place)
        model = _fitted(features[known], label[known])
        calibration = LogisticRegression(C=1e3).fit(held[known, number][:, None], label[known])
        slope, offset = float(calibration.coef_[0, 0]), float(calibration.intercept_[0])
        threshold = _threshold(conversations, signal, whose, held[:, number] * slope + offset)
        rows.append((model.coef_[0], model.intercept_[0], slope, offset, threshold))
    weights, *others = zip(*rows, strict=True)
    return SignalModel(np.array(weights), *(np.array(values) for values in others))


def cross_fitted(conversations: Sequence[Labelled], embed: Embed, /) -> np.ndarray:
    """Return, per conversation and signal, the highest calibrated probability by models that have not seen it.

    The calibration and the thresholds are refitted outside of each fold as well.
    """
    features, whose, _ = _stacked(conversations, embed)
    highest = np.zeros((len(conversations), len(SIGNALS)))
    folds = _folds(conversations)
    for fold in range(_FOLDS):
        model = fit_signals([row for row, of in zip(conversations, folds, strict=True) if of != fold], embed)
        for number in np.flatnonzero(folds == fold):
            highest[number] = model.probabilities(features[whose == number]).max(axis=0)
    return highest


def _stacked(conversations: Sequence[Labelled], embed: Embed, /) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keys = [
        (number, place)
        for number, row in enumerate(conversations)
        for place, turn in enumerate(row.turns)
        if turn.customer
    ]
    cues = np.array([turn_features(list(conversations[number].turns), place) for number, place in keys])
    meaning = embed([conversations[number].turns[place].text for number, place in keys])
    whose, places = np.array(keys).T
    return joined(cues, meaning), whose, places


def joined(cues: np.ndarray, meaning: np.ndarray, /) -> np.ndarray:
    """Return cues and meaning side by side, on the scale that the model was fitted on."""
    return np.hstack([cues, np.asarray(meaning, np.float64) * _MEANING_WEIGHT])


def _labels(
    conversations: Sequence[Labelled], signal: str, whose: np.ndarray, place: np.ndarray, /
) -> tuple[np.ndarray, np.ndarray]:
    first = np.array([row.signals.get(signal, -1) for row in conversations])[whose]
    return (first < 0) | (place <= first), (first == place).astype(int)


def _folds(conversations: Sequence[Labelled], /) -> np.ndarray:
    stories = {story: number for number, story in enumerate(dict.fromkeys(row.story for row in conversations))}
    return np.array([stories[row.story] % _FOLDS for row in conversations])


def _fitted(features: np.ndarray, label: np.ndarray, /) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2000).fit(features, label)


def _cross_fit(
    conversations: Sequence[Labelled], features: np.ndarray, whose: np.ndarray, place: np.ndarray, /
) -> np.ndarray:
    held = np.zeros((len(features), len(SIGNALS)))
    folds = _folds(conversations)[whose]
    for number, signal in enumerate(SIGNALS):
        known, label = _labels(conversations, signal, whose, place)
        for fold in range(_FOLDS):
            out = folds == fold
            held[out, number] = _fitted(features[known & ~out], label[known & ~out]).decision_function(features[out])
    return held


def _threshold(conversations: Sequence[Labelled], signal: str, whose: np.ndarray, score: np.ndarray, /) -> float:
    """Return the probability from which on conversations are classified best, on held-out scores: by F2.

    Who is missed has gone before anybody looks, and a false alarm costs a look: recall counts twice as much.
    """
    truth = np.array([signal in row.signals for row in conversations])
    probability = 1.0 / (1.0 + np.exp(-score))
    highest = np.zeros(len(conversations))
    np.maximum.at(highest, whose, probability)
    here = np.unique(whose)
    tried = np.linspace(0.15, 0.75, 25)
    scores = [_f2(highest[here] >= at, truth[here]) for at in tried]
    # the middle of the best stretch: its ends are luck
    return float(np.median(tried[np.array(scores) >= max(scores) - 1e-9]))


def _f2(predicted: np.ndarray, truth: np.ndarray, /) -> float:
    return 5 * float((predicted & truth).sum()) / max(int(predicted.sum() + 4 * truth.sum()), 1)
