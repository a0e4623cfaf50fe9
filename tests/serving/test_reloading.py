"""A newer run and a newer champion answer without a restart; a damaged one leaves the one before in its place."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.company import Company
from baton.files import RunFolder, write_json
from models.integrity.model_file import model_file
from models.registry.answering import load_champion
from models.registry.champions import Registry
from models.registry.promotion import Origin
from serving.decisions.advice import AdviceKey, RunAdvice
from serving.loader import Loader
from serving.loading import load_run
from tests.filled_results import write_filled
from tests.serving.conftest import weights

ASKED = {"rows": [{"customer_id": "c3"}]}


@pytest.fixture
def firm(run_folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A copy of the run, and a service that looks often whether there is another."""
    shutil.copytree(run_folder.path, tmp_path / "firm" / "out")
    monkeypatch.setattr("serving.loader.EVERY_SECONDS", 0.05)
    return RunFolder(tmp_path / "firm" / "out")


@pytest.fixture
def opened(firm: RunFolder, open_on: Callable[..., Any]) -> Iterator[Any]:
    with open_on(Company(path=firm.path.parent / "company.toml"), firm) as client:
        yield client


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def test_a_newer_run_answers_once_it_is_complete_and_no_request_is_lost(opened: Any, firm: RunFolder) -> None:
    codes: list[int] = []
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            codes.append(opened.post("/predict_churn", json=ASKED).status_code)

    asker = threading.Thread(target=keep_asking)
    asker.start()
    try:
        before = opened.post("/predict_churn", json=ASKED).json()["rows"][0]["probability"]
        scores = pd.read_parquet(firm.file("churn.parquet"))
        scores["probability"] = 0.125
        scores.to_parquet(firm.file("churn.parquet"))
        write_filled(firm, "weights", weights().assign(recommended_weight=[70.0, 30.0]))
        time.sleep(0.3)
        # a run is going on: nothing of it is mixed in
        assert opened.post("/predict_churn", json=ASKED).json()["rows"][0]["probability"] == before
        card = opened.post("/recommend_weights", json={"team_id": "t1"}).json()["rows"]
        assert [row["recommended_weight"] for row in card] == [50.0, 50.0]
        write_json(firm.file("run.json"), {"company": "Hafen", "newer": True})
        until(lambda: opened.post("/predict_churn", json=ASKED).json()["rows"][0]["probability"] == 0.125)
        card = opened.post("/recommend_weights", json={"team_id": "t1"}).json()["rows"]
        assert [row["recommended_weight"] for row in card] == [70.0, 30.0]
    finally:
        stop.set()
        asker.join()
    assert set(codes) == {200}


def test_a_champion_answers_from_its_promotion_on_and_a_damaged_one_never(opened: Any, firm: RunFolder) -> None:
    company = Company(path=firm.path.parent / "company.toml")
    registry = Registry(company, create=True)
    registry.log("churn", firm.models / "churn", entry={"log_loss": 0.3}, origin=Origin({}), parameters={})
    until(lambda: opened.post("/predict_churn", json=ASKED).json()["model"] == "churn/1")
    expected = opened.post("/predict_churn", json=ASKED).json()["rows"]
    place = load_champion(company, "churn")[0]
    kept = model_file(place)
    whole = kept.read_text("utf-8")
    kept.write_text(whole + " ", encoding="utf-8")
    write_json(firm.file("run.json"), {"company": "Hafen", "newer": 1})
    until(lambda: "note" in opened.get("/readyz").json())
    answer = opened.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["note"].startswith("what is newer cannot be served, so what was there before answers: churn")
    assert opened.post("/predict_churn", json=ASKED).json()["model"] == "churn/1"
    assert opened.post("/predict_churn", json=ASKED).json()["rows"] == expected
    kept.write_text(whole, encoding="utf-8")
    write_json(firm.file("run.json"), {"company": "Hafen", "newer": 22})
    until(lambda: "note" not in opened.get("/readyz").json())
    assert opened.post("/predict_churn", json=ASKED).json()["rows"] == expected


def test_a_loaded_run_answers_from_what_was_read_at_once(firm: RunFolder) -> None:
    run = load_run(Company(path=firm.path.parent / "company.toml"), firm)
    shutil.rmtree(firm.path)
    assert [row["kpi"] for row in run.rows("weights", "team_id", "t1")] == ["csat", "wait_seconds"]
    assert run.members.sizes == {"t1": 40}
    assert run.knows_team("t1")
    # a decision names the run that it was made on, not the next one in the same folder
    assert RunAdvice(run).find(AdviceKey("weights", "t1", "agent")).made_from["models"] == run.models()


def test_nothing_is_loaded_again_while_nothing_changes() -> None:
    loads: list[int] = []
    marks = iter(["a", "a", "a", "b", "c", "c", *["c"] * 1000])
    loader = Loader(lambda: loads.append(1), lambda: next(marks), every_seconds=0.005)  # type: ignore[arg-type,return-value]
    loader.start()
    until(lambda: len(loads) == 2)
    time.sleep(0.1)
    assert len(loads) == 2
