"""What would lower chances is found after the advice: by what it has learned of levers, and without fixed KPIs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.files import RunFolder
from baton.outcomes import outcome_folder
from baton.run_results import RunResults
from features.training.table import TrainingTable
from pipelines.score import score
from pipelines.train import train
from pipelines.what_if.find import what_if
from tests.filled_results import write_filled

LEVERS = ("first_contact_resolution", "promise_kept")
MONTHS = pd.date_range("2025-01-01", periods=9, freq="MS")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A scored run in which customers leave whose cases are not settled at once and promises are broken."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame([(f"c{n}", at) for n in range(120) for at in MONTHS], columns=["unit_id", "as_of"])
    for lever in LEVERS:
        frame[f"{lever}__90d"] = random.uniform(size=len(frame))
    chance = 1 / (1 + np.exp(-1 + 3 * frame[f"{LEVERS[0]}__90d"] + 2 * frame[f"{LEVERS[1]}__90d"]))
    label = (random.random(len(frame)) < chance).astype(float)
    frame["label"] = np.where(frame["as_of"] == MONTHS[-1], np.nan, label)
    kpi_of = {f"{lever}__90d": lever for lever in LEVERS}
    table = TrainingTable(
        "churn", "probability", "customer", frame.assign(group=frame["unit_id"]), tuple(kpi_of), kpi_of, MONTHS[-1],
        horizon_days=30,
    )  # fmt: skip
    made = RunFolder(tmp_path).create()
    table.save(outcome_folder(made.training, "churn"))
    train(Company(), made, {"churn": table})
    score(Company(), made)
    return made


def found(folder: RunFolder, company: Company) -> pd.DataFrame:
    rows = what_if(company, load_catalogue(company), folder)
    table = RunResults(folder).find("what_if")
    assert table is not None and rows == len(table)
    return table


def test_how_far_past_cards_have_shown_people_to_move_a_kpi_goes_before_the_catalogue(folder: RunFolder) -> None:
    before = found(folder, Company())
    declared = load_catalogue(Company())[LEVERS[0]].controllable or 0.5
    learned = {"controllability": declared / 2, "controllability_basis": "cards", "verdict": "learned"}
    unseen = {"controllability": 0.01, "controllability_basis": "catalogue", "verdict": "few"}
    table = pd.DataFrame([{"kpi": LEVERS[0], **learned}, {"kpi": LEVERS[1], **unseen}])
    write_filled(folder, "advice/controllability", table.assign(declared=declared))
    after = found(folder, Company())
    moved = [
        (rows["changed_to"] - rows["value"]).set_axis(pd.MultiIndex.from_frame(rows[["customer_id", "kpi"]]))
        for rows in (before, after)
    ]
    both = moved[1].index.intersection(moved[0].index)
    for lever, ratio in zip(LEVERS, (0.5, 1.0), strict=True):
        own = both[both.get_level_values("kpi") == lever]
        assert len(own) > 10
        assert (moved[1][own] / moved[0][own]).to_numpy() == pytest.approx(ratio)


def test_no_change_of_a_fixed_kpi_is_offered(folder: RunFolder) -> None:
    assert set(found(folder, Company())["kpi"]) == set(LEVERS)
    fixed = found(folder, Company(policy={"fixed": [LEVERS[0]]}))
    assert set(fixed["kpi"]) == {LEVERS[1]}


def test_nothing_is_offered_by_a_prediction_that_is_no_better_than_guessing(folder: RunFolder) -> None:
    results = RunResults(folder)
    results.write("churn", results.table("churn").assign(informative=False))
    assert what_if(Company(), load_catalogue(Company()), folder) == 0
