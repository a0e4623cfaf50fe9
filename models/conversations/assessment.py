"""What a conversation means so far: signals in the customer's words, a risk, a level, and what to do.

Only the customer's words are scored. What employees say is context (what was promised, what was asked before); their
tone and feelings are not looked at, here or anywhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from baton.catalogue.schema import Text
from features.text.preparing import prepare
from models.conversations.cues import Turn, feature_names, turn_features
from models.conversations.signals import SIGNALS, SignalModel, joined, shipped_signals

__all__ = ["LEVELS", "Assessment", "Reader", "Signal", "advice_of", "signal_names"]

LEVELS = ("low", "medium", "high", "critical")

_LONGEST_QUOTE = 160
_REMEMBERED = 4096
_MAX_MEANT_CHARACTERS = (
    2_000  # of a turn's beginning and end, for its meaning: one vector says no more of a longer text
)


@dataclass(frozen=True)
class Signal:
    """One signal, where it showed first and most clearly.

    Parameters
    ----------
    signal : str
    probability : float
    turn : int
        The first turn in which it appears, from 0.
    quote : str
        That turn's words, masked.
    """

    signal: str
    name: Text
    probability: float
    turn: int
    quote: str


@dataclass(frozen=True)
class Assessment:
    """What a conversation means so far.

    Parameters
    ----------
    risk : float
        0..1: how far the conversation is from going well, the customer's own probability of leaving taken in if known.
    level : {"low", "medium", "high", "critical"}
    signals : tuple of Signal
        In the order of docs/conversations.md.
    advice : tuple of Text
        What a supervisor can do, the most urgent first.
    mended : bool
        Whether the customer's last words are good ones and show no signal: the level is then at most medium.
    """

    risk: float
    level: str
    signals: tuple[Signal, ...]
    advice: tuple[Text, ...]
    mended: bool


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "levels.toml").read_text(encoding="utf-8"))


def advice_of(signals: Collection[str], /) -> tuple[Text, ...]:
    """Return what a supervisor can do about some signals, the most urgent first; three things at most."""
    order = [signal for signal in _rules()["advice"] if signal in signals]
    return tuple(_advice(signal) for signal in order[:3]) or (_advice("nothing"),)


def signal_names() -> dict[str, Text]:
    """Return what each signal is called."""
    return {signal: Text(**_rules()["names"][signal]) for signal in SIGNALS}


class Reader:
    """Assesses conversations; the meaning of turns seen before is remembered, and no answer depends on it.

    Parameters
    ----------
    embed : callable, optional
        Texts to their meaning; None: the multilingual encoder that ships in a package, loaded here.
    model : SignalModel, optional
        None: the one that ships.
    """

    def __init__(
        self, embed: Callable[[Sequence[str]], np.ndarray] | None = None, model: SignalModel | None = None
    ) -> None:
        if embed is None:
            from models.encoders.find import find_encoder

            embed = find_encoder("auto", ("en", "zh")).embed
        self._embed = embed
        self._model = shipped_signals() if model is None else model
        self._meaning: dict[str, np.ndarray] = {}

    def assess(
        self,
        turns: Sequence[tuple[bool, str]],
        /,
        churn_probability: float | None = None,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> Assessment:
        """Assess a conversation.

        Parameters
        ----------
        turns : sequence of (bool, str)
            Whether the customer speaks, and what was said, in order; raw texts.
        churn_probability : float, optional
            The customer's own, where known.
        check : callable
            Called before each turn is read; what it raises ends the work.

        Returns
        -------
        Assessment
        """
        prepared = prepare([text for _, text in turns])
        masked = [
            Turn(customer, text) for (customer, _), text in zip(turns, prepared["text"].astype("str"), strict=True)
        ]
        places = [place for place, turn in enumerate(masked) if turn.customer and turn.text]
        if not places:
            return Assessment(_with_churn(0.0, churn_probability), "low", (), (_advice("nothing"),), False)
        read = []
        for place in places:
            check()
            read.append((turn_features(masked, place), self._means(masked[place].text)))
        cues, meaning = (np.array(part) for part in zip(*read, strict=True))
        probabilities = self._model.probabilities(joined(cues, meaning))
        over = probabilities >= self._model.threshold
        names, signals = signal_names(), []
        for number, signal in enumerate(SIGNALS):
            if over[:, number].any():
                first = int(over[:, number].argmax())
                quote = _shortened(masked[places[first]].text)
                highest = float(probabilities[:, number].max())
                signals.append(Signal(signal, names[signal], round(highest, 4), places[first], quote))
        ends_well = bool(cues[-1, feature_names().index("ends_well")])
        mended = bool(signals) and ends_well and not over[-1].any() and places[-1] > max(each.turn for each in signals)
        level = _level({each.signal for each in signals}, cues, over, churn_probability, mended)
        words = 1.0 - float(np.prod([1.0 - _rules()["weights"][each.signal] * each.probability for each in signals]))
        risk = _with_churn(words / 2 if mended else words, churn_probability)
        advice = advice_of({each.signal for each in signals})
        return Assessment(round(risk, 4), level, tuple(signals), advice, mended)

    def _means(self, text: str, /) -> np.ndarray:
        # one text at a time: what stands beside it in a batch could change the last digits
        known = self._meaning.get(text)
        if known is None:
            if len(self._meaning) >= _REMEMBERED:
                self._meaning.clear()
            whole = len(text) <= _MAX_MEANT_CHARACTERS
            half = _MAX_MEANT_CHARACTERS // 2
            known = np.asarray(self._embed([text if whole else f"{text[:half]} {text[-half:]}"]), np.float64)[0]
            self._meaning[text] = known
        return known


def _level(
    signals: set[str], cues: np.ndarray, over: np.ndarray, churn_probability: float | None, mended: bool, /
) -> str:
    names = feature_names()
    reached = "low"
    for level in _rules()["level"]:
        if any(_holds(rule, signals, cues, over, names) for rule in level["rules"]):
            reached = level["name"]
            break
    if mended and LEVELS.index(reached) > 1:
        reached = "medium"
    raises = churn_probability is not None and churn_probability >= _rules()["churn"]["raises_from"]
    return "high" if reached == "medium" and raises and not mended else reached


def _holds(
    rule: Mapping[str, Any], signals: set[str], cues: np.ndarray, over: np.ndarray, names: tuple[str, ...], /
) -> bool:
    if "any" in rule and not signals & set(rule["any"]):
        return False
    if not signals.issuperset(rule.get("all", ())):
        return False
    present = rule.get("present", ())
    if not present:
        return True
    rows = over[:, [SIGNALS.index(signal) for signal in rule["all"]]].all(axis=1)
    return all(bool(cues[rows][:, names.index(cue)].any()) for cue in present)


def _with_churn(risk: float, churn_probability: float | None, /) -> float:
    if churn_probability is None:
        return risk
    return 1.0 - (1.0 - risk) * (1.0 - float(_rules()["churn"]["weight"]) * churn_probability)


def _advice(name: str, /) -> Text:
    return Text(**_rules()["advice"][name])


def _shortened(text: str, /) -> str:
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1].rstrip() + "…"
