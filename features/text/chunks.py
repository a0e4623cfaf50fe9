"""Cuts long texts where sentences end, so that a model that reads little at a time reads all of it."""

from __future__ import annotations

import re

__all__ = ["chunks"]

_END = re.compile(r"(?<=[.!?。！？；;\n])")


def chunks(text: str, max_characters: int, /) -> list[str]:
    """Return pieces of at most so many characters that put together give the text again.

    Examples
    --------
    >>> chunks("One. Two. Three.", 10)
    ['One. Two.', ' Three.']
    >>> chunks("", 10)
    ['']
    """
    pieces: list[str] = []
    current = ""
    for sentence in _END.split(text):
        if current and len(current) + len(sentence) > max_characters:
            pieces.append(current)
            current = ""
        while len(sentence) > max_characters:
            # words stay whole where there are spaces to cut at
            cut = sentence.rfind(" ", max_characters // 2, max_characters)
            cut = max_characters if cut <= 0 else cut
            pieces.append(sentence[:cut])
            sentence = sentence[cut:]
        current += sentence
    return [*pieces, current] if current or not pieces else pieces
