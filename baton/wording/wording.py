"""Texts of the page in both languages, and numbers as people write them.

Every text of the page comes from ``texts.toml`` (and ``texts_*.toml``); nothing is put together from halves of
sentences in Python.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from baton.catalogue.schema import Text
from baton.messages.message import Message, render
from baton.messages.numbers import Language, grouped, percentage

__all__ = [
    "Bilingual",
    "Language",
    "duration",
    "known_text",
    "listed",
    "money",
    "natural_order",
    "number",
    "percent",
    "ranged",
    "say",
    "sentences",
    "signed",
    "translated",
    "translated_message",
    "verbatim",
]

_DURATIONS = ((48 * 3600, "days", 86400), (5400, "hours", 3600), (90, "minutes", 60), (0, "seconds", 1))
"""From how many seconds on a time is given in which unit, and how many seconds that has."""


@dataclass(frozen=True)
class Bilingual:
    """A text in both languages, safe to stand in HTML.

    Parameters
    ----------
    en, zh : Markup
        Already escaped where they hold data.
    """

    en: Markup
    zh: Markup

    def of(self, language: Language, /) -> Markup:
        """Return the text in one language."""
        return self.en if language == "en" else self.zh


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    files = sorted(Path(__file__).parent.glob("texts*.toml"))
    return {key: texts for path in files for key, texts in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def say(key: str, /, **values: Bilingual | str | int) -> Bilingual:
    """Return a text of ``texts.toml`` with its blanks filled.

    Parameters
    ----------
    key : str
        ``section.name``. Where English needs another word for one, the entry has ``one`` beside ``en``, taken when the
        value ``n`` is 1.
    **values : Bilingual, str or int
        What fills the blanks; escaped unless it is a Bilingual.

    Raises
    ------
    KeyError
        If there is no such text, or a blank is not filled: a defect, never a user's error.

    Examples
    --------
    >>> say("word.customers", n=1).en, say("word.customers", n=1200).en
    (Markup('1 customer'), Markup('1,200 customers'))
    """
    section, name = key.split(".")
    entry = _texts()[section][name]
    english = entry["one"] if values.get("n") == 1 and "one" in entry else entry["en"]
    return Bilingual(_filled(english, "en", values), _filled(entry["zh"], "zh", values))


def _filled(pattern: str, language: Language, values: dict[str, Bilingual | str | int], /) -> Markup:
    shown: dict[str, Markup] = {}
    for name, value in values.items():
        if isinstance(value, Bilingual):
            shown[name] = value.of(language)
        else:
            shown[name] = escape(f"{value:,}" if isinstance(value, int) else value)
    return Markup(pattern).format(**shown)


def known_text(key: str, /) -> bool:
    """Return whether ``texts.toml`` has a text."""
    section, name = key.split(".", 1)
    return name in _texts().get(section, {})


def verbatim(text: object, /) -> Bilingual:
    """Return data as they are, escaped, in both languages.

    Examples
    --------
    >>> verbatim("<b>").zh
    Markup('&lt;b&gt;')
    """
    safe = escape(str(text))
    return Bilingual(safe, safe)


def translated(text: Text, /) -> Bilingual:
    """Return a text of the catalogue."""
    return Bilingual(escape(text.en), escape(text.zh))


def translated_message(message: Message, /) -> Bilingual:
    """Return the words of a message."""
    return Bilingual(escape(render(message, "en")), escape(render(message, "zh")))


def listed(texts: Sequence[Bilingual], /) -> Bilingual:
    """Return texts as an enumeration.

    Examples
    --------
    >>> listed([verbatim("a"), verbatim("b"), verbatim("c")])
    Bilingual(en=Markup('a, b and c'), zh=Markup('a、b、c'))
    """
    english = [text.en for text in texts]
    head = Markup(", ").join(english[:-1])
    joined = Markup(" and ").join([head, english[-1]]) if len(english) > 1 else Markup("").join(english)
    return Bilingual(joined, Markup("、").join(text.zh for text in texts))


def sentences(texts: Sequence[Bilingual], /) -> Bilingual:
    """Return texts as sentences one after another, the last without its full stop; for texts with commas of their own.

    Examples
    --------
    >>> sentences([verbatim("too few, give more"), verbatim("none; give one")])
    Bilingual(en=Markup('too few, give more. None; give one'), zh=Markup('too few, give more。none; give one'))
    """
    english = [text.en if not at else text.en[:1].upper() + text.en[1:] for at, text in enumerate(texts)]
    return Bilingual(Markup(". ").join(english), Markup("。").join(text.zh for text in texts))


def ranged(value: Bilingual, low: Bilingual, high: Bilingual, /) -> Bilingual:
    """Return a value with its interval; alone where the interval's ends are written alike.

    Examples
    --------
    >>> ranged(percent(0.23), percent(0.2), percent(0.26)).en
    Markup('23% (20% to 26%)')
    >>> ranged(percent(0.23), percent(0.23), percent(0.23)).en
    Markup('23%')
    """
    return value if low == high else say("causes.range", value=value, low=low, high=high)


def natural_order(text: Bilingual, /) -> list[tuple[int, str]]:
    """Return a key that sorts names as people do: team 9 before team 10.

    Examples
    --------
    >>> sorted([verbatim("team 10"), verbatim("team 9")], key=natural_order)[0].en
    Markup('team 9')
    """
    parts = re.split(r"(\d+)", str(text.en).casefold())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def number(value: float, /, digits: int = 0) -> Bilingual:
    """Return a number with thousands separated and a true minus.

    Examples
    --------
    >>> number(-1234.56, 1).en
    Markup('−1,234.6')
    """
    return _numbers(grouped, value, digits)


def signed(value: float, /, digits: int = 0) -> Bilingual:
    """Return a number that always shows its sign; what rounds to nothing has none.

    Examples
    --------
    >>> signed(4.0).en, signed(-0.01, 1).en
    (Markup('+4'), Markup('0.0'))
    """
    written = _numbers(grouped, value, digits)
    return Bilingual(Markup("+") + written.en, Markup("+") + written.zh) if round(value, digits) > 0 else written


def percent(share: float, /, digits: int = 0) -> Bilingual:
    """Return a share of one as per cent.

    Examples
    --------
    >>> percent(0.1234, 1).en
    Markup('12.3%')
    """
    return _numbers(percentage, share, digits)


def money(value: float, currency: str, /) -> Bilingual:
    """Return an amount to three figures, in the words of each language.

    Examples
    --------
    >>> money(1_234_567, "EUR")
    Bilingual(en=Markup('EUR 1.23 million'), zh=Markup('123 万 EUR'))
    """
    size = abs(value)
    english = (
        f"{_rounded(value / 1e9)} billion"
        if size >= 1e9
        else f"{_rounded(value / 1e6)} million"
        if size >= 1e6
        else grouped(float(f"{value:.3g}"), "en")
    )
    chinese = (
        f"{_rounded(value / 1e8)} 亿 "
        if size >= 1e8
        else f"{_rounded(value / 1e4)} 万 "
        if size >= 1e4
        else f"{grouped(float(f'{value:.3g}'), 'zh')} "
    )
    return Bilingual(escape(f"{currency} {english}"), escape(f"{chinese}{currency}"))


def duration(seconds: float, /) -> Bilingual:
    """Return a time as people say it.

    Examples
    --------
    >>> duration(5400).en, duration(200_000).zh, duration(40).en
    (Markup('1.5 h'), Markup('2.3 天'), Markup('40 s'))
    """
    _, unit, size = next(entry for entry in _DURATIONS if seconds >= entry[0])
    value = seconds / size
    digits = 1 if value < 10 and unit != "seconds" and round(value, 1) % 1 else 0
    return say(f"process.{unit}", n=number(value, digits))


def _numbers(write: Callable[[float, Language, int], str], value: float, digits: int, /) -> Bilingual:
    return Bilingual(escape(write(value, "en", digits)), escape(write(value, "zh", digits)))


def _rounded(value: float, /) -> str:
    digits = max(0, 2 - len(f"{abs(value):.0f}") + 1)
    return grouped(float(f"{value:.3g}"), "en", digits)
