"""What became of a retraining, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from baton.messages.message import Message, Value
from models.retraining.gates import Gate
from pipelines.retraining.recompute import Recomputed
from pipelines.retraining.retrain import Retrained

__all__ = ["recomputed_words", "sentences"]

_GATES: dict[str, Callable[[dict[str, Value]], Message]] = {
    "log_loss": lambda values: Message("retraining.gate_log_loss"),
    "calibration": lambda values: Message("retraining.gate_calibration"),
    "worst_segment": lambda values: Message("retraining.gate_worst_segment", values),
    "fairness": lambda values: Message("retraining.gate_fairness", values),
    "latency_ms": lambda values: Message("retraining.gate_latency_ms"),
    "agreement": lambda values: Message("retraining.gate_agreement"),
}
_STATUS: dict[str, Callable[[dict[str, Value]], Message]] = {
    "promoted": lambda values: Message("retraining.status_promoted", values),
    "would_promote": lambda values: Message("retraining.status_would_promote", values),
    "shadow": lambda values: Message("retraining.status_shadow", values),
    "in_shadow": lambda values: Message("retraining.status_in_shadow", values),
    "failed": lambda values: Message("retraining.status_failed", values),
    "same": lambda values: Message("retraining.status_same", values),
    "not_learned": lambda values: Message("retraining.status_not_learned", values),
}


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
    named = [_named(gate) for gate in (judged.gates if judged else ()) if gate.passed is False]
    if judged is not None and judged.why is not None:
        named = [Message("retraining.gate_no_better", {"why": judged.why})]
    values: dict[str, Value] = {
        "outcome": one.outcome, "old": one.champion or "", "new": one.challenger or "", "gates": tuple(named),
    }  # fmt: skip
    first = _STATUS.get(one.status, lambda known: Message("retraining.status_stays", known))(values)
    if one.status == "promoted" and one.champion is None:
        first = Message("retraining.status_first", values)
    elif one.status == "would_promote" and one.champion is None:
        first = Message("retraining.status_would_first", values)
    words = [first]
    reasons = one.why if judged is None or judged.why is None else (*one.why, judged.why)
    if reasons:
        words.append(Message("retraining.why", {"why": reasons}))
    if judged is not None and judged.figures:
        words.append(_compared(one))
        words += [_gate(gate) for gate in judged.gates]
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


def _gate(gate: Gate, /) -> Message:
    name = _named(gate)
    if gate.value is None:
        key = "retraining.no_verdict" if gate.passed is None else "retraining.too_few_to_judge"
        return Message(key, {"gate": name})
    values: dict[str, Value] = {"gate": name, "value": round(gate.value, 4), "limit": gate.limit}
    if gate.name == "agreement":
        return Message("retraining.passed_least" if gate.passed else "retraining.failed_least", values)
    return Message("retraining.passed" if gate.passed else "retraining.failed", values)


def _named(gate: Gate, /) -> Message:
    if gate.value is None and gate.name == "fairness":
        return Message("retraining.gate_fairness_none")
    if gate.value is None and gate.name == "worst_segment":
        return Message("retraining.gate_segment_none")
    champion = "" if gate.champion is None else round(gate.champion, 4)
    return _GATES[gate.name]({"where": gate.where, "champion": champion})
