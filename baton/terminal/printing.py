"""Sentences and figures as several commands print them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baton.messages.message import Message
    from baton.messages.numbers import Language

__all__ = ["finite", "print_message"]


def print_message(message: Message, language: Language, /) -> None:
    """Print a message on a line of its own."""
    from baton import display
    from baton.messages.message import render

    display.open_console().print(render(message, language), markup=False, soft_wrap=True, highlight=False)


def finite(value: float, /) -> float | None:
    """Return a number as JSON has it: None for what is not one.

    Examples
    --------
    >>> finite(0.5), finite(float("nan"))
    (0.5, None)
    """
    return float(value) if math.isfinite(value) else None
