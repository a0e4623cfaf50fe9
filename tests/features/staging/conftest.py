"""Companies of a few rows of CSV, staged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import load_company
from features.quality.faults import CheckReport
from features.staging.stage import open_warehouse, stage
from features.staging.warehouse import Warehouse

NO_KPIS = Catalogue((), ())
CASES = "case_id,opened_at,employee_id,responded_at,closed_at,csat\n"
TWO_CASES = CASES + "1,2024-01-01 08:00,anna,,2024-01-01 10:00,5\n2,2024-01-02 08:00,bob,,2024-01-02 10:00,4\n"

Stage = Callable[..., tuple[CheckReport, Warehouse]]


@pytest.fixture
def staged(tmp_path: Path) -> Stage:
    """Write CSV tables and a company file, stage them, and open what was staged."""

    def run(
        tables: Mapping[str, str], *, settings: str = "", options: str = "", encoding: str = "utf-8"
    ) -> tuple[CheckReport, Warehouse]:
        listed = []
        for name, text in tables.items():
            (tmp_path / f"{name}.csv").write_bytes(text.encode(encoding))
            listed.append(f'{name} = {{ path = "{name}.csv"{options} }}')
        (tmp_path / "company.toml").write_text("[tables]\n" + "\n".join(listed) + f"\n{settings}\n", encoding="utf-8")
        report = stage(load_company(tmp_path), NO_KPIS, tmp_path / "out" / "staged")
        return report, open_warehouse(tmp_path / "out" / "staged")

    return run


def column(warehouse: Warehouse, table: str, name: str) -> list[object]:
    values = warehouse[table].execute()[warehouse.column(table, name)]
    return [None if pd.isna(value) else value for value in values]
