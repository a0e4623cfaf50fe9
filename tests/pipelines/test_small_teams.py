"""Teams of two, four, five and six people: what a run shows of them shows no single person."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pandas as pd
import pytest

from baton.company import load_company
from baton.errors import CompanyFileError
from baton.files import RunFolder
from pipelines.run import Chain
from pipelines.simulate import simulate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run without texts and without the registry, which this is not about."""
    place = tmp_path_factory.mktemp("small-teams")
    simulate(place, world="small_teams", customers=500, months=9, seed=3)
    cases = place / "service_desk" / "cases.parquet"
    pd.read_parquet(cases).drop(columns=["text", "root_cause"]).to_parquet(cases, index=False)
    chain = Chain(load_company(place), RunFolder(place / "out").create())
    for step in ("stage", "texts", "features", "train", "score", "process", "advise", "what_if", "report"):
        getattr(chain, step)()
    return chain.folder


def headcounts(folder: RunFolder) -> pd.Series:
    people = pd.read_parquet(folder.staged / "employees.parquet")
    return people[people["left_at"].isna()].groupby("team_id").size()


@pytest.mark.slow
def test_a_team_of_fewer_than_five_is_named_nowhere_on_the_page(folder: RunFolder) -> None:
    counts = headcounts(folder)
    assert len(counts) == 4 and counts.min() < 5 <= counts.max()
    teams = pd.read_parquet(folder.staged / "teams.parquet").set_index("team_id")["name"]
    page = html.unescape(re.sub(r"<[^>]+>", " ", folder.file("report.html").read_text(encoding="utf-8")))
    shown = {team for team, name in teams.items() if name in page}
    assert shown == set(counts[counts >= 5].index)
    assert f"{(counts < 5).sum()} scorecards of groups under 5 people are not shown here" in page


@pytest.mark.slow
def test_no_page_no_step_and_no_coaching_is_about_a_small_team(folder: RunFolder) -> None:
    counts = headcounts(folder)
    small = set(counts[counts < 5].index)
    coaching = pd.read_parquet(folder.file("coaching.parquet"))
    assert not small & set(coaching.loc[coaching["level"] == "team", "team_id"])
    bottlenecks = pd.read_parquet(folder.file("bottlenecks.parquet"))
    steps = pd.read_parquet(folder.staged / "case_steps.parquet")
    few = steps.groupby("team_id")["employee_id"].nunique().loc[lambda people: people < 5].index
    assert len(few) and bottlenecks.loc[bottlenecks["team_id"].isin(few), "hidden"].all()


def test_the_world_of_small_teams_has_its_own_number_of_people(tmp_path: Path) -> None:
    with pytest.raises(CompanyFileError, match="it has 17 employees; leave --employees out"):
        simulate(tmp_path / "x", world="small_teams", customers=500, months=9, seed=3, employees=40)
