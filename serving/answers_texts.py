"""The answers about texts and conversations, as plain functions of a loaded run and a request."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from baton.errors import ArtefactError, RequestError
from serving.answers import answer_churn
from serving.payloads import ChurnRequest, ChurnRow

if TYPE_CHECKING:
    from serving.loading import LoadedRun
    from serving.payloads_texts import ComplaintsRequest, ConversationRequest

__all__ = ["MOST_CHARACTERS", "answer_complaints", "answer_conversation"]

MOST_CHARACTERS = 4_000_000
"""Of all texts of a request together."""

_DIGITS = 6


def answer_complaints(run: LoadedRun, request: ComplaintsRequest, /) -> dict[str, Any]:
    """Return what texts are about.

    Raises
    ------
    ArtefactError
        If the run has read no texts.
    RequestError
        If the texts are longer together than can be answered at once.
    """
    if run.causes is None:
        raise ArtefactError("this run tells no causes: its company has no cases with texts, or too few to learn from")
    characters = sum(len(text) for text in request.texts if text)
    if characters > MOST_CHARACTERS:
        raise RequestError(
            f"the texts have {characters:,} characters together, at most {MOST_CHARACTERS:,} can be answered at once",
            "texts",
        )
    rows = run.causes.classify(request.texts).to_dict("records") if request.texts else []
    return {"model": run.causes_version, "rows": [_plain(row) for row in rows]}


def answer_conversation(run: LoadedRun, request: ConversationRequest, /) -> dict[str, Any]:
    """Return where a conversation stands.

    Raises
    ------
    ArtefactError
        If the signals' model is not there.
    """
    if run.reader is None:
        raise ArtefactError("conversations cannot be read: the encoder is not installed; install requirements.lock")
    customer = None if request.customer_id is None else _customer(run, request.customer_id)
    known = None if customer is None else customer.get("churn_probability")
    turns = [(turn.speaker == "customer", turn.text) for turn in request.turns]
    found = run.reader.assess(turns, churn_probability=known)
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


def _customer(run: LoadedRun, customer_id: str, /) -> dict[str, Any]:
    if "churn" not in run.served:
        return {"customer_id": customer_id, "error": "this run predicts no churn"}
    row = answer_churn(run, ChurnRequest(rows=[ChurnRow(customer_id=customer_id)]))["rows"][0]
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
