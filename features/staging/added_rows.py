"""Staged tables with rows of today laid over them, and cut to some customers or to a team.

What a run computes from its staged tables is computed from these in the same way: they are a warehouse like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from baton.contract.sources import TABLES
from baton.months import month_number
from features.ingest.sql_text import quoted
from features.quality.observation.gaps import gaps_of, rows_by_month
from features.staging.stage import open_warehouse
from features.staging.warehouse import Warehouse

__all__ = ["LAID_OVER", "AddedRows"]

LAID_OVER = {"cases": "case_id", "customers": "customer_id", "case_steps": None, "activity": None}
"""Tables that rows may be laid over, with the column by which a row takes the place of another."""

_CUT = ("cases", "case_steps", "activity")


class AddedRows:
    """Staged tables and rows of today in one engine; one thread at a time.

    Parameters
    ----------
    folder : Path
        As written by ``stage``.
    cases : Path, optional
        The cases with what their texts are about, to be read instead of the staged ones.
    threads : int
        Of the engine.
    """

    def __init__(self, folder: Path, /, *, cases: Path | None = None, threads: int = 1) -> None:
        self.base = open_warehouse(folder, threads=threads, memory_limit="1GB", cases=cases)
        self._backend: Any = next(iter(self.base.tables.values())).get_backend()
        self._names = [name for name in LAID_OVER if name in self.base]
        for name in self._names:
            self._run(f"CREATE TABLE added_{name} AS SELECT * FROM {name} LIMIT 0")
            self._run(f"CREATE TABLE replaced_{name} (id VARCHAR)")
            self._run(f"CREATE VIEW whole_{name} AS {self._whole(name)}")
        for name in self._names:
            self._run(f"CREATE TABLE cut_{name} AS SELECT * FROM {name} LIMIT 0")
        self._run("CREATE TABLE asked (customer_id VARCHAR)")
        self._added_months: dict[str, Counter[int]] = {}
        self._kept: dict[str, ir.Table] = {}

    def lay(self, rows: Mapping[str, Sequence[Mapping[str, Any]]], /) -> None:
        """Lay rows over the staged tables, in the place of those that were laid before.

        Parameters
        ----------
        rows : mapping of str to sequence of mapping
            By table, whole rows by column; a row of a case or a customer takes the place of that which is staged.
        """
        import pyarrow as pa

        self.__dict__.pop("missing", None)
        for name in self._names:
            found = list(rows.get(name, ()))
            self._added_months[name] = _months(found, TABLES[name].time)
            self._run(f"DELETE FROM added_{name}")
            self._run(f"DELETE FROM replaced_{name}")
            if not found:
                continue
            schema = self.base[name].schema().to_pyarrow()
            columns = {field.name: [row.get(field.name) for row in found] for field in schema}
            self._insert(f"added_{name}", pa.table(columns, schema=schema))
            key = LAID_OVER[name]
            if key is not None:
                ids = sorted({str(row[key]) for row in found})
                self._insert(f"replaced_{name}", pa.table({"id": pa.array(ids, pa.string())}))

    def staged(self, name: str, column: str, ids: Collection[str], /) -> list[dict[str, Any]]:
        """Return the staged rows whose column has one of the values."""
        import pyarrow as pa

        if name not in self.base or not ids:
            return []
        self._backend.con.register("wanted", pa.table({"id": pa.array(sorted(ids), pa.string())}))
        sql = f"SELECT * FROM {name} WHERE {quoted(column)} IN (SELECT id FROM wanted)"
        found = self._backend.con.sql(sql).to_arrow_table()
        self._backend.con.unregister("wanted")
        return found.to_pylist()

    @cached_property
    def whole(self) -> Warehouse:
        """All rows: the staged ones and those laid over them."""
        tables = {name: self._backend.table(f"whole_{name}") for name in self._names}
        return replace(self.base, tables={**self.base.tables, **tables})

    @cached_property
    def missing(self) -> dict[str, list[datetime]]:
        """Months in which a table as a whole has nothing: counted once, and then by what is laid over."""
        found = {}
        for name, staged in self._staged_months.items():
            rows = Counter(staged)
            if name in self._names:
                rows.update(self._added_months.get(name, {}))
                rows.subtract(self._replaced_months(name))
            if gaps := gaps_of({month: count for month, count in rows.items() if count}):
                found[name] = gaps
        return found

    def cut(self, *, customers: bool = False) -> Warehouse:
        """Return what was last asked for: cases, steps and activity of some customers or of a team, all else as it is.

        Parameters
        ----------
        customers : bool
            Whether the table of customers is cut too.
        """
        names = (*self._cut_names, "customers") if customers and "customers" in self._names else self._cut_names
        cut = {name: self._backend.table(f"cut_{name}") for name in names}
        return replace(self.whole, tables={**self.whole.tables, **cut}, missing=self.missing)

    @property
    def asked(self) -> ir.Table:
        """The customers that were last asked for: ``customer_id``."""
        return self._backend.table("asked")

    def cut_to_customers(self, ids: Collection[str], /) -> None:
        """Cut to customers: what is computed of them is what is computed from all rows."""
        import pyarrow as pa

        self._run("DELETE FROM asked")
        self._insert("asked", pa.table({"customer_id": pa.array(sorted(set(ids)), pa.string())}))
        of_case = "case_id IN (SELECT case_id FROM cut_cases)"
        theirs = "customer_id IN (SELECT customer_id FROM asked)"
        for name in self._names:
            steps = name == "case_steps"
            self._cut(name, (of_case if "cases" in self._names else "FALSE") if steps else theirs)

    def cut_to_team(self, team_id: str, /) -> None:
        """Cut to a team: rows that name another are left out, rows that name none may be of its people."""
        for name in self._cut_names:
            self._cut(name, "team_id IS NOT DISTINCT FROM ? OR team_id IS NULL", [team_id])

    def keep(self, name: str, table: ir.Table, /) -> None:
        """Keep the query of an expression over these tables under a name, to be asked as often as they change."""
        self._backend._register_in_memory_tables(table)
        if self._kept.pop(name, None) is not None:
            self._run(f"DEALLOCATE kept_{name}")
        self._run(f"PREPARE kept_{name} AS {self._backend.compile(table)}")
        self._kept[name] = table  # its tables of moments live as long as the expression

    def ask(self, name: str, /) -> Any:
        """Return what a kept query gives now, as pyarrow.Table."""
        return self._backend.con.sql(f"EXECUTE kept_{name}").to_arrow_table()

    @cached_property
    def _staged_months(self) -> dict[str, dict[int, int]]:
        return rows_by_month(self.base)

    def _replaced_months(self, name: str, /) -> dict[int, int]:
        key, time = LAID_OVER[name], TABLES[name].time
        if key is None or time is None:
            return {}
        wanted = f"{key} IN (SELECT id FROM replaced_{name})"
        found = self._backend.con.sql(f"SELECT {quoted(time)} AS {quoted(time)} FROM {name} WHERE {wanted}")
        return _months(found.to_arrow_table().to_pylist(), time)

    @property
    def _cut_names(self) -> list[str]:
        # cases first: steps are cut to theirs
        return [name for name in _CUT if name in self._names]

    def _whole(self, name: str, /) -> str:
        key = LAID_OVER[name]
        kept = "" if key is None else f" WHERE {key} NOT IN (SELECT id FROM replaced_{name})"
        return f"SELECT * FROM {name}{kept} UNION ALL SELECT * FROM added_{name}"

    def _cut(self, name: str, where: str, values: Sequence[str] = (), /) -> None:
        self._run(f"DELETE FROM cut_{name}")
        self._run(f"INSERT INTO cut_{name} SELECT * FROM whole_{name} WHERE {where}", list(values))

    def _insert(self, table: str, rows: Any, /) -> None:
        self._backend.con.register("given", rows)
        self._run(f"INSERT INTO {table} SELECT * FROM given")
        self._backend.con.unregister("given")

    def _run(self, sql: str, values: Sequence[str] = (), /) -> None:
        self._backend.con.execute(sql, list(values))


def _months(rows: Sequence[Mapping[str, Any]], column: str | None, /) -> Counter[int]:
    """Count rows by the number of the month."""
    moments = () if column is None else (row.get(column) for row in rows)
    return Counter(month_number(moment.year, moment.month) for moment in moments if moment is not None)
