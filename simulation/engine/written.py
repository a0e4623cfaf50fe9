"""A company that has been lived through, and how it gets onto the disk: tables, company file, truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from baton.files import write_atomically, write_json
from baton.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Live", "Lived", "Written", "write_company", "write_table"]


@dataclass(frozen=True)
class Lived:
    """A company that has been lived through.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The source tables, as its systems would hand them out.
    paths : mapping of str to str
        Per table, where it lies below the company's folder; the end says which kind of file.
    company_file : str
        The text of ``company.toml``.
    truth : callable
        What is true in the company, as ``truth.json`` holds it, ``effects`` among it; called once, since it takes long.
    true_tables : mapping of str to pandas.DataFrame
        Truths that are too long for ``truth.json``, by the name of their file.
    """

    tables: Mapping[str, pd.DataFrame]
    paths: Mapping[str, str]
    company_file: str
    truth: Callable[[], dict[str, Any]]
    true_tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


class Live(Protocol):
    """Lives through a company of one scenario."""

    def __call__(
        self, *, customers: int, months: int, seed: int, employees: int | None, world: str, progress: Progress
    ) -> Lived:
        """Return the company; the arguments are those of ``pipelines.simulate.simulate``.

        Raises
        ------
        CompanyFileError
            If there is no such world, or too few people for its roles.
        """
        ...


@dataclass(frozen=True)
class Written:
    """What has been written.

    Parameters
    ----------
    rows : dict of str to int
        Per table.
    effects : list of dict
        The true effects: outcome, kpi, effect.
    """

    rows: dict[str, int]
    effects: list[dict[str, Any]]


def write_company(target: Path, lived: Lived, progress: Progress, /) -> Written:
    """Write a company into a folder that has none; the company file comes last, so that half a company has none."""
    for done, (name, frame) in enumerate(lived.tables.items(), start=1):
        write_table(target / lived.paths[name], frame)
        progress(f"{name} written", done, len(lived.tables))
    progress("telling the truth", 0, 0)
    truth = lived.truth()
    write_json(target / "truth.json", truth)
    for name, frame in lived.true_tables.items():
        write_table(target / name, frame)
    with write_atomically(target / "company.toml") as path:
        path.write_text(lived.company_file, encoding="utf-8")
    return Written({name: len(frame) for name, frame in lived.tables.items()}, truth["effects"])


def write_table(path: Path, frame: pd.DataFrame, /) -> None:
    """Write a table as Parquet or CSV, as the file's name says, whole or not at all."""
    with write_atomically(path) as temporary:
        if path.suffix == ".parquet":
            frame.to_parquet(temporary, index=False)
        else:
            frame.to_csv(temporary, index=False, date_format="%Y-%m-%dT%H:%M:%SZ", lineterminator="\n")
