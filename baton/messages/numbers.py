"""Numbers as people of a language write them, by the locale data of Babel."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite
from typing import Literal

__all__ = ["Language", "duration", "grouped", "percentage", "points", "two_figures"]

Language = Literal["en", "zh"]

_MINUS = "\N{MINUS SIGN}"
MAX_WRITTEN_OUT = 1e15
"""From here on three figures and an exponent: nobody reads so many, and floats do not have them."""
_DURATIONS = ((172_800.0, "day", 86_400), (7_200.0, "hour", 3_600), (600.0, "minute", 60), (0.0, "second", 1))
"""From how many seconds on which unit, and its seconds: calls are compared in seconds up to ten minutes."""


def grouped(value: float, language: Language, digits: int = 0) -> str:
    """Return a number with thousands separated and a true minus; what rounds to nothing has no sign.

    Parameters
    ----------
    value : float
        What is no number is written as Python does.
    language : {"en", "zh"}
    digits : int
        Behind the point.

    Examples
    --------
    >>> grouped(-1234.56, "en", 1), grouped(-0.01, "zh", 1)
    ('−1,234.6', '0.0')
    """
    from babel.numbers import format_decimal

    if not isfinite(value):
        return f"{value}"
    if abs(value) >= MAX_WRITTEN_OUT:
        return _minus(f"{value:.3g}")
    # rounded as Python does: Babel would round the number's shortest decimal form
    rounded = Decimal(f"{value:.{digits}f}")
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return _minus(format_decimal(rounded or abs(rounded), format=pattern, locale=language))


def percentage(share: float, language: Language, digits: int = 0) -> str:
    """Return a share of one as per cent.

    Examples
    --------
    >>> percentage(0.1234, "en", 1)
    '12.3%'
    """
    from babel.numbers import format_percent

    if not isfinite(share):
        return f"{share}%"
    rounded = Decimal(f"{100 * share:.{digits}f}") / 100
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    return _minus(format_percent(rounded or abs(rounded), format=pattern, locale=language))


def duration(seconds: float, language: Language) -> str:
    """Return a time in the unit that people say it in.

    Parameters
    ----------
    seconds : float
    language : {"en", "zh"}

    Examples
    --------
    >>> duration(412.3, "en"), duration(4590, "en"), duration(19_694, "zh"), duration(400_000, "en")
    ('412 seconds', '76.5 minutes', '5.5 小时', '4.6 days')
    """
    from babel.units import format_unit

    if not isfinite(seconds):
        return f"{seconds}"
    unit, size = next(entry[1:] for entry in _DURATIONS if abs(seconds) >= entry[0])
    value = float(f"{seconds / size:.{0 if unit == 'second' and abs(seconds) >= 10 else 1}f}")
    text = format_unit(value or 0.0, unit, "long" if language == "en" else "short", "#,##0.#", language)
    # Chinese stands apart from figures here
    return _minus(text if language == "en" else re.sub(r"(?<=[\d.])(?=[^\d.,])", " ", text, count=1))


def two_figures(value: float) -> str:
    """Return two figures that count, never with an exponent, and a true minus.

    Examples
    --------
    >>> two_figures(-0.0712), two_figures(41.7), two_figures(0.00001)
    ('−0.071', '42', '0')
    """
    size = abs(value)
    text = f"{value:.0f}" if size >= 10 else f"{value:.2g}" if size >= 0.001 else f"{value:.4f}"
    return _minus(text) if text.strip("-0.") else "0"


def points(value: float) -> str:
    """Return points of a scorecard: as many figures as they have.

    Examples
    --------
    >>> points(12.5), points(-10.0)
    ('12.5', '−10')
    """
    return _minus(f"{value:g}")


def _minus(text: str, /) -> str:
    return text.replace("-", _MINUS)
