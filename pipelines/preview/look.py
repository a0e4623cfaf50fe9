"""``baton preview``: looks at each table through the reader and the checks that a run uses; nothing is written."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from baton.catalogue.load import load_catalogue
from baton.company import Company, TableSource
from baton.contract.sources import TABLES
from baton.filled_in import hides_filled_in
from baton.privacy.meanings import private_match
from features.ingest.intake import Intake, TypedTable, opened
from features.ingest.profiling import in_batches
from features.ingest.sql_text import quoted
from features.quality.checks import examine
from features.quality.faults import CheckReport
from features.staging.known_people import known_people
from features.staging.privacy import SensitiveColumnFilter, employee_columns
from pipelines.preview.tables import ColumnPreview, KeyPreview, Preview, TablePreview

__all__ = ["MAX_TEXT", "preview"]

MAX_TEXT = 40  # letters of an example, as `baton validate` shows them

_EXAMPLES = 3
_LOOKED_AT = 1_000  # rows from which examples are taken
_COUNTED_EXACTLY = 200_000  # rows; beyond it different values are estimated, which takes no memory
_WITH_RANGE = ("time", "number", "integer")


@hides_filled_in
def preview(company: Company, /) -> Preview:
    """Return each table of a company as Baton understands it.

    Employees' ids are shown by pseudonym as in a run's results: with the company's key, or where there is none yet with
    one that is forgotten at once. Columns that stay behind for privacy, or are for the fairness audit alone, show no
    value.

    Returns
    -------
    Preview
        Tables that cannot be read say why.

    Raises
    ------
    BatonError
        If the catalogue or the company file contradicts itself.
    """
    catalogue = load_catalogue(company)
    with opened(company) as intake:
        found = examine(intake, catalogue)
        look = _Look(intake, found.report, _column_filter(intake))
        tables = tuple(look.table(name) for name in company.tables)
    return Preview(company.company.name, company.company.languages, tables)


def _column_filter(intake: Intake, /) -> SensitiveColumnFilter:
    """Decide what stays behind, without making the company's key."""
    company = intake.company
    if not company.resolve(company.privacy.key).exists():
        place = intake.folder / "forgotten.key"
        place.write_text(secrets.token_hex(32), encoding="utf-8")
        privacy = company.privacy.model_copy(update={"key": str(place)})
        intake.company = company.model_copy(update={"privacy": privacy})
    return SensitiveColumnFilter(intake, outside=intake.folder / "copies")


class _Look:
    """Looks at tables that were brought in."""

    def __init__(self, intake: Intake, report: CheckReport, column_filter: SensitiveColumnFilter, /) -> None:
        self.intake = intake
        self.report = report
        self.column_filter = column_filter
        self._pseudonyms: Mapping[str, str] = {}
        if column_filter.privacy.pseudonymise:
            self._pseudonyms = dict(intake.rows("SELECT id, pseudonym FROM pseudonyms"))  # type: ignore[arg-type]

    def table(self, name: str, /) -> TablePreview:
        """Return one table of the company file."""
        grain, source = TABLES[name].grain, _source(self.intake.company.tables[name])
        faults = [fault for fault in self.report.faults if fault.table == name]
        if name not in self.intake.tables:
            why = next((fault.message for fault in faults if fault.kind == "unreadable_table"), "")
            return TablePreview(name, grain, source, faults=len(faults), unreadable=why or "it cannot be read")
        table = self.intake.tables[name]
        notes = (*table.notes, *(note for note in self.column_filter.notes if note.text.startswith(f"{name}.")))
        return TablePreview(
            name,
            grain,
            source,
            table.rows,
            self._columns(table),
            tuple(column for column in table.spec.names if column not in table.plans),
            self._keys(table),
            notes,
            len(faults),
        )

    def _columns(self, table: TypedTable, /) -> tuple[ColumnPreview, ...]:
        private = self._private(table)
        counted: dict[str, Sequence[Any]] = {}
        for part in in_batches(list(table.plans)):
            listed = ", ".join(self._counts(table, name) for name in part)
            counted |= dict(zip(part, self.intake.rows(f"SELECT {listed} FROM {table.unnumbered}")[0], strict=True))
        examples = self._examples(table, [name for name in table.plans if name not in private])
        shown, renamed = [], self.intake.company.tables[table.spec.name].columns
        for name, plan in table.plans.items():
            counts: Any = counted[name]
            share = counts["known"] / table.rows if table.rows else None
            contract = name in table.spec.names
            raw, kind = renamed.get(name, plan.raw_column), table.type_of(name)
            column = ColumnPreview(name, raw, kind, contract, counts["known"], share, unique=counts["unique"])
            if name in private:
                column = replace(column, private=True)
            else:
                ends = {"first": _end(counts["first"]), "last": _end(counts["last"])}
                column = replace(column, **ends, examples=examples.get(name, ()))
            shown.append(column)
        return tuple(shown)

    def _private(self, table: TypedTable, /) -> frozenset[str]:
        """Return the columns that stay behind for privacy, and those for the fairness audit alone."""
        name, privacy = table.spec.name, self.column_filter.privacy
        named = {column for column in table.plans if private_match(privacy, column, table=name) is not None}
        return self.column_filter.dropped[name] | named

    def _counts(self, table: TypedTable, name: str, /) -> str:
        """Return SQL of a struct of what is counted of a column."""
        column = quoted(name)
        unique = f"count(DISTINCT {column})"
        if table.rows > _COUNTED_EXACTLY:
            unique = f"approx_count_distinct({column})"
        ends = ("NULL", "NULL")
        if table.type_of(name) in _WITH_RANGE:
            ends = (f"CAST(min({column}) AS VARCHAR)", f"CAST(max({column}) AS VARCHAR)")
        return f"{{'known': count({column}), 'unique': {unique}, 'first': {ends[0]}, 'last': {ends[1]}}}"

    def _examples(self, table: TypedTable, names: Sequence[str], /) -> dict[str, tuple[str, ...]]:
        """Return the first different values of each column, as they may be shown."""
        if not names or not table.rows:
            return {}
        listed = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in names)
        rows = self.intake.rows(f"SELECT {listed} FROM {table.unnumbered} LIMIT {_LOOKED_AT}")
        found = {}
        for name, values in zip(names, zip(*rows, strict=True), strict=True):
            different = list(dict.fromkeys(value for value in values if value is not None))[:_EXAMPLES]
            shown = self._shown(table, name)
            found[name] = tuple(shown(value) for value in different)
        return found

    def _shown(self, table: TypedTable, name: str, /) -> Callable[[str], str]:
        """Return what makes a value of a column fit to be shown."""
        if self._pseudonyms and name in employee_columns(table.spec.name):
            return lambda value: self._pseudonyms.get(value, "p-…")
        if table.type_of(name) in _WITH_RANGE:
            return _end
        if table.type_of(name) != "text":
            return _short
        people = known_people(self.intake)
        return lambda value: _short(_without_personal_data(people.mask(value)))

    def _keys(self, table: TypedTable, /) -> tuple[KeyPreview, ...]:
        found = []
        for column, other in table.spec.references:
            if column not in table.plans:
                continue
            of = self.intake.tables.get(other)
            key = None if of is None or of.spec.key[0] not in of.plans else quoted(of.spec.key[0])
            matched = "NULL" if of is None or key is None else f"count(*) FILTER ({_is_in(column, key, of)})"
            known, there = self.intake.rows(f"SELECT count({quoted(column)}), {matched} FROM {table.unnumbered}")[0]
            share = None if there is None or not known else there / known
            found.append(KeyPreview(column, other, known, share))
        return tuple(found)


def _is_in(column: str, key: str, other: TypedTable, /) -> str:
    return f"{quoted(column)} IN (SELECT {key} FROM {other.unnumbered} WHERE {key} IS NOT NULL)"


def _source(source: TableSource, /) -> str:
    """Return where a table lies in the company file's own words; what it names by ``${NAME}`` stays a name."""
    if source.path is not None:
        place = source.path if source.sheet is None else f"{source.path} [{source.sheet}]"
        return place if source.sql is None else f"{place}: SQL"
    return f"{source.source}: {source.table or 'SQL'}"


def _without_personal_data(text: str, /) -> str:
    """Mask a text; one without personal data stays letter for letter."""
    from baton.characters import normalise
    from features.text.masking import mask

    masked = mask(text)
    return text if masked == normalise(text) else masked


def _end(value: str | None, /) -> str:
    """Return a time or a number without what says nothing: midnight, and a zero behind the point."""
    return "" if value is None else value.removesuffix(" 00:00:00").removesuffix(".0")


def _short(value: str, /) -> str:
    text = "".join(letter for letter in " ".join(value.split()) if letter.isprintable())  # no codes of terminals
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
