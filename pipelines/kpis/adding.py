"""``baton kpi add``: a KPI without SQL, tried on the company's own tables before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from baton.catalogue.expressions import check_expression
from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue, Grain, Kpi
from baton.company import Company
from baton.contract.sources import TABLES
from baton.errors import CatalogueError, TableError
from baton.filled_in import hiding
from baton.messages.message import Message
from baton.messages.numbers import Language
from baton.months import months_later
from baton.nearest import did_you_mean
from features.kpis import evaluate
from features.kpis.known_at import columns_used
from features.kpis.unit_rows import Unit
from features.staging.cleaned import checked
from features.staging.own_columns import plain
from features.staging.warehouse import Warehouse
from features.training.snapshots import first_event, latest
from pipelines.kpis.conditions import ColumnKind, TableColumn
from pipelines.kpis.request import TABLES_OF_KPIS, KpiRequest, table_of_request
from pipelines.kpis.toml_text import kpi_text, own_file, read_text, with_file, with_kpi, write_texts

__all__ = [
    "MAX_MONTHS",
    "MAX_UNITS",
    "AddedKpi",
    "KpiBench",
    "kpi_bench",
    "language_of",
    "require_whole",
    "write_kpi",
]

MAX_UNITS = 3
"""Units whose values are shown before a KPI is written: enough to see whether the figures can be right."""
MAX_MONTHS = 6

_MAX_WORDS = 200  # different values of a text that a condition may name; more make no category
_SHOWN_FIRST: tuple[Grain, ...] = ("team", "process", "stage", "customer", "employee")


@dataclass(frozen=True)
class AddedKpi:
    """A KPI as it would be written, and what it gives.

    Parameters
    ----------
    text : str
        Its table in the catalogue file.
    place : Path
        The catalogue file.
    texts : mapping of Path to str
        Files to be written, with their whole content.
    grains : tuple of str
        At which the company can compute it.
    unit : str
        Whose values are shown; employees are numbered, not named.
    months : tuple of str
        The last months, as ``2025-03``.
    values : mapping of str to tuple of float or None
        Per unit, the value of each month.
    rows : int
        Rows of the table that have a value.
    """

    kpi: Kpi
    text: str
    place: Path
    texts: Mapping[Path, str]
    grains: tuple[str, ...]
    unit: str
    months: tuple[str, ...]
    values: Mapping[str, tuple[float | None, ...]]
    rows: int
    notes: tuple[Message, ...] = ()


class KpiBench:
    """A company's tables, clean and open, to try KPIs on."""

    def __init__(self, company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> None:
        self.company = company
        self.catalogue = catalogue
        self.warehouse = warehouse

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables whose rows can make a KPI."""
        return tuple(name for name in TABLES_OF_KPIS if name in self.warehouse)

    def columns(self, table: str, /) -> dict[str, TableColumn]:
        """Return the columns of a table by the names that users know, those of the contract first.

        Raises
        ------
        CatalogueError
            If the company has no such table.
        """
        if table not in self.tables:
            raise CatalogueError(
                f"there is no table {table!r} whose rows can make a KPI{did_you_mean(table, self.tables)}"
            )
        kinds: dict[str, ColumnKind] = {
            plain(name): _kind(kind) for name, kind in self.warehouse[table].schema().items()
        }
        there = [name for name in kinds if name in self.warehouse.present[table]]
        return {name: TableColumn(name, kinds[name], self._words(table, name, kinds[name])) for name in there}

    def _words(self, table: str, name: str, kind: ColumnKind, /) -> tuple[str, ...]:
        spec = TABLES[table].column(name)
        if kind != "text" or (spec is not None and spec.type == "id") or name == "text":
            return ()
        import ibis

        named = self.warehouse[table].select(word=str(self.warehouse.column(table, name)))
        counted = named.filter(named.word.notnull()).group_by("word").aggregate(rows=lambda group: group.count())
        words = counted.order_by(ibis.desc("rows"), "word").limit(_MAX_WORDS + 1).to_pyarrow()["word"].to_pylist()
        return tuple(words) if len(words) <= _MAX_WORDS else ()

    def tried(self, request: KpiRequest, /) -> AddedKpi:
        """Return a KPI as it would be written, with its values; nothing is written.

        Raises
        ------
        BatonError
            If the request does not fit the table, the id is taken, or the company cannot compute the KPI.
        """
        table = table_of_request(request, self.columns(request.table), self.catalogue)
        kpi, notes = Kpi.model_validate(table), []
        absent = sorted(
            name for name in evaluate.needed_columns(self.warehouse, kpi) if not self.warehouse.has(kpi.source, name)
        )
        if absent == ["closed_at"] and not columns_used(kpi) & set(TABLES["cases"].names):
            # own columns count as decided at closing, and this table has no such time
            table["known_at"] = "opened_at"
            kpi, absent = Kpi.model_validate(table), []
            notes.append(Message("kpi_added.known_at_opened"))
        check_expression(kpi)
        grains: tuple[Grain, ...] = tuple(g for g in kpi.grains if evaluate.available(self.warehouse, [kpi], g))
        if absent or not grains:
            lacking = ", ".join(f"{kpi.source}.{name}" for name in absent) or "a unit: an employee, a team, a customer"
            raise CatalogueError(f"{kpi.id} cannot be computed for anybody: {kpi.source} lacks {lacking}")
        place, is_named = own_file(self.company)
        texts = {place: with_kpi(read_text(place), table, place)}
        if not is_named:
            texts[self.company.path] = with_file(read_text(self.company.path), self.company.path)
        self._check_whole(kpi, texts[place])
        rows = self._rows(kpi)
        if not rows:
            raise TableError(
                f"{kpi.id}: no row of {kpi.source} has a value of it; look at the condition and the column"
            )
        unit, months, values = self._values(kpi, grains)
        return AddedKpi(kpi, kpi_text(table), place, texts, grains, unit, months, values, rows, tuple(notes))

    def _check_whole(self, kpi: Kpi, text: str, /) -> None:
        """Load the catalogue as it would be, so that what is written loads."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="baton-", ignore_cleanup_errors=True) as folder:
            copy = Path(folder) / "kpis.toml"
            copy.write_bytes(text.encode("utf-8"))
            files = (*self.company.kpis.files[:-1], str(copy))
            kpis = self.company.kpis.model_copy(update={"files": files})
            load_catalogue(self.company.model_copy(update={"kpis": kpis}))[kpi.id]

    def _rows(self, kpi: Kpi, /) -> int:
        from features.kpis.aggregates import value_columns
        from features.kpis.sql import add_expressions

        rows = add_expressions(self.warehouse[kpi.source], [], value_columns(kpi))
        value = rows[f"{kpi.id}__value"]
        counted = value.sum() if kpi.aggregate == "count" and value.type().is_boolean() else value.count()
        return int(counted.to_pyarrow().as_py() or 0)

    def _values(
        self, kpi: Kpi, grains: tuple[Grain, ...], /
    ) -> tuple[Unit, tuple[str, ...], dict[str, tuple[float | None, ...]]]:
        unit: Grain = next(unit for unit in _SHOWN_FIRST if unit in grains)
        end = latest(self.warehouse)
        if end is None:
            return unit, (), {}
        newest = datetime(end.year, end.month, 1)
        months = [months_later(newest, -step) for step in reversed(range(MAX_MONTHS + 1))]
        first = first_event(self.warehouse) or end
        months = [month for month in months if month < end and months_later(month, 1) > first][-MAX_MONTHS:]
        panel = evaluate.panel(self.warehouse, [kpi], unit, months).to_pyarrow().to_pylist()
        seen: dict[str, float] = {}
        for row in panel:
            if row["unit_id"] is not None:
                seen[row["unit_id"]] = seen.get(row["unit_id"], 0.0) + (row["n"] or 0.0)
        shown = sorted(seen, key=lambda name: (-seen[name], name))[:MAX_UNITS]
        found = {(row["unit_id"], row["from"]): row["value"] for row in panel}
        # who they are is nobody's business here: the figures are to be judged, not the people
        names = {name: str(number) if unit == "employee" else name for number, name in enumerate(shown, start=1)}
        values = {names[name]: tuple(found.get((name, month)) for month in months) for name in shown}
        return unit, tuple(f"{month:%Y-%m}" for month in months), values


@contextmanager
def kpi_bench(company: Company, /) -> Iterator[KpiBench]:
    """Open a company's tables to try KPIs on; nothing is written.

    Raises
    ------
    BatonError
        If the company file or the catalogue contradicts itself, or faults of the data would stop a run.
    """
    with hiding(company):
        catalogue = load_catalogue(company)
        with checked(company, catalogue) as found:
            if found.warehouse is None:
                raise TableError(
                    f"{company.path}: faults of the data stop a run; baton validate shows them and what to do"
                )
            yield KpiBench(company, catalogue, found.warehouse)


def language_of(company: Company, /) -> Language:
    """Return the language in which a company is spoken to: the first of its reports."""
    return "zh" if company.company.languages[:1] == ("zh",) else "en"


def require_whole(request: KpiRequest, /) -> None:
    """Refuse a request that lacks something that nobody can be asked for.

    Raises
    ------
    CatalogueError
        Naming the options that are missing.
    """
    given = {
        "--table": request.table,
        "--aggregate": request.aggregate,
        "--column": request.column or request.aggregate == "count",
        "--name": request.name or request.name_zh,
        "--better": request.better,
    }
    missing = [option for option, value in given.items() if not value]
    if missing:
        raise CatalogueError(f"give {', '.join(missing)}; in a terminal, baton kpi add without --yes asks for them")


def write_kpi(added: AddedKpi, /) -> tuple[Path, ...]:
    """Write a KPI that was tried, and return the files written.

    Raises
    ------
    CatalogueError
        If one of the files has changed since.
    OutputError
        If the disk is full or the folder cannot be written.
    """
    for path, text in added.texts.items():
        if path == added.place and not text.startswith(read_text(path)):
            raise CatalogueError(f"{path}: it was changed in the meantime; call this again")
    write_texts(added.texts)
    return tuple(added.texts)


def _kind(kind: Any, /) -> ColumnKind:
    if kind.is_boolean():
        return "flag"
    if kind.is_numeric():
        return "number"
    return "time" if kind.is_temporal() else "text"
