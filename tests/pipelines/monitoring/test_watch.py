"""A watch over a run: what changed by its name and in words, and what became of predictions."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from baton.cli import app
from baton.company import Company, load_company
from baton.errors import ArtefactError
from baton.files import RunFolder
from baton.messages.message import render
from baton.retraining.monitored import monitored_file, read_monitored
from features.staging.stage import open_warehouse
from features.training.snapshots import churn_labels
from pipelines.monitoring.kept import outlook
from pipelines.monitoring.left import leave
from pipelines.monitoring.watch import watch
from pipelines.monitoring.words import sentences


@pytest.fixture(scope="module")
def company(small_company: Path) -> Company:
    return load_company(small_company / "company.toml")


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> RunFolder:
    """What a watch reads of a run, to be changed."""
    place = tmp_path / "out"
    shutil.copytree(small_run / "staged", place / "staged")
    for name in ("churn.parquet", "churn_curve.parquet", "run.json"):
        shutil.copy(small_run / name, place / name)
    return RunFolder(place)


def change(run: RunFolder, table: str, columns: str) -> None:
    """Replace columns of a cleaned table in its last two weeks, ``{new}``."""
    path = run.staged / f"{table}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS FROM read_parquet('{path}')")
        last = open_warehouse(run.staged).observed_until
        end = max(last.values()).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        begin = f"TIMESTAMP '{end - timedelta(days=14)}'"
        connection.execute(f"COPY ({columns.format(begin=begin)}) TO '{path}' (FORMAT parquet)")


def words(found: object, language: str = "en") -> str:
    return "\n".join(render(message, language) for message in sentences(found))  # type: ignore[arg-type]


def test_a_quiet_company_is_quiet(company: Company, run: RunFolder) -> None:
    found = watch(company, run)
    assert found.findings == []
    assert not found.alarmed
    assert "Nothing has changed more than it does by itself" in words(found)


def test_a_unit_that_changed_is_called_one(company: Company, run: RunFolder) -> None:
    change(
        run, "cases",
        "SELECT * REPLACE (CASE WHEN closed_at >= {begin} THEN handle_seconds / 60 ELSE handle_seconds END "
        "AS handle_seconds) FROM rows",
    )  # fmt: skip
    found = watch(company, run)
    assert [(one.change, one.alarm.series.column) for one in found.findings] == [("unit", "handle_seconds")]
    assert "1/60 as much with the same spread" in words(found)
    leave(run, found)
    left = read_monitored(run)
    assert left is not None and [words.text for words in left.words] == [each.text for each in sentences(found)]
    (name,) = left.found
    assert name.startswith("unit closed cases handle_seconds") and "1/60" in left.changes[name].text
    assert monitored_file(run).stat().st_mode & 0o077 == 0
    assert "像是换了单位" in words(found, "zh")


def test_a_source_that_stopped_is_found(company: Company, run: RunFolder) -> None:
    change(run, "activity", 'SELECT * FROM rows WHERE "at" < {begin}')
    found = watch(company, run)
    assert [(one.change, one.alarm.series.source) for one in found.findings] == [("stopped", "activity")]
    assert "activity no longer arrive" in words(found)


def test_every_kind_of_change_has_words_in_both_languages(company: Company, run: RunFolder) -> None:
    change(
        run, "cases",
        "SELECT * REPLACE (CASE WHEN opened_at >= {begin} AND hash(employee_id) % 3 = 0 THEN 'T99' ELSE team_id END "
        "AS team_id, CASE WHEN opened_at >= {begin} THEN 'fax' ELSE channel END AS channel) FROM rows",
    )  # fmt: skip
    found = watch(company, run)
    assert {one.change for one in found.findings} >= {"reorganised", "new_value"}
    assert "fax is new" in words(found)
    assert "组织调整" in words(found, "zh")


def test_predictions_are_kept_once_a_day_and_promised_until_outcomes_are_known(
    company: Company, run: RunFolder
) -> None:
    first, again = watch(company, run), watch(company, run)
    assert len(first.predictions) == len(again.predictions) == 1
    (kept,) = (run.path / "monitoring").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    (one,) = again.predictions
    assert one.realised is None
    churn = pd.read_parquet(run.file("churn.parquet"))
    assert one.expected.events == pytest.approx(churn["probability"].sum(), rel=0.02)


def predicted(run: RunFolder, company: Company, back_days: int, factor: float) -> None:
    """Keep predictions of an earlier day whose chances are what happened, times a factor."""
    warehouse = open_warehouse(run.staged)
    end = max(warehouse.observed_until.values())
    as_of = datetime(end.year, end.month, end.day) - timedelta(days=back_days)
    labels = churn_labels(company, warehouse, [as_of]).to_pandas()
    horizon = company.snapshots.horizon_days
    known = labels["left_at"] <= pd.Timestamp(as_of + timedelta(days=min(back_days, horizon)))
    share = float(known.mean())
    rng = np.random.default_rng(1)
    chance = np.clip(share * factor * rng.uniform(0.9, 1.1, len(labels)), 0, 1)
    days = {f"by_{day}": chance for day in (back_days, horizon)}
    frame = pd.DataFrame({
        "customer_id": labels["customer_id"].astype(str), "probability": chance, "informative": True, "as_of": as_of,
        **days,
    })  # fmt: skip
    place = run.path / "monitoring" / f"churn-{as_of:%Y-%m-%d}.parquet"
    place.parent.mkdir(exist_ok=True)
    frame.to_parquet(place)


@pytest.mark.parametrize("back_days", [40, 150])
@pytest.mark.parametrize(("factor", "differs"), [(1.0, False), (0.4, True)])
def test_what_became_of_predictions_is_set_beside_them(
    company: Company, run: RunFolder, back_days: int, factor: float, differs: bool
) -> None:
    predicted(run, company, back_days, factor)
    (one,) = outlook(company, run, open_warehouse(run.staged))
    assert one.complete is (back_days > company.snapshots.horizon_days)
    assert one.realised is not None
    assert one.realised.differs is differs
    if differs:
        assert "The chances no longer hold" in words(watch(company, run))


def test_without_a_run_the_error_names_what_makes_one(company: Company, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="baton run"):
        watch(company, RunFolder(tmp_path))


def test_the_command_prints_a_document(small_company: Path, run: RunFolder) -> None:
    done = CliRunner().invoke(app, ["monitor", str(small_company), "--out", str(run.path), "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["alarmed"] is False
    assert document["series"] > 50
    assert document["predictions"][0]["expected"]["rows"] > 100
