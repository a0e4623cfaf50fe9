"""A challenger is trained when it is time, takes the champion's place by gates, and gives it back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from baton.company import Company
from baton.errors import ArtefactError, OutputError
from baton.files import RunFolder, read_json, write_json
from baton.messages.message import render
from baton.outcomes import outcome_folder
from baton.retraining.settings import Gates, Retraining
from features.training.table import TrainingTable
from models.prediction.predictor import load_predictor
from models.registry.champions import Registry, registry_folder
from models.registry.promotion import Origin
from models.registry.retrainings import Retrainings
from pipelines import tracking
from pipelines.retraining import recompute as recomputing
from pipelines.retraining import retrain as retraining
from pipelines.retraining import roll_back as rolling
from pipelines.retraining.recompute import recompute
from pipelines.retraining.retrain import Asked, Retrained, retrain
from pipelines.retraining.roll_back import roll_back
from pipelines.retraining.words import recomputed_words, sentences
from pipelines.steps import Ledger
from pipelines.train import train

UNITS = 60
LENIENT = Gates(log_loss=0.5, calibration=0.5, worst_segment=0.5, latency_ms=60_000)


def table(months: int, *, temporal: bool = True, future: bool = False, day: int = 1) -> TrainingTable:
    """Customers by month; in the future is what will come of the last month's, and without time all are others."""
    generator = np.random.default_rng(5)
    unit = [f"c{number}" for number in range(UNITS)] * months
    cause = generator.normal(size=len(unit))
    label = (cause + 0.6 * generator.normal(size=len(unit)) > 0.5).astype(float)
    as_of = pd.date_range("2024-01-01", periods=months, freq="MS").repeat(UNITS) + pd.Timedelta(days=day - 1)
    frame = pd.DataFrame({"unit_id": unit, "as_of": as_of, "label": label, "group": unit, "visits": cause})
    if not temporal:
        frame["as_of"], frame["unit_id"] = pd.NaT, [f"u{number}" for number in range(len(frame))]
        frame["group"] = frame["unit_id"]
    if future:
        frame.loc[frame["as_of"] == frame["as_of"].max(), "label"] = np.nan
    return TrainingTable(
        outcome="churn",
        kind="probability",
        unit="customer",
        frame=frame,
        features=("visits",),
        kpi_of={"visits": "active_days"},
        latest=frame["as_of"].max() if temporal else None,
        temporal=temporal,
        horizon_days=30 if temporal else 0,
    )


@dataclass
class StandIn:
    """A chain whose tables are given; everything after the tables is the real thing."""

    company: Company
    folder: RunFolder
    given: TrainingTable
    code: str = "code"
    catalogue: Any = ()
    fingerprints: dict[str, str] = field(default_factory=lambda: {"cases": "a"})

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.folder, {})

    def tables(self) -> dict[str, TrainingTable]:
        return {"churn": self.given}


@dataclass
class House:
    company: Company
    folder: RunFolder
    chain: StandIn

    def now(self, rows: TrainingTable, /, **settings: Any) -> None:
        """Let the newest data be these, and the company file say so."""
        given = {"min_rows": 100, "gates": LENIENT, **settings}
        self.company = self.company.model_copy(update={"retraining": Retraining(**given)})
        self.chain = StandIn(self.company, self.folder, rows)

    def retrain(self, **asked: bool) -> Retrained:
        return retrain(self.company, self.folder, Asked(**asked))[0]

    @property
    def champion(self) -> int | None:
        found = Registry(self.company).champion("churn")
        return None if found is None else found.version

    def installed(self) -> str:
        return load_predictor(outcome_folder(self.folder.models, "churn")).about["to"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose champion has learned from six months; copied, never written into."""
    place = tmp_path_factory.mktemp("trained")
    build(place, table(6))
    return place


def build(place: Path, rows: TrainingTable) -> None:
    company = Company(path=place / "company.toml")
    folder = RunFolder(place / "out").create()
    rows.save(outcome_folder(folder.training, "churn"))
    train(company, folder, {"churn": rows})
    tracking.track(company, folder, Origin({"cases": "a"}, "meant"))


@pytest.fixture
def house(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    shutil.copytree(trained, tmp_path / "company")
    return opened(tmp_path / "company", monkeypatch)


def opened(place: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    company, folder = Company(path=place / "company.toml"), RunFolder(place / "out")
    folder.staged.mkdir(exist_ok=True)
    made = House(company, folder, StandIn(company, folder, table(6)))
    chain: Callable[..., StandIn] = lambda *_: made.chain  # noqa: E731 - typed
    for module in (retraining, rolling, recomputing):
        monkeypatch.setattr(module, "opened_chain", chain)
    for module in (retraining, recomputing):
        monkeypatch.setattr(module, "prepared", lambda _: None)
    monkeypatch.setattr(retraining, "watch", lambda *_: None)
    monkeypatch.setattr(retraining, "meaning_digest", lambda *_: "meant")
    monkeypatch.setattr(retraining.settled, "staged_scales", lambda _: {})
    for module in (retraining, recomputing):
        if hasattr(module, "lineage_of"):
            monkeypatch.setattr(module, "lineage_of", lambda *_: {"code": "code", "seed": 7})
    monkeypatch.setattr(recomputing, "catalogue_digest", lambda _: "")
    return made


def words(found: Retrained) -> str:
    return " ".join(message.text for message in sentences([found]))


def test_a_challenger_that_passes_is_promoted_installed_and_rolled_back(house: House) -> None:
    house.now(table(12))
    found = house.retrain()
    assert (found.status, found.champion, found.challenger, house.champion) == ("promoted", 1, 2, 2)
    assert house.installed().startswith("2024-12-01")
    assert {gate.name for gate in found.judged.gates} >= {"log_loss", "calibration", "latency_ms"}  # type: ignore[union-attr]
    answers = read_json(house.folder.file("models.json"))["churn"]
    assert (answers["model"], answers["champion"]) == ("churn/2", "churn/2")
    # again with the same data: nothing is to be done
    assert house.retrain().status == "not_due"
    back = roll_back(house.company, house.folder)
    assert (back[0].status, house.champion, house.installed()[:10]) == ("rolled_back", 1, "2024-06-01")
    assert "version 1 is champion again, in place of 2" in words(back[0])
    with pytest.raises(ArtefactError, match="no champion of today was promoted by a retraining"):
        roll_back(house.company, house.folder)
    logged = [run["name"] for run in Registry(house.company).runs()]
    assert {"retrain churn", "roll back churn"} <= set(logged)


def test_a_challenger_that_fails_a_gate_is_registered_and_the_gate_is_named(house: House) -> None:
    # so few rows cannot show that the challenger is no worse at all
    house.now(table(12), gates=Gates(log_loss=0.0, calibration=0.5, latency_ms=60_000))
    found = house.retrain()
    assert (found.status, house.champion, found.stays) == ("failed", 1, True)
    assert house.installed().startswith("2024-06-01")
    assert found.judged.failed == ("log_loss",)  # type: ignore[union-attr]
    assert "did not pass: loss: at worst so much above the champion's" in words(found)
    assert render(sentences([found])[0], "zh").startswith("churn：第 1 版继续使用")
    # the same night after night would be in vain
    assert house.retrain().status == "not_due"
    assert house.retrain(force=True).stays


def test_a_dry_run_registers_and_promotes_nothing(house: House) -> None:
    house.now(table(12))
    found = house.retrain(dry_run=True)
    assert (found.status, house.champion, len(Registry(house.company).versions())) == ("would_promote", 1, 1)
    assert house.retrain().status == "promoted"


def test_nothing_newer_than_what_the_champion_has_learned_from(house: House) -> None:
    house.now(table(6))
    found = house.retrain()
    assert (found.status, found.stays) == ("not_due", False)
    assert "no outcome is known of rows newer than what was last learned from (2024-06-01)" in words(found)
    forced = house.retrain(force=True)
    assert (forced.status, forced.stays) == ("waiting", True)
    assert "since 2024-07-01 0 rows with known outcomes" in words(forced)


def test_data_that_end_before_the_champions_are_an_old_export_or_a_clock_set_back(house: House) -> None:
    house.now(table(4))
    found = house.retrain()
    assert (found.status, found.stays, house.champion) == ("older", True, 1)
    assert "is of 2024-04-01, and the champion has learned from rows up to 2024-06-01" in words(found)


def test_too_few_rows_are_waited_for(house: House) -> None:
    house.now(table(7), every_days=30)
    found = house.retrain()
    assert (found.status, len(Registry(house.company).versions())) == ("waiting", 1)
    assert "60 rows with known outcomes" in words(found)


def test_a_champion_deleted_by_hand_is_replaced_with_a_word(house: House) -> None:
    registry = Registry(house.company)
    registry.client.delete_registered_model_alias("churn", "champion")
    house.now(table(12))
    found = house.retrain()
    assert (found.status, found.champion, found.challenger, house.champion) == ("promoted", None, 2, 2)
    assert "churn had no champion: none was registered, or it was removed by hand" in words(found)


def test_a_champion_whose_files_are_gone_is_replaced_with_a_word(house: House) -> None:
    shutil.rmtree(Registry(house.company).place("churn", 1))
    house.now(table(12))
    found = house.retrain()
    assert (found.status, found.champion, house.champion) == ("promoted", 1, 2)
    assert "champion 1 cannot be used, so nothing could be compared" in words(found)
    # and the way back ends there
    with pytest.raises(ArtefactError, match="files are gone"):
        roll_back(house.company, house.folder)
    assert house.champion == 2


def test_a_run_in_progress_keeps_a_retraining_out(house: House) -> None:
    house.now(table(12))
    with house.chain.ledger.locked(), pytest.raises(OutputError, match="another run is writing there"):
        house.retrain()
    lock = FileLock(registry_folder(house.company) / "retrain.lock")
    with lock, pytest.raises(OutputError, match="a retraining is running"):
        house.retrain()
    assert house.champion == 1


def test_a_past_figure_is_computed_again_to_the_last_digit(house: House) -> None:
    house.now(table(12))
    first = house.retrain()
    again = recompute(house.company, house.folder, "churn", 2)
    assert again.same
    assert again.now == first.judged.figures  # type: ignore[union-attr]
    assert "comes out the same" in recomputed_words(again)[0].text
    lineage = Retrainings(house.company).report("churn", 2)["lineage"]
    assert (lineage["data"], lineage["code"], lineage["seed"]) == ({"cases": "a"}, "code", 7)


def test_figures_of_other_rows_are_not_called_the_same(house: House) -> None:
    house.now(table(12))
    house.retrain()
    house.now(table(13))
    house.chain.fingerprints = {"cases": "b"}
    with pytest.raises(ArtefactError, match="these are others: cases"):
        recompute(house.company, house.folder, "churn", 2)
    with pytest.raises(ArtefactError, match="no retraining has judged it"):
        recompute(house.company, house.folder, "churn", 1)
    with pytest.raises(ArtefactError, match="no version 9; there are 1, 2"):
        recompute(house.company, house.folder, "churn", 9)


def test_a_shadow_is_judged_once_outcomes_are_known(house: House) -> None:
    house.now(table(12, future=True), shadow=True)
    found = house.retrain()
    assert (found.status, found.stays, house.champion) == ("shadow", False, 1)
    waiting = house.retrain()
    assert (waiting.status, house.champion) == ("in_shadow", 1)
    assert "of 0 of its rows the outcome is known" in words(waiting)
    # two months later the outcomes of the rows that were kept are known
    house.now(table(13, future=True), shadow=True)
    assert house.retrain().status == "in_shadow"
    house.now(table(14, future=True), shadow=True, gates=LENIENT)
    promoted = house.retrain()
    assert (promoted.status, promoted.challenger, house.champion) == ("promoted", 2, 2)
    assert house.installed().startswith("2024-11-01")
    assert "the outcome of 120 rows is known" in words(promoted)


def test_what_was_kept_in_shadow_counts_and_one_that_fails_is_dropped(house: House) -> None:
    house.now(table(12, future=True), shadow=True)
    house.retrain()
    place = next((house.folder.path / "monitoring" / "shadow").rglob("*.parquet"))
    kept = pd.read_parquet(place)
    kept.assign(challenger=0.999).to_parquet(place, index=False)
    house.now(table(14, future=True), shadow=True)
    found = house.retrain()
    assert (found.status, found.stays, house.champion) == ("failed", True, 1)
    assert Retrainings(house.company).noted("churn", "shadow") is None


def test_a_shadow_is_judged_though_dates_of_rows_have_moved_with_the_newest_data(house: House) -> None:
    house.now(table(12, future=True), shadow=True)
    assert house.retrain().status == "shadow"
    house.now(table(14, future=True, day=10), shadow=True)
    promoted = house.retrain()
    assert (promoted.status, promoted.challenger, house.champion) == ("promoted", 2, 2)
    assert "the outcome of 120 rows is known" in words(promoted)


def test_a_shadow_without_time_is_judged_on_units_that_are_new_to_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "flat", table(4, temporal=False))
    house = opened(tmp_path / "flat", monkeypatch)
    house.now(table(7, temporal=False), shadow=True)
    assert house.retrain().status == "shadow"
    assert house.retrain().status == "in_shadow"
    house.now(table(9, temporal=False), shadow=True)
    promoted = house.retrain()
    assert (promoted.status, house.champion) == ("promoted", 2)
    assert "the outcome of 120 rows is known" in words(promoted)


def test_without_time_units_that_are_new_are_compared_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tmp_path / "flat", table(4, temporal=False))
    house = opened(tmp_path / "flat", monkeypatch)
    house.now(table(4, temporal=False))
    assert "0 units that the champion has not learned from; 100 are needed" in words(house.retrain())
    house.now(table(7, temporal=False))
    found = house.retrain()
    assert (found.status, sum(origin["rows"] for origin in found.judged.origins)) == ("promoted", 180)  # type: ignore[union-attr]
    # a champion of before knows not what it has learned from
    inputs = Registry(house.company).place("churn", 2).parent / "inputs.json"
    write_json(inputs, {"data": {}})
    assert "it is not recorded what the champion has learned from" in words(house.retrain())
