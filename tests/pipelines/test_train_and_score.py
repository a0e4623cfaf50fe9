"""From training tables to the contract's files: trained, evaluated, scored, attributed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Company
from baton.errors import ArtefactError, OutputError, TooLittleDataError
from baton.files import RunFolder, read_json
from baton.outcomes import outcome_folder
from features.training.table import TrainingTable
from models.integrity.model_file import model_file
from models.prediction.explained_rows import MAX_ROWS
from models.prediction.out_of_fold import rows_to_score
from models.prediction.predictor import load_predictor
from pipelines.run_steps import SCORE
from pipelines.score import score
from pipelines.steps import Ledger
from pipelines.train import TrainResult, train

COMPANY = Company()
LATEST = pd.Timestamp("2025-12-01")
TEAMS = ("north", "south")


def months(units: int, prefix: str, seed: int) -> pd.DataFrame:
    """Units × twelve months with two features of one KPI, one context, and a label known for the first nine."""
    generator = np.random.default_rng(seed)
    dates = pd.date_range("2025-01-01", LATEST, freq="MS")
    frame = pd.DataFrame(
        [(f"{prefix}{number}", date) for number in range(units) for date in dates], columns=["unit_id", "as_of"]
    )
    frame["csat__30d"] = generator.normal(size=len(frame))
    frame["csat__90d"] = generator.normal(size=len(frame))
    frame["segment"] = pd.Categorical(generator.choice(["home", "firm"], len(frame)))
    chance = 1 / (1 + np.exp(1 + frame["csat__90d"]))
    label = (generator.random(len(frame)) < chance).astype(float)
    frame["label"] = np.where(frame["as_of"] > dates[8], np.nan, label)
    return frame.assign(group=frame["unit_id"])


def made(outcome: str, unit: str, frame: pd.DataFrame, **changes: Any) -> TrainingTable:
    units = frame["unit_id"].unique()
    shares = pd.DataFrame(
        [(name, team, 0.5, "use") for name in units[: len(units) // 2] for team in TEAMS],
        columns=["unit_id", "team_id", "share", "stage"],
    )
    described: dict[str, Any] = {
        "kind": "probability",
        "frame": frame,
        "features": ("csat__30d", "csat__90d", "segment"),
        "kpi_of": {"csat__30d": "csat", "csat__90d": "csat", "segment": "_context"},
        "latest": LATEST,
        "horizon_days": 90,
        "shares": shares,
    }
    return TrainingTable(outcome=outcome, unit=unit, **described | changes)


def driver(frame: pd.DataFrame) -> TrainingTable:
    """Cases with times of their own, nearly all of them rated."""
    as_of = pd.date_range("2025-06-01", LATEST, periods=len(frame)).as_unit("us")
    label = np.where(np.arange(len(frame)) % 50 == 0, np.nan, frame["label"].fillna(0.0) * 2 + frame["csat__90d"])
    cases = frame.assign(unit_id=[f"k{number}" for number in range(len(frame))], as_of=as_of, label=label)
    return made("driver:csat", "case", cases, kind="number", horizon_days=0)


def tables() -> dict[str, TrainingTable]:
    found = [
        made("churn", "customer", months(60, "c", 0)),
        made("decline:employee:csat", "employee", months(30, "e", 1)),
        made("decline:team:wait:long", "team", months(20, "t", 2), shares=pd.DataFrame(columns=["unit_id"])),
        driver(months(40, "x", 3)),
    ]
    return {table.outcome: table for table in found}


def started(path: Path, given: Mapping[str, TrainingTable]) -> RunFolder:
    folder = RunFolder(path).create()
    for outcome, table in given.items():
        table.save(outcome_folder(folder.training, outcome))
    folder.staged.mkdir()
    customers = pd.DataFrame({"customer_id": ["c0", "c1", "c2"], "value": [100.0, None, 50.0]})
    customers.to_parquet(folder.staged / "customers.parquet")
    return folder


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, TrainResult, dict[str, int]]:
    """A folder that was trained and scored; leave it as it is."""
    folder = started(tmp_path_factory.mktemp("scored"), tables())
    result = train(COMPANY, folder, tables())
    return folder, result, score(COMPANY, folder)


Scored = tuple[RunFolder, TrainResult, dict[str, int]]


def read(folder: RunFolder, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder.file(name))


def test_every_outcome_is_evaluated_under_its_name(scored: Scored) -> None:
    folder, result, _ = scored
    assert set(read_json(folder.file("evaluation.json"))) == set(tables()) == set(result.evaluation)
    assert result.skipped == {}
    assert model_file(folder.models / "decline.employee.csat").exists()


def test_churn_has_a_row_for_every_customer_of_the_latest_snapshot(scored: Scored) -> None:
    folder, _, rows = scored
    churn = read(folder, "churn.parquet")
    first = ["customer_id", "as_of", "probability", "drivers", "informative", "value_at_risk"]
    assert list(churn.columns) == [*first, "probability_low", "probability_high", "unlike"]
    assert churn["probability"].between(churn["probability_low"], churn["probability_high"]).all()
    assert len(churn) == rows["churn"] == 60
    assert set(churn["as_of"]) == {LATEST}
    assert churn["probability"].between(0, 1).all()


def test_value_at_risk_is_probability_times_a_years_value_and_unknown_where_that_is(scored: Scored) -> None:
    churn = read(scored[0], "churn.parquet").set_index("customer_id")
    assert churn.loc["c2", "value_at_risk"] == pytest.approx(50 * churn.loc["c2", "probability"])
    assert churn.loc[["c1", "c3"], "value_at_risk"].isna().all()


def leaves(table: TrainingTable, seed: int = 0) -> TrainingTable:
    """The table with the days on which its customers left, in keeping with its labels."""
    frame = table.frame
    observed = (LATEST - frame["as_of"]).dt.days.astype(float)
    day = pd.Series(np.random.default_rng(seed).uniform(1, 90, len(frame)), index=frame.index)
    later = pd.Series(np.random.default_rng(seed + 1).uniform(91, 400, len(frame)), index=frame.index)
    left = day.where(frame["label"] == 1, later)
    left = left.where(frame["label"].notna() & (left <= observed))
    return replace(table, times=pd.DataFrame({"left_days": left, "observed_days": observed}), curve_days=(30, 90, 180))


def test_a_curve_passes_through_the_probability_and_prices_what_is_lost_by_when(tmp_path: Path) -> None:
    folder = started(tmp_path, {"churn": leaves(made("churn", "customer", months(60, "c", 0)))})
    train(COMPANY, folder, {"churn": TrainingTable.load(folder.training / "churn")})
    score(COMPANY, folder)
    churn, curve = read(folder, "churn.parquet"), read(folder, "churn_curve.parquet")
    assert curve["days"].unique().tolist() == [30, 90, 180]
    by_day = curve.pivot(index="customer_id", columns="days", values="probability")
    assert by_day[90].loc[churn["customer_id"]].tolist() == churn["probability"].tolist()
    assert (by_day.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    lost = curve.pivot(index="customer_id", columns="days", values="discounted_value_at_risk").loc["c2"]
    assert 0 < lost[30] < lost[90] < 50 * by_day.loc["c2", 90]
    assert lost[30] == pytest.approx(50 * by_day.loc["c2", 30] * 1.1 ** (-15 / 365.25))


def test_each_day_of_the_curve_is_tested_on_later_snapshots_and_those_left_out_are_reported(tmp_path: Path) -> None:
    folder = started(tmp_path, {"churn": leaves(made("churn", "customer", months(60, "c", 0)))})
    asked = Company(outcomes={"churn": {"curve_days": [30, 180, 900]}})
    table = replace(TrainingTable.load(folder.training / "churn"), curve_days=(30, 90, 180, 900))
    result = train(asked, folder, {"churn": table})
    tested = {entry["days"]: entry for entry in result.evaluation["churn"]["curve"]}
    assert list(tested) == [30, 90, 180]
    assert tested[30]["rows"] == tested[90]["rows"] > tested[180]["rows"]  # fewer were observed for so long
    assert tested[90]["rows"] == result.evaluation["churn"]["rows"]
    assert tested[90]["log_loss"] == pytest.approx(result.evaluation["churn"]["log_loss"])
    assert 0 < tested[30]["left"] < tested[90]["left"]
    assert [(message.key, message.values["days"]) for message in result.warnings] == [("curve.not_observed", 900)]


def test_days_of_leaving_that_are_not_known_make_no_curve(scored: Scored) -> None:
    assert not scored[0].file("churn_curve.parquet").exists()


def test_drivers_name_kpi_value_and_attribution_strongest_first(scored: Scored) -> None:
    churn = read(scored[0], "churn.parquet")
    rows = tables()["churn"].current.set_index("unit_id")
    for customer, drivers in zip(churn["customer_id"], churn["drivers"], strict=True):
        assert [driver["kpi"] for driver in drivers] in (["csat", "segment"], ["segment", "csat"])
        assert abs(drivers[0]["attribution"]) >= abs(drivers[1]["attribution"])
        found = {driver["kpi"]: driver for driver in drivers}
        assert found["csat"]["value"] == pytest.approx(rows.loc[customer, "csat__90d"])
        assert (found["segment"]["value"], found["segment"]["label"]) == (None, rows.loc[customer, "segment"])


def test_decline_holds_every_outcome_with_its_unit_and_metric(scored: Scored) -> None:
    decline = read(scored[0], "decline.parquet")
    assert list(decline.columns) == ["unit", "unit_id", "metric", "as_of", "probability", "drivers", "informative"]
    counts = decline.groupby(["unit", "metric"]).size().to_dict()
    assert counts == {("employee", "csat"): 30, ("team", "wait:long"): 20}


def test_driver_holds_the_cases_of_the_latest_window_with_a_prediction(scored: Scored) -> None:
    folder, _, rows = scored
    found = read(folder, "driver.parquet")
    assert list(found.columns) == ["case_id", "as_of", "prediction", "drivers", "informative"]
    expected = tables()["driver:csat"].frame
    assert set(found["case_id"]) == set(expected[expected["as_of"] > LATEST - pd.Timedelta(days=90)]["unit_id"])
    assert rows["driver"] == len(found) < len(expected)


def test_a_case_that_was_learned_from_is_described_by_models_that_have_not_seen_it(scored: Scored) -> None:
    folder, _, _ = scored
    table = tables()["driver:csat"]
    found = read(folder, "driver.parquet").set_index("case_id")["prediction"]
    place = folder.models / "driver.csat"
    model = pd.Series(
        load_predictor(place).predict(table.frame[list(table.features)]), index=table.frame["unit_id"]
    ).loc[found.index]
    rated = table.frame.set_index("unit_id")["label"].loc[found.index].notna()
    unseen = pd.read_parquet(place / "out_of_fold.parquet").set_index("unit_id")["prediction"]
    np.testing.assert_array_equal(found[~rated], model[~rated])
    np.testing.assert_array_equal(found[rated], unseen.loc[found.index[rated]])
    assert (found[rated] != model[rated]).mean() > 0.95


def test_churn_of_customers_not_yet_known_comes_from_the_model_itself(scored: Scored) -> None:
    folder, _, _ = scored
    assert not (folder.models / "churn" / "out_of_fold.parquet").exists()


def test_attributions_add_up_to_the_mean_raw_score(scored: Scored) -> None:
    folder, _, _ = scored
    found = read(folder, "attributions.parquet")
    columns = ["outcome", "team_id", "kpi", "mean_attribution", "mean_abs_attribution", "slope", "n", "bias"]
    assert list(found.columns) == columns
    for outcome in ("churn", "decline:employee:csat"):
        table = tables()[outcome]
        raw = load_predictor(outcome_folder(folder.models, outcome)).raw(table.current[list(table.features)])
        rows = found[found["outcome"] == outcome]
        teams = rows.drop_duplicates("team_id")
        total = (rows["mean_attribution"] * rows["n"]).sum() + (teams["bias"] * teams["n"]).sum()
        assert total / teams["n"].sum() == pytest.approx(raw.mean(), abs=1e-9)
        assert teams["n"].sum() == pytest.approx(len(raw))
        assert set(rows["kpi"]) == {"csat", "_context"}
        assert set(teams["team_id"].dropna()) == set(TEAMS)


def test_a_sample_of_rows_without_ids_is_kept_and_its_attributions_add_up_to_the_scores(scored: Scored) -> None:
    found = read(scored[0], "explanations.parquet")
    assert set(found["outcome"]) == {"churn", "driver:csat"}  # none about people: those of employees and teams
    for outcome, rows in found.groupby("outcome"):
        table, model = tables()[outcome], load_predictor(outcome_folder(scored[0].models, outcome))
        sums = rows.groupby("row")["attribution"].sum() + rows.drop_duplicates("row").set_index("row")["bias"]
        scores = model.raw(rows_to_score(table, 90)[list(table.features)])
        assert len(sums) == min(len(scores), MAX_ROWS)
        if outcome == "churn":  # of cases other models answer, which have not seen them
            assert sorted(sums) == pytest.approx(sorted(scores), abs=1e-9)
        assert sorted(set(rows["kpi"])) == ["csat", "segment"]
        assert rows.groupby("row")["prediction"].first().is_monotonic_increasing
    text = found.drop(columns=["outcome", "kpi"]).to_csv()
    assert not {unit for table in tables().values() for unit in table.frame["unit_id"] if f",{unit}," in text}


def test_the_slope_shows_the_direction_in_which_a_kpi_is_used(scored: Scored) -> None:
    found = read(scored[0], "attributions.parquet")
    churn = found[(found["outcome"] == "churn") & (found["kpi"] == "csat")]
    assert (churn["slope"] < 0).all()


def test_a_team_is_its_own_team_where_no_shares_are_known(scored: Scored) -> None:
    found = read(scored[0], "attributions.parquet")
    assert set(found[found["outcome"] == "decline:team:wait:long"]["team_id"]) == {f"t{number}" for number in range(20)}


def test_stages_have_their_own_file(scored: Scored) -> None:
    found = read(scored[0], "stage_attributions.parquet")
    assert set(found["stage"].dropna()) == {"use"}


def test_a_flat_table_is_scored_by_models_that_have_not_seen_each_row(tmp_path: Path) -> None:
    frame = months(200, "c", 5)
    frame = frame[frame["as_of"] == "2025-03-01"].assign(as_of=pd.NaT).astype({"as_of": "datetime64[us]"})
    flat = made("churn", "customer", frame, latest=None, temporal=False, horizon_days=0)
    folder = started(tmp_path / "run", {"churn": flat})
    train(COMPANY, folder, {"churn": flat})
    assert score(COMPANY, folder)["churn"] == 200
    found = read(folder, "churn.parquet").set_index("customer_id")["probability"]
    unseen = pd.read_parquet(folder.models / "churn" / "out_of_fold.parquet").set_index("unit_id")["prediction"]
    np.testing.assert_array_equal(found, unseen.loc[found.index])
    rows = read(folder, "attributions.parquet")
    teams = rows.drop_duplicates("team_id")
    total = (rows["mean_attribution"] * rows["n"]).sum() + (teams["bias"] * teams["n"]).sum()
    raw = pd.read_parquet(folder.models / "churn" / "out_of_fold.parquet")["raw"]
    assert total / 200 == pytest.approx(raw.mean(), abs=1e-9)


def test_two_runs_are_the_same(tmp_path: Path) -> None:
    given = {"churn": tables()["churn"]}
    found = []
    for name in ("first", "second"):
        folder = started(tmp_path / name, given)
        train(COMPANY, folder, given)
        score(COMPANY, folder)
        found.append((read(folder, "churn.parquet")["probability"], read_json(folder.file("evaluation.json"))))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=0, atol=1e-9)
    assert found[0][1] == found[1][1]


def test_what_cannot_be_learned_is_skipped_with_a_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    given = tables()
    few = given["decline:employee:csat"]
    chosen = {
        "churn": given["churn"],
        "decline:employee:csat": replace(few, frame=few.frame[few.frame["unit_id"].isin(["e1", "e2"])]),
    }
    folder = started(tmp_path / "run", chosen)
    result = train(COMPANY, folder, chosen)
    assert set(result.evaluation) == {"churn"}
    assert "2 independent units, 3 are needed" in result.skipped["decline:employee:csat"].text
    assert set(score(COMPANY, folder)) == {"churn", "attributions", "stage_attributions", "explanations"}
    assert not folder.file("decline.parquet").exists()


def test_nothing_to_learn_is_an_error_and_leaves_no_evaluation(tmp_path: Path) -> None:
    few = tables()["churn"]
    few = replace(few, frame=few.frame.head(20))
    folder = started(tmp_path / "run", {"churn": few})
    with pytest.raises(TooLittleDataError, match="no outcome can be learned: churn: too little to learn from"):
        train(COMPANY, folder, {"churn": few})
    assert not folder.file("evaluation.json").exists()


def test_results_of_an_outcome_that_is_gone_are_removed(tmp_path: Path) -> None:
    given = {"churn": tables()["churn"]}
    folder = started(tmp_path / "run", given)
    folder.file("decline.parquet").touch()
    train(COMPANY, folder, given)
    Ledger(folder, {}).step(SCORE, {}, lambda outcome: outcome.rows.update(score(COMPANY, folder)))
    assert not folder.file("decline.parquet").exists()
    assert folder.file("churn.parquet").exists()


def test_scoring_without_models_says_what_makes_them(tmp_path: Path) -> None:
    folder = started(tmp_path / "run", {"churn": tables()["churn"]})
    with pytest.raises(ArtefactError, match="`baton train` makes them"):
        score(COMPANY, folder)


def test_a_full_disk_leaves_no_half_written_evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"churn": tables()["churn"]}
    folder = started(tmp_path / "run", given)

    def full(path: Path, *arguments: Any, **options: Any) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="No space left on device"):
        train(COMPANY, folder, given)
    assert not list(folder.path.rglob("*.part"))
    assert not folder.file("evaluation.json").exists()


def test_progress_is_reported(tmp_path: Path) -> None:
    given = {"churn": tables()["churn"]}
    folder = started(tmp_path / "run", given)
    progress: list[tuple[str, int, int]] = []
    listen: Callable[[str, int, int], None] = lambda *what: progress.append(what)  # noqa: E731
    train(COMPANY, folder, given, listen)
    score(COMPANY, folder, listen)
    assert progress == [("train churn", 0, 1), ("train", 1, 1), ("score churn", 0, 1), ("score", 1, 1)]


def test_a_prediction_no_better_than_guessing_is_marked_and_explains_and_prices_nothing(tmp_path: Path) -> None:
    frame = months(60, "c", 0)
    chance = np.random.default_rng(5).random(len(frame)) < 0.3
    noise = frame.assign(label=frame["label"].where(frame["label"].isna(), chance.astype(float)))
    given = {"churn": made("churn", "customer", noise), "driver:csat": driver(months(40, "x", 3))}
    folder = started(tmp_path / "run", given)
    result = train(COMPANY, folder, given)
    assert not result.evaluation["churn"]["informative"] and result.evaluation["driver:csat"]["informative"]
    assert [each.text.split(";")[1] for each in result.warnings] == [" nothing is counted, priced or explained"]
    score(COMPANY, folder)
    churn = pd.read_parquet(folder.file("churn.parquet"))
    assert churn["probability"].notna().all() and not churn["informative"].any()
    assert churn["value_at_risk"].isna().all() and (churn["drivers"].map(len) == 0).all()
    assert pd.read_parquet(folder.file("driver.parquet"))["informative"].all()
    assert set(pd.read_parquet(folder.file("attributions.parquet"))["outcome"]) == {"driver:csat"}


def test_values_and_columns_that_a_model_does_not_know_are_reported_with_their_count(
    scored: Scored, tmp_path: Path
) -> None:
    frame = months(60, "c", 0).drop(columns="csat__30d")
    new = (frame["as_of"] == LATEST) & frame["unit_id"].isin([f"c{number}" for number in range(7)])
    frame["segment"] = frame["segment"].astype(str).mask(new, "bank").astype("category")
    changes: dict[str, Any] = {"features": ("csat__90d", "segment"), "kpi_of": {"csat__90d": "csat"}}
    folder = started(tmp_path / "later", {"churn": made("churn", "customer", frame, **changes)})
    shutil.copytree(scored[0].models, folder.models, dirs_exist_ok=True)
    shutil.copy(scored[0].file("evaluation.json"), folder.file("evaluation.json"))
    warnings: list[Any] = []
    score(COMPANY, folder, warnings=warnings)
    assert [warning.text for warning in warnings] == [
        "churn: segment: 7 of 60 values are none that the model has learned; they count as missing",
        "churn: the model's features csat__30d have no values in these data; they count as missing",
    ]
