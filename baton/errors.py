"""The errors Baton raises on purpose.

One root, caught only by the command line (one line, exit 2 or the error's own code) and by the service (one table of
HTTP codes).
Each leaf is also the builtin that a Python user would expect::

    BatonError
    ├── CompanyFileError (ValueError)      the company file does not say what it should
    ├── CatalogueError (ValueError)        a KPI definition contradicts itself or another
    │   └── ExpressionError                a KPI's SQL is no single scalar expression over its source
    ├── SourceError (OSError)              a table cannot be opened or read
    ├── TableError (ValueError)            a table breaks the contract
    ├── LeakError (ValueError)             a feature knows the outcome
    ├── TooLittleDataError (ValueError)    an outcome cannot be learned from what there is
    ├── PolicyError (ValueError)           the limits of a policy contradict each other
    ├── OutputError (OSError)              results cannot be written
    │   └── BusyError                      another run is writing there: later it goes through
    ├── ResultError (ValueError)           a result is not as the contract says: a defect
    ├── ArtefactError (LookupError)        a run, a model or a result is not there
    │   └── DamagedModelError              a model is not as it was trained, and is not loaded
    ├── PromotionError (ValueError)        a model may not become champion
    ├── AccessError (ValueError)           what is granted to a user contradicts itself
    └── RequestError (ValueError)          a request to the service does not fit
        ├── UnknownIdError                 nobody has the id that a request asks about
        └── DeniedError                    who asks may not do this, for anybody

Messages say what is wrong, where, and what to do, in one line.
"""

from __future__ import annotations

from typing import ClassVar

from baton.messages.message import Message

__all__ = [
    "AccessError",
    "ArtefactError",
    "BatonError",
    "BusyError",
    "CatalogueError",
    "CompanyFileError",
    "DamagedModelError",
    "DeniedError",
    "ExpressionError",
    "LeakError",
    "OutputError",
    "PolicyError",
    "PromotionError",
    "RequestError",
    "ResultError",
    "SourceError",
    "TableError",
    "TooLittleDataError",
    "UnknownIdError",
]


class BatonError(Exception):
    """The root of everything that Baton raises on purpose.

    Parameters
    ----------
    message : Message or str
        What is wrong, where, and what to do. A message where results repeat it to people in their language; text where
        the command line and the service say it alone.
    """

    exit_code: ClassVar[int] = 2
    """What a command ends with; a scheduler reads it."""

    def __init__(self, message: Message | str = "", /, *details: object) -> None:
        super().__init__(message.text if isinstance(message, Message) else message, *details)
        self.message = message if isinstance(message, Message) else Message.verbatim(message)


class CompanyFileError(BatonError, ValueError):
    """The company file does not say what it should."""


class CatalogueError(BatonError, ValueError):
    """A KPI definition contradicts itself or another."""


class ExpressionError(CatalogueError):
    """A KPI's SQL is no single scalar expression over its source's columns."""


class SourceError(BatonError, OSError):
    """A table cannot be opened or read."""


class TableError(BatonError, ValueError):
    """A table breaks the contract."""


class LeakError(BatonError, ValueError):
    """A feature all but knows the outcome."""


class TooLittleDataError(BatonError, ValueError):
    """An outcome cannot be learned from what there is.

    Parameters
    ----------
    why : Message
        What is missing.
    outcome : str, optional
        Of which outcome.
    """

    def __init__(self, why: Message, /, outcome: str = "") -> None:
        super().__init__(Message("text.of_outcome", {"outcome": outcome, "text": why}) if outcome else why)
        self.why = why


class PolicyError(BatonError, ValueError):
    """The limits of a policy contradict each other."""


class OutputError(BatonError, OSError):
    """Results cannot be written where they should go."""


class BusyError(OutputError):
    """Somebody else is writing there: nothing is wrong, and later the same command goes through."""

    exit_code: ClassVar[int] = 75  # EX_TEMPFAIL of sysexits.h


class ResultError(BatonError, ValueError):
    """A result is not as the contract says it is, which is a defect; it is not written."""


class ArtefactError(BatonError, LookupError):
    """A run, a model or a result that was asked for is not there."""


class DamagedModelError(ArtefactError):
    """A model's files are not as they were written, or cannot be read without harm; it is not loaded."""


class PromotionError(BatonError, ValueError):
    """A model may not become champion."""


class AccessError(BatonError, ValueError):
    """What is to be granted to a user, or taken from them, contradicts itself or is not there."""


class RequestError(BatonError, ValueError):
    """A request to the service does not fit.

    Parameters
    ----------
    message : str
        What is wrong and what to do, in one line.
    field : str
        Path of the offending field in the request's body, such as ``rows[3].customer_id``.
    """

    def __init__(self, message: str, /, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnknownIdError(RequestError):
    """Nobody has the id that a request asks about."""


class DeniedError(RequestError):
    """Who asks may not do this, whomever it is about."""
