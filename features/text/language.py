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
_MAX_CHARACTERS = 2000
_MIN_WORDS = 2
_MIXED_SHARE = 0.2
_SURE = 0.6
_BELIEVED = 0.35
_KANA_SHARE = 0.1
# everyday words decide where a text is too short for the statistics of letters
_EVERYDAY = {
    "en": (
        "the is not no good very nice bad excellent best service was were are and please help thanks thank you my "
        "your it with for from have has this that what when why still never again worst great ok okay fast slow "
        "quick support product delivery refund problem phone call received waiting happy poor useless comments "
        "fraud done all yes nothing hi hello super waste time money"
    ),
    "pt": (
        "não nao muito bom boa ótimo otimo ótima otima excelente produto entrega recebi entregue gostei prazo "
        "ainda o os as do da meu minha loja recomendo chegou perfeito obrigado obrigada veio tudo com para foi "
        "rápida rapida amei conforme"
    ),
    "es": (
        "el los las muy bueno buena pero gracias producto entrega recibí llegó todo mi con para está esta es no "
        "servicio malo"
    ),
    "fr": (
        "le les très bon bonne merci produit livraison reçu pas je ne est et mon pour avec service mauvais jamais "
        "toujours"
    ),
    "de": (
        "der die das ist nicht kein gut sehr schlecht danke produkt lieferung und ich mein mit für noch immer nie "
        "bitte war"
    ),
    "it": (
        "il lo gli molto buono buona grazie prodotto consegna ricevuto non è sono mio per con ancora mai tutto pessimo"
    ),
    "nl": "de het een niet geen goed zeer slecht bedankt levering en ik mijn met voor nog nooit is was",
}


def detect(text: str, /) -> tuple[str, bool]:
    """Return the language of a text (ISO 639-1; ``und`` if undetected), and whether a second one is in it.

    Examples
    --------
    >>> detect("账单又错了"), detect("the bill is wrong again")
    (('zh', False), ('en', False))
    >>> detect("12345 !!")
    ('und', False)
    """
    text = _TOKEN.sub(" ", text[:_MAX_CHARACTERS])
    # a Chinese word has about 1.6 characters
    weight = {language: len(pattern.findall(text)) / 1.6 for language, pattern in _SCRIPTS.items()}
    words = _LATIN.findall(text)
    latin = float(len(words))
    # a shop's name may hold a kana sign; Japanese sentences are full of them
    if weight["ja"] > _KANA_SHARE * weight["zh"]:
        weight["ja"], weight["zh"] = weight["ja"] + weight["zh"], 0.0
    script, top = max(weight.items(), key=lambda entry: entry[1])
    total = sum(weight.values()) + latin
    if total == 0:
        return "und", False
    mixed = min(top, latin) / total >= _MIXED_SHARE and min(top, latin) >= 3
    if top >= latin and top > 0:
        return script, mixed
    return _latin_language(" ".join(words), len(words)), mixed


def _latin_language(text: str, words: int, /) -> str:
    by_letters, probability = _identifier().classify(text)
    if probability >= _SURE and words >= _MIN_WORDS:
        return by_letters
    spelt = text.casefold().split()
    votes = {language: sum(word in everyday for word in spelt) for language, everyday in _everyday().items()}
    top = max(votes.values())
    leading = [language for language, count in votes.items() if count == top]
    if top and len(leading) == 1:
        return leading[0]
    if top and by_letters in leading:
        return by_letters
    # most short Latin texts that come here are English: there the letters are believed sooner
    return by_letters if by_letters == "en" or (probability >= _BELIEVED and words > _MIN_WORDS) else "und"


@cache
def _everyday() -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in _EVERYDAY.items()}


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(["en", "de", "fr", "es", "pt", "it", "nl", "pl", "sv", "da", "tr", "vi", "id"])
    return identifier
