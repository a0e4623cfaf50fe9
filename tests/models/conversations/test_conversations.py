"""What a live conversation shows: who speaks of whom, what is meant, and what does not count."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from models.conversations import signals
from models.conversations.assessment import LEVELS, Reader
from models.conversations.cues import CORES, Turn, feature_names, turn_features
from models.conversations.signals import SIGNALS, SignalModel, read_labelled

LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def place_of(checkout: Path) -> Path:
    return checkout / "models" / "conversations"


def cue(text: str, name: str, *before: Turn) -> float:
    turns = [*before, Turn(True, text)]
    return float(turn_features(turns, len(turns) - 1)[feature_names().index(name)])


@pytest.mark.parametrize(
    ("meant", "not_meant"),
    [
        ("I will cancel my contract today.", "My neighbour said he would cancel, I like you."),
        ("We will switch to another provider.", "I'm not going to switch to another provider."),
        ("我要销户。", "我室友销户了，账单上去掉她。"),
        ("明天就换一家。", "本来想换一家，现在留下了。"),
    ],
)
def test_a_cue_that_its_clause_takes_back_is_not_meant(meant: str, not_meant: str) -> None:
    assert cue(meant, "leave:meant") == 1
    assert cue(not_meant, "leave") == 1
    assert cue(not_meant, "leave:meant") == 0


def test_what_employees_say_is_context_only() -> None:
    promised = Turn(False, "I promise that it will be refunded by Monday.")
    assert cue("Nothing has arrived.", "employee_promised", promised) == 1
    assert cue("Nothing has arrived.", "employee_promised", Turn(True, promised.text)) == 0
    angry = Turn(False, "You are a disgrace, I will sue you.")
    plain, after = turn_features([Turn(True, "Hello")], 0), turn_features([angry, Turn(True, "Hello")], 1)
    same = [name for name in feature_names() if not name.startswith("employee")]
    at = [feature_names().index(name) for name in same]
    assert (plain[at] == after[at]).all()


def test_features_of_a_turn_do_not_look_at_later_turns() -> None:
    turns = [Turn(True, "Where is it?"), Turn(False, "On its way."), Turn(True, "I cancel."), Turn(True, "Thanks!")]
    assert (turn_features(turns, 2) == turn_features(turns[:3], 2)).all()


def test_asking_the_same_again_is_seen_without_any_word_for_again() -> None:
    asked = (Turn(True, "Does the second card cost anything?"), Turn(False, "It is valid for four years."))
    again = Turn(True, "Which fee has the second card?")
    assert cue("Does the second card cost anything or not?", "repeats_itself", *asked, again) > 0.9
    assert cue("Thanks, bye.", "repeats_itself", *asked, again) < 0.2


def test_a_mended_conversation_is_no_more_than_medium(reader: Reader) -> None:
    bad = [
        (True, "This is the worst service ever, third time I call. I am cancelling today."),
        (False, "It is solved."),
    ]
    before = reader.assess(bad)
    after = reader.assess([*bad, (True, "Great, it works now, thank you.")])
    assert LEVELS.index(before.level) >= 2 and not before.mended
    assert (after.level, after.mended) == ("medium", True)
    assert after.risk < before.risk


def test_a_likely_leaver_is_watched_more_closely(reader: Reader) -> None:
    turns = [(True, "Any update on ticket 7? This is my third email."), (False, "It is with second level.")]
    plain, likely = reader.assess(turns), reader.assess(turns, churn_probability=0.8)
    assert (plain.level, likely.level) == ("medium", "high")
    assert likely.risk == pytest.approx(1 - (1 - plain.risk) * 0.6, abs=2e-4)


def test_an_empty_conversation_and_one_of_employees_alone_are_low(reader: Reader) -> None:
    for turns in ([(True, "")], [(False, "I hate this, I quit, call my lawyer!")], [(True, "😀")]):
        assert reader.assess(turns).level == "low"


def test_a_warm_cache_changes_nothing(reader: Reader) -> None:
    turns = [(True, f"Question {number}: where is my order?") for number in range(6)] + [(True, "I am leaving you.")]
    for end in range(1, len(turns)):
        reader.assess(turns[:end])
    assert reader.assess(turns) == Reader().assess(turns)


def test_the_model_that_ships_is_the_one_its_conversations_make(checkout: Path, reader: Reader) -> None:
    conversations = [
        row for language in LANGUAGES for row in read_labelled(place_of(checkout) / "visible" / f"{language}.jsonl")
    ]
    model = signals.fit_signals(conversations, lambda texts: np.array([reader._means(text) for text in texts]))
    shipped = json.loads((place_of(checkout) / "signals.json").read_text("utf-8"))
    made = model.to_json()
    assert made["threshold"] == pytest.approx(shipped["threshold"], abs=0.03)
    assert np.allclose(made["weights"], shipped["weights"], atol=0.02)


def test_a_model_of_other_cues_is_refused(checkout: Path) -> None:
    content = json.loads((place_of(checkout) / "signals.json").read_text("utf-8"))
    with pytest.raises(LookupError, match="benchmarks.conversations --train"):
        SignalModel.from_json({**content, "cues": content["cues"][1:]})


@pytest.mark.parametrize("language", LANGUAGES)
def test_labelled_conversations_are_well_formed(checkout: Path, language: str) -> None:
    rows = read_labelled(place_of(checkout) / "visible" / f"{language}.jsonl")
    assert len(rows) >= 130 and len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert row.language == language and row.level in LEVELS, row.id
        assert set(row.signals) <= set(SIGNALS), row.id
        assert all(row.turns[turn].customer for turn in row.signals.values()), row.id
    for signal in SIGNALS:
        assert sum(signal in row.signals for row in rows) >= 15, signal


def test_every_signal_has_a_name_a_weight_and_advice_in_both_languages(checkout: Path) -> None:
    rules = tomllib.loads((place_of(checkout) / "levels.toml").read_text("utf-8"))
    for part in ("names", "advice"):
        assert all({"en", "zh"} == set(rules[part][signal]) for signal in SIGNALS)
    assert set(rules["weights"]) == set(SIGNALS)
    assert [level["name"] for level in rules["level"]] == list(reversed(LEVELS))
    named = {cue for level in rules["level"] for rule in level["rules"] for cue in rule.get("present", ())}
    assert named <= set(feature_names()) and set(CORES) <= set(feature_names())
