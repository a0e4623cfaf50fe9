"""SVG by hand: elements, text in both languages, scales.

Colours, fonts and line widths stand in the page's style sheet, so that print and screen can differ; here are only
places and classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from baton.wording.wording import Bilingual, Language

__all__ = ["LETTERS", "Pen", "Scale", "element", "nice_ticks", "text_width", "wrapped"]

LETTERS = 12.0
"""The size that text is written in."""
_WIDE_CHARACTER = 0x2E80  # from here on, characters are as wide as they are high


def element(name: str, /, *children: Markup, **attributes: object) -> Markup:
    """Return an SVG element; ``_`` in attribute names stands for ``-``, and a trailing one is dropped.

    Examples
    --------
    >>> element("rect", x=1, width=2.345, class_="bar")
    Markup('<rect x="1" width="2.3" class="bar"/>')
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _number(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(children)
    return Markup("<{0}{1}>{2}</{0}>" if inside else "<{0}{1}/>").format(Markup(name), written, inside)


def _number(value: object, /) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)


def text_width(text: str, size: float, /) -> float:
    """Return about how wide a text is, in the units of its size."""
    return size * sum(1.0 if ord(character) >= _WIDE_CHARACTER else 0.54 for character in text)


def wrapped(text: str, size: float, width: float, /) -> list[str]:
    """Break a text into lines no wider than ``width``; at spaces, or anywhere between Chinese characters.

    Examples
    --------
    >>> wrapped("First contact resolution", 10, 100)
    ['First contact', 'resolution']
    """
    pieces: list[str] = []
    for word in text.split(" "):
        parts = list(word) if any(ord(character) >= _WIDE_CHARACTER for character in word) else [word]
        pieces += [*parts[:-1], parts[-1] + " "]
    lines = [""]
    for piece in pieces:
        if lines[-1] and text_width((lines[-1] + piece).rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines if line.strip()]


@dataclass(frozen=True)
class Scale:
    """A straight line from values to places.

    Parameters
    ----------
    low, high : float
        Values at the two ends.
    start, stop : float
        Places of the two ends.
    """

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float, /) -> float:
        """Return the place of a value; values beyond an end stand at it."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.stop - self.start)


def nice_ticks(low: float, high: float, count: int, /) -> list[float]:
    """Return round numbers that span a range, about ``count`` of them.

    Examples
    --------
    >>> nice_ticks(-3.2, 11.0, 4)
    [-5.0, 0.0, 5.0, 10.0, 15.0]
    """
    span = max(high - low, 1e-9)
    rough = span / max(count, 1)
    power = 10.0 ** _floor_log10(rough)
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = int(low // step), -int(-high // step)
    return [round(index * step, 12) for index in range(first, last + 1)]


def _floor_log10(value: float, /) -> int:
    return int(f"{value:e}".split("e")[1])


@dataclass(frozen=True)
class Pen:
    """Writes text into a drawing, once per language of the report.

    Parameters
    ----------
    languages : sequence of {"en", "zh"}
    """

    languages: Sequence[Language]

    def write(
        self, text: Bilingual, x: float, y: float, /, *, anchor: str = "start", style: str = "", width: float = 0
    ) -> Markup:
        """Return text at a place; with ``width``, broken into lines that are centred on ``y``."""
        size = LETTERS
        written = []
        same = text.en == text.zh
        for language in self.languages[:1] if same else self.languages:
            plain = str(text.of(language).unescape())
            lines = wrapped(plain, size, width) if width else [plain]
            top = y - (len(lines) - 1) * size * 0.6
            spans = Markup("").join(
                element("tspan", escape(line), x=x, y=round(top + index * size * 1.2, 1))
                for index, line in enumerate(lines)
            )
            written.append(
                element(
                    "text",
                    spans,
                    class_=style if same else f"t {style}".strip(),
                    lang=None if same else language,
                    text_anchor=anchor,
                )
            )
        return Markup("").join(written)

    def drawing(self, width: float, height: float, size: str, /, *parts: Markup) -> Markup:
        """Return an ``svg`` of one of the two sizes, ``wide`` or ``narrow``; hidden from readers, who get the table."""
        return element(
            "svg",
            *parts,
            class_=f"chart {size}",
            viewBox=f"0 0 {width:g} {height:g}",
            aria_hidden="true",
            focusable="false",
        )
