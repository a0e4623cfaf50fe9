"""The page of the tables says everything of the contract, and its examples are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from baton.contract.source_words import matters_first, page_words, table_words
from baton.contract.sources import TABLES
from features.staging.cleaned import checked


def test_every_table_and_column_has_words_in_both_languages() -> None:
    words = table_words()
    assert list(words) == list(TABLES)
    units = set(page_words("units_zh"))
    for name, table in words.items():
        assert {column.unit for column in table.columns.values()} <= {"", *units}
        assert list(table.columns) == list(TABLES[name].names)
        for meaning in (table.row, table.brings, *(column.meaning for column in table.columns.values())):
            assert set(meaning) == {"en", "zh"}
            assert re.search(r"[\u4e00-\u9fff]", meaning["zh"])


@pytest.mark.parametrize("scenario", ["service", "product", "b2b"])
def test_each_scenario_ranks_every_table_of_events_once(scenario: str) -> None:
    ranked = matters_first(scenario)
    assert sorted(ranked) == sorted(set(TABLES) - {"merged_ids", "snapshots"})


@pytest.mark.parametrize("page", ["tables.md", "tables.zh.md"])
def test_the_examples_of_the_page_are_three_rows_each_and_have_no_fault(
    page: str, checkout: Path, tmp_path: Path
) -> None:
    text = (checkout / "docs" / page).read_text("utf-8")
    examples = re.findall(r"## ([a-z_]+)\n[^#]*?```csv\n(.*?)```", text, re.DOTALL)
    assert [name for name, _ in examples] == list(TABLES)
    lines = ["[company]", 'extracted_at = "2025-04-01"', "[tables]"]
    for name, example in examples:
        assert len(example.splitlines()) == 4
        (tmp_path / f"{name}.csv").write_text(example, encoding="utf-8")
        lines.append(f'{name} = {{ path = "{name}.csv" }}')
    (tmp_path / "company.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    company = load_company(tmp_path)
    with checked(company, load_catalogue(company)) as found:
        assert [fault.as_message().text for fault in found.report.faults] == []
        assert found.warehouse is not None
        assert all(found.warehouse.has(name) for name in TABLES if name != "merged_ids")


def test_words_without_a_column_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from baton.contract import source_words

    changed = tmp_path / "sources.toml"
    original = source_words._WORDS.read_text("utf-8")
    changed.write_text(original + '[customers.columns.shoe_size]\nen = "x"\nzh = "x"\n', encoding="utf-8")
    monkeypatch.setattr(source_words, "_WORDS", changed)
    source_words._raw.cache_clear()
    table_words.cache_clear()
    try:
        with pytest.raises(KeyError, match="customers.shoe_size"):
            table_words()
    finally:
        source_words._raw.cache_clear()
        table_words.cache_clear()
