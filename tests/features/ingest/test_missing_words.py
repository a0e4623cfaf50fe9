"""Words for "no value" count as none in every column; which of them are values, a column or the company file decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from baton.company import load_company
from features.ingest.intake import opened
from features.ingest.values.missing_words import MISSING_WORDS, forms

Bring = Callable[..., tuple[list[str | None], list[str]]]


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Read one column of cases: values and notes."""

    def run(
        values: list[str], column: str, options: str = "", parquet: bool = False
    ) -> tuple[list[str | None], list[str]]:
        frame = pd.DataFrame(
            {"case_id": [f"k{row}" for row in range(len(values))], "opened_at": "2024-01-01", column: values}
        )
        name = "cases.parquet" if parquet else "cases.csv"
        frame.to_parquet(tmp_path / name) if parquet else frame.to_csv(tmp_path / name, index=False)
        (tmp_path / "company.toml").write_text(f'[tables]\ncases = {{ path = "{name}"{options} }}\n')
        with opened(load_company(tmp_path)) as intake:
            table = intake.bring("cases")
            found = intake.rows(f'SELECT "{column}" FROM typed_cases ORDER BY case_id')
            return [row[0] for row in found], [note.text for note in table.notes if f".{column}:" in note.text]

    return run


def test_no_word_has_a_figure_by_which_ids_and_times_are_spared_the_comparison() -> None:
    assert not [form for word in MISSING_WORDS for form in forms(word) if set(form) & set("123456789")]


WORDS = ["NA", "n/a", "#N/A", "#N/V", "NULL", "None", "nan", "NaT", "-", "--", "?", "无", "空", "未知", "缺失", "不详"]
WORDS += ["(blank)", "(null)", "missing", " NULL ", "ＮＡ", "Ｎ／Ａ", "－", "（空）", "N／A", "Unknown"]
WORDS += ["0000-00-00", "n/k", "#N/D", "TBD", "nicht verfügbar", "No disponible", "not set", "なし"]


@pytest.mark.parametrize("parquet", [False, True])
def test_each_word_is_missing_in_ids_texts_and_numbers(bring: Bring, parquet: bool) -> None:
    for column, value in (("customer_id", "real"), ("text", "real"), ("plan", "real"), ("usage", "1.5")):
        values, _ = bring([*WORDS, value], column, parquet=parquet)
        assert [found for found in values if found is not None] == [1.5 if column == "usage" else value]


def test_the_zero_date_of_databases_is_no_time(bring: Bring) -> None:
    values, _ = bring(["0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "2024-02-03 04:05:06"], "closed_at")
    assert [str(found) for found in values] == ["None", "None", "None", "2024-02-03 04:05:06"]


def test_words_in_ids_are_counted(bring: Bring) -> None:
    _, notes = bring(["c1", "NULL", "null", "c2"], "customer_id")
    assert notes == [
        "cases.customer_id: 2 of 4 values are words such as 'NULL', 'null' and are taken as missing; "
        "if one is a value, list it in keep_words of tables.cases"
    ]


def test_the_company_file_can_keep_a_word(bring: Bring) -> None:
    values, notes = bring(["NA", "NULL", "t1"], "team_id", options=', keep_words = ["na"]')
    assert values == ["NA", None, "t1"]
    assert "1 of 3 values are words such as 'NULL'" in notes[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["有", "无", "有"], ["有", "无", "有"]), (["EMEA", "NA", "APAC"], ["EMEA", "NA", "APAC"])],
)
def test_a_word_beside_its_opposite_is_a_value(bring: Bring, values: list[str], expected: list[str]) -> None:
    assert bring(values, "region")[0] == expected


def test_no_in_chinese_stays_no(bring: Bring) -> None:
    assert bring(["是", "无", "-"], "resolved_first")[0] == [True, False, None]
