"""What is kept from an earlier run gives the figures that a run from scratch gives, whatever has changed since."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from baton.catalogue.schema import Kpi
from features.kpis import evaluate as metrics
from features.kpis.partials import Partials
from features.kpis.sampling import Population, Spare, chosen
from features.staging.warehouse import Warehouse

Tables = dict[str, pd.DataFrame]
DATES = [datetime(2024, 2, 1), datetime(2024, 3, 1), datetime(2024, 4, 1), datetime(2024, 5, 1)]
WINDOWS = [7, 30, 90]


@pytest.fixture(scope="module")
def kpis(make_kpi: Callable[..., Kpi]) -> list[Kpi]:
    return [
        make_kpi("resolved", expr="resolved_first", aggregate="share"),
        make_kpi("cost", expr="cost", aggregate="sum"),
        make_kpi("least", expr="handle_seconds", aggregate="min"),
        make_kpi("slow", expr="handle_seconds", aggregate="p90"),
        make_kpi("rate", expr="cost", denominator="handle_seconds", aggregate="ratio"),
        make_kpi("calls", expr="channel = 'phone'", aggregate="count", known_at="opened_at"),
        make_kpi("channels", expr="channel", aggregate="count_distinct", known_at="opened_at"),
        make_kpi("csat", expr="csat", aggregate="mean"),
        make_kpi("training", source="work", expr="training_hours", aggregate="mean"),
        make_kpi("promise_kept", source="measures", expr="value", aggregate="mean"),
        make_kpi("spent", source="activity", expr="amount", aggregate="sum"),
    ]


def values_of(
    warehouse: Warehouse, kpis: Sequence[Kpi], grain: Any, dates: Sequence[datetime] = DATES, **more: Any
) -> pd.DataFrame:
    some = metrics.available(warehouse, kpis, grain)
    assert some
    table = metrics.evaluate(warehouse, some, grain, dates, WINDOWS, **more).to_pyarrow().to_pandas()
    return table.sort_values(["unit_id", "as_of"], ignore_index=True)


def fresh(tables: Tables, load: Callable[[Any, Tables], Warehouse], partials: Partials | None = None) -> Warehouse:
    return replace(load(ibis.duckdb.connect(threads=1), tables), partials=partials)


def until(tables: Tables, end: datetime) -> Tables:
    """The tables as they were exported at a moment: later rows are not there, later news is not known."""
    cut = {name: frame.copy() for name, frame in tables.items()}
    cases = cut["cases"][cut["cases"]["opened_at"] < end].copy()
    decided = ["closed_at", "resolved_first", "reopened", "handle_seconds", "cost"]
    for moment, columns in (("responded_at", ["responded_at"]), ("closed_at", decided), ("rated_at", ["rated_at"])):
        later = (pd.to_datetime(cases[moment]) >= end).to_numpy(dtype=bool)
        cases.loc[later, columns] = None
        if moment == "rated_at":
            cases.loc[later, "csat"] = None
    cut["cases"] = cases
    cut["activity"] = cut["activity"][cut["activity"]["at"] < end]
    for name in ("work", "measures"):
        cut[name] = cut[name][pd.to_datetime(cut[name]["to"]) <= end]
    return cut


def grown(tables: Tables) -> tuple[Tables, Tables]:
    return until(tables, datetime(2024, 4, 1)), until(tables, datetime(2024, 5, 1))


def corrected(tables: Tables) -> tuple[Tables, Tables]:
    changed = {name: frame.copy() for name, frame in tables.items()}
    row = changed["cases"].index[pd.to_datetime(changed["cases"]["closed_at"]).between("2024-01-10", "2024-01-20")][0]
    changed["cases"].loc[row, ["cost", "handle_seconds"]] = [9999.0, 77777.0]
    return tables, changed


def rated_late(tables: Tables) -> tuple[Tables, Tables]:
    changed = {name: frame.copy() for name, frame in tables.items()}
    cases = changed["cases"]
    row = cases.index[(pd.to_datetime(cases["closed_at"]) < "2024-02-01") & cases["csat"].isna()][0]
    cases.loc[row, "csat"] = 1.0
    cases.loc[row, "rated_at"] = datetime(2024, 4, 20)
    return tables, changed


def moved(tables: Tables) -> tuple[Tables, Tables]:
    changed = {name: frame.copy() for name, frame in tables.items()}
    changed["employees"].loc[changed["employees"]["employee_id"] == "e1", "team_id"] = "t2"
    return tables, changed


@pytest.fixture(scope="module")
def kept(
    tables: Tables,
    load: Callable[[Any, Tables], Warehouse],
    kpis: list[Kpi],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Path]:
    """Give the folder of what a run on the unchanged tables keeps for a grain; made once for each, to be copied."""

    @cache
    def of(grain: str) -> Path:
        folder = tmp_path_factory.mktemp(f"kept-{grain}")
        values_of(fresh(tables, load, Partials(folder, "code")), kpis, grain)
        return folder

    return of


@pytest.mark.parametrize(
    ("change", "grain"),
    [(change, grain) for change in (grown, corrected, rated_late) for grain in ("customer", "team")]
    + [(moved, "team"), (grown, "employee"), (grown, "customer_kind")],
)
def test_a_run_on_changed_tables_gives_what_a_run_from_scratch_gives(
    tables: Tables,
    load: Callable[[Any, Tables], Warehouse],
    kpis: list[Kpi],
    kept: Callable[[str], Path],
    tmp_path: Path,
    grain: Any,
    change: Callable[[Tables], tuple[Tables, Tables]],
) -> None:
    before, after = change(tables)
    if change is grown:
        values_of(fresh(before, load, Partials(tmp_path, "code")), kpis, grain, DATES[:3])
    else:
        shutil.copytree(kept(grain), tmp_path, dirs_exist_ok=True)
    second, expected = Partials(tmp_path, "code"), values_of(fresh(after, load), kpis, grain)
    pd.testing.assert_frame_equal(values_of(fresh(after, load, second), kpis, grain), expected, rtol=1e-12)
    assert sum(second.kept.values()) > 0


def test_an_appended_month_and_its_moment_alone_are_computed(
    tables: Tables, load: Callable[[Any, Tables], Warehouse], make_kpi: Callable[..., Kpi], tmp_path: Path
) -> None:
    kpi = make_kpi("spent", source="activity", expr="amount", aggregate="sum")
    for grain, kind in (("customer_kind", "months"), ("customer", "windows")):
        for end, dates, computed in (
            (datetime(2024, 4, 1), DATES[:3], 3),
            (datetime(2024, 5, 1), DATES, 1),
            (datetime(2024, 5, 1), DATES, 0),
        ):
            partials = Partials(tmp_path, "code")
            values_of(fresh(until(tables, end), load, partials), [kpi], grain, dates)
            assert partials.computed[kind] == computed, (grain, end)
            assert partials.computed[kind] + partials.kept[kind] == len(dates)


def test_a_corrected_day_computes_its_month_and_the_windows_that_saw_it(
    tables: Tables, load: Callable[[Any, Tables], Warehouse], make_kpi: Callable[..., Kpi], tmp_path: Path
) -> None:
    kpi = make_kpi("spent", source="activity", expr="amount", aggregate="sum")
    changed = {name: frame.copy() for name, frame in tables.items()}
    row = changed["activity"].index[changed["activity"]["at"].between("2024-02-10", "2024-02-12")][0]
    changed["activity"].loc[row, "amount"] += 1
    for grain in ("customer_kind", "customer"):
        values_of(fresh(tables, load, Partials(tmp_path, "code")), [kpi], grain)
    partials = Partials(tmp_path, "code")
    values_of(fresh(changed, load, partials), [kpi], "customer_kind")
    values_of(fresh(changed, load, partials), [kpi], "customer")
    assert partials.computed == {"months": 1, "windows": 3}  # March, April and May look 90 days back to February


def test_daily_parts_serve_any_moments(
    tables: Tables, load: Callable[[Any, Tables], Warehouse], kpis: list[Kpi], tmp_path: Path
) -> None:
    summed = [kpi for kpi in kpis if kpi.aggregate in ("share", "sum", "min", "max", "ratio", "count")]
    values_of(fresh(tables, load, Partials(tmp_path, "code")), summed, "team")
    partials = Partials(tmp_path, "code")
    other = [datetime(2024, 2, 17), datetime(2024, 4, 3)]
    found = values_of(fresh(tables, load, partials), summed, "team", other)
    assert partials.computed == {"months": 0, "windows": 0}
    pd.testing.assert_frame_equal(found, values_of(fresh(tables, load), summed, "team", other), rtol=1e-12)


def test_moments_within_a_day_are_computed_from_the_rows(
    tables: Tables, load: Callable[[Any, Tables], Warehouse], kpis: list[Kpi], tmp_path: Path
) -> None:
    partials, noon = Partials(tmp_path, "code"), [datetime(2024, 4, 1, 12)]
    found = values_of(fresh(tables, load, partials), kpis, "team", noon)
    pd.testing.assert_frame_equal(found, values_of(fresh(tables, load), kpis, "team", noon))
    assert partials.computed == {"months": 0, "windows": 0} and not list(tmp_path.iterdir())


def test_what_was_kept_for_some_customers_serves_fewer_of_them_but_not_more(
    tables: Tables, load: Callable[[Any, Tables], Warehouse], kpis: list[Kpi], tmp_path: Path
) -> None:
    everybody = [f"c{number}" for number in range(30)]

    def asked(share: float) -> tuple[pd.DataFrame, Partials]:
        partials, population = Partials(tmp_path, "code"), Population(chosen(everybody, share, 7), share, 7)
        found = values_of(fresh(tables, load, partials), kpis, "customer", spare=Spare(population))
        return found[found["unit_id"].isin(population.ids)].reset_index(drop=True), partials

    whole = values_of(fresh(tables, load), kpis, "customer")
    for share, computes in ((0.5, True), (0.3, False), (0.5, False), (0.8, True)):
        found, partials = asked(share)
        ids = chosen(everybody, share, 7)
        expected = whole[whole["unit_id"].isin(ids)].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-12)
        assert (partials.computed["windows"] > 0) == computes, share


def test_other_code_and_other_definitions_compute_again_and_what_nobody_asks_for_is_removed(
    tables: Tables, load: Callable[[Any, Tables], Warehouse], make_kpi: Callable[..., Kpi], tmp_path: Path
) -> None:
    once = make_kpi("spent", source="activity", expr="amount", aggregate="sum")
    twice = make_kpi("spent", source="activity", expr="amount * 2", aggregate="sum")
    first = values_of(fresh(tables, load, Partials(tmp_path, "code")), [once], "customer_kind")
    for kpi, code in ((twice, "code"), (once, "newer code")):
        partials = Partials(tmp_path, code)
        found = values_of(fresh(tables, load, partials), [kpi], "customer_kind")
        assert partials.computed["months"] > 0
        assert found["spent__90d"].sum() == first["spent__90d"].sum() * (2 if kpi is twice else 1)
    assert len(list(tmp_path.glob("days/*"))) == 3
    partials.tidy()
    assert len(list(tmp_path.glob("days/*"))) == 1
    values_of(fresh(tables, load, again := Partials(tmp_path, "newer code")), [once], "customer_kind")
    assert again.computed["months"] == 0


def test_moments_that_nobody_asks_for_any_more_are_removed(
    tables: Tables, load: Callable[[Any, Tables], Warehouse], make_kpi: Callable[..., Kpi], tmp_path: Path
) -> None:
    kpi = make_kpi("spent", source="activity", expr="amount", aggregate="sum")
    values_of(fresh(tables, load, Partials(tmp_path, "code")), [kpi], "customer")
    partials, shifted = Partials(tmp_path, "code"), [date + timedelta(days=1) for date in DATES]
    values_of(fresh(tables, load, partials), [kpi], "customer", shifted)
    partials.tidy()
    kept = {path.name for path in tmp_path.glob("windows/*/part_=*")}
    assert kept == {f"part_={date:%Y-%m-%d}" for date in shifted}


def test_a_part_that_was_being_written_when_the_run_was_killed_is_written_again(
    tables: Tables,
    load: Callable[[Any, Tables], Warehouse],
    make_kpi: Callable[..., Kpi],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from features.kpis import partials as module

    kpi = make_kpi("spent", source="activity", expr="amount", aggregate="sum")
    values_of(fresh(tables, load, Partials(tmp_path, "code")), [kpi], "customer_kind")
    changed = {name: frame.copy() for name, frame in tables.items()}
    changed["activity"].loc[changed["activity"]["at"] >= "2024-04-01", "amount"] += 1
    with monkeypatch.context() as patch:
        patch.setattr(module, "_write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            values_of(fresh(changed, load, Partials(tmp_path, "code")), [kpi], "customer_kind")
    found = values_of(fresh(tables, load, Partials(tmp_path, "code")), [kpi], "customer_kind")
    pd.testing.assert_frame_equal(found, values_of(fresh(tables, load), [kpi], "customer_kind"), rtol=1e-12)
