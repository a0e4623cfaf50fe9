"""Masks where somebody lives: addresses with a house number, in English, German, French and Chinese forms."""

from __future__ import annotations

import re

__all__ = ["mask_places"]

_STREET = (
    r"(?:Street|St\.?|Avenue|Ave\.?|Road|Rd\.?|Lane|Ln\.?|Drive|Dr\.?|Court|Ct\.?|Square|Boulevard|Blvd\.?|Way|Close|Place"
    r"|Terrace|Crescent|Parkway|Highway|Hwy)"
)
_ENGLISH = re.compile(
    r"\b\d{1,5}[A-Za-z]?\s(?:(?:[A-Z][A-Za-z'’\-]{0,20}|\d{1,3}(?:st|nd|rd|th))\.?\s){1,3}"
    rf"{_STREET}(?![A-Za-z])(?:,?\s(?:Apt|Apartment|Flat|Suite|Unit|#)\.?\s?\w{{1,5}})?"
    r"(?:,\s[A-Z][a-z]{2,20}(?:\s[A-Z][a-z]{2,20})?)?(?:,?\s[A-Z]{2})?(?:\s\d{5})?"
)
_BOX = re.compile(r"\bP\.?\s?O\.?\s?Box\s\d{1,7}", re.I)
_GERMAN = re.compile(
    r"\b[A-ZÄÖÜ][a-zäöüß\-]{1,25}(?:straße|strasse|str\.|weg|platz|allee|gasse)\s\d{1,4}[a-z]?(?:,\s\d{5}\s[A-ZÄÖÜ]\w{1,25})?"
)
_FRENCH = re.compile(
    r"\b\d{1,4}(?:\s?bis)?,?\s(?:rue|avenue|boulevard|place|chemin|quai)\s(?:de\s(?:la\s)?|du\s|des\s|d')?[A-Z]\w{1,25}"
)
_HAN = "[\u4e00-\u9fff]"
_REGION = f"(?:{_HAN}{{2,5}}(?:省|市|自治区|区|县|镇|乡|街道))"
_INSIDE = (
    "(?:\\d{1,4}(?:号院|号楼|号|栋|幢|座|弄|巷|单元|期|楼|层|室|户)"
    f"|(?:{_HAN}{{2,6}}(?:大厦|广场|小区|公寓|花园|中心)))"
)
_TAIL = f"(?:[\\s，,]?{_INSIDE}(?:之\\d{{1,3}})?){{0,6}}(?:\\d{{1,2}}\\-\\d{{3,4}}|\\d{{3,4}})?室?"
_CHINESE_STREET = re.compile(
    f"{_REGION}{{0,4}}{_HAN}{{2,5}}(?:路|街|大道|巷|胡同|弄|道)(?:东|西|南|北|中)?(?:段|{_HAN}段)?\\s?\\d{{1,5}}(?:号(?:之\\d{{1,3}})?|弄|巷|栋)(?!线){_TAIL}"
)
_CHINESE_ESTATE = re.compile(
    f"{_REGION}{{0,4}}{_HAN}{{2,6}}(?:小区|花园|家园|公寓|新村|苑|城|湾|郡|府|大厦|街道|社区)"
    f"\\s?\\d{{1,3}}(?:栋|幢|号楼|座|期\\s?\\d{{1,3}}(?:栋|幢|号楼|座)){_TAIL}"
)
# words before a place that are no part of it
_BEFORE = re.compile("^.*(?:我住在|家住在|[住在于到址是寄送回给去往家])(?=.{3})")


def mask_places(text: str, /) -> str:
    """Return the text with addresses masked; a street or a district alone identifies no home and stays.

    Examples
    --------
    >>> mask_places("deliver to 14 Oak Avenue"), mask_places("我住在幸福路88号3栋")
    ('deliver to [address]', '我住在[address]')
    """
    if not any(character.isdigit() for character in text):
        return text
    for pattern in (_ENGLISH, _BOX, _GERMAN, _FRENCH):
        text = pattern.sub("[address]", text)
    for pattern in (_CHINESE_STREET, _CHINESE_ESTATE):
        text = pattern.sub(_without_what_leads_to_it, text)
    return text


def _without_what_leads_to_it(found: re.Match[str], /) -> str:
    place = found.group(0)
    street = re.match("[^0-9]*", place)
    before = _BEFORE.match(street.group(0)) if street is not None else None
    return (before.group(0) if before is not None else "") + "[address]"
