"""How far points move a KPI is learned from past changes of cards, and never from figures that moved before them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.advice.controllability.belief import Believed, learned_from, shipped
from models.advice.controllability.past_cards import Responses, responses

KPIS, DECLARED = 6, 0.7
NOISE = 0.15


def rows(
    seed: int, *, per_point: float = 0.025, teams: int = 14, chosen: str = "by chance", **of: float
) -> pd.DataFrame:
    """Two changes of half of the cards: two KPIs up by ten points, two down; what they answer is added to after.

    ``chosen`` "by figures" raises what was worst in the cycle before, and lowers what was best.
    """
    rng, found = np.random.default_rng(seed), []
    control = np.full(KPIS, DECLARED)
    control[0] = of.get("first", DECLARED)
    for cohort in range(2):
        level = rng.normal(0, 0.4, (teams, KPIS))
        earlier, before, after, recent = (level + rng.normal(0, NOISE, level.shape) for _ in range(4))
        recent = 0.6 * before + 0.4 * recent
        points = np.zeros((teams, KPIS))
        for team in rng.permutation(teams)[: teams // 2]:
            order = rng.permutation(KPIS) if chosen == "by chance" else np.argsort(before[team] - earlier[team])
            points[team, order[:2]], points[team, order[-2:]] = 10, -10
        after = after + per_point * control * points
        for team, kpi in np.ndindex(teams, KPIS):
            one = {name: table[team, kpi] for name, table in
                   {"points": points, "after": after, "before": before, "recent": recent, "earlier": earlier}.items()}  # fmt: skip
            found.append({"cohort": str(cohort), "card": team, "team": f"t{team}", "lever": kpi, "people": 9, **one})
    return pd.DataFrame(found)


def found_of(table: pd.DataFrame) -> Responses:
    return responses(table, KPIS, np.full(KPIS, DECLARED))


def believed_of(found: Responses) -> Believed:
    belief, unit = shipped(), shipped().sd_per_point
    before = Believed(np.full(KPIS, DECLARED), np.diag(np.full(KPIS, belief.error**2)))
    return learned_from(before, np.nan_to_num(found.estimate) / unit, found.covariance / unit**2, belief.points)


def test_what_ten_points_moved_is_found_with_its_error() -> None:
    learned = [found for seed in range(5) if (found := found_of(rows(seed))).verdict == "learned"]
    assert len(learned) >= 4  # one in twenty is refused for what was before, by chance
    off = np.array([(found.estimate - 0.025 * DECLARED) for found in learned])
    errors = np.array([np.sqrt(np.diag(found.covariance)) for found in learned])
    assert abs(off.mean()) < 0.003
    assert np.mean(np.abs(off) < 1.9 * errors) >= 0.8
    shared = [believed_of(found).common for found in learned]
    assert np.mean([low <= 1.0 <= high for *_, low, high in shared]) >= 0.8


def test_where_nobody_answers_the_catalogue_stays_and_the_response_is_none() -> None:
    learned = [found for seed in range(5) if (found := found_of(rows(seed, per_point=0.0))).verdict == "learned"]
    known = [believed_of(found) for found in learned]
    assert max(float(np.abs(each.mean - DECLARED).max()) for each in known) < 0.1
    assert max(each.common[0] for each in known) < 0.4
    excluded = [abs(f.estimate) > 1.9 * np.sqrt(np.diag(f.covariance)) for f in learned]
    assert np.mean(excluded) < 0.12


def test_a_kpi_that_nobody_could_move_is_believed_less_and_the_others_are_not() -> None:
    learned = [found for seed in range(5) if (found := found_of(rows(seed, first=0.05))).verdict == "learned"]
    means = np.mean([believed_of(found).mean for found in learned], axis=0)
    assert means[0] < DECLARED - 0.15
    assert np.abs(means[1:] - DECLARED).max() < 0.1


@pytest.mark.parametrize("seed", range(4))
def test_cards_that_followed_the_figures_teach_nothing(seed: int) -> None:
    assert found_of(rows(seed, per_point=0.0, chosen="by figures")).verdict == "differed"


def test_what_recovers_by_itself_is_expected_by_everybody_s_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.advice.controllability.past_cards._moved_before", lambda *_: False)
    trapped = [found_of(rows(seed, per_point=0.0, chosen="by figures")).estimate for seed in range(5)]
    naive = []
    for seed in range(5):
        table = rows(seed, per_point=0.0, chosen="by figures")
        raised = table["points"] > 0
        naive.append((table["after"] - table["before"])[raised].mean() / 10)
    assert np.mean(naive) > 0.006  # what before and after alone would show
    assert abs(np.mean(trapped)) < 0.25 * np.mean(naive)


def test_too_few_teams_teach_nothing() -> None:
    table = rows(1)
    few: Any = found_of(table[table["team"].isin([f"t{at}" for at in range(4)])])
    assert few.verdict == "few" and np.isnan(few.estimate).all()
    assert found_of(table.iloc[:0]).verdict == "none"
    unknown = found_of(table.assign(earlier=np.nan))
    assert unknown.verdict == "few"  # what was before cannot be checked


def test_one_response_alone_says_little_of_its_kpi() -> None:
    # half of what was believed: the company answers less, or the KPI does; which one cannot be known
    covariance = np.diag([0.01, np.inf])
    before = Believed(np.array([0.7, 0.7]), np.diag([0.0225, 0.0225]))
    known = learned_from(before, np.array([0.35, 0.0]), covariance, (0.6, 3.0))
    assert known.common[0] == pytest.approx(0.55, abs=0.1)
    assert 0.6 < known.mean[0] < 0.72
    assert known.mean[1] == pytest.approx(0.7)
    nothing = learned_from(before, np.zeros(2), np.diag([np.inf, np.inf]), (0.6, 3.0))
    assert nothing is before
