"""Codes of digits that are read as numbers are named, amounts are not; the company file decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from baton.company import Company, load_company
from baton.errors import CompanyFileError
from features.ingest.intake import opened
from features.quality.digit_codes import code_notes
from features.quality.faults import CheckReport
from features.staging.warehouse import Warehouse
from features.training.attributes import attribute_columns

ROWS = 120

Read = Callable[..., tuple[list[str], dict[str, list[object]]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read customers with columns of their own: what is said of codes, and the values."""

    def run(
        columns: dict[str, Sequence[object]], *, options: str = "", parquet: bool = False
    ) -> tuple[list[str], dict[str, list[object]]]:
        own = {name: [values[row % len(values)] for row in range(ROWS)] for name, values in columns.items()}
        frame = pd.DataFrame({"customer_id": [f"c{row:03d}" for row in range(ROWS)]} | own)
        name = "customers.parquet" if parquet else "customers.csv"
        frame.to_parquet(tmp_path / name) if parquet else frame.to_csv(tmp_path / name, index=False)
        (tmp_path / "company.toml").write_text(f'[tables]\ncustomers = {{ path = "{name}"{options} }}\n')
        with opened(load_company(tmp_path)) as intake:
            table = intake.bring("customers")
            listed = ", ".join(f'"{column}"' for column in columns)
            rows = intake.rows(f"SELECT {listed} FROM {table.relation} ORDER BY customer_id LIMIT 3")
            values = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
            return [note.text for note in code_notes(intake, table)], values

    return run


@pytest.mark.parametrize("parquet", [False, True])
@pytest.mark.parametrize(
    "columns",
    [
        {"plan": [100, 200, 300], "tariffCode": [7, 12, 1000], "Vertragstyp": [1, 2, 3], "客户类型": [1, 2, 3]},
        {"zip": [10115 + 7 * row for row in range(60)], "offer": [11, 12, 15, 40], "area": [310, 320, 455, 990]},
    ],
)
def test_whole_numbers_that_may_be_codes_are_named(read: Read, columns: dict[str, list[int]], parquet: bool) -> None:
    notes, found = read(columns, parquet=parquet)
    assert found == {name: values[:3] for name, values in columns.items()}, "they are read as numbers all the same"
    assert notes[0].startswith("customers: whole numbers that may be codes are read as amounts: ")
    for name, values in columns.items():
        first = ", ".join(map(str, values[:3])) + (" …" if len(values) > 3 else "")
        assert f"{name} ({first})" in notes[0]


def test_amounts_counts_and_texts_are_not(read: Read) -> None:
    columns = {
        "logins": [0, 1, 2, 3, 5, 8, 13],
        "seats": [10, 25, 50],
        "contract_months": [12, 24, 36],
        "monthly_price": [19, 29, 49, 99],
        "discount_percent": [10, 20, 50],
        "number_of_plans": [1, 2, 3],
        "Vertragsdauer": [12, 24, 36],
        "age": [18 + 7 * row for row in range(10)],
        "level": [20 + row for row in range(30)],
        "grade": [1, 2, 3, 4],
        "offer": [5, 10, 250],
        "area": [10.5, 20, 40],
        "capacity": [100 + 3 * row for row in range(60)],
        "plan_type": [0, 1],
        "region": ["007", "012", "100"],
        "plan": ["a", "b", "c"],
        "number_code": list(range(ROWS)),
        "account_id": [f"a{row}" for row in range(ROWS)],
    }
    assert read(columns)[0] == []


def test_a_declared_category_is_text_whatever_it_comes_as(read: Read) -> None:
    options = ', types = { PLAN = "category" }'
    for parquet, values in ((False, [100, 200, 300]), (True, [100, 200, 300]), (True, [100.0, 200.0, 300.0])):
        assert read({"plan": values}, options=options, parquet=parquet) == ([], {"plan": ["100", "200", "300"]})


def test_an_id_that_repeats_is_named_and_is_a_feature_once_declared(
    read: Read, staged: Callable[..., tuple[CheckReport, Warehouse, Company]]
) -> None:
    assert read({"plan_id": ["a", "b"], "segment_id": [1, 2, 3, 4]})[0] == [
        "customers: columns called ids are no features: plan_id (2 different); segment_id (4 different); if one holds "
        'categories, say types = { plan_id = "category" } in tables.customers'
    ]
    customers = pd.DataFrame({"customer_id": ["c1", "c2"], "plan_id": [100, 200], "area_id": [1, 2]})
    cases = pd.DataFrame({"case_id": ["k1", "k2"], "opened_at": ["2026-01-05", "2026-02-05"], "customer_id": "c1"})
    _, warehouse, company = staged(
        {"customers": customers, "cases": cases}, options={"customers": ', types = { plan_id = "category" }'}
    )
    assert attribute_columns(company, warehouse, "customers") == ["attribute__plan_id"]
    assert warehouse["customers"]["attribute__plan_id"].type().is_string()


def test_a_declared_number_is_one_and_not_named(read: Read) -> None:
    options = ', types = { plan = "number", zone = "number" }'
    notes, found = read({"plan": [100, 200, 300], "zone": ["1", "x", "y"]}, options=options)
    assert notes == []
    assert found == {"plan": [100, 200, 300], "zone": [1, None, None]}


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        (', types = { plam = "category" }', "customers.types.plam: the table has no such column; did you mean plan?"),
        (', types = { segment = "number" }', "customers.types.segment: segment has a fixed type"),
        (', types = { plan = "text" }', "category"),
    ],
)
def test_what_cannot_be_declared_is_refused(read: Read, options: str, refusal: str) -> None:
    with pytest.raises(CompanyFileError, match=refusal):
        read({"plan": [100, 200, 300]}, options=options)


def test_the_check_says_it_once_for_all_columns(
    checked: Callable[..., CheckReport], company_of: Callable[..., Company]
) -> None:
    customers = pd.DataFrame({"customer_id": [f"c{row}" for row in range(ROWS)], "joined_at": "2024-01-01"})
    for number in range(7):
        customers[f"code of {number}th class"] = [row % 4 for row in range(ROWS)]
    cases = pd.DataFrame({"case_id": ["k1", "k2"], "opened_at": ["2026-01-05", "2026-02-05"], "customer_id": "c1"})
    notes = [note for note in checked({"customers": customers, "cases": cases}).notes if "codes" in note]
    assert len(notes) == 1
    assert "and 2 more" in notes[0]
    assert "types = { 'code of 0th class' = \"category\" } in tables.customers" in notes[0]
