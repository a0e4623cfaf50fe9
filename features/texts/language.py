"""Tells in which language a text is."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

__all__ = ["detect"]

_SCRIPTS = {
    "zh": re.compile("[\u3400-\u9fff]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
}
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_TOKEN = re.compile(r"\[[a-z]+\]|https?://\S+|[@#]\w+")
_MOST_CHARACTERS = 2000
_FEWEST_WORDS = 2
_MIXED_SHARE = 0.2
_SURE = 0.6


def detect(text: str, /) -> tuple[str, bool]:
    """Return the language of a text (ISO 639-1; ``und`` where nothing tells), and whether a second one is in it.

    Examples
    --------
    >>> detect("账单又错了"), detect("the bill is wrong again")
    (('zh', False), ('en', False))
    >>> detect("12345 !!")
    ('und', False)
    """
    text = _TOKEN.sub(" ", text[:_MOST_CHARACTERS])
    # a Chinese word has about 1.6 characters
    weight = {language: len(pattern.findall(text)) / 1.6 for language, pattern in _SCRIPTS.items()}
    words = _LATIN.findall(text)
    latin = float(len(words))
    if weight["ja"]:
        weight["ja"], weight["zh"] = weight["ja"] + weight["zh"], 0.0
    script, most = max(weight.items(), key=lambda entry: entry[1])
    total = sum(weight.values()) + latin
    if total == 0:
        return "und", False
    mixed = min(most, latin) / total >= _MIXED_SHARE and min(most, latin) >= 3
    if most >= latin and most > 0:
        return script, mixed
    return _latin_language(" ".join(words), len(words)), mixed


def _latin_language(text: str, words: int, /) -> str:
    language, probability = _identifier().classify(text)
    if language in ("zh", "ja", "ko") or words < _FEWEST_WORDS:
        return "und" if words < _FEWEST_WORDS and language != "en" else "en"
    return language if probability >= _SURE else "en" if language == "en" else "und"


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(["en", "de", "fr", "es", "pt", "it", "nl", "pl", "sv", "da", "tr", "vi", "id"])
    return identifier
