"""The contract, enforced: every fault of every table in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import BatonError, CompanyFileError
from features.faults import CheckReport, Fault, Severity, Treatment, treatments
from features.ingest.merged_ids import with_merged_ids
from features.intake import ROW, Intake, TypedTable, opened
from features.kpi_trials import kpi_faults
from features.kpis.on_scale import scale_notes
from features.log_rules import log_rules
from features.quality.id_spaces import alike_hint
from features.quality.kpi_coverage import Coverage, coverage, coverage_notes
from features.relations import between_rows, between_tables
from features.rules import Rule, parse_rules, row_rules
from features.scales import Agreed, Scales, scales
from features.sources import explained
from features.sql_text import quoted
from features.structure import apart, column_faults, left_out, row_count_faults

__all__ = ["Examination", "check", "damage", "examine"]

_SHOWN_ROWS = 3
_LONGEST_VALUE = 40
_REPEATED = ("duplicate_row", "older_state")  # a year of monthly exports holds most rows twelve times
_ENOUGH_ROWS = 20
_MAX_ORPHANS = 0.5  # of a column's ids; beyond it the two tables speak of different things


@dataclass(frozen=True)
class Examination:
    """What was found, and what staging has to act on.

    Parameters
    ----------
    report : CheckReport
    acted : mapping of str to list of (Rule, treatment)
        Per table, the rules that found rows.
    ends : mapping of str to datetime
        Per table: the last moment up to which it is complete.
    scales : mapping of str to mapping of str to (low, high) or None
        Per table and column of ratings; None: its scale is not known.
    """

    report: CheckReport
    acted: Mapping[str, list[tuple[Rule, Treatment]]]
    ends: Mapping[str, datetime]
    scales: Agreed = field(default_factory=dict)


def check(company: Company, catalogue: Catalogue, /) -> CheckReport:
    """Check a company's sources against the contract; nothing is written.

    Parameters
    ----------
    company : Company
    catalogue : Catalogue

    Returns
    -------
    CheckReport
        Every fault, with table, column, count, first rows and treatment; those that stop first.

    Raises
    ------
    CompanyFileError
        If ``[faults]`` names an unknown kind or a treatment that it cannot have.
    """
    with opened(company) as intake:
        return examine(intake, catalogue).report


def examine(intake: Intake, catalogue: Catalogue, agreed: Agreed | None = None, /) -> Examination:
    """Bring every table in and check it; ``agreed`` are the scales that models in use were trained on."""
    company = intake.company
    intake.agreed = agreed or {}
    chosen = treatments(company.faults)
    faults: list[Fault] = []
    acted: dict[str, list[tuple[Rule, Treatment]]] = {name: [] for name in company.tables}
    notes: list[str] = []
    for name in company.tables:
        try:
            notes += intake.bring(name).notes
        except CompanyFileError:
            raise
        except BatonError as error:
            faults.append(_unreadable(name, error))
    faults += with_merged_ids(intake, notes)
    faults += row_count_faults(
        intake.tables,
        company.tables,
        chosen["empty_table"],
        inactive=company.outcomes.churn is not None and company.outcomes.churn.rule == "inactive",
    )
    ends: dict[str, datetime] = {}
    kpis: dict[str, Coverage] = {}
    ratings: dict[str, Mapping[str, tuple[float, float] | None]] = {}
    for name, table in list(intake.tables.items()):
        try:
            faults += column_faults(table, chosen["misspelt_column"])
            scaled = scales(intake, table)
            found = _row_faults(intake, table, catalogue, chosen, scaled)
            faults += _kpis(intake, table, catalogue, chosen["kpi_fails"], kpis)
            end = _end(intake, table)
        except Exception as error:
            faults.append(_unreadable(name, damage(error, company, name)))
            del intake.tables[name]
            continue
        ratings[name] = scaled.ratings
        notes += [*scaled.notes, *scale_notes(catalogue, name, scaled.ratings)]
        notes += [*coverage_notes(name, table.rows, kpis[name])]
        faults += [fault for _, fault in found]
        acted[name] += [(rule, fault.treatment) for rule, fault in found]
        if end is not None:
            ends[name] = end
    faults += apart({name: end for name, end in ends.items() if name != "customers"}, chosen["ends_apart"])
    rows = {name: table.rows for name, table in intake.tables.items()}
    order = {"error": 0, "warning": 1}
    faults.sort(key=lambda fault: (not fault.stops, order[fault.severity]))
    return Examination(
        CheckReport(tuple(faults), rows, left_out(intake.tables), tuple(notes), kpis), acted, ends, ratings
    )


def _kpis(
    intake: Intake, table: TypedTable, catalogue: Catalogue, treatment: Treatment, kpis: dict[str, Coverage], /
) -> list[Fault]:
    """Return which KPIs of a table fail, and say in ``kpis``, where none does, which have values."""
    failing = list(kpi_faults(intake, table, catalogue, treatment))
    kpis[table.spec.name] = Coverage() if failing else coverage(intake, table, catalogue)
    return failing


def _unreadable(name: str, error: BatonError, /) -> Fault:
    return Fault(name, "", "unreadable_table", "error", 1, (), "stop", str(error))


def damage(error: Exception, company: Company, name: str, /) -> BatonError:
    """Return the fault of a file that breaks while it is read; a defect of ours is raised as it is.

    Parameters
    ----------
    error : Exception
    company : Company
    name : str
        The table that was being read.
    """
    import duckdb

    ours = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.InternalException)
    if isinstance(error, duckdb.Error) and not isinstance(error, ours):
        return explained(error, company, name)
    raise error


def _row_faults(
    intake: Intake, table: TypedTable, catalogue: Catalogue, chosen: Mapping[str, Treatment], scaled: Scales, /
) -> list[tuple[Rule, Fault]]:
    rules = [
        *row_rules(table, scaled.bounds),
        *scaled.rules,
        *between_rows(intake, table),
        *between_tables(intake, table, catalogue.keys()),
        *log_rules(intake, table),
    ]
    counted = [*parse_rules(intake, table), *_counted(intake, table, rules)]
    return [(rule, _fault(intake, table, rule, count, chosen)) for rule, count in counted]


def _counted(intake: Intake, table: TypedTable, rules: list[Rule], /) -> Iterator[tuple[Rule, int]]:
    """Count single-row rules in one scan, and rules that look into other relations in one each."""
    simple = [rule for rule in rules if not rule.looks_elsewhere]
    if simple:
        listed = ", ".join(f"count(*) FILTER ({rule.predicate})" for rule in simple)
        counts: tuple[Any, ...] = intake.rows(f"SELECT {listed} FROM {table.relation}")[0]
        yield from ((rule, count) for rule, count in zip(simple, counts, strict=True) if count)
    for rule in rules:
        if rule.looks_elsewhere:
            relation = rule.relation or table.relation
            if ROW not in rule.predicate:
                relation = f"unnumbered_{relation}"
            count = intake.rows(f"SELECT count(*) FROM {relation} WHERE {rule.predicate}")[0][0]
            if count:
                yield rule, count


def _fault(intake: Intake, table: TypedTable, rule: Rule, count: int, chosen: Mapping[str, Treatment], /) -> Fault:
    treatment, hint = chosen[rule.kind], rule.hint
    given = rule.kind in intake.company.faults
    if rule.whole_column:
        treatment = "stop" if not given else treatment
    elif (
        not given
        and rule.kind not in _REPEATED
        and treatment in {"null", "drop"}
        and table.rows >= _ENOUGH_ROWS
        and count > table.rows / 2
    ):
        # what hits most rows is no stray error: the column is not what it is taken for
        treatment = "stop"
        most = f"that is most rows: check the column, or say faults.{rule.kind} in the company file"
        hint = f"{hint}; {most}" if hint else most
    if rule.kind == "orphan" and not given and _most_orphans(intake, table, rule, count):
        treatment, hint = "stop", _orphan_hint(intake, table, rule)
    severity: Severity = "error" if treatment == "stop" else "warning"
    shown = _first_rows(intake, table, rule)
    return Fault(table.spec.name, rule.column, rule.kind, severity, count, shown, treatment, rule.message, hint)


def _most_orphans(intake: Intake, table: TypedTable, rule: Rule, count: int, /) -> bool:
    """Whether more than half of the ids that a column gives are unknown: then the tables do not belong together."""
    if table.rows < _ENOUGH_ROWS:
        return False
    known = intake.rows(f"SELECT count({quoted(rule.column)}) FROM {table.relation}")[0][0]
    return count > _MAX_ORPHANS * known


def _orphan_hint(intake: Intake, table: TypedTable, rule: Rule, /) -> str:
    other = intake.tables[dict(table.spec.references)[rule.column]]
    told = alike_hint(intake, table.relation, rule.column, (other.relation, other.spec.key[0]))
    return f"that is most of them: {told}; or say faults.orphan in the company file"


def _first_rows(intake: Intake, table: TypedTable, rule: Rule, /) -> tuple[str, ...]:
    """Return number, key and values of the first rows at fault."""
    relation = rule.relation or table.relation
    columns = list(dict.fromkeys((*(name for name in table.key if name in table.plans), *rule.shown)))
    listed = ", ".join([ROW, *(f"{quoted(name)}::VARCHAR" for name in columns)])
    found = intake.rows(f"SELECT {listed} FROM {relation} WHERE {rule.predicate} ORDER BY {ROW} LIMIT {_SHOWN_ROWS}")
    return tuple(
        f"row {row}: " + ", ".join(f"{name}={_short(value)}" for name, value in zip(columns, values, strict=True))
        for row, *values in found
    )


def _short(value: str | None, /) -> str:
    text = "nothing" if value is None else " ".join(value.split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _end(intake: Intake, table: TypedTable, /) -> datetime | None:
    """Return the moment up to which a table is complete: as the company file says, else its last time."""
    name = table.spec.name
    given = intake.company.tables[name].observed_until
    if given is not None:
        return _moment(intake, name, given)
    columns = {"customers": ("joined_at", "left_at"), "snapshots": ("as_of",)}.get(name, (table.spec.time,))
    present = [quoted(column) for column in columns if column in table.plans]
    if not present or not table.rows:
        return None
    plausible = [f"max({column}) FILTER ({column} < TIMESTAMP '2100-01-01')" for column in present]
    return intake.rows(f"SELECT greatest({', '.join(plausible)}) FROM {table.relation}")[0][0]


def _moment(intake: Intake, name: str, text: str, /) -> datetime:
    """Read ``observed_until`` in the table's time zone; a date alone means the end of that day."""
    from zoneinfo import ZoneInfo

    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise CompanyFileError(
            f"tables.{name}.observed_until: {text!r} is no date; write one like 2024-12-31"
        ) from None
    if len(text.strip()) <= len("2024-12-31"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999999)
    zone = ZoneInfo(intake.company.tables[name].timezone)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).replace(tzinfo=None)
