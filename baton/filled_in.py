"""What was filled in from the environment stays out of messages: they name the variable instead."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from baton.errors import BatonError

if TYPE_CHECKING:
    from baton.company import Company

__all__ = ["hides_filled_in", "hiding", "with_names"]

P = ParamSpec("P")
R = TypeVar("R")

MIN_LETTERS = 4  # shorter values are no secrets, and would be found inside other words


def with_names(text: str, company: Company, /) -> str:
    """Return a text with ``${NAME}`` wherever the value of that variable stands, for all that a company file names."""
    names = set(re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)", company.model_dump_json()))
    values = {os.environ[name]: name for name in sorted(names) if len(os.environ.get(name, "")) >= MIN_LETTERS}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, f"${{{values[value]}}}")
    return text


@contextmanager
def hiding(company: Company, /) -> Iterator[None]:
    """Let no error of the block show what was filled in from the environment.

    Raises
    ------
    BatonError
        The block's own, in other words.
    """
    try:
        yield
    except BatonError as error:
        error.args = tuple(with_names(part, company) if isinstance(part, str) else part for part in error.args)
        raise error from None


def hides_filled_in(verb: Callable[Concatenate[Company, P], R], /) -> Callable[Concatenate[Company, P], R]:
    """Let no error of a verb on a company show what was filled in from the environment, whoever calls it."""

    @wraps(verb)
    def without_values(company: Company, *args: P.args, **named: P.kwargs) -> R:
        with hiding(company):
            return verb(company, *args, **named)

    return without_values
