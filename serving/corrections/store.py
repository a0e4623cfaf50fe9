"""Corrections as they are kept: each with its line in the audit log, which names no case and no word of a text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from baton.company import Company
from baton.messages.message import Message
from baton.retraining.corrections import Corrected, write_corrections
from serving.access.principal import Principal
from serving.audit.log import AuditLog, Entry
from serving.corrections.audited import CORRECT, content_of
from serving.decisions.refused import DecisionRefused
from serving.state.clock import utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.state.schema import LabelCorrection

__all__ = ["MAX_LABEL", "Agreement", "Corrections", "NewCorrection"]

MAX_LABEL = 300
"""Characters of a label: what the database keeps of one."""


@dataclass(frozen=True)
class NewCorrection:
    """What somebody who has read a text says that it is about.

    Parameters
    ----------
    case_id : str
        Whose text it is.
    team_id : str or None
        Whose case.
    cause : str
        One that the run knows.
    shown : str
        What stood beside the text.
    once : str
        By which, with all that it says, a form that is sent twice is known.
    """

    case_id: str
    team_id: str | None
    cause: str
    shown: str
    once: str


@dataclass(frozen=True)
class Agreement:
    """How many texts were read again since causes were learned last, each by its newest correction.

    Parameters
    ----------
    read : int
        Texts.
    agreed : int
        Of these, how many kept what stood beside them.
    low, high : float
        Wilson's 90 % interval of the share that agreed (Wilson 1927); of the texts that people chose to read.
    """

    read: int
    agreed: int
    low: float
    high: float

    @property
    def corrected(self) -> int:
        """How many texts were given another cause."""
        return self.read - self.agreed

    @property
    def share(self) -> float:
        """Of those that were read, how many agreed."""
        return self.agreed / self.read


class Corrections:
    """Corrections of one company.

    Parameters
    ----------
    company : Company
        Beside whose file they are handed to the next run.
    audit : AuditLog
        Its state has the corrections.
    now : callable
        The time, UTC without zone.
    """

    def __init__(self, company: Company, audit: AuditLog, /, *, now: Callable[[], datetime] = utc_now) -> None:
        self._company = company
        self._audit = audit
        self._state = audit.state
        self._now = now

    def keep(self, who: Principal, new: NewCorrection, /) -> None:
        """Keep a correction, once, and hand all to the next run.

        Raises
        ------
        DecisionRefused
            If it does not fit.
        OutputError
            If it cannot be kept, or not be handed on: sent again, it is.
        """
        from sqlalchemy import select

        from serving.state.schema import LabelCorrection

        once = _once(new)
        with self._state.writing() as session:
            same = select(LabelCorrection.number).where(LabelCorrection.by == who.user, LabelCorrection.once == once)
            if session.scalar(same) is None:
                kept = LabelCorrection(
                    case_id=new.case_id, team_id=new.team_id, by=who.user, cause=new.cause, shown=new.shown, once=once,
                    at=self._now(),
                )  # fmt: skip
                session.add(kept)
                session.flush()
                detail = {
                    "correction": kept.number,
                    "cause": new.cause,
                    "shown": new.shown,
                    "content": content_of(kept),
                }
                self._audit.append(session, Entry(CORRECT, who, new.team_id, detail=detail))
        # after the commit: nothing is learned from that was not kept; and in turn: the newest is written last
        with self._state.writing() as session:
            newest = [Corrected(row.case_id, row.cause, row.number) for row in _newest(session)]
            write_corrections(self._company, newest)

    def since(self, number: int, /) -> Agreement | None:
        """Return how many texts were read again after a correction; None where none was.

        Parameters
        ----------
        number : int
            Of the newest correction that causes were learned with; 0: with none.
        """
        from statsmodels.stats.proportion import proportion_confint

        with self._state.reading() as session:
            rows = [row for row in _newest(session) if row.number > number]
        if not rows:
            return None
        agreed = sum(row.cause == row.shown for row in rows)
        low, high = proportion_confint(agreed, len(rows), alpha=0.1, method="wilson")
        return Agreement(len(rows), agreed, float(low), float(high))

    def of_cases(self) -> dict[str, str]:
        """Return by case what people say of it, the newest."""
        with self._state.reading() as session:
            return {row.case_id: row.cause for row in _newest(session)}


def _newest(session: Session, /) -> list[LabelCorrection]:
    """Return the newest correction of each case, in their order."""
    from sqlalchemy import select

    from serving.state.schema import LabelCorrection

    rows = session.scalars(select(LabelCorrection).order_by(LabelCorrection.number))
    return sorted({row.case_id: row for row in rows}.values(), key=lambda row: row.number)


def _once(new: NewCorrection, /) -> str:
    """Return the key of a form with what it says: a browser goes back to a form that was sent, and one chooses anew."""
    if not new.once or len(new.once) > 100 or not new.cause or max(len(new.cause), len(new.shown)) > MAX_LABEL:
        raise DecisionRefused(Message("page.does_not_fit"))
    return hashlib.sha256(json.dumps([new.once, new.case_id, new.cause]).encode()).hexdigest()
