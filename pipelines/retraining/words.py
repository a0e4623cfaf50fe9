"""What became of a retraining, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from baton.messages.message import Message, Value
from models.retraining.words import gate_name, gate_words, status_words
from pipelines.retraining.recompute import Recomputed
from pipelines.retraining.retrain import Retrained

__all__ = ["recomputed_words", "sentences"]


def sentences(found: Sequence[Retrained], /) -> list[Message]:
    """Return what whoever runs it should read, an outcome after the other."""
    words = [message for one in found for message in _of(one)]
    if any(one.status in {"promoted", "rolled_back"} for one in found):
        words.append(Message("retraining.next_score"))
    return words


def recomputed_words(found: Recomputed, /) -> list[Message]:
    """Return whether a report's figures come out the same."""
    known: dict[str, Value] = {"outcome": found.outcome, "version": found.version}
    words = [Message("retraining.recomputed_same", known)]
    if not found.same:
        other = tuple(
            f"{model} {name}"
            for model, figures in found.then.items()
            for name, value in figures.items()
            if found.now.get(model, {}).get(name) != value
        )
        words = [Message("retraining.recomputed_other", known | {"figures": other})]
    if found.others:
        words.append(Message("retraining.recomputed_others", {"names": found.others}))
    return words


def _of(one: Retrained, /) -> list[Message]:
    if one.status == "rolled_back":
        return list(one.why)
    judged = one.judged
    named = [gate_name(gate) for gate in (judged.gates if judged else ()) if gate.passed is False]
    if judged is not None and judged.why is not None:
        named = [Message("retraining.gate_no_better", {"why": judged.why})]
    values: dict[str, Value] = {
        "outcome": one.outcome, "old": one.champion or "", "new": one.challenger or "", "gates": tuple(named),
    }  # fmt: skip
    first = status_words(one.status, values)
    words = [first]
    reasons = one.why if judged is None or judged.why is None else (*one.why, judged.why)
    if reasons:
        words.append(Message("retraining.why", {"why": reasons}))
    if judged is not None and judged.figures:
        words.append(_compared(one))
        words += [gate_words(gate) for gate in judged.gates]
    return words


def _compared(one: Retrained, /) -> Message:
    assert one.judged is not None
    figures = one.judged.figures
    metric = "log_loss" if "log_loss" in figures["champion"] else "rmse"
    values: dict[str, Value] = {
        "rows": sum(origin["rows"] for origin in one.judged.origins),
        "n": max(1, len(one.judged.origins)),
        "metric": metric,
        "new": round(figures["challenger"][metric], 4),
        "old": round(figures["champion"][metric], 4),
    }
    return Message("retraining.compared", values)
