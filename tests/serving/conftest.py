"""A small run, made by the contract: real predictors on few rows, advice by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Company, load_company
from baton.files import RunFolder, write_json
from baton.outcomes import outcome_folder
from features.staging.pseudonyms import load_key, pseudonym
from features.training.table import TrainingTable
from models.prediction.predictor import predictor_class
from pipelines.score import score
from tests.filled_results import write_filled
from tests.serving.databases import open_states, postgres_server, state, state_company

__all__ = ["open_states", "postgres_server", "state", "state_company"]

COMPANY = """
[company]
name = "Hafen"
[tables]
cases = { path = "cases.csv" }
"""
MONTHS = pd.date_range("2025-01-01", periods=4, freq="MS")


def table(outcome: str, unit: str, ids: list[str], cause: str) -> TrainingTable:
    """Rows of an outcome that one feature drives; the last snapshot's outcome is not yet known."""
    generator = np.random.default_rng(7)
    frame = pd.DataFrame([{"unit_id": name, "as_of": month} for month in MONTHS for name in ids])
    frame["group"] = frame["unit_id"]
    frame[cause] = generator.normal(size=len(frame))
    frame["segment"] = pd.Categorical(generator.choice(["gold", "plain"], len(frame)))
    frame["label"] = (frame[cause] + 0.5 * generator.normal(size=len(frame)) > 0).astype(float)
    frame.loc[frame["as_of"] == MONTHS[-1], "label"] = np.nan
    kpi_of = {cause: cause.split("__")[0], "segment": "_context"}
    return TrainingTable(outcome, "probability", unit, frame, tuple(kpi_of), kpi_of, MONTHS[-1], horizon_days=30)


def with_days(of: TrainingTable) -> TrainingTable:
    """The table with the days on which its customers left."""
    label, day = of.frame["label"], np.random.default_rng(3).uniform(1, 30, len(of.frame))
    left = pd.Series(day, index=label.index).where(label == 1, day + 30).where(label.notna())
    return replace(of, times=pd.DataFrame({"left_days": left, "observed_days": 45.0}), curve_days=(10, 30, 45))


def weights() -> pd.DataFrame:
    row = {"team_id": "t1", "role": "agent", "current_weight": 50.0, "recommended_weight": 50.0, "verdict": "keep"}
    reason = {"en": "Not enough evidence.", "zh": "证据不足。"}
    rows = [{**row, "kpi": kpi, "expected_effect": np.nan, "reason": reason} for kpi in ("csat", "wait_seconds")]
    return pd.DataFrame(rows)


def coaching(employee: str) -> pd.DataFrame:
    row = {"kpi": "wait_seconds", "action": "call_back", "gap_sd": 1.0, "evidence": ["k1", "k2"], "probability": 0.9}
    reason = {"en": "Waits are long.", "zh": "等待时间长。"}
    return pd.DataFrame(
        [
            {**row, "employee_id": employee, "team_id": "t1", "level": "employee", "reason": reason},
            {**row, "employee_id": None, "team_id": "t1", "level": "team", "reason": reason},
        ]
    )


def read_causes(folder: RunFolder) -> None:
    """A model of causes from a few dozen texts."""
    from baton.company import Text
    from baton.taxonomy import load_taxonomy
    from features.text.text_set import TextSet
    from models.complaints.root_cause import RootCauseModel

    fields = {
        "Late Flight": [
            "flight delayed {} hours",
            "we left {} hours late again",
            "plane is late, {} hours on the floor",
        ],
        "Lost Luggage": [
            "my bag is lost since {} days",
            "no luggage at gate {}",
            "where is my suitcase, bag number {}",
        ],
        "longlines": [
            "the line at desk {} is endless",
            "queue of {} people at the counter",
            "long lines, {} desks closed",
        ],
    }
    rows = [
        (label, text.format(number)) for label, texts in fields.items() for text in texts for number in range(2, 22)
    ]
    frame = pd.DataFrame(rows, columns=["label", "text"])
    frame["text_id"] = [f"k{number}" for number in range(len(frame))]
    frame = frame.assign(language="en", mixed=False, weight=1.0, at=pd.NaT, group=frame["text_id"])
    model = RootCauseModel.fit(TextSet(frame), load_taxonomy(), Text(model="tfidf"), 3)
    model.save(outcome_folder(folder.models, "root_cause"))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("hafen")
    (folder / "company.toml").write_text(COMPANY, encoding="utf-8")
    return load_company(folder)


@pytest.fixture(scope="session")
def run_folder(company: Company) -> RunFolder:
    """The folder of a finished run: churn, two declines of employees, one of teams, weights, coaching, report."""
    folder = RunFolder(company.folder / "out").create()
    key = load_key(company.folder / "employees.key")
    people = [pseudonym(key, f"e{number}") for number in range(40)]
    tables = [
        with_days(table("churn", "customer", [f"c{number}" for number in range(80)], "wait_seconds__30d")),
        table("decline:employee:csat", "employee", people, "csat__30d"),
        table("decline:employee:wait_seconds", "employee", people, "wait_seconds__30d"),
        table("decline:team:csat", "team", [f"t{number}" for number in range(40)], "csat__30d"),
    ]
    for each in tables:
        each.save(outcome_folder(folder.training, each.outcome))
        predictor_class(each.outcome).fit(each, 1).save(outcome_folder(folder.models, each.outcome))
    score(company, folder)
    read_causes(folder)
    folder.staged.mkdir()
    pd.DataFrame({"employee_id": people, "team_id": "t1"}).to_parquet(folder.staged / "employees.parquet")
    write_filled(folder, "weights", weights())
    write_filled(folder, "coaching", coaching(people[0]))
    folder.file("report.html").write_text("<!doctype html><title>Hafen</title>", encoding="utf-8")
    write_json(folder.file("run.json"), {"company": "Hafen"})
    return folder


@pytest.fixture(scope="session")
def open_on() -> Callable[..., Any]:
    """Open the service on a run, without a port; a defect in it is an answer with 500, as it would be for a user."""
    from starlette.testclient import TestClient

    from serving.service import application

    @contextmanager
    def opened(company: Company, folder: RunFolder, *, ready: bool = True) -> Iterator[Any]:
        with TestClient(application(company, folder), raise_server_exceptions=False) as client:
            end = time.monotonic() + 600
            while ready and client.get("/readyz").status_code != 200:
                assert time.monotonic() < end, "the service did not become ready"
                time.sleep(0.05)
            yield client

    return opened


@pytest.fixture(scope="session")
def client(open_on: Callable[..., Any], company: Company, run_folder: RunFolder) -> Iterator[Any]:
    """The service on the small run."""
    with open_on(company, run_folder) as opened:
        yield opened


@pytest.fixture(scope="session")
def first_employee(company: Company, run_folder: RunFolder) -> str:
    """The pseudonym of e0."""
    return pseudonym(load_key(company.folder / "employees.key"), "e0")
