"""Takes personal data out of texts before anything is stored, logged or shown."""

from __future__ import annotations

import re

from baton.characters import normalise
from features.text.masked_names import mask_names
from features.text.masked_numbers import mask_numbers
from features.text.masked_places import mask_places

__all__ = ["mask"]

_EMAIL = re.compile(
    r"[A-Za-z0-9._%+'\-]{1,64}\s?@\s?[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){0,4}\.[A-Za-z]{2,24}", re.ASCII
)
_URL = re.compile(r"(?:https?://|(?<![A-Za-z0-9])www\.)[A-Za-z0-9][^\s<>\"'，。、；）)\u4e00-\u9fff]{2,500}", re.I)
_HANDLE = re.compile(r"(?<![A-Za-z0-9_@])@[A-Za-z0-9_]{2,30}", re.ASCII)


def mask(text: str, /) -> str:
    """Return the text with personal data replaced by what kind it was.

    The kinds are ``[phone]``, ``[email]``, ``[link]``, ``[handle]``, ``[card]``, ``[account]``, ``[id]``, ``[plate]``,
    ``[address]`` and ``[name]``. Amounts, dates, speeds and flight numbers stay. Names are found where something
    introduces them (a title, "my name is", 我叫), or where a known first name and surname follow each other.

    Examples
    --------
    >>> mask("Call me on +49 170 1234567 or write to ann.lee@example.com")
    'Call me on [phone] or write to [email]'
    >>> mask("我叫王小明，手机13812345678，账单多扣了200元")
    '我叫[name]，手机[phone]，账单多扣了200元'
    >>> mask("我叫陳小明，電話０９１２－３４５－６７８")
    '我叫[name]，电话[phone]'
    """
    text = normalise(text)
    if "@" in text:
        text = _HANDLE.sub("[handle]", _EMAIL.sub("[email]", text))
    if "www." in text or "://" in text:
        text = _URL.sub(_link, text)
    return mask_names(mask_numbers(mask_places(text)))


def _link(found: re.Match[str], /) -> str:
    link = found.group(0)
    return "[link]" + link[len(link.rstrip(".,!?;:")) :]
