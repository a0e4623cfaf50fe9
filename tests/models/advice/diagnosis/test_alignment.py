"""Diagnosis: which points of today's cards point at the customer, and which away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.advice.advise import Advice
from models.advice.diagnosis.alignment import card_rows, diagnosis_table
from models.advice.diagnosis.stages import stage_rows
from models.advice.inputs import AdviceInputs, catalogue_rows


@pytest.fixture(scope="module")
def inputs(advice: Advice) -> AdviceInputs:
    return advice.inputs


def test_kpis_are_sorted_by_the_way_they_point(inputs: Any, known: Any) -> None:
    table = diagnosis_table(inputs, known.policy)
    found = table[table["team_id"] == "t0"].set_index("kpi")["alignment"].to_dict()
    assert found == {
        "handle": "misaligned",
        "cost": "misaligned",
        "solved": "aligned",
        "script": "weak",
        "rating": "unmeasured",
        "duty": "unmeasured",
    }


def test_one_row_per_kpi_of_every_card_and_no_more(inputs: Any, known: Any) -> None:
    table = diagnosis_table(inputs, known.policy)
    assert len(table) == len(known.organisation.current_cards)
    assert {"team_id", "kpi", "weight", "alignment", "effect", "low", "high", "reliability"} <= set(table.columns)


def test_where_the_joint_test_is_silent_nothing_is_called_aligned_or_misaligned(inputs: Any, known: Any) -> None:
    table = diagnosis_table(replace(inputs, joint_p_value=0.5), known.policy)
    assert set(table["alignment"]) == {"weak", "unmeasured"}


def test_points_of_a_card_are_summed_by_alignment(inputs: Any, known: Any) -> None:
    row = card_rows(diagnosis_table(inputs, known.policy))[0]
    assert row["misaligned"] == 55
    assert row["aligned"] == 10
    assert row["aligned"] + row["weak"] + row["misaligned"] + row["unmeasured"] == 100
    assert row["reports"] == 20


def test_cards_and_catalogue_alone_are_enough(known: Any) -> None:
    bare = AdviceInputs(
        kpis=catalogue_rows(known.catalogue),
        draws=pd.DataFrame(),
        cards=known.organisation.current_cards[["team_id", "role", "kpi", "weight"]],
        headcounts=pd.DataFrame(columns=["team_id", "role", "kpi", "n_per_day", "people", "share"]),
        outcome=None,
        helpful=-1,
        kind="probability",
        horizon_days=90,
        customers_at_risk=0,
        joint_p_value=1.0,
    )
    table = diagnosis_table(bare, known.policy)
    assert (table["alignment"] == "unmeasured").all()
    assert np.isnan(table["effect"]).all()
    stages = {row["stage"]: row for row in stage_rows(table, known.catalogue)}
    assert stages["any"]["points"] == pytest.approx(100.0)
    assert stages["any"]["not_measured"] == ["promise"]
    assert stages["use"]["kpis"] == []
