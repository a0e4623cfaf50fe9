"""What a text model costs, counted from its size and the texts: never timed, so that no machine chooses another one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models.complaints.classifiers.text_model import TextModel
from models.encoders.encoders import ENGLISH, MULTILINGUAL, PAIR, Encoder

__all__ = ["encoder_ms", "encoding_minutes", "latency_ms", "training_minutes"]

_HAN = re.compile("[\u3400-\u9fff]")
# 40 words of Latin letters with their spaces, or of Chinese characters
_CHARACTERS, _CHINESE_CHARACTERS = 240, 80
# beyond 64 windows of a thousand characters encoders read a sample
_MAX_CHARACTERS = 64_000
# seen on one core of an AMD EPYC (docs/texts.md, "How fast it reads"), rounded
_ENCODER_MS = {ENGLISH: 6.0, MULTILINGUAL: 5.5, PAIR: 11.5}
_NGRAMS_MS = 1.0
# the packaged MiniLM's 90 megabytes in fp32 took 13 ms, its int8 somewhat more for each of its fewer megabytes
_MS_PER_MEGABYTE = 0.2
# seen on tweets: seven minutes of one core for 5,500
_TRAINING_SECONDS_PER_TEXT = 0.08


def latency_ms(model: TextModel, /) -> float:
    """Return what a text of 40 words (80 Chinese characters) costs a model, in counted milliseconds of one core.

    Parameters
    ----------
    model : TextModel
        Of several that answer together, the sum.
    """
    members: tuple[TextModel, ...] = getattr(model, "members", ())
    if members:
        return sum(latency_ms(member) for member in members)
    encoder = getattr(model, "encoder", None)
    if encoder is not None:
        return encoder_ms(encoder)
    return _sized(getattr(model, "model", None)) or _NGRAMS_MS


def encoder_ms(encoder: Encoder, /) -> float:
    """Return what a text of 40 words costs an encoder: known of the packaged ones, by the weights' size of others."""
    named = _ENCODER_MS.get(encoder.name)
    return named if named is not None else _sized(getattr(encoder, "weights", None)) or _ENCODER_MS[PAIR]


def encoding_minutes(texts: Iterable[str], encoder: Encoder, /) -> float:
    """Return how long an encoder reads texts, in counted minutes of one core.

    Parameters
    ----------
    texts : iterable of str
        Each is read once.
    """
    return sum(map(_portions, set(texts))) * encoder_ms(encoder) / 60_000


def training_minutes(texts: int, /) -> float:
    """Return how long fine-tuning takes on so many short texts, in counted minutes of one core."""
    return texts * _TRAINING_SECONDS_PER_TEXT / 60


def _portions(text: str, /) -> float:
    chinese = len(_HAN.findall(text))
    share = min(1.0, _MAX_CHARACTERS / max(len(text), 1))
    return share * (chinese / _CHINESE_CHARACTERS + (len(text) - chinese) / _CHARACTERS)


def _sized(weights: Any, /) -> float | None:
    """Return the cost of weights in a file or in memory; None where there are none."""
    if isinstance(weights, Path):
        size = sum(file.stat().st_size for file in weights.parent.glob(f"{weights.name}*"))
    elif isinstance(weights, bytes):
        size = len(weights)
    else:
        return None
    return max(_NGRAMS_MS, size / 1e6 * _MS_PER_MEGABYTE)
