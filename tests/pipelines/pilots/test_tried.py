"""What a pilot tries is what the run advises for its teams, and what is expected follows from the response to points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.files import RunFolder
from baton.run_results import RunResults
from models.advice.inputs import AdviceInputs
from pipelines.pilots.tried import expected_of, tried_cards
from serving.decisions.refused import Conflict, DecisionRefused
from serving.pilots.cards import adopted_cards, frame_of, read_cards, require_frame
from tests.serving.decisions.office import FCR, HANDLE, KEPT, POLICY, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = RunFolder(tmp_path_factory.mktemp("run") / "out")
    write_run(folder)
    return folder


def test_the_advised_cards_of_the_teams_are_tried(run: RunFolder) -> None:
    lines = tried_cards(run, ["t1", "t9"])
    assert {line["team_id"] for line in lines} == {"t1"}
    assert {line["kpi"]: line["current"] for line in lines} == {HANDLE: 30.0, FCR: 25.0, KEPT: 45.0}
    assert sum(line["tried"] for line in lines) == pytest.approx(100.0)
    assert tried_cards(RunFolder(run.path / "none"), ["t1"]) == ()


def test_what_is_expected_follows_from_the_response_to_points(run: RunFolder) -> None:
    kpi = load_catalogue(Company())[FCR]
    lines = [{"team_id": team, "role": "agent", "kpi": FCR, "current": 25.0, "tried": 35.0} for team in ("t1", "t2")]
    lines[1]["tried"] = 25.0  # of both teams five points on average
    found = expected_of(run, kpi, lines, ["t1", "t2"])
    assert found is not None
    inputs = AdviceInputs.load(run.advice)
    can = float(inputs.kpis.set_index("kpi").loc[FCR, "controllable"])  # type: ignore[arg-type]
    # five points, each worth 0.025 standard deviations of 0.1 between people; the scenario goes from 0 to 0.05
    assert found["effect"] == pytest.approx(5 * 0.025 * 0.1 * can)
    assert (found["low"], found["high"]) == pytest.approx((5 * 0.0025 * 0.1 * can, 5 * 0.0475 * 0.1 * can))
    assert (found["basis"], found["level"]) == ("scenario", 0.9)
    replace(inputs, response_measured=True).save(run.advice)
    measured = expected_of(run, kpi, lines, ["t1"])
    assert measured is not None
    assert (measured["basis"], measured["effect"]) == ("measured", pytest.approx(10 * 0.025 * 0.1 * can))
    assert expected_of(run, kpi, lines, ["t2"]) is None  # nothing of it changes there
    lower = load_catalogue(Company())["handle_seconds"]
    other = expected_of(run, lower, [{**lines[0], "kpi": HANDLE}], ["t1"])
    assert other is not None
    assert other["low"] < other["effect"] < 0  # less is better


def test_the_frame_is_the_policys(run: RunFolder) -> None:
    require = frame_of(lambda: AdviceInputs.load(run.advice), POLICY)
    require("t1", "agent", {HANDLE: 25.0, FCR: 30.0, KEPT: 45.0})
    with pytest.raises(DecisionRefused, match="card of team t1 breaks limits of the policy: "):
        require("t1", "agent", {HANDLE: 5.0, FCR: 50.0, KEPT: 45.0})
    with pytest.raises(DecisionRefused, match="card of team t1 is none: the points sum to 90"):
        require("t1", "agent", {HANDLE: 25.0, FCR: 20.0, KEPT: 45.0})
    with pytest.raises(Conflict, match="no card by which these weights could be checked"):
        frame_of(lambda: AdviceInputs.load(run.path / "none"), POLICY)("t1", "agent", {HANDLE: 100.0})


def test_what_is_tried_may_be_adopted(run: RunFolder) -> None:
    plan = {"teams": ["t1", "t2"], "cards": list(tried_cards(run, ["t1", "t2"]))}
    require_frame(frame_of(lambda: AdviceInputs.load(run.advice), POLICY), adopted_cards(plan, ()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team_id,kpi\nt1,csat\n", "a column weight is missing"),
        ("team_id,kpi,weight\nt1,csat,much\n", "a weight is no number"),
        ("team_id,kpi,weight\nt1,csat,40\nt1,csat,60\n", "row 3: csat comes twice"),
        ("team_id,kpi,weight\nt1,csat\n", "a weight is no number"),
    ],
)
def test_a_file_of_cards_that_does_not_fit_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OSError, match=words):
        read_cards(path)
    with pytest.raises(OSError, match="cannot be read"):
        read_cards(tmp_path / "none.csv")


def test_a_run_that_has_the_table_of_weights_alone_predicts_nothing(run: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "out").create()
    RunResults(folder).write("weights", RunResults(run).table("weights"))
    lines = tried_cards(folder, ["t1"])
    assert lines
    assert expected_of(folder, load_catalogue(Company())[FCR], lines, ["t1"]) is None
