"""Bottlenecks of a whole company, against a slow count by pandas that knows nothing of the SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import load_company
from baton.files import RunFolder
from features.staging.stage import open_warehouse, stage
from pipelines.bottlenecks import find_bottlenecks


def walk(rows: pd.DataFrame, opened: pd.Timestamp, closed: pd.Timestamp | None) -> list[dict[str, Any]]:
    """Visits of one case, row by row."""
    waiting_for: dict[str, pd.Timestamp] = {}
    found: list[dict[str, Any]] = []
    for line in rows.itertuples(index=False):
        if line.lifecycle == "start":
            waiting_for[line.activity] = line.at
            continue
        found.append(
            {"step": line.activity, "began": waiting_for.pop(line.activity), "ended": line.at, "team": line.team_id}
        )
    found.sort(key=lambda visit: visit["began"])
    free = opened
    seen: list[str] = []
    for visit in found:
        began, ended = (
            max(opened, min(visit[name], closed)) if closed else max(opened, visit[name]) for name in ("began", "ended")
        )
        visit["wait"] = max((began - free).total_seconds(), 0.0)
        visit["work"] = (ended - began).total_seconds()
        if closed and visit["began"] > closed:  # begun after the closing: two clocks, or another case
            visit["wait"] = visit["work"] = float("nan")
        visit["back"] = visit["step"] in seen and seen[-1] != visit["step"]
        seen.append(visit["step"])
        free = max(free, ended)
    return found


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cases with steps that overlap, come back, and go on after the closing."""
    folder = tmp_path_factory.mktemp("log")
    random = np.random.default_rng(5)
    cases, log = [], []
    for number in range(300):
        opened = pd.Timestamp("2025-01-01") + pd.Timedelta(minutes=int(random.integers(0, 200_000)))
        moment, last = opened, opened
        for _ in range(int(random.integers(1, 7))):
            start = moment + pd.Timedelta(seconds=int(random.integers(0, 9_000)))
            end = start + pd.Timedelta(seconds=int(random.integers(1, 6_000)))
            step, team = str(random.choice(list("ABCD"))), f"t{random.integers(3)}"
            if any(line["activity"] == step and start <= line["at"] for line in log if line["case_id"] == f"k{number}"):
                continue  # a step is worked on once at a time
            person = f"p{random.integers(30)}"
            for at, life in ((start, "start"), (end, "complete")):
                log.append(
                    {
                        "case_id": f"k{number}",
                        "at": at,
                        "activity": step,
                        "team_id": team,
                        "employee_id": person,
                        "lifecycle": life,
                    }
                )
            moment, last = start + (end - start) * float(random.random()), max(last, end)
        closed = last + pd.Timedelta(seconds=int(random.integers(-3_000, 3_000)))
        cases.append(
            {
                "case_id": f"k{number}",
                "opened_at": opened,
                "closed_at": max(closed, opened) if number % 9 else None,
                "customer_id": f"c{number % 80}",
                "process": f"way {number % 2}",
            }
        )
    pd.DataFrame(cases).to_csv(folder / "cases.csv", index=False)
    pd.DataFrame(log).sample(frac=1, random_state=1).to_csv(folder / "case_steps.csv", index=False)
    (folder / "company.toml").write_text(
        '[tables]\ncases = { path = "cases.csv" }\ncase_steps = { path = "case_steps.csv" }\n[privacy]\npseudonymise = false\n'
    )
    return folder


def test_steps_are_as_counted_by_hand(company: Path, tmp_path: Path) -> None:
    described = load_company(company)
    nothing = Catalogue((), ())
    stage(described, nothing, tmp_path / "staged")
    folder = RunFolder(tmp_path)
    find_bottlenecks(described, nothing, open_warehouse(tmp_path / "staged", threads=1), folder)
    cases = pd.read_csv(company / "cases.csv", parse_dates=["opened_at", "closed_at"]).set_index("case_id")
    log = pd.read_csv(company / "case_steps.csv", parse_dates=["at"]).sort_values("at", kind="stable")
    visits = []
    for case_id, rows in log.groupby("case_id"):
        one = cases.loc[str(case_id)]
        closed = None if pd.isna(one["closed_at"]) else one["closed_at"]
        visits += [
            visit | {"process": one["process"], "case": case_id} for visit in walk(rows, one["opened_at"], closed)
        ]
    expected = (
        pd.DataFrame(visits)
        .groupby(["process", "step"])
        .agg(
            cases=("case", "nunique"),
            visits=("case", "size"),
            wait_seconds_mean=("wait", "mean"),
            wait_seconds_median=("wait", "median"),
            wait_seconds_p90=("wait", lambda wait: wait.quantile(0.9)),
            work_seconds_mean=("work", "mean"),
            rework_share=("back", "mean"),
        )
    )
    reported = pd.read_parquet(folder.file("bottlenecks.parquet"))
    whole = reported[reported["team_id"].isna()].set_index(["process", "step"]).sort_index()
    assert len(expected) == 8
    pd.testing.assert_frame_equal(whole[list(expected.columns)], expected, check_dtype=False, check_index_type=False)
