"""One form for each character, whatever keyboard, input method or script it was written with."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

__all__ = ["is_like_formula", "normalise"]

# the wide ones as well: Excel takes them for the narrow ones where Chinese or Japanese is typed
_FORMULA_BEGINS = tuple("=+-@＝＋－＠")

# what nobody sees: format characters, variation selectors, fillers; and emoji's skin tones
_UNSEEN = frozenset({0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)})
_DASHES = frozenset({0x2010, 0x2011, 0x2012, 0x2013, 0x2212})
# Taiwan's keyboards write this vertical mark for a colon
_VERTICAL_COLON = 0xFE30
_FOLDED_KINDS = frozenset(
    "<wide> <narrow> <font> <compat> <small> <vertical> <isolated> <initial> <medial> <final>".split()
)
_APOSTROPHE = re.compile("(?<=[^\\W\\d_])[\u2019\u02bc\u2032`\u00b4](?=[^\\W\\d_])")
# marks that exist in two widths; Chinese is written with the wide ones, everything else with the narrow ones
_NARROW_MARKS, _WIDE_MARKS = ",!?:;()~", "，！？：；（）～"
_MARKS = re.compile(f"[{re.escape(_NARROW_MARKS)}{_WIDE_MARKS}](?:[ ]?[{re.escape(_NARROW_MARKS)}{_WIDE_MARKS}])*")
_TO_WIDE, _TO_NARROW = str.maketrans(_NARROW_MARKS, _WIDE_MARKS), str.maketrans(_WIDE_MARKS, _NARROW_MARKS)
_SMILE = re.compile("[:;：；]-?[)）]")
_CHINESE = re.compile("[\u3001-\u303f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff“”‘’…—]")
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_OF_OTHERS = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
# a shop's name may hold a kana sign; Japanese sentences are full of them
_SHARE_OF_OTHERS = 0.1
# both scripts have these, and OpenCC would change them; one of them is never Traditional in practice
_BOTH, _ALWAYS_KEPT = frozenset("么乾吒夥後徵拚捱摺於榘菸著薹袷醣麴麽"), frozenset("么")
_SPACES_PASSED = 8
# what Taiwan writes for an account is not what OpenCC takes for one
_ACCOUNT = str.maketrans("帳", "賬")
_QUOTES = str.maketrans("「」『』﹁﹂﹃﹄", "“”‘’“”‘’")


def is_like_formula(text: str, /) -> bool:
    r"""Whether a spreadsheet may take a text for a formula once somebody opens or edits it.

    Examples
    --------
    >>> [is_like_formula(text) for text in ("=1+1", " \n@SUM(A1)", "-5", "a=b", "")]
    [True, True, True, False, False]
    """
    return text.lstrip().startswith(_FORMULA_BEGINS) or text[:1] in ("\t", "\r", "\n")


def normalise(text: str, /) -> str:
    """Return a text with every character in its usual form, so that what reads alike is alike.

    Letters and figures take their usual width, also styled ones and figures of other scripts; marks such as commas are
    wide beside Chinese characters and narrow elsewhere; accents are composed, spaces plain, dashes and apostrophes
    those of a keyboard; what nobody sees is taken out. Traditional characters, as Taiwan and Hong Kong write them,
    become Simplified ones, and corner brackets quotation marks; Japanese and Korean texts keep theirs. Doing it twice
    changes nothing.

    Source: Unicode Standard Annex 15 (compatibility decomposition, for letters and figures); OpenCC's dictionaries.

    Examples
    --------
    >>> normalise("我叫陳小明，電話：０９１２－３４５－６７８")
    '我叫陈小明，电话：0912-345-678'
    >>> normalise("Ｉ can’t wait！"), normalise("請求書を見ました")
    ("I can't wait!", '請求書を見ました')
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).translate(_FORMS))
    text = _APOSTROPHE.sub("'", text)
    han = len(_HAN.findall(text))
    if han and len(_OF_OTHERS.findall(text)) <= _SHARE_OF_OTHERS * han:
        text = _simplified(text).translate(_QUOTES)
    return _MARKS.sub(_of_fitting_width, text)


class _Forms(dict[int, "str | int | None"]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str | int | None:
        self[code] = found = _form(chr(code))
        return found


_FORMS = _Forms()


def _form(character: str, /) -> str | None:
    code, category = ord(character), unicodedata.category(character)
    if code in _UNSEEN or category in ("Cf", "Cs"):
        return None
    if category == "Zs":
        return " "
    if category in ("Zl", "Zp"):
        return "\n"
    if code in _DASHES:
        return "-"
    if code == _VERTICAL_COLON:
        return "："
    if category == "Nd":
        return str(unicodedata.digit(character))
    if character in _WIDE_MARKS:
        return character
    kind = unicodedata.decomposition(character).partition(" ")[0]
    # signs such as ² or ½ or ㎡ mean something else once they are taken apart
    radical = 0x2E80 <= code <= 0x2FD5
    if kind in _FOLDED_KINDS and (category[0] in "LPSM" or radical) and category != "No":
        folded = unicodedata.normalize("NFKC", character)
        plain = category[0] in "LM" or radical or kind in ("<wide>", "<narrow>", "<small>", "<vertical>")
        return folded if plain else character
    return character


def _simplified(text: str, /) -> str:
    converted = text.translate(_ACCOUNT)
    for converter in _converters():
        converted = converter.convert(converted)
    if converted == text or len(converted) != len(text):
        return converted
    only_simplified, only_traditional = _scripts()
    simplified = sum(character in only_simplified for character in text)
    traditional = sum(character in only_traditional for character in text)
    kept = _BOTH if simplified and simplified >= traditional else _ALWAYS_KEPT
    # in a Simplified text, what both scripts have is right as it stands
    return "".join(old if old != new and old in kept else new for old, new in zip(text, converted, strict=True))


@cache
def _scripts() -> tuple[frozenset[str], frozenset[str]]:
    """Return the characters that only Simplified has, and those that only Traditional has, by their old standards."""
    every = {chr(code) for code in range(0x4E00, 0xA000)}
    written = {name: {one for one in every if one.encode(name, "ignore")} for name in ("gb2312", "big5")}
    return (
        frozenset(written["gb2312"] - written["big5"]),
        frozenset(written["big5"] - written["gb2312"]),
    )


@cache
def _converters() -> tuple[Any, ...]:
    """Return what undoes Hong Kong's and Taiwan's variants, and then writes Simplified."""
    from opencc import OpenCC

    return tuple(OpenCC(name) for name in ("hk2t", "tw2t", "t2s"))


def _of_fitting_width(found: re.Match[str], /) -> str:
    marks, text = found.group(0), found.string
    before = text[max(found.start() - _SPACES_PASSED, 0) : found.start()].rstrip(" ")[-1:]
    after = text[found.end() : found.end() + _SPACES_PASSED].lstrip(" ")[:1]
    if not (_CHINESE.match(before) or _CHINESE.match(after)):
        return marks.translate(_TO_NARROW)
    return _SMILE.sub(lambda smile: smile.group(0).translate(_TO_NARROW), marks.translate(_TO_WIDE))
