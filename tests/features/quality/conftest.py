"""Companies of inline tables, checked and staged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.company import Company, load_company
from features.quality.checks import check
from features.quality.faults import CheckReport
from features.staging.stage import open_warehouse, stage
from features.staging.warehouse import Warehouse

NOW = datetime(2026, 11, 1)


@pytest.fixture
def company_of(tmp_path: Path) -> Callable[..., Company]:
    """Write frames and a company file."""

    def write(
        tables: Mapping[str, pd.DataFrame], *, settings: str = "", options: Mapping[str, str] | None = None
    ) -> Any:
        listed = []
        for name, frame in tables.items():
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
            listed.append(f'{name} = {{ path = "{name}.csv"{(options or {}).get(name, "")} }}')
        text = "[tables]\n" + "\n".join(listed) + f"\n{settings}\n"
        (tmp_path / "company.toml").write_text(text, encoding="utf-8")
        return load_company(tmp_path)

    return write


@pytest.fixture
def checked(company_of: Callable[..., Company]) -> Callable[..., CheckReport]:
    """Write a company and check it."""
    from baton.catalogue.load import load_catalogue

    def run(tables: Mapping[str, pd.DataFrame], *, now: datetime = NOW, **more: Any) -> CheckReport:
        company = company_of(tables, **more)
        return check(company, load_catalogue(company), now=now)

    return run


@pytest.fixture
def staged(company_of: Callable[..., Company], tmp_path: Path) -> Callable[..., tuple[CheckReport, Warehouse, Company]]:
    """Write a company and stage it."""
    from baton.catalogue.load import load_catalogue

    def run(
        tables: Mapping[str, pd.DataFrame], *, now: datetime = NOW, **more: Any
    ) -> tuple[CheckReport, Warehouse, Company]:
        company = company_of(tables, **more)
        report = stage(company, load_catalogue(company), tmp_path / "staged", now=now)
        return report, open_warehouse(tmp_path / "staged", threads=1), company

    return run
