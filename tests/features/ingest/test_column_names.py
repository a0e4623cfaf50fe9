"""Whatever users call their columns and KPIs, nothing else than the names in the results changes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.coherence import TAKEN
from baton.catalogue.schema import CONTEXT, Catalogue
from baton.company import Company, load_company
from baton.contract.sources import TABLES
from baton.errors import SourceError
from features.cases import build as cases_built
from features.cases import rows as case_rows
from features.staging.stage import open_warehouse, stage
from features.training import case_outcome
from features.training import churn as matrix_churn
from features.training import flat as matrix_flat
from features.training.attributes import is_private
from features.training.table import KEYS, TrainingTable

FEATURES = Path(matrix_flat.__file__).parents[1]
NAME = re.compile(r"[A-Za-z_:][\w:]{0,40}")
MAKERS = frozenset({"mutate", "select", "aggregate", "rename", "group_by", "add_expressions", "table_of"})
ODD = (
    "", " ", "a.b", 'say "so"', "it's", "😀", "x" * 300, "select", "from", "where", "客户标签", "x:y", "kpi:csat",
    "y:churn", "attribute__label", "attribute__attribute__label", "label__n", "csat__30d", "index", "value__case",
    "employee__role", "prediction", "raw", "bias", "_context", "told:price", "%s", "{name}", "a,b", "tab\there",
)  # fmt: skip
START = datetime(2023, 1, 1)
CUSTOMERS, CASES, DAYS = 60, 150, 400


@cache
def internal_names() -> tuple[str, ...]:
    """Names of columns in ``features/``: every name that a query gives to one, and some that pandas does."""
    found: set[str] = set()
    for path in FEATURES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in MAKERS:
                    found |= {
                        keyword.arg for keyword in node.keywords if keyword.arg and not keyword.arg.startswith("__")
                    }
    return tuple(sorted(found | {*KEYS, "season_month", "tenure_days", "day_", "part_", "owner", "kept_case"}))


@cache
def names_for(table: str) -> list[str]:
    """Names that are not the contract's, each once whatever its letter case."""
    own = {*TABLES[table].names, "valid_from", "lifecycle", "text_cause"}
    by_case = {name.casefold(): name for name in (*internal_names(), *ODD[2:]) if name.casefold() not in own}
    return list(by_case.values())


def numbers(count: int, rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, count)).round(3)


def rows_of(count: int, names: list[str], seed: int, make: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    values = numbers(len(names), count, seed)
    return [make(at) | dict(zip(names, map(float, values[at]), strict=True)) for at in range(count)]


def tables(called: Callable[[str], list[str]]) -> dict[str, list[dict[str, Any]]]:
    def customer(at: int) -> dict[str, Any]:
        left = START + timedelta(days=120 + 2 * at) if at % 2 == 0 else None
        return {
            "customer_id": f"c{at}",
            "joined_at": START - timedelta(days=at),
            "left_at": left,
            "segment": "ab"[at % 2],
        }

    def case(at: int) -> dict[str, Any]:
        opened = START + timedelta(days=DAYS * at / CASES)
        return {
            "case_id": f"k{at}", "customer_id": f"c{at % CUSTOMERS}", "employee_id": f"e{at % 6}", "opened_at": opened,
            "closed_at": opened + timedelta(hours=5), "rated_at": opened + timedelta(hours=9), "csat": 1.0 + at % 5,
            "team_id": f"t{at % 2}", "process": "billing",
        }  # fmt: skip

    def employee(at: int) -> dict[str, Any]:
        return {"employee_id": f"e{at}", "team_id": f"t{at % 2}", "hired_at": START, "role": "agent"}

    return {
        "customers": rows_of(CUSTOMERS, called("customers"), 1, customer),
        "cases": rows_of(CASES, called("cases"), 2, case),
        "employees": rows_of(6, called("employees"), 3, employee),
    }


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.model_validate(
        {
            "snapshots": {"horizon_days": 30, "windows_days": [30], "every": "1q"},
            "outcomes": {"churn": {"rule": "left_at"}, "driver": {"metric": "csat", "low": 2}},
        }
    )


@pytest.fixture(scope="module")
def catalogue(make_kpi: Any) -> Catalogue:
    # an expression that names a column means the user's own, not one of ours
    own = make_kpi("own_words", expr="label * 2 + unit_id")
    return Catalogue((make_kpi("csat", expr="csat", role="outcome", better="higher"), own), ())


@pytest.fixture(scope="module")
def bare_catalogue(catalogue: Catalogue) -> Catalogue:
    return Catalogue((catalogue["csat"],), ())


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, Any]]]:
    return tables(names_for)


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Any, rows: dict[str, list[dict[str, Any]]]) -> Any:
    """A company whose users call their columns as Baton calls its own."""
    return make_warehouse(rows)


@pytest.fixture(scope="module")
def bare(make_warehouse: Any) -> Any:
    """The same company without a column of the users' own."""
    return make_warehouse(tables(lambda _: []))


@pytest.fixture(scope="module")
def driver_of_bare(company: Company, bare_catalogue: Catalogue, bare: Any) -> TrainingTable:
    return case_outcome.case_outcome_table(company, bare_catalogue, bare)


def assert_beside(found: pd.DataFrame, bare: pd.DataFrame, own: pd.DataFrame) -> None:
    """What is there without users' columns is as it was; beside it stand theirs, each with its own values."""
    pd.testing.assert_frame_equal(found[list(bare.columns)], bare)
    assert sorted(set(found.columns) - set(bare.columns)) == sorted(own.columns)
    for name in own:
        np.testing.assert_allclose(found[name].to_numpy(dtype=float), own[name].to_numpy(dtype=float), rtol=1e-6)


def own_values(rows: list[dict[str, Any]], key: str, of: pd.Series, names: dict[str, str]) -> pd.DataFrame:
    """Users' values by the key of each row, under the names that they should have."""
    frame = pd.DataFrame(rows).set_index(key)[list(names)].rename(columns=names)
    return frame.reindex(of).reset_index(drop=True)


def is_shown(name: str) -> bool:
    """Whether a column may become a feature: ids, names and people may not."""
    is_identifying = re.search(r"(^|_)(id|name|email|phone|address)$", name.casefold()) is not None
    return not is_identifying and not is_private(Company(), name, employee=False)


def test_names_are_collected_from_the_code() -> None:
    assert {"unit_id", "label", "group", "actor", "seen_case", "after_"} <= set(internal_names())


def test_columns_of_customers_never_stand_for_ours(
    warehouse: Any, bare: Any, rows: Any, catalogue: Catalogue, bare_catalogue: Catalogue, company: Company
) -> None:
    found = matrix_churn.churn_table(company, catalogue, warehouse).frame
    expected = matrix_churn.churn_table(company, bare_catalogue, bare).frame
    names = {name: f"attribute__{name}" for name in names_for("customers") if is_shown(name)}
    by_case = pd.DataFrame(rows["cases"])
    own_kpi = (by_case["label"] * 2 + by_case["unit_id"]).to_numpy()
    assert np.isin(found["own_words__30d"].dropna().round(4), own_kpi.round(4)).mean() > 0.5
    found = found.drop(columns=[name for name in found if name.startswith("own_words__")])
    assert_beside(found, expected, own_values(rows["customers"], "customer_id", found["unit_id"], names))


def test_columns_of_cases_and_employees_never_stand_for_ours(
    warehouse: Any, rows: Any, bare_catalogue: Catalogue, company: Company, driver_of_bare: TrainingTable
) -> None:
    found = case_outcome.case_outcome_table(company, bare_catalogue, warehouse).frame
    expected = driver_of_bare.frame
    names = {name: f"attribute__{name}" for name in names_for("cases") if is_shown(name)}
    cases = own_values(rows["cases"], "case_id", found["unit_id"], names)
    full = {"tenure_days", *(name for name in names_for("employees") if name.startswith("attribute__"))}
    called = {
        name: f"employee__attribute__{name}" if name in full else f"employee__{name}"
        for name in names_for("employees") if is_shown(name) and not is_private(company, name, employee=True)
    }  # fmt: skip
    handler = pd.DataFrame(rows["cases"]).set_index("case_id")["employee_id"].reindex(found["unit_id"])
    people = own_values(rows["employees"], "employee_id", handler, called)
    assert_beside(found, expected, pd.concat([cases, people], axis=1))


def test_the_case_table_keeps_its_own_columns(
    warehouse: Any, bare: Any, rows: Any, bare_catalogue: Catalogue, company: Company
) -> None:
    found, expected = (cases_built.build(company, bare_catalogue, one)[0] for one in (warehouse, bare))
    names = {name: f"x:attribute__{name}" for name in names_for("cases") if is_shown(name)}
    cases = own_values(rows["cases"], "case_id", found.frame["case_id"], names)
    called = {name: f"x:customer__{name}" for name in names_for("customers") if is_shown(name)}
    customers = own_values(rows["customers"], "customer_id", found.frame["customer_id"], called)
    assert_beside(found.frame, expected.frame, pd.concat([cases, customers], axis=1))
    assert found.customers_at_risk == expected.customers_at_risk > 0


KPIS = ("label", "group", "bias", "priority", "handler", "valid_from", "opened_at")


def test_kpis_may_be_called_like_columns_of_ours(make_warehouse: Any, make_kpi: Any, company: Company) -> None:
    def build(names: list[str]) -> list[pd.DataFrame]:
        plain = {name: [{k: v for k, v in row.items() if k in TABLES[name].names} for row in rows]
                 for name, rows in tables(lambda _: []).items()}  # fmt: skip
        month = {"unit": "employee", "from": START}
        measured = dict(enumerate(names[1::2]))
        plain["measures"] = [
            month | {"unit_id": f"e{at}", "to": START + timedelta(days=20 * step), "kpi": name, "value": float(at * step + place)}
            for at in range(6) for step in range(1, 18) for place, name in measured.items()
        ]  # fmt: skip
        kpis = [make_kpi(name, expr=f"csat + 1 + {place}") for place, name in enumerate(names[::2])]
        kpis += [make_kpi(name, source="measures", expr=f"value + {place}") for place, name in measured.items()]
        known = Catalogue((make_kpi("csat", expr="csat", role="outcome", better="higher"), *kpis), ())
        warehouse = make_warehouse(plain)
        cases = case_rows.case_frame(company, known, warehouse)[0]
        return [cases, case_outcome.case_outcome_table(company, known, warehouse).frame]

    plain = [f"harmless{at}" for at in range(len(KPIS))]
    called = dict(zip(plain, KPIS, strict=True))
    found = [set(), set()]
    for at, (shown, wanted) in enumerate(zip(build(list(KPIS)), build(plain), strict=True)):
        renamed = {
            name: name.replace(stem, called[stem], 1)
            for name in wanted.columns
            if (stem := name.removeprefix("kpi:").split("__")[0]) in called
        }
        found[at] = {called[name.removeprefix("kpi:").split("__")[0]] for name in renamed}
        pd.testing.assert_frame_equal(shown, wanted.rename(columns=renamed))
    assert found[0] == set(KPIS)
    assert found[1] >= set(KPIS[::2])


def written(folder: Path, table: str, frame: pd.DataFrame) -> Company:
    folder.mkdir(parents=True)
    frame.to_csv(folder / f"{table}.csv", index=False)
    (folder / "company.toml").write_text(f'[tables]\n{table} = {{ path = "{table}.csv" }}\n')
    return load_company(folder)


def flat(folder: Path, names: list[str]) -> tuple[pd.DataFrame, TrainingTable, tuple[str, ...]]:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"customer_id": [f"c{at:03d}" for at in range(60)], "churned": (rng.random(60) < 0.3).astype(int)}
    )
    frame = pd.concat([frame, pd.DataFrame(numbers(len(names), 60, 7), columns=names)], axis=1)
    company = written(folder, "snapshots", frame)
    notes = stage(company, Catalogue((), ()), folder / "staged").notes
    warehouse = open_warehouse(folder / "staged", threads=1)
    return frame, matrix_flat.flat_table(company, Catalogue((), ()), warehouse), notes


def test_a_flat_table_may_have_columns_called_like_ours(tmp_path: Path) -> None:
    names = [*names_for("snapshots"), "__row"]
    given, found, notes = flat(tmp_path / "found", names)
    ours = {"unit_id", "as_of", "label", "group", "prediction", "raw", "bias"}

    def called(name: str) -> str:
        name += "_" * (name in ("__row", "file_row_number"))
        return f"attribute__{name}" if name in ours or name.startswith("attribute__") else name

    shown = [name for name in names if not is_private(Company(), name, employee=False)]
    assert found.frame["unit_id"].tolist() == found.frame["group"].tolist() == given["customer_id"].tolist()
    assert found.frame["label"].tolist() == given["churned"].tolist()
    assert found.frame["as_of"].isna().all()
    assert list(found.features) == [called(name) for name in shown]
    np.testing.assert_allclose(found.frame[list(found.features)], given[shown], rtol=1e-6)
    assert "snapshots.__row is read as __row_" in notes


def test_context_is_called_as_no_kpi_may_be(driver_of_bare: TrainingTable) -> None:
    context = {name for name, kpi in driver_of_bare.kpi_of.items() if kpi == CONTEXT and "__" not in name}
    assert {"hour", "weekday", "process"} <= context <= TAKEN


def test_columns_that_differ_in_letter_case_alone_are_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Customer_ID": ["a", "b"], "customer_id": ["c", "d"], "churned": [0, 1]})
    frame.to_parquet(tmp_path / "snapshots.parquet")
    (tmp_path / "company.toml").write_text('[tables]\nsnapshots = { path = "snapshots.parquet" }\n')
    with pytest.raises(SourceError, match="'Customer_ID' twice"):
        stage(load_company(tmp_path), Catalogue((), ()), tmp_path / "staged")


def test_repeated_columns_are_numbered_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "snapshots.csv").write_text("customer_id,churned,size,Size\na,0,1,5\nb,1,2,6\n")
    (tmp_path / "company.toml").write_text('[tables]\nsnapshots = { path = "snapshots.csv" }\n')
    notes = stage(load_company(tmp_path), Catalogue((), ()), tmp_path / "staged").notes
    note = next(str(note) for note in notes if "several times" in str(note))
    assert note == "snapshots: snapshots.csv: columns that the header has several times are numbered: size"


@pytest.mark.parametrize("name", ["__index_level_0__", "Unnamed: 0"])
def test_numbers_of_rows_without_a_name_are_no_feature(tmp_path: Path, name: str) -> None:
    _, found, notes = flat(tmp_path / "flat", [name, "usage"])
    assert found.features == ("usage",)
    assert f"snapshots: left out for want of a name: {name}; give the column a name if it tells something" in notes
