"""What an offer of help says to the person and to the lead, and where its action comes from."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue, Kpi, Study, Text
from baton.company import Policy
from models.advice.coaching.coach import coach
from models.advice.coaching.scene import Scene
from models.advice.settings import Settings
from tests.coached_shop import AS_OF, CATALOGUE, SOLVED, Shop, action, effects, help_for


def test_the_person_reads_the_own_figure_beside_colleagues_and_how_to_object() -> None:
    cases, organisation, _ = Shop(gaps={3: -0.3}, seed=1).make()
    table = coach(cases, organisation, CATALOGUE, SOLVED, Settings(Policy(), 7))
    row = table[table["employee_id"] == "E03"].iloc[0]
    text = row["for_person"]["en"]
    frame = cases.frame[(cases.frame["employee_id"] == "E03")]
    own = frame.loc[frame["opened_at"] > AS_OF - pd.Timedelta(days=180), "kpi:solved"]
    assert f"Over {row['n']} cases in 180 days your figure is {100 * own.mean():.1f}%; 59 or more colleagues" in text
    found = re.search(
        r"at about ([\d.]+)% with yours.*about (\d+) percentage points \(90% interval: (\d+) .* to (\d+) ", text
    )
    assert found is not None
    peers, much, low, high = map(float, found.groups())
    # planted: 0.3 below a mean of zero, of which chance takes hardly anything off
    assert peers - 100 * own.mean() == pytest.approx(30, abs=5)
    assert low < much < high
    assert low <= 30 <= high
    assert "The company provides first: an hour; a knowledge base. Until you have it" in text
    assert "not part of pay" in text
    assert "say so to your lead" in text
    assert not re.search(r"decline by|probab|rank \d|priority", text)
    assert "您的数值为" in row["for_person"]["zh"]


def test_the_lead_reads_the_reason_with_what_to_provide_and_a_team_has_no_persons_text() -> None:
    table = help_for(Shop(gaps={3: -0.3}, team_gaps={2: -0.15}))
    for row in table.to_dict("records"):
        lead = row["for_lead"]["en"]
        assert lead.startswith(row["reason"]["en"])
        assert "What helps: Review. Review together. Provide first: an hour; a knowledge base." in lead
        assert (row["for_person"] is None) == (row["level"] != "employee")
        assert ("may decline" in lead) == (row["level"] == "employee")


def test_a_duration_is_compared_on_its_own_scale() -> None:
    cases, organisation, _ = Shop(gaps={3: -0.5}).make()
    table = coach(cases, organisation, CATALOGUE, effects(handling=-0.01), Settings(Policy(), 7))
    text = table[table["employee_id"] == "E03"]["for_person"].iloc[0]["en"]
    found = re.search(r"your figure is (\d+) seconds; .* at about (\d+) seconds with yours", text)
    assert found is not None
    own, peers = map(int, found.groups())
    # 400 seconds, half as much again for E03
    assert own == pytest.approx(600, abs=40)
    assert peers == pytest.approx(400, abs=40)


def test_an_offer_says_where_its_action_comes_from() -> None:
    study = Study(
        id="trial", citation="Somebody", year=2020, found=Text(en="it helps by 0.3 SD", zh="改善 0.3 个标准差")
    )
    actions = (
        action("solved", "employee").model_copy(update={"study": "trial"}),
        action("solved", "employee").model_copy(update={"id": "other"}),
    )
    catalogue = Catalogue(tuple(CATALOGUE.values()), CATALOGUE.stages, actions, (), (study,))
    cases, organisation, _ = Shop(gaps={3: -0.3}).make()
    table = coach(cases, organisation, catalogue, SOLVED, Settings(Policy(), 7))
    source = table[table["employee_id"] == "E03"].set_index("action")["source"]
    assert source["solved_employee"] == {
        "en": "Somebody (2020): it helps by 0.3 SD", "zh": "Somebody（2020）：改善 0.3 个标准差",
    }  # fmt: skip
    assert "no study" in source["other"]["en"]


def test_figures_that_colleagues_would_have_and_differences_are_possible_ones() -> None:
    kpis = {name: Kpi(id=name, name=Text(en=name, zh=name), layer="role", perspective="customer", source="cases",
                      expr="x", better=better, unit=unit, role="lever")
            for name, better, unit in (("solved", "higher", "share"), ("handling", "lower", "seconds"))}  # fmt: skip
    figures = {"solved": np.array([0.0, 1.0, np.nan]), "handling": np.array([40.0, 900.0, np.nan])}
    design: Any = SimpleNamespace(levers=("solved", "handling"), unit=np.array([1.0, 1.0]))
    scene: Any = SimpleNamespace(kpis=kpis, figures=figures, design=design)
    scene.limits = lambda lever: Scene.limits(scene, lever)
    assert Scene.comparable(scene, "solved", 0.9, -0.3) == 1.0
    assert Scene.comparable(scene, "solved", 0.1, 0.3) == 0.0
    assert Scene.comparable(scene, "handling", 100.0, -300.0) == 40.0
    assert Scene.room(scene, "solved", 0.9) == pytest.approx(0.1)
    assert Scene.room(scene, "handling", 100.0) == 60.0
