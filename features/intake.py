"""One pass's own engine: raw tables brought in, profiled, and read as the contract's types; gone when the pass ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.errors import BatonError, CompanyFileError
from baton.tables import TABLES, TableSpec
from features import sources
from features.casting import SQL_TYPES, CastPlan, DateOrder, cast_sql, is_numeric, profile_sql
from features.sources import literal, quoted

__all__ = ["ROW", "Intake", "TypedTable", "opened"]

ROW = "__row"
"""Name of the row number, from 1, in typed tables."""

_MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class TypedTable:
    """One table, read as the contract's types.

    Parameters
    ----------
    spec : TableSpec
    relation, raw_relation : str
        SQL names of the typed table (contract columns in order, then attributes, then the row number) and of the raw.
    rows : int
    plans : mapping of str to CastPlan
        Per column that the source has.
    renamed : mapping of str to str
        Contract columns that the source writes in another letter case.
    notes : tuple of str
        What was inferred.
    """

    spec: TableSpec
    relation: str
    raw_relation: str
    rows: int
    plans: Mapping[str, CastPlan]
    renamed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns of the typed table but the row number."""
        return (*self.spec.names, *(name for name in self.plans if name not in self.spec.names))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the columns that are not the contract's."""
        return tuple(name for name in self.plans if name not in self.spec.names)


class Intake:
    """Raw tables of one company in one temporary engine.

    Parameters
    ----------
    company : Company
    folder : Path
        A scratch folder of its own.
    """

    def __init__(self, company: Company, folder: Path, /) -> None:
        import duckdb

        self.company = company
        self.folder = folder
        self.connection = duckdb.connect(str(folder / "raw.duckdb"))
        (folder / "copies").mkdir()
        for setting in (f"memory_limit={literal(_MEMORY_LIMIT)}", f"temp_directory={literal(str(folder / 'spill'))}"):
            self.connection.execute(f"SET {setting}")
        self.connection.execute("SET TimeZone='UTC'")
        self.tables: dict[str, TypedTable] = {}

    def rows(self, sql: str, /) -> list[tuple[Any, ...]]:
        """Run SQL and return all its rows."""
        return self.connection.execute(sql).fetchall()

    def close(self) -> None:
        """Let the engine go."""
        self.connection.close()

    def bring(self, name: str, /) -> TypedTable:
        """Bring one table in and read it as the contract's types.

        Raises
        ------
        SourceError
            If it cannot be opened or read.
        CompanyFileError
            If its time zone is unknown.
        """
        company, source = self.company, self.company.tables[name]
        if (source.timezone,) not in self.rows("SELECT name FROM pg_timezone_names()"):
            raise CompanyFileError(
                f"tables.{name}.timezone: unknown time zone {source.timezone!r}; write one like Europe/Paris"
            )
        raw = f"raw_{name}"
        try:
            self._load(name, raw)
            described = self.rows(f"DESCRIBE {raw}")
            count = self.rows(f"SELECT count(*) FROM {raw}")[0][0]
            plans, renamed, notes = self._plans(TABLES[name], raw, [(row[0], row[1]) for row in described], source)
            table = TypedTable(TABLES[name], f"typed_{name}", raw, count, plans, renamed, notes)
            self._type(table)
        except BatonError:
            raise
        except Exception as error:
            raise sources.explained(error, company, name) from None
        self.tables[name] = table
        return table

    def _load(self, name: str, raw: str, /) -> None:
        """Text and databases are read once into the engine; Parquet stays where it is."""
        source = self.company.tables[name]
        if source.source is not None:
            reader = sources.batches(sources.open_source(self.company, name))
            self.connection.register("incoming", reader)
            self.connection.execute(f"CREATE TABLE {raw} AS SELECT * FROM incoming")
            self.connection.unregister("incoming")
            return
        relation = sources.file_relation(self.company, name, self.folder / "copies")
        kind = "VIEW" if "read_parquet" in relation else "TABLE"
        if source.sql is None:
            self.connection.execute(f"CREATE {kind} {raw} AS {relation}")
            return
        self.connection.execute(f"CREATE VIEW raw AS {relation}")
        try:
            self.connection.execute(f"CREATE TABLE {raw} AS SELECT * FROM ({source.sql.rstrip().rstrip(';')}\n)")
        except Exception as error:
            raise sources.query_error(self.company, name, error) from None
        finally:
            self.connection.execute("DROP VIEW raw")

    def _plans(
        self, spec: TableSpec, raw: str, described: list[tuple[str, str]], source: Any, /
    ) -> tuple[dict[str, CastPlan], dict[str, str], tuple[str, ...]]:
        lowered = {name.lower(): name for name in spec.names}
        plans: dict[str, CastPlan] = {}
        for raw_name, raw_type in described:
            if raw_type.startswith("ENUM"):
                raw_type = "VARCHAR"
            name = lowered.get(raw_name.lower(), raw_name)
            column = spec.column(name)
            kind = column.type if column else ("number" if is_numeric(raw_type) or raw_type == "BOOLEAN" else "text")
            if name == "valid_from" and spec.name == "customers":
                kind = "time"
            plans[name] = CastPlan(name, raw_name, kind, raw_type, timezone=source.timezone)
        renamed = {name: plan.raw_column for name, plan in plans.items() if name != plan.raw_column}
        asked = {
            name: plan
            for name, plan in plans.items()
            if plan.from_text and (plan.type in {"time", "number", "integer"} or name not in spec.names)
        }
        if not asked:
            return plans, renamed, ()
        listed = ", ".join(
            profile_sql(replace(plan, type="number") if plan.type == "text" else plan) for plan in asked.values()
        )
        profiles = dict(zip(asked, self.rows(f"SELECT {listed} FROM {raw}")[0], strict=True))
        notes: list[str] = []
        for name, plan in asked.items():
            plans[name] = _told(plan, profiles[name], source.day_first, name in spec.names)
        return _siblings(spec.name, plans, notes), renamed, tuple(notes)

    def _type(self, table: TypedTable, /) -> None:
        listed = [
            f"{cast_sql(table.plans[name]) if name in table.plans else f'CAST(NULL AS {SQL_TYPES[_type_of(table, name)]})'}"
            f" AS {quoted(name)}"
            for name in table.columns
        ]
        kind = (
            "TABLE"
            if any(plan.from_text and plan.type in {"time", "number"} for plan in table.plans.values())
            else "VIEW"
        )
        self.connection.execute(
            f"CREATE {kind} {table.relation} AS SELECT {', '.join(listed)}, row_number() OVER () AS {ROW} "
            f"FROM {table.raw_relation}"
        )


def _type_of(table: TypedTable, name: str, /) -> Any:
    column = table.spec.column(name)
    return column.type if column else table.plans[name].type


def _told(plan: CastPlan, profile: Mapping[str, int], day_first: bool | None, contract: bool, /) -> CastPlan:
    """Return the plan with what its column's profile tells."""
    if plan.type == "time":
        return replace(plan, order=_order(profile, day_first))
    comma = profile["comma"] > profile["thousands"]
    if contract:
        return replace(plan, decimal_comma=comma)
    readable = profile["plain"] + (profile["comma"] if comma else profile["thousands"])
    if profile["present"] and readable == profile["present"] and not profile["zeros"]:
        return replace(plan, type="number", decimal_comma=comma)
    return plan


def _order(profile: Mapping[str, int], day_first: bool | None, /) -> DateOrder:
    if not profile["numeric_dates"]:
        return "none"
    if day_first is not None:
        return "day" if day_first else "month"
    day, month = profile["first"] > 12, profile["second"] > 12
    if day and month:
        return "neither"
    if not (day or month) or profile["short"]:
        return "both"
    return "day" if day else "month"


def _siblings(table: str, plans: dict[str, CastPlan], notes: list[str], /) -> dict[str, CastPlan]:
    """Let columns that read both ways follow those of their table that read one way only."""
    orders = {plan.order for plan in plans.values()} & {"day", "month"}
    if len(orders) != 1:
        return plans
    order = orders.pop()
    for name, plan in plans.items():
        if plan.order in {"day", "month"}:
            notes.append(f"{table}.{name}: dates read {order} first")
        elif plan.order == "both":
            plans[name] = replace(plan, order=order)
            notes.append(
                f"{table}.{name}: dates read {order} first, as in the table's other columns; set day_first if not so"
            )
    return plans


@contextmanager
def opened(company: Company, /) -> Iterator[Intake]:
    """Open an intake in a scratch folder that only its owner can read, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="baton-", ignore_cleanup_errors=True) as folder:
        intake = Intake(company, Path(folder))
        try:
            yield intake
        finally:
            intake.close()
