"""A simulated company as plain text files, so that any of it can be dirtied as real exports are."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from features.ingest.sql_text import literal

__all__ = ["Export", "read_export"]

Pieces = Callable[[pd.DataFrame], list[pd.DataFrame]]


@dataclass
class Export:
    """Every table as text, and how it is written.

    Parameters
    ----------
    company : Path
        Folder of the clean company, with its key of pseudonyms.
    tables : dict of str to pandas.DataFrame
        All text; empty where there is no value.
    options : dict of str to dict
        Per table, further settings under ``[tables]``.
    encodings, delimiters, endings : dict of str to str
        Per table; default: UTF-8, comma, line feed.
    pieces : dict of str to callable
        Per table, how it is cut into several files of one folder.
    raw : dict of str to callable
        Per table, what is done to the written text.
    settings : list of (str, str)
        Patterns of the company file and what stands in their place.
    """

    company: Path
    tables: dict[str, pd.DataFrame]
    options: dict[str, dict[str, object]] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)
    delimiters: dict[str, str] = field(default_factory=dict)
    endings: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, Pieces] = field(default_factory=dict)
    raw: dict[str, Callable[[str], str]] = field(default_factory=dict)
    settings: list[tuple[str, str]] = field(default_factory=list)

    def copy(self) -> Export:
        """Return an export that can be dirtied without touching this one."""
        return Export(self.company, {name: table.copy() for name, table in self.tables.items()})

    def write(self, folder: Path, /) -> Path:
        """Write the company into an empty folder and return it."""
        folder.mkdir(parents=True)
        shutil.copy(self.company / "employees.key", folder / "employees.key")
        entries = []
        for name, table in self.tables.items():
            parts = self.pieces[name](table) if name in self.pieces else [table]
            path = folder / f"{name}.csv" if len(parts) == 1 else folder / name
            for number, part in enumerate(parts):
                self._write_one(name, part, path if len(parts) == 1 else path / f"part_{number:02d}.csv")
            options: dict[str, object] = {"path": path.name, **self.options.get(name, {})}
            entries.append(f"{name} = {{ {', '.join(f'{key} = {_toml(value)}' for key, value in options.items())} }}")
        text = (self.company / "company.toml").read_text(encoding="utf-8")
        text = re.sub(r"(?ms)^\[tables\].*?(?=^\[)", lambda _: "[tables]\n" + "\n".join(entries) + "\n\n", text)
        for pattern, value in self.settings:
            text, count = re.subn(pattern, lambda _, value=value: value, text)
            assert count, pattern
        (folder / "company.toml").write_text(text, encoding="utf-8")
        return folder

    def _write_one(self, name: str, table: pd.DataFrame, path: Path, /) -> None:
        path.parent.mkdir(exist_ok=True)
        text = table.to_csv(index=False, sep=self.delimiters.get(name, ","), lineterminator="\n")
        text = self.raw[name](text) if name in self.raw else text
        text = text.replace("\n", self.endings.get(name, "\n"))
        path.write_bytes(text.encode(self.encodings.get(name, "utf-8"), errors="replace"))


def _toml(value: object, /) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + " }"
    return str(value) if isinstance(value, int | float | list) else f"'{value}'"


def read_export(company: Path, /) -> Export:
    """Read a simulated company as text: times in ISO 8601, numbers as they are, nothing where nothing is known."""
    described = tomllib.loads((company / "company.toml").read_text(encoding="utf-8"))
    tables = {}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone='UTC'")
        for name, source in described["tables"].items():
            path = literal(str(company / source["path"]))
            reader = (
                f"read_csv({path}, all_varchar = true)" if source["path"].endswith(".csv") else f"read_parquet({path})"
            )
            columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()]
            listed = ", ".join(f'coalesce(CAST("{column}" AS VARCHAR), \'\') AS "{column}"' for column in columns)
            table = connection.execute(f"SELECT {listed} FROM {reader}").df()
            tables[name] = table.astype("str")
    return Export(company, tables)
