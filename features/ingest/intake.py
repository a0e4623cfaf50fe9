"""One pass's own engine: raw tables brought in, profiled, and read as the contract's types; gone when the pass ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.contract.sources import TABLES, ColumnType, TableSpec
from baton.disk import explaining_full_disks
from baton.errors import BatonError, CompanyFileError
from baton.messages.message import Message
from features.ingest import sources
from features.ingest.column_names import attribute_name, is_unnamed, name_notes
from features.ingest.column_plans import TableReading, kept_words, read_numbers, with_durations
from features.ingest.declared_types import declared_types
from features.ingest.loading import load, raw_name
from features.ingest.locked import files_to_read, lock
from features.ingest.profiles import iso_profile_sql, may_be_number, profile_sql, read_times, summed
from features.ingest.profiling import Files, in_batches, iso_times, look_closer, profiles_by_file, with_figures
from features.ingest.sql_text import literal, quoted
from features.ingest.table_files import FILE_COLUMN, delimiter_of, duration_ticks
from features.ingest.values.casting import FILE, SQL_TYPES, CastPlan, cast_sql, is_numeric, known, trimmed
from features.ingest.values.missing_words import first_look_at_words, missing_words_sql
from features.ingest.values.rating_words import MAX_WORDS, RATINGS, ReadRatings, ratings_sql, read_ratings
from features.process.marks import with_log_columns
from features.quality.observation.number_placeholders import numbers_for_none
from features.quality.observation.placeholders import NONE_BETWEEN, count_sql, placeholders

__all__ = ["FILE", "ROW", "ColumnTypes", "Intake", "TypedTable", "opened"]

ROW = "__row"
"""Name of the row number, from 1, in typed tables."""

ColumnTypes = Mapping[str, Mapping[str, str]]
"""Per table, attributes and their types."""

_MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class TypedTable:
    """One table, read as the contract's types.

    Parameters
    ----------
    relation, known_relation : str
        SQL names of the typed table (contract columns in order, then attributes, then the row number), and of the same
        columns as they lie in the source, null where blank.
    rows : int
    plans : mapping of str to CastPlan
        Per column that the source has.
    present : mapping of str to int
        Values per contract column that may fail to be read, as they lie in the source.
    missing : mapping of str to int
        Rows of the source without a value, per required column.
    notes : tuple of Message
        What was inferred.
    word_scales : mapping of str to (low, high)
        Of columns of ratings that came as words.
    placeholders : mapping of str to str
        Per column with dates or numbers that stand for none: SQL that is true of them in ``read_relation``; the typed
        table has none of them.
    """

    spec: TableSpec
    relation: str
    known_relation: str
    rows: int
    plans: Mapping[str, CastPlan]
    present: Mapping[str, int]
    notes: tuple[Message, ...] = ()
    missing: Mapping[str, int] = field(default_factory=dict)
    word_scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    placeholders: Mapping[str, str] = field(default_factory=dict)

    @property
    def read_relation(self) -> str:
        """SQL name of the table as it was read, dates that stand for none still in it."""
        return f"read_{self.spec.name}"

    @property
    def unnumbered(self) -> str:
        """SQL name of the typed table without its row number, for reading that can go on in parallel."""
        return f"unnumbered_{self.relation}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns of the typed table but the row number."""
        return (*self.spec.names, *self.attributes)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the columns that are not the contract's."""
        return tuple(name for name in self.plans if name not in self.spec.names)

    @property
    def key(self) -> tuple[str, ...]:
        """Columns whose combination is unique; people may have several rows if each says from when it holds."""
        if self.spec.name in {"customers", "employees"} and "valid_from" in self.plans:
            return (*self.spec.key, "valid_from")
        return self.spec.key

    def type_of(self, name: str, /) -> ColumnType:
        """Return the type of a contract column or an attribute."""
        column = self.spec.column(name)
        return column.type if column else self.plans[name].type


class Intake:
    """Raw tables of one company in one temporary engine.

    Parameters
    ----------
    folder : Path
        A scratch folder of its own.
    output : Path, optional
        The one other folder that its engine may write.
    """

    def __init__(self, company: Company, folder: Path, /, output: Path | None = None) -> None:
        import duckdb

        self.company = company
        self._kept = count()
        self.types: ColumnTypes = {}
        """Attributes' types that models in use were trained on: ``number`` or ``text``."""
        self.folder = folder
        self.connection = duckdb.connect()  # in memory as far as the limit goes, then in the scratch folder
        (folder / "copies").mkdir()
        for setting in (f"memory_limit={literal(_MEMORY_LIMIT)}", f"temp_directory={literal(str(folder / 'spill'))}"):
            self.connection.execute(f"SET {setting}")
        self.connection.execute("SET TimeZone='UTC'")
        lock(
            self.connection.execute,
            files=files_to_read(company),
            folders=[folder, *([output.resolve(), output] if output is not None else [])],
        )
        self.tables: dict[str, TypedTable] = {}
        self.agreed: Mapping[str, Mapping[str, tuple[float, float] | None]] = {}
        """Scales of ratings that models in use were trained on."""

    def rows(self, sql: str, /) -> list[tuple[Any, ...]]:
        """Run SQL and return all its rows."""
        return self.connection.execute(sql).fetchall()

    def keep(self, query: str, /) -> str:
        """Run a query once, keep its rows in a table, and return that table's name."""
        name = f"kept_{next(self._kept)}"
        self.connection.execute(f"CREATE TABLE {name} AS {query}")
        return name

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
        source = self.company.tables[name]
        if (source.timezone,) not in self.rows("SELECT name FROM pg_timezone_names()"):
            raise CompanyFileError(
                f"tables.{name}.timezone: unknown time zone {source.timezone!r}; write one like Europe/Paris"
            )
        try:
            passed_over = load(self.connection, self.company, name, self.folder / "copies")
            table = self._typed(TABLES[name], raw_name(name))
        except BatonError:
            raise
        except Exception as error:
            raise sources.explained(error, self.company, name) from None
        table = replace(table, notes=(*passed_over, *table.notes))
        self.tables[name] = table
        return table

    def _ratings(self, spec: TableSpec, raw: str, plans: Mapping[str, CastPlan], /) -> dict[str, ReadRatings]:
        """Return how columns of ratings that come as texts become numbers."""
        found = {}
        for name in RATINGS.get(spec.name, ()):
            if name in plans and plans[name].from_text:
                text = known(plans[name])
                counted = self.rows(
                    f"SELECT {text}, count(*) FROM {raw} WHERE {text} IS NOT NULL GROUP BY 1 LIMIT {MAX_WORDS + 1}"
                )
                declared = self.company.tables[spec.name].scales.get(name) or self.agreed.get(spec.name, {}).get(name)
                read = read_ratings(dict(counted), declared) if len(counted) <= MAX_WORDS else None
                if read is not None:
                    found[name] = read
        return found

    def _typed(self, spec: TableSpec, raw: str, /) -> TypedTable:
        source = self.company.tables[spec.name]
        columns = {row[0]: row[1] for row in self.rows(f"DESCRIBE {raw}")}
        file = quoted(FILE_COLUMN) if columns.pop(FILE_COLUMN, None) else "1"
        named = [name for name in columns if not is_unnamed(name)]
        plans = with_log_columns(spec, dict(_first_plan(spec, name, columns, source.timezone) for name in named))
        reading = self._reading(spec, plans)
        plans = {name: _settled(plan, reading) for name, plan in plans.items()}
        plans, notes = self._with_words(spec, plans, raw)
        if source.path is not None:
            plans = with_durations(plans, duration_ticks(self.company, spec.name), spec.name, notes)
        asked = {name: plan for name, plan in plans.items() if _is_asked(spec, plan)}
        ratings = self._ratings(spec, raw, plans)
        values = [f"{ratings_sql(plan, ratings.get(name))} AS {quoted(name)}" for name, plan in plans.items()]
        numbers = {name: plan for name, plan in asked.items() if may_be_number(plan)}
        self.connection.execute(
            f"CREATE VIEW values_{spec.name} AS SELECT {', '.join(values)}, {file} AS {FILE} FROM {raw}"
        )
        written = {name: plan for name, plan in asked.items() if plan.type == "time" and plan.from_text}
        profiles = {
            name: iso_profile_sql(plan) if name in written else profile_sql(plan) for name, plan in asked.items()
        }
        total, files = profiles_by_file(self.rows, f"values_{spec.name}", profiles, None if file == "1" else FILE)
        any_way = {name: profile_sql(plan) for name, plan in written.items()}
        for name, iso in iso_times(self.rows, f"values_{spec.name}", any_way, files).items():
            plans[name] = asked[name] = replace(plans[name], iso=iso)
        self._make_known(spec, list(numbers), files)
        notes += name_notes(spec, columns, {name: plan.raw_column for name, plan in plans.items()})
        notes += [
            Message("note.rating_words", {"column": f"{spec.name}.{name}", "words": read.note})
            for name, read in ratings.items()
        ]
        plans |= read_numbers(numbers, files, reading, notes)
        profiles = {name: summed([of_file[name] for _, of_file in files]) for name in asked}
        times = {name: plan for name, plan in asked.items() if plan.type == "time"}
        plans |= read_times(times, profiles, spec, source.day_first, notes)
        present = {
            name: profile["present"]
            for name, profile in profiles.items()
            if name in spec.names or (name in numbers and plans[name].type == "number")
        }
        scales = {name: read.scale for name, read in ratings.items() if read.scale is not None}
        table = TypedTable(
            spec, f"typed_{spec.name}", f"known_{spec.name}", total, plans, present, tuple(notes), word_scales=scales
        )
        listed = ", ".join(f"{_expression(table, name)} AS {quoted(name)}" for name in table.columns)
        # dozens of checks look at it: it is read once
        self.connection.execute(
            f"CREATE TABLE {table.read_relation} AS SELECT {listed}, {FILE}, {ROW} FROM {table.known_relation}"
        )
        table = self._with_placeholders(replace(table, missing=self._missing(table, profiles)))
        emptied = ", ".join(
            f"CASE WHEN {test} THEN NULL ELSE {quoted(name)} END AS {quoted(name)}"
            for name, test in table.placeholders.items()
        )
        every = f"* REPLACE ({emptied})" if emptied else "*"
        self.connection.execute(f"CREATE VIEW {table.relation} AS SELECT {every} FROM {table.read_relation}")
        values = f"* EXCLUDE ({FILE}, {ROW}) FROM {table.relation}"
        self.connection.execute(f"CREATE VIEW {table.unnumbered} AS SELECT {values}")
        return table

    def _missing(self, table: TypedTable, profiles: Mapping[str, Mapping[str, Any]], /) -> dict[str, int]:
        """Return, per required column, in how many rows of the source it has no value."""
        found = [name for name in table.spec.required if name in table.plans]
        texts = [name for name in found if name not in profiles]  # any value can be read as one: those not there remain
        listed = ", ".join(["count(*)", *(f"count({quoted(name)})" for name in texts)])
        there = dict(zip(texts, self.rows(f"SELECT {listed} FROM {table.read_relation}")[0][1:], strict=True))
        return {name: table.rows - (profiles[name]["present"] if name in profiles else there[name]) for name in found}

    def read_instead(self, table: TypedTable, relation: str, query: str, /) -> TypedTable:
        """Return a typed table with the rows of a query, which keeps columns and row numbers, in place of its own.

        Parameters
        ----------
        relation : str
            SQL name of the new table.
        query : str
            SQL that selects from the old one.
        """
        found = replace(table, relation=relation)
        self.connection.execute(f"CREATE TABLE {relation} AS {query}")
        self.connection.execute(f"CREATE VIEW {found.unnumbered} AS SELECT * EXCLUDE ({FILE}, {ROW}) FROM {relation}")
        return found

    def _placeholders(self, table: TypedTable, /) -> dict[str, str]:
        """Return, per column of times, the condition that a date stands for none."""
        if self.company.faults.get("far_time") == "keep":
            return {}
        times = [name for name, plan in table.plans.items() if plan.type == "time"]
        if not times or not table.rows:
            return {}
        first, last = (f"TIMESTAMP '{day}'" for day in NONE_BETWEEN)
        listed = ", ".join(f"min({quoted(name)}) < {first} OR max({quoted(name)}) >= {last}" for name in times)
        far = self.rows(f"SELECT {listed} FROM {table.read_relation}")[0]
        plans = [table.plans[name] for name, is_far in zip(times, far, strict=True) if is_far]
        if not plans:
            return {}
        counted = self.rows(f"SELECT {', '.join(map(count_sql, plans))} FROM {table.read_relation}")[0]
        found = {plan.column: placeholders(plan, counts) for plan, counts in zip(plans, counted, strict=True)}
        return {name: test for name, test in found.items() if test is not None}

    def _with_placeholders(self, table: TypedTable, /) -> TypedTable:
        """Return a table with the conditions that a date or a number stands for none, and notes on those that may."""
        tests, checks = self._placeholders(table), []
        if self.company.faults.get("placeholder_number") != "keep" and table.rows:
            numbers, checks = numbers_for_none(self.rows, table.read_relation, table.plans, table.spec)
            tests |= numbers
        return replace(table, placeholders=tests, notes=(*table.notes, *checks))

    def _reading(self, spec: TableSpec, plans: Mapping[str, CastPlan], /) -> TableReading:
        source = self.company.tables[spec.name]
        semicolons = source.path is not None and delimiter_of(self.company, spec.name) == ";"
        # a model in use goes on reading a column as it has learned it
        types = declared_types(spec, plans, source.types) | dict(self.types.get(spec.name, {}))
        return TableReading(spec, source.decimal, semicolons, types)

    def _with_words(
        self, spec: TableSpec, plans: dict[str, CastPlan], raw: str, /
    ) -> tuple[dict[str, CastPlan], list[Message]]:
        """Look for words that stand for no value in all texts of a table."""
        texts = [name for name, plan in plans.items() if plan.from_text]
        if not texts:
            return plans, []
        written = {name: (trimmed(column), column) for name in texts for column in [quoted(plans[name].raw_column)]}
        decided_plans, with_words = dict(plans), list[str]()
        for part in in_batches(texts):
            counts = self.rows(first_look_at_words([written[name] for name in part], raw))[0]
            for at, name in enumerate(part):
                untrimmed, words = counts[2 * at : 2 * at + 2]
                decided_plans[name] = replace(plans[name], is_trimmed=not untrimmed, has_missing_words=bool(words))
                with_words += [name] if words else []
        found: list[Any] = []
        for part in in_batches(with_words):
            listed = ", ".join(missing_words_sql(*written[name]) for name in part)
            found += self.rows(f"SELECT {listed} FROM {raw}")[0]
        given = self.company.tables[spec.name].keep_words
        return kept_words(decided_plans, dict(zip(with_words, found, strict=True)), given, spec)

    def _make_known(self, spec: TableSpec, numbers: list[str], files: Files, /) -> None:
        """Make the views of the values as they lie in the source, and of what texts that may be numbers are made of."""
        closer = look_closer(files, numbers, spec.names)
        relation = with_figures(self.connection.execute, self.rows, f"values_{spec.name}", closer, files)
        numbered = f"SELECT *, row_number() OVER () AS {ROW} FROM {relation}"
        self.connection.execute(f"CREATE VIEW known_{spec.name} AS {numbered}")


def _settled(plan: CastPlan, reading: TableReading, /) -> CastPlan:
    """Return the plan of an attribute that a model or the company file knows as text, whatever this file's type is."""
    known_type = (reading.types or {}).get(plan.column)
    return replace(plan, type="text") if known_type == "text" and plan.column not in reading.spec.names else plan


def _first_plan(spec: TableSpec, raw_name: str, columns: Mapping[str, str], timezone: str, /) -> tuple[str, CastPlan]:
    """Return a column's plan before its values are looked at; letter case does not make another column."""
    raw_type = "VARCHAR" if columns[raw_name].startswith("ENUM") else columns[raw_name]
    known_as = next((known for known in spec.names if known.lower() == raw_name.lower()), None)
    name = known_as or attribute_name(raw_name, columns)
    column = spec.column(name)
    kind: ColumnType = "number" if is_numeric(raw_type) or raw_type == "BOOLEAN" else "text"
    if column is not None:
        kind = column.type
    return name, CastPlan(name, raw_name, kind, raw_type, timezone=timezone)


def _is_asked(spec: TableSpec, plan: CastPlan, /) -> bool:
    """Whether a column's values are counted: those that may fail to be read, and texts that may be numbers."""
    if plan.column in spec.names:
        return plan.type in {"time", "number", "integer", "flag"}
    return plan.type == "time" or plan.from_text


def _expression(table: TypedTable, name: str, /) -> str:
    if name in table.plans:
        return cast_sql(table.plans[name])
    return f"CAST(NULL AS {SQL_TYPES[table.type_of(name)]})"


@contextmanager
def opened(company: Company, /, output: Path | None = None) -> Iterator[Intake]:
    """Open an intake in a scratch folder that only its owner can read, removed at the end.

    Parameters
    ----------
    output : Path, optional
        The one other folder that its engine may write.
    """
    with (
        explaining_full_disks(*([] if output is None else [output])),
        tempfile.TemporaryDirectory(prefix="baton-", ignore_cleanup_errors=True) as folder,
    ):
        intake = Intake(company, Path(folder), output)
        try:
            yield intake
        finally:
            intake.close()
