"""What recorded coaching closes: the planted share where it closes gaps, none where gaps only regress to the mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from baton.company import Policy
from models.advice.coaching.coach import coach
from models.advice.coaching.learned import Coached, Record, learn
from models.advice.settings import Settings
from models.effects.estimators.design import Design
from tests.coached_shop import CATALOGUE, SOLVED, Shop

FIRST = pd.Timestamp("2025-01-01")
DAYS, CYCLE = 540, 60


@dataclass
class Staff:
    """People with true gaps, of whom those who looked worst were coached; what it closed is known."""

    closes: dict[str, float] = field(default_factory=lambda: {"review": 0.0})
    people: int = 300
    cases: int = 500
    coached: int = 75
    by_truth: bool = False
    noise: float = 6.0

    def record(self, seed: int) -> Record:
        rng = np.random.default_rng(seed)
        true = rng.normal(0, 1, self.people)
        person = np.repeat(np.arange(self.people), self.cases)
        day = rng.integers(0, DAYS, person.size)
        start = 330  # 2025-11-27: coaching begins in November
        value = true[person] + rng.normal(0, self.noise, person.size)
        begin = (pd.Timestamp("2025-11-01") - FIRST).days
        window = (day >= begin - 2 * CYCLE) & (day < begin)
        seen = np.bincount(person[window], value[window], self.people) / np.bincount(person[window], None, self.people)
        chosen = np.argsort(true if self.by_truth else seen)[: self.coached]
        action = np.array(sorted(self.closes))[np.arange(self.coached) % len(self.closes)]
        for who, name in zip(chosen, action, strict=True):
            value[(person == who) & (day >= start)] -= self.closes[name] * true[who]
        design = cast(
            Design,
            SimpleNamespace(
                values=value[:, None], employee=person, team=np.zeros(person.size, np.int64), levers=("solved",),
                process=np.zeros(person.size, np.int64), handler_level=np.zeros(1, bool), size=1,
            ),
        )  # fmt: skip
        log = pd.DataFrame(
            {
                "employee_id": [f"E{who}" for who in chosen], "kpi": "solved", "started_at": FIRST + pd.Timedelta(days=310),
                "ended_at": pd.NaT, "action": action,
            }
        )  # fmt: skip
        names = [f"E{who}" for who in range(self.people)]
        hired = np.full(self.people, np.datetime64("2020-01-01"))
        opened = pd.Series(FIRST + pd.to_timedelta(day, unit="D"))
        found = learn(design, Coached(log, names, np.zeros(self.people, np.int64), opened, hired, CYCLE, 7))
        assert found is not None
        return found


def test_gaps_that_only_regress_to_the_mean_are_not_closed_by_coaching() -> None:
    """Those who looked worst look a third better afterwards, without any help."""
    found = [Staff().record(seed) for seed in range(12)]
    learned = [record for record in found if record.verdict == "learned"]
    assert len(learned) >= 10
    assert abs(np.mean([record.estimate for record in learned])) < 0.1
    assert np.mean([record.low <= 0 <= record.high for record in learned]) >= 0.75


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_the_share_that_coaching_closes_is_found(share: float) -> None:
    found = [Staff({"review": share}).record(seed) for seed in range(8)]
    assert np.mean([record.estimate for record in found]) == pytest.approx(share, abs=0.12)
    assert np.mean([record.low <= share <= record.high for record in found]) >= 0.7


def test_actions_are_pooled_and_an_unknown_one_takes_what_they_have_in_common() -> None:
    record = Staff({"idle": 0.1, "review": 0.7}, people=300, coached=100).record(3)
    idle, review, other = (record.closed(action, False) for action in ("idle", "review", "never_tried"))
    assert idle.share < other.share < review.share
    assert idle.high - idle.low < other.high - other.low
    assert record.closed("review", True).share > review.share


def test_few_coached_people_are_not_enough_evidence() -> None:
    assert Staff(coached=8).record(1).verdict == "few"


def test_people_who_were_chosen_by_what_the_figures_do_not_show_are_not_compared() -> None:
    found = [Staff({"review": 0.0}, by_truth=True, noise=14.0).record(seed) for seed in range(6)]
    assert sum(record.verdict == "differed" for record in found) >= 4


def coached_shop(log: pd.DataFrame) -> pd.DataFrame:
    cases, organisation, _ = Shop(gaps={3: -0.3}).make()
    return coach(cases, replace(organisation, coaching=log), CATALOGUE, SOLVED, Settings(Policy(cycle_days=30), 7))


def some_log(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "employee_id": [f"E{who:02d}" for who in range(0, 2 * count, 2)],
            "kpi": "solved",
            "started_at": pd.Timestamp("2026-04-10"),
            "ended_at": pd.NaT,
            "action": "solved_employee",
        }
    )


def test_an_offer_says_what_its_expected_closing_is_known_from(monkeypatch: pytest.MonkeyPatch) -> None:
    from models.advice.coaching import scene

    plain = coached_shop(pd.DataFrame()).set_index("employee_id").loc["E03"]
    assert plain["closing_basis"] == "gaps"
    assert "record" not in plain["for_lead"]["en"]
    few = coached_shop(some_log(4)).set_index("employee_id").loc["E03"]
    assert few["closing_basis"] == "gaps"
    assert "The record of coaching is not enough evidence yet" in few["for_lead"]["en"]
    record = Record("learned", 30, actions=("solved_employee",), lift=(0.2,), variance=(0.0025,))
    monkeypatch.setattr(scene, "learn", lambda *_: record)
    learned = coached_shop(some_log(30)).set_index("employee_id").loc["E03"]
    assert (learned["closing_basis"], learned["closing_share"]) == ("record", pytest.approx(0.4))
    assert (
        "(30 people), it closed about 40% of a gap within a cycle (90% interval: 32% to 48%)"
        in (learned["reason"]["en"])
    )
    ratio = learned["expected_effect"] / plain["expected_effect"]
    assert ratio == pytest.approx(learned["closing_share"] / plain["closing_share"])


def test_the_record_is_read_with_pseudonyms_and_kpis_by_their_names(tmp_path: Path) -> None:
    from baton.catalogue.load import load_catalogue
    from baton.company import load_company
    from features.staging.stage import stage

    (tmp_path / "cases.csv").write_text(
        "case_id,opened_at,employee_id\n1,2025-03-01,E1\n2,2025-03-02,E2\n", encoding="utf-8"
    )
    (tmp_path / "log.csv").write_text(
        "employee_id,kpi,started_at,action\nE1,First-contact resolution,2025-02-03,talk\n", encoding="utf-8"
    )
    (tmp_path / "company.toml").write_text(
        '[company]\n[tables]\ncases = { path = "cases.csv" }\ncoaching_log = { path = "log.csv" }\n', encoding="utf-8"
    )
    company = load_company(tmp_path)
    stage(company, load_catalogue(company), tmp_path / "staged")
    log = pd.read_parquet(tmp_path / "staged" / "coaching_log.parquet")
    handlers = pd.read_parquet(tmp_path / "staged" / "cases.parquet")["employee_id"]
    assert log["kpi"].tolist() == ["first_contact_resolution"]
    assert log["employee_id"][0] == handlers[0]
    assert log["employee_id"][0] != "E1"
