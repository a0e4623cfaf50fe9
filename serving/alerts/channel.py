"""What a way by which messages go can do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from baton.errors import BatonError
from serving.alerts.words import Sendable

__all__ = ["Channel", "Secret", "Undelivered"]


class Undelivered(BatonError):
    """A message did not get through.

    Parameters
    ----------
    wait : timedelta
        How long the receiver asks to be left alone.
    is_final : bool
        Whether to try again is of no use.
    """

    def __init__(self, why: str, /, *, wait: timedelta = timedelta(0), is_final: bool = False) -> None:
        super().__init__(why)
        self.wait = wait
        self.is_final = is_final


class Channel(Protocol):
    """A way by which messages go."""

    @property
    def name(self) -> str:
        """As rules name it."""
        ...

    def send(self, message: Sendable, /) -> None:
        """Deliver a message.

        Raises
        ------
        Undelivered
            If it did not get through, or nobody knows whether it did.
        """
        ...


@dataclass(frozen=True)
class Secret:
    """A value of the environment that no text shows."""

    value: str

    def __repr__(self) -> str:
        return "Secret(…)"
