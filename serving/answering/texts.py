"""The answers about texts and conversations, as plain functions of a loaded run and a request."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from baton.errors import ArtefactError
from serving.access.sight import Sight
from serving.answering.payloads import ChurnRequest, ChurnRow
from serving.answering.predictions import answer_churn

if TYPE_CHECKING:
    from serving.answering.payloads_texts import ComplaintsRequest, ConversationRequest
    from serving.lanes import Check
    from serving.loading import LoadedRun

__all__ = ["answer_complaints", "answer_conversation"]

_PART_CHARACTERS = 20_000
_PART_TEXTS = 200
_DIGITS = 6


def answer_complaints(run: LoadedRun, request: ComplaintsRequest, check: Check, /) -> dict[str, Any]:
    """Return what texts are about.

    Raises
    ------
    ArtefactError
        If the run has read no texts.
    Stopped
        If nobody waits for the answer any more.
    """
    if run.causes is None:
        raise ArtefactError("this run tells no causes: its company has no cases with texts, or too few to learn from")
    rows: list[dict[str, Any]] = []
    for part in _parts(request.texts):
        check()
        rows += run.causes.classify(part).to_dict("records")
    return {"model": run.causes_version, "rows": [_plain(row) for row in rows]}


def _parts(texts: Sequence[str | None], /) -> Iterator[list[str | None]]:
    """Yield the texts in order, a second's work at a time."""
    part: list[str | None] = []
    size = 0
    for text in texts:
        if part and (size + len(text or "") > _PART_CHARACTERS or len(part) >= _PART_TEXTS):
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text or "")
    if part:
        yield part


def answer_conversation(run: LoadedRun, request: ConversationRequest, sight: Sight, check: Check, /) -> dict[str, Any]:
    """Return where a conversation stands.

    Raises
    ------
    ArtefactError
        If the signals' model is not there.
    Stopped
        If nobody waits for the answer any more.
    """
    if run.reader is None:
        raise ArtefactError("conversations cannot be read: the encoder is not installed; install requirements.lock")
    customer = None if request.customer_id is None else _customer(run, request.customer_id, sight)
    known = None if customer is None else customer.get("churn_probability")
    turns = [(turn.speaker == "customer", turn.text) for turn in request.turns]
    found = run.reader.assess(turns, known, check=check)
    answer = {
        "risk": found.risk,
        "level": found.level,
        "signals": [
            {
                "signal": each.signal,
                "name": each.name.model_dump(),
                "probability": each.probability,
                "turn": each.turn,
                "quote": each.quote,
            }
            for each in found.signals
        ],
        "advice": [text.model_dump() for text in found.advice],
        "mended": found.mended,
    }
    return answer if customer is None else {**answer, "customer": customer}


def _customer(run: LoadedRun, customer_id: str, sight: Sight, /) -> dict[str, Any]:
    if "churn" not in run.served:
        return {"customer_id": customer_id, "error": "this run predicts no churn"}
    row = answer_churn(run, ChurnRequest(rows=[ChurnRow(customer_id=customer_id)]), sight)["rows"][0]
    if row.get("error"):
        return {"customer_id": customer_id, "error": row["error"]}
    return {"customer_id": customer_id, "churn_probability": row["probability"]}


def _plain(row: dict[str, Any], /) -> dict[str, Any]:
    """Return a row that JSON can hold: what is missing is null."""
    wanted = ("cause", "main_cause", "probability", "abstained", "second_cause", "language", "reason")
    plain: dict[str, Any] = {}
    for name in wanted:
        value = row.get(name)
        if name == "abstained":
            plain[name] = bool(value)
        elif name == "probability":
            number = math.nan if value is None else float(value)
            plain[name] = None if math.isnan(number) else round(number, _DIGITS)
        else:
            plain[name] = value if isinstance(value, str) else None
    return plain
