"""How people write the same thing: other words, slips of the keyboard, a second matter, and what does not belong."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Chances", "restyle"]

_FILE = Path(__file__).resolve().parent / "text_style.toml"
_RARE = {"before": 0.2, "after": 0.2, "second": 0.08, "short": 0.12, "pictures": 0.1, "traces": 0.06, "other": 0.03}
_SLIP, _LOWER, _UPPER = 0.15, 0.15, 0.02


@dataclass(frozen=True)
class Chances:
    """Uniform numbers for one text: whether (by habit), and which."""

    whether: np.ndarray
    which: np.ndarray


@functools.cache
def _styles() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def restyle(text: str, second: str, language: str, chances: Chances, /) -> str:
    """Write a text as one person would.

    Parameters
    ----------
    text : str
    second : str
        Another matter, which some add.
    language : {"en", "zh"}
    chances : Chances
        At least twelve numbers each.

    Returns
    -------
    str
        In the same language, at times with a sentence in the other.
    """
    style, whether, which = _styles()[language], chances.whether, chances.which

    def one(name: str, place: int) -> str:
        options = style[name]
        return options[int(which[place] * len(options))]

    for number, words in enumerate(style["words"]):
        if words[0] in text:
            text = text.replace(words[0], words[int((which[0] * 7 + number * 0.37) % 1.0 * len(words))], 1)
    text = one("before", 1) + text if whether[1] < _RARE["before"] else text
    text = text + one("after", 2) if whether[2] < _RARE["after"] else text
    text = text + one("joins", 3) + second if whether[3] < _RARE["second"] else text
    if whether[4] < _RARE["short"]:
        for long, short in style["short"]:
            text = text.replace(long, short)
    text = _slip(text, which[5]) if whether[5] < _SLIP else text
    text = text + one("other", 6) if whether[6] < _RARE["other"] else text
    text = text + one("pictures", 7) if whether[7] < _RARE["pictures"] else text
    if whether[8] < _LOWER:
        text = text.lower()
    elif whether[8] > 1.0 - _UPPER:
        text = text.upper()
    if whether[9] < _RARE["traces"]:
        text = one("traces", 9).format(text=text, number=str(1000 + int(which[10] * 9000)))
    return text


def _slip(text: str, where: float, /) -> str:
    """Exchange two neighbouring characters, or leave one out."""
    place = int(where * max(len(text) - 2, 1))
    if int(where * 1000) % 2:
        return text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]
    return text[:place] + text[place + 1 :]
