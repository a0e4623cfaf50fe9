"""What a run has recorded in English, given in Chinese as well where the sentence is a known one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from baton.messages.message import Message
from pipelines.report.data.wording import Bilingual, translated_message

__all__ = ["recorded"]

_BLANK = re.compile(r"{(\w+)}")


@cache
def _known() -> tuple[tuple[tuple[re.Pattern[str], str], ...], Mapping[str, str]]:
    content = tomllib.loads((Path(__file__).parent / "recorded.toml").read_text(encoding="utf-8"))
    # the sentence with most words of its own goes first, so that none is taken for a more general one
    messages = sorted(content["message"], key=lambda entry: -len(_BLANK.sub("", entry["en"])))
    return tuple((_pattern(entry["en"]), entry["zh"]) for entry in messages), content["words"]


def _pattern(sentence: str, /) -> re.Pattern[str]:
    parts = _BLANK.split(sentence)
    written = [f"(?P<{part}>.*?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(written), re.DOTALL)


def recorded(text: Message | str, /) -> Bilingual:
    """Return a recorded sentence in both languages; one that is not known stays in English.

    Parameters
    ----------
    text : Message or str
        A warning, or why an outcome was left out, as the run has recorded it.

    Examples
    --------
    >>> recorded(Message("estimate.nothing")).zh
    Markup('未能估计出任何影响')
    >>> recorded("decline:team:csat left out: nothing of this kind was seen before").zh
    Markup('未学习 decline:team:csat：nothing of this kind was seen before')
    """
    if isinstance(text, Message):
        return translated_message(text)
    return Bilingual(escape(text), Markup(escape(_translated(text))))


def _translated(text: str, /) -> str:
    messages, words = _known()
    if text in words:
        return words[text]
    for pattern, chinese in messages:
        found = pattern.fullmatch(text)
        if found is not None:
            return chinese.format(**{name: _translated(part) for name, part in found.groupdict().items()})
    return text
