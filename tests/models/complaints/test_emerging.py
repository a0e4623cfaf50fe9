"""New causes are found soon and quiet weeks stay quiet, on small sets of made-up texts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from baton.contract.results import result_table
from features.text.text_set import TextSet
from models.complaints.emerging.cluster_words import own_words, terms
from models.complaints.emerging.clusters import Writers, find_emerging
from models.complaints.emerging.significance import Crowd, min_p_values

_SENTENCES = ["the {} bill is wrong", "no signal in the {}", "the {} visit was missed", "my {} parcel is late"]
_SLOTS = ["first", "second", "red", "blue", "morning", "evening", "office", "kitchen", "north", "south"]
_NEW = ["the fingerprint is refused by the app", "fingerprint sign in fails, {}", "app asks for my fingerprint {}"]
_FROM_WEEK = 14
_BEGIN = pd.Timestamp("2025-01-06")


def written(weeks: int, new_a_week: int, seed: int = 0) -> tuple[TextSet, pd.DataFrame, pd.Series, set[str]]:
    """Sixty texts a week of four matters; from a week on some are about a fifth."""
    rng = np.random.default_rng(seed)
    rows, new = [], set()
    for week in range(weeks):
        for number in range(60):
            planted = week >= _FROM_WEEK and number < new_a_week
            sentences = _NEW if planted else _SENTENCES
            name = f"K{week:02}{number:02}"
            text = sentences[rng.integers(len(sentences))].format(_SLOTS[rng.integers(len(_SLOTS))])
            rows.append((name, text, _BEGIN + pd.Timedelta(days=7 * week + rng.integers(7))))
            if planted:
                new.add(name)
    frame = pd.DataFrame(rows, columns=["text_id", "text", "at"]).assign(
        language="en", mixed=False, label=None, weight=1.0
    )
    frame["group"] = frame["text_id"]
    answers = pd.DataFrame({"text_id": frame["text_id"], "cause": "billing", "abstained": True})
    teams = pd.Series(rng.choice(["A", "B"], len(frame)), index=frame["text_id"])
    return TextSet(frame), answers, teams, new


def test_a_planted_cause_is_raised_within_two_weeks_once_and_by_its_own_words() -> None:
    texts, answers, teams, new = written(weeks=20, new_a_week=6)
    raised = find_emerging(texts, answers, Writers(teams), None, 0)
    assert len(raised) == 1
    found = raised.iloc[0]
    assert found["raised_at"] <= _BEGIN + pd.Timedelta(weeks=_FROM_WEEK + 2)
    assert "fingerprint" in found["name"]
    assert set(found["examples"]) <= new
    assert found["texts"] == len(new)
    assert found["teams"] == ["A", "B"]
    assert found["nearest_cause"] == "billing"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_weeks_like_any_other_raise_nothing(seed: int) -> None:
    texts, answers, teams = written(weeks=20, new_a_week=0, seed=seed)[:3]
    raised = find_emerging(texts, answers, Writers(teams), None, seed)
    assert list(raised.columns) == list(result_table("emerging_causes").names)
    assert raised.empty


def test_an_alarm_does_not_depend_on_what_comes_after_it() -> None:
    texts, answers, teams, _ = written(weeks=20, new_a_week=6)
    whole = find_emerging(texts, answers, Writers(teams), None, 0).iloc[0]
    until = (texts.frame["at"] < whole["raised_at"]).to_numpy()
    then = find_emerging(texts.rows(until), answers, Writers(teams), None, 0)
    assert then.loc[0, "raised_at"] == whole["raised_at"]
    assert then.loc[0, "examples"] == whole["examples"]
    before = (texts.frame["at"] < whole["raised_at"] - pd.Timedelta(weeks=1)).to_numpy()
    assert find_emerging(texts.rows(before), answers, Writers(teams), None, 0).empty


def test_fewer_texts_than_a_group_are_not_raised() -> None:
    texts, answers, teams, new = written(weeks=15, new_a_week=6)
    assert find_emerging(texts, answers, Writers(teams), None, 0, min_group=len(new) + 1).empty


def test_what_one_customer_repeats_counts_once() -> None:
    texts, answers, teams, new = written(weeks=16, new_a_week=6)
    customers = pd.Series([("C1" if name in new else name) for name in texts.frame["text_id"]])
    customers.index = texts.frame["text_id"]
    same = texts.frame.assign(group=[("g" if name in new else name) for name in texts.frame["text_id"]])
    assert find_emerging(TextSet(same), answers, Writers(teams, customers), None, 0).empty


def test_texts_without_times_raise_nothing() -> None:
    texts, answers, teams, _ = written(weeks=10, new_a_week=0)
    assert find_emerging(TextSet(texts.frame.assign(at=pd.NaT)), answers, Writers(teams), None, 0).empty


def test_a_crowd_in_one_team_counts_where_the_company_hides_it() -> None:
    week = np.repeat(np.arange(20), 200)
    team = np.tile(np.repeat([0, 1], [20, 180]), 20)
    near = np.zeros((1, 4000), bool)
    near[0, (team == 1) & (np.arange(4000) % 9 == 0)] = True  # usual in the big team
    near[0, np.flatnonzero((week == 19) & (team == 0))[:9]] = True
    alone = min_p_values(near, Crowd(week, team, 19, np.array([0])), 5)[0]
    nowhere = min_p_values(near, Crowd(week, team, 19, np.array([-1])), 5)[0]
    assert alone < 1e-6
    assert nowhere > 0.01


def test_masks_and_numbers_name_nothing() -> None:
    assert terms("[phone] 500 [name]") == set()
    named = own_words(["app [phone] fails 77"] * 6 + ["app [phone] fails Ann"] * 2, ["the bill"] * 30)
    assert "app" in named
    assert "phone" not in " ".join(named)
    assert "ann" not in " ".join(named)
