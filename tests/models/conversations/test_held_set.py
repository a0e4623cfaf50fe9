"""The conversations kept from the model: well formed, varied enough, none twice."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HELD = Path(__file__).resolve().parents[3] / "benchmarks" / "conversations" / "held"
LANGUAGES = ("en", "zh")
SIGNALS = (
    "strong_dissatisfaction",
    "threat_to_leave",
    "repeated_contact",
    "promise_broken",
    "legal_or_press_threat",
    "vulnerable_customer",
)
LEVELS = ("low", "medium", "high", "critical")
FORMS = ("calm", "short", "long", "rant", "code_mixed", "mended", "happy", "quoting")
SHOWN = ("angry", "ironic", "leaving_blunt", "leaving_veiled", "repeated", "broken_promise", "legal", "vulnerable")
KINDS = {*FORMS, *SHOWN, *(f"not_{signal}" for signal in SIGNALS)}
LOOK_ALIKES = {signal: {f"not_{signal}"} for signal in SIGNALS}
LOOK_ALIKES["strong_dissatisfaction"].add("happy")


@cache
def held(language: str) -> list[dict[str, Any]]:
    lines = (HELD / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def customer_words(row: dict[str, Any]) -> str:
    return "\n".join(turn["text"].strip().lower() for turn in row["turns"] if turn["speaker"] == "customer")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_conversation_has_the_documented_fields(language: str) -> None:
    for row in held(language):
        assert set(row) == {"id", "language", "kind", "turns", "signals", "level"}, row["id"]
        assert row["language"] == language, row["id"]
        assert row["kind"] in KINDS, row["id"]
        assert row["level"] in LEVELS, row["id"]
        assert 2 <= len(row["turns"]) <= 30, row["id"]
        for turn in row["turns"]:
            assert set(turn) == {"speaker", "text"}, row["id"]
            assert turn["speaker"] in ("customer", "employee"), row["id"]
            assert turn["text"].strip() == turn["text"] != "", row["id"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_signal_is_known_and_points_at_a_turn_of_the_customer(language: str) -> None:
    for row in held(language):
        for signal, turn in row["signals"].items():
            assert signal in SIGNALS, row["id"]
            assert 0 <= turn < len(row["turns"]), row["id"]
            assert row["turns"][turn]["speaker"] == "customer", row["id"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_look_alike_does_not_carry_the_signal_it_looks_like(language: str) -> None:
    for row in held(language):
        for signal, kinds in LOOK_ALIKES.items():
            assert not (row["kind"] in kinds and signal in row["signals"]), row["id"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_critical_follows_the_rule_of_the_labels(language: str) -> None:
    for row in held(language):
        signals = set(row["signals"])
        threat = signals & {"threat_to_leave", "legal_or_press_threat"}
        reason = signals & {"promise_broken", "repeated_contact"}
        escalated = bool(threat and reason and "strong_dissatisfaction" in signals)
        if row["level"] == "critical":
            assert escalated or "vulnerable_customer" in signals, row["id"]
        if escalated and row["kind"] != "mended":
            assert row["level"] == "critical", row["id"]
        if row["kind"] == "mended":
            assert row["level"] in ("low", "medium"), row["id"]


def test_no_id_and_no_conversation_occurs_twice() -> None:
    rows = [row for language in LANGUAGES for row in held(language)]
    ids = Counter(row["id"] for row in rows)
    words = Counter(customer_words(row) for row in rows)
    assert [one for one, count in ids.items() if count > 1] == []
    assert [one for one, count in words.items() if count > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_of_every_signal_and_of_its_look_alikes(language: str) -> None:
    rows = held(language)
    signals = Counter(signal for row in rows for signal in row["signals"])
    kinds = Counter(row["kind"] for row in rows)
    assert len(rows) >= 130
    assert 0.35 <= sum(not row["signals"] for row in rows) / len(rows) <= 0.45
    assert sum(len(row["turns"]) >= 20 for row in rows) >= 6
    assert set(kinds) == KINDS
    for signal in SIGNALS:
        assert signals[signal] >= 20, signal
        assert sum(kinds[kind] for kind in LOOK_ALIKES[signal]) >= 10, signal
