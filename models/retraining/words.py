"""What gates have shown, in sentences: for the command line and for pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from baton.messages.message import Message, Value
from models.retraining.gates import Gate

__all__ = ["gate_name", "gate_of", "gate_words", "status_words"]

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


def status_words(status: str, values: dict[str, Value], /) -> Message:
    """Return what became of a challenger.

    Parameters
    ----------
    status : str
        Of a retraining.
    values : dict
        ``outcome``, ``old`` and ``new`` (versions; empty: none), ``gates`` (those that failed).
    """
    if not values["old"] and status == "promoted":
        return Message("retraining.status_first", values)
    if not values["old"] and status == "would_promote":
        return Message("retraining.status_would_first", values)
    return _STATUS.get(status, lambda known: Message("retraining.status_stays", known))(values)


def gate_of(kept: Mapping[str, Any], /) -> Gate:
    """Return a gate as a report has kept it."""
    names = ("name", "passed", "value", "limit", "champion", "where")
    return Gate(**{name: kept[name] for name in names if name in kept})


def gate_words(gate: Gate, /) -> Message:
    """Return what a gate has shown, its limit and its verdict, in one sentence."""
    name = gate_name(gate)
    if gate.value is None:
        key = "retraining.no_verdict" if gate.passed is None else "retraining.too_few_to_judge"
        return Message(key, {"gate": name})
    values: dict[str, Value] = {"gate": name, "value": round(gate.value, 4), "limit": gate.limit}
    if gate.name == "agreement":
        return Message("retraining.passed_least" if gate.passed else "retraining.failed_least", values)
    return Message("retraining.passed" if gate.passed else "retraining.failed", values)


def gate_name(gate: Gate, /) -> Message:
    """Return what a gate is called, with where it is worst."""
    if gate.value is None and gate.name == "fairness":
        return Message("retraining.gate_fairness_none")
    if gate.value is None and gate.name == "worst_segment":
        return Message("retraining.gate_segment_none")
    champion = "" if gate.champion is None else round(gate.champion, 4)
    return _GATES[gate.name]({"where": gate.where, "champion": champion})
