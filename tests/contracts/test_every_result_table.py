"""Every result table there is: what a run leaves is what the contract says, and nothing else is written or read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baton.contract.results import ResultColumn, cast, of_step, result_table, result_tables
from baton.errors import ArtefactError, ResultError
from baton.files import RunFolder, write_json
from baton.run_results import RUN, RunResults

EVERY = sorted(result_tables())
NOT_IN_THE_SMALL_RUN = {"driver", "decline"}
"""Its company has no case outcome, and nothing that declines often enough to be learned."""
VALUES: dict[str, Any] = {
    "text": "x",
    "time": pd.Timestamp("2025-01-01"),
    "number": 0.5,
    "integer": 3,
    "flag": True,
    "texts": ["k1"],
    "words": {"en": "a", "zh": "甲"},
    "list of words": [{"en": "a", "zh": "甲"}],
    "drivers": [{"kpi": "csat", "value": 1.0, "label": None, "attribution": 0.1}],
}


def one_row(name: str) -> dict[str, Any]:
    table = result_table(name)
    return {column.name: VALUES[column.type] for column in table.columns} | ({"csat": 0.1} if table.others else {})


@pytest.fixture
def results(tmp_path: Path) -> RunResults:
    return RunResults(RunFolder(tmp_path / "out").create())


@pytest.mark.parametrize("name", EVERY)
def test_a_run_leaves_the_tables_of_the_contract(name: str, small_run: Path) -> None:
    path = RunResults(small_run).path(name)
    if name in NOT_IN_THE_SMALL_RUN and not path.exists():
        pytest.skip("the small run has no such outcome")
    table, schema = result_table(name), pq.read_schema(path)
    columns = table.found(schema.names)
    assert schema.names == [column.name for column in columns]
    assert schema.types == [column.arrow for column in columns]
    frame = pd.read_parquet(path)
    assert not table.key or not frame.duplicated(list(table.key)).any()
    assert [c.name for c in columns if not c.nullable and frame[c.name].isna().any()] == []


def test_a_run_leaves_no_other_tables(small_run: Path) -> None:
    results = RunResults(small_run)
    inner = {"texts/cases"}  # a source table with one column more
    places = [
        *small_run.glob("*.parquet"),
        *(small_run / "advice").glob("*.parquet"),
        *small_run.glob("texts/*.parquet"),
    ]
    left = {path.relative_to(small_run).with_suffix("").as_posix() for path in places} - inner
    assert left == set(results.names)
    assert set(EVERY) - left <= NOT_IN_THE_SMALL_RUN


def test_every_table_is_made_by_a_step_of_a_run(small_run: Path) -> None:
    steps = {step["name"] for step in RunResults(small_run).recorded("steps")}
    assert {table.step for table in result_tables().values()} <= steps


@pytest.mark.parametrize("name", EVERY)
def test_what_is_written_is_read_as_it_was(name: str, results: RunResults) -> None:
    row = one_row(name)
    assert results.write(name, pd.DataFrame([row])) == 1
    read = results.arrow(name).to_pylist()[0]
    assert read == row
    assert results.names == (name,)


@pytest.mark.parametrize("name", EVERY)
def test_keys_are_columns_and_every_column_says_what_it_is(name: str) -> None:
    table = result_table(name)
    assert set(table.key) <= set(table.names)
    assert table.grain and table.when and all(column.meaning for column in table.columns)
    assert [
        column.name for column in table.columns if column.name.endswith("_seconds") and column.unit != "seconds"
    ] == []
    assert [column.name for column in table.columns if column.type in ("text", "time", "flag") and column.unit] == []


@pytest.mark.parametrize("name", EVERY)
def test_a_table_without_rows_has_its_columns_and_types(name: str, results: RunResults) -> None:
    results.write(name, cast(name, []))
    assert pq.read_schema(results.path(name)).types == [column.arrow for column in result_table(name).columns]


@pytest.mark.parametrize("name", [name for name in EVERY if result_table(name).others is None])
def test_a_missing_or_unknown_column_is_not_written(name: str, results: RunResults) -> None:
    frame = pd.DataFrame([one_row(name)])
    lost = next(column.name for column in result_table(name).columns if column.required)
    with pytest.raises(ResultError, match=f"{name}.parquet: column '{lost}' is missing; .* please report it"):
        results.write(name, frame.drop(columns=lost))
    with pytest.raises(ResultError, match=f"{name}.parquet: column 'surprise' is not in the contract"):
        results.write(name, frame.assign(surprise=1))
    assert results.names == ()


@pytest.mark.parametrize(("column", "wrong"), [(c, n) for n in EVERY for c in result_table(n).columns[:1]])
def test_values_of_another_kind_are_not_written(column: ResultColumn, wrong: str, results: RunResults) -> None:
    other = "a" if column.type != "text" else 7
    with pytest.raises(ResultError, match=f"column '{column.name}' holds"):
        results.write(wrong, pd.DataFrame([one_row(wrong) | {column.name: other}]))


@pytest.mark.parametrize(
    ("column", "wrong", "refusal"),
    [
        ("cases", 1.5, "holds floating, not integer"),
        ("cases", None, "holds floating, not integer"),
        ("hidden", 1, "holds integer, not flag"),
        ("hidden", None, "is null in 1 rows"),
        ("position", "0.5", "holds string, not number"),
        ("position", True, "holds boolean, not number"),
        ("process", None, "is null in 1 rows"),
        ("case_ids", "k1", "holds str, not texts"),
        ("case_ids", [1, 2], "case_ids"),
    ],
)
def test_no_value_is_turned_into_another(column: str, wrong: Any, refusal: str, results: RunResults) -> None:
    rows = pd.DataFrame([one_row("bottlenecks"), one_row("bottlenecks") | {"step": "y", column: wrong}])
    rows = rows.iloc[[1]] if wrong is not None else rows  # beside a number, null makes a column of numbers
    with pytest.raises(ResultError, match=refusal):
        results.write("bottlenecks", rows)
    assert "bottlenecks" not in results


def test_times_with_a_zone_are_not_written(results: RunResults) -> None:
    row = one_row("churn") | {"as_of": pd.Timestamp("2025-01-01", tz="Asia/Shanghai")}
    with pytest.raises(ResultError, match="as_of"):
        results.write("churn", pd.DataFrame([row]))


def test_rows_that_repeat_their_key_are_not_written(results: RunResults) -> None:
    row = one_row("weights")
    with pytest.raises(ResultError, match="weights.parquet: 1 rows repeat team_id × role × kpi"):
        results.write("weights", pd.DataFrame([row, row | {"verdict": "raise"}]))
    flow = one_row("flows") | {"source": None}
    with pytest.raises(ResultError, match="repeat process × source × target"):
        results.write("flows", pd.DataFrame([flow, flow]))


def test_arrow_tables_are_checked_alike(results: RunResults) -> None:
    table = pa.Table.from_pylist([one_row("churn")])
    assert results.write("churn", table) == 1
    with pytest.raises(ResultError, match="column 'drivers' is missing"):
        results.write("churn", table.drop_columns("drivers"))
    with pytest.raises(ResultError, match="column 'probability'"):
        results.write("churn", table.set_column(2, "probability", pa.array(["often"])))
    with pytest.raises(ResultError, match="repeat customer_id × as_of"):
        results.write("churn", pa.concat_tables([table, table]))


def test_what_was_there_stays_where_something_is_refused(results: RunResults) -> None:
    results.write("weights", pd.DataFrame([one_row("weights")]))
    with pytest.raises(ResultError):
        results.write("weights", pd.DataFrame([one_row("weights")]).drop(columns="verdict"))
    assert results.table("weights")["verdict"].tolist() == ["x"]


@pytest.mark.parametrize("name", [name for name in EVERY if result_table(name).others is None])
def test_a_table_of_another_version_is_refused_in_one_sentence(name: str, results: RunResults) -> None:
    frame, path = cast(name, [one_row(name)]), results.path(name)
    path.parent.mkdir(exist_ok=True)
    lost = next(column.name for column in result_table(name).columns if column.required)
    frame.drop(columns=lost).to_parquet(path)
    with pytest.raises(ArtefactError) as refusal:
        results.table(name)
    assert f"{path}: column '{lost}' is missing" in str(refusal.value)
    assert f"delete it and run again: `baton run COMPANY --out {results.folder.path}`" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    frame.assign(older=1).to_parquet(path)
    with pytest.raises(ArtefactError, match="column 'older' is not known; .* run again"):
        results.table(name)


def test_a_table_with_other_values_or_no_table_at_all_is_refused(results: RunResults) -> None:
    cast("weights", [one_row("weights")]).assign(low="5").to_parquet(results.path("weights"))
    with pytest.raises(ArtefactError, match="column 'low' holds .*string, not number; delete it and run again"):
        results.table("weights")
    results.path("weights").write_text("nothing that Parquet knows")
    with pytest.raises(ArtefactError, match=r"weights\.parquet: cannot be read .* delete it and run again"):
        results.table("weights")


def test_what_the_run_has_not_left_is_reported(results: RunResults) -> None:
    assert results.find("effects") is None
    with pytest.raises(ArtefactError, match="effects.parquet: this run has left no such table; .* cases or measures"):
        results.table("effects")
    with pytest.raises(ArtefactError, match=r"a run leaves no table 'wieghts'"):
        results.table("wieghts")
    with pytest.raises(ArtefactError, match=r"run\.json: not there; `baton run"):
        _ = results.run
    assert (results.evaluation, results.models) == ({}, {})


def test_an_older_run_json_is_refused_where_it_lacks_what_is_asked(results: RunResults) -> None:
    write_json(results.folder.file(RUN), {"warnings": []})
    assert results.recorded("warnings") == []
    with pytest.raises(ArtefactError, match=r"run\.json: 'steps' is missing; run again"):
        results.recorded("steps")


def test_a_step_knows_what_it_leaves(results: RunResults) -> None:
    assert of_step("score") == (
        "churn",
        "churn_curve",
        "retention",
        "decline",
        "driver",
        "attributions",
        "stage_attributions",
        "explanations",
    )
    results.write("churn", pd.DataFrame([one_row("churn")]))
    results.remove(*of_step("score"))
    assert results.names == ()


def test_nobody_opens_a_result_by_the_name_of_its_file(checkout: Path) -> None:
    rooms = ("baton", "features", "models", "pipelines", "serving", "benchmarks")
    names = [*(f"{name.rpartition('/')[2]}.parquet" for name in EVERY), "evaluation.json", "run.json", "models.json"]
    allowed = {"baton/run_results.py", "models/registry/champions.py"}  # the latter keeps a copy in the registry
    offenders = [
        f"{path.relative_to(checkout)}:{number}: {line.strip()[:80]}"
        for room in rooms
        for path in sorted((checkout / room).rglob("*.py"))
        if path.relative_to(checkout).as_posix() not in allowed
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for name in names
        if f'"{name}"' in line and "folder.texts" not in line  # what was learned of texts before the training
    ]
    assert offenders == []
