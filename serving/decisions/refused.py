"""Why a decision, or a move of one, is refused."""

from __future__ import annotations

from baton.errors import ArtefactError, RequestError
from baton.messages.message import Message

__all__ = ["Conflict", "DecisionRefused", "KeyUsed", "NotAllowed", "NotFound", "RunLoading", "RunNotReady"]


class DecisionRefused(RequestError):
    """A decision does not fit; nothing was changed.

    Parameters
    ----------
    why : Message
        What is the matter, and what to do.
    field : str
        Of the request's body.
    """

    code = 400

    def __init__(self, why: Message, /, field: str = "") -> None:
        super().__init__(why.text, field)
        self.message = why


class NotAllowed(DecisionRefused):
    """Somebody who may see a decision may not make this move."""

    code = 403


class NotFound(DecisionRefused):
    """There is no such decision, or it is not theirs to see: one and the same answer."""

    code = 404

    def __init__(self, why: Message | None = None, /) -> None:
        super().__init__(Message("decision.none") if why is None else why)


class Conflict(DecisionRefused):
    """Somebody else was first, or the advice has become another."""

    code = 409


class KeyUsed(DecisionRefused):
    """An idempotency key comes with another request than before."""

    code = 422


class RunNotReady(ArtefactError):
    """The run that decisions are made on is not loaded, or cannot be."""


class RunLoading(RunNotReady):
    """The run is being loaded, and will be there in a moment."""
