"""Workbooks read back: their cells, and the XML that lies in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from baton.files import RunFolder
from baton.run_results import RUN, RunResults
from tests.pipelines.report.conftest import write_run


@dataclass(frozen=True)
class Read:
    """What is in a workbook."""

    sheets: dict[str, list[list[object]]]
    xml: dict[str, str]

    def column(self, sheet: str, heading: str) -> list[object]:
        """The values below the one heading that begins so."""
        found = [place for place, text in enumerate(self.sheets[sheet][0]) if str(text).startswith(heading)]
        assert len(found) == 1, (heading, self.sheets[sheet][0])
        return [row[found[0]] for row in self.sheets[sheet][1:]]

    @property
    def words(self) -> str:
        """Every cell, one after the other."""
        return "\n".join(str(cell) for rows in self.sheets.values() for row in rows for cell in row)


def read(path: Path) -> Read:
    book = CalamineWorkbook.from_path(str(path))
    with ZipFile(path) as parts:
        xml = {name: parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml")}
    return Read({name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}, xml)


@pytest.fixture
def read_back() -> Callable[[Path], Read]:
    """Return a function that reads a workbook."""
    return read


@pytest.fixture
def finished_run(tmp_path: Path) -> Callable[..., RunFolder]:
    """Return a function that writes the folder of a finished run, with some tables in the place of others."""

    def build(*, without: tuple[str, ...] = (), **other: pd.DataFrame) -> RunFolder:
        folder = RunFolder(tmp_path / "out")
        write_run(folder, without, other)
        RunResults(folder).write_document(RUN, {"finished_at": "2026-01-02T03:04:05+00:00"})
        return folder

    return build
