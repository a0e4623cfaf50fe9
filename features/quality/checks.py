"""The contract, enforced: every fault of every table in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import BatonError, CompanyFileError, OutputError
from baton.filled_in import with_names
from baton.messages.message import Message
from features.ingest.intake import ROW, Intake, TypedTable, opened
from features.ingest.kpi_names import with_kpi_names
from features.ingest.merged_ids import with_merged_ids
from features.ingest.sources import explained
from features.ingest.sql_text import quoted
from features.kpis.on_scale import scale_notes
from features.quality.digit_codes import code_notes
from features.quality.faults import CheckReport, Fault, Severity, Treatment, treatments
from features.quality.id_spaces import alike
from features.quality.inclusive_ends import with_whole_days
from features.quality.keys import between_rows, between_tables
from features.quality.kpi_coverage import Coverage, coverage, coverage_notes
from features.quality.kpi_dry_run import kpi_faults
from features.quality.log_rules import log_rules
from features.quality.observation.horizon import TableTimes, horizon, measured
from features.quality.other_currency import currency_faults
from features.quality.percent_shares import share_rules, with_shares
from features.quality.repeats.histories import history_notes
from features.quality.row_rules import TIMES_READ, Rule, parse_rules, row_is_in, row_rules
from features.quality.scales import Agreed, Scales, scales
from features.quality.tables import column_faults, left_out, row_count_faults, uneven_ends
from features.quality.time_order import rating_notes, time_order
from features.quality.two_clocks import two_clocks

__all__ = ["Examination", "check", "damage", "examine"]

_SHOWN_ROWS = 3
_LONGEST_VALUE = 40
_REPEATED = ("duplicate_row", "older_state")  # a year of monthly exports holds most rows twelve times
_ENOUGH_ROWS = 20
_MAX_UNREAD_TIMES = 0.1  # of a column's values; with more, a way of writing dates is unknown and no slip of the pen
_MAX_ORPHANS = 0.5  # of a column's ids; beyond it the two tables are about different things


@dataclass(frozen=True)
class Examination:
    """What was found, and what staging has to act on.

    Parameters
    ----------
    acted : mapping of str to list of (Rule, treatment)
        Per table, the rules that found rows.
    ends : mapping of str to datetime
        Per table: the last moment up to which it is complete.
    scales : mapping of str to mapping of str to (low, high) or None
        Per table and column of ratings; None: its scale is not known.
    due : datetime, optional
        The first time in the tables that only the clock keeps out: from then on they say something else.
    """

    report: CheckReport
    acted: Mapping[str, list[tuple[Rule, Treatment]]]
    ends: Mapping[str, datetime]
    scales: Agreed = field(default_factory=dict)
    due: datetime | None = None


def check(company: Company, catalogue: Catalogue, /, *, now: datetime | None = None) -> CheckReport:
    """Check a company's sources against the contract; nothing is written.

    Parameters
    ----------
    now : datetime, optional
        UTC without zone: what lies after it has not happened. None: the clock.

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
        return examine(intake, catalogue, now=now).report


def examine(
    intake: Intake, catalogue: Catalogue, agreed: Agreed | None = None, /, *, now: datetime | None = None
) -> Examination:
    """Bring every table in and check it; ``now`` as for ``check``.

    ``agreed`` are the scales that models in use were trained on.
    """
    now = datetime.now(UTC).replace(tzinfo=None) if now is None else now
    company = intake.company
    intake.agreed = agreed or {}
    chosen = treatments(company.faults)
    notes: list[Message] = []
    faults = [*_brought(intake, notes), *_with_known_names(intake, catalogue, notes)]
    acted: dict[str, list[tuple[Rule, Treatment]]] = {name: [] for name in company.tables}
    faults += row_count_faults(
        intake.tables,
        company.tables,
        chosen["empty_table"],
        inactive=company.outcomes.churn is not None and not _leaving_is_dated(company),
    )
    kpis: dict[str, Coverage] = {}
    ratings: dict[str, Mapping[str, tuple[float, float] | None]] = {}
    times: dict[str, TableTimes] = {}
    for name, table in list(intake.tables.items()):
        try:
            faults += [
                *column_faults(table, chosen["misspelt_column"]),
                *currency_faults(intake, table, chosen["other_currency"]),
            ]
            scaled = scales(intake, table)
            found = _row_faults(intake, table, catalogue, chosen, scaled)
            faults += _kpis(intake, table, catalogue, chosen["kpi_fails"], kpis)
            seen = measured(intake, table, now)
        except Exception as error:
            faults.append(_unreadable(company, name, damage(error, company, name)))
            del intake.tables[name]
            continue
        ratings[name] = scaled.ratings
        notes += [
            *scaled.notes,
            *scale_notes(catalogue, name, scaled.ratings),
            *rating_notes(intake, table),
            *code_notes(intake, table),
        ]
        notes += [*coverage_notes(name, table.rows, kpis[name]), *history_notes(intake, table)]
        faults += [fault for _, fault in found]
        # what stands for no date is gone from the typed table already
        acted[name].extend(
            (rule, fault.treatment) for rule, fault in found if not rule.is_explicit or fault.treatment == "drop"
        )
        times[name] = seen
    found_ends = horizon(times, leaving_is_dated=_leaving_is_dated(company))
    for name, rules in found_ends.rules.items():
        for rule, count in _counted(intake, intake.tables[name], rules):
            fault = _fault(intake, intake.tables[name], rule, count, chosen)
            faults.append(fault)
            acted[name].append((rule, fault.treatment))
    faults += uneven_ends(found_ends.ends, found_ends.ended, chosen["ends_apart"])
    rows = {name: table.rows for name, table in intake.tables.items()}
    order = {"error": 0, "warning": 1}
    faults.sort(key=lambda fault: (not fault.stops, order[fault.severity]))
    report = CheckReport(tuple(faults), rows, left_out(intake.tables), tuple(notes), kpis)
    return Examination(report, acted, found_ends.ends, ratings, found_ends.due)


def _leaving_is_dated(company: Company, /) -> bool:
    return company.outcomes.churn is not None and company.outcomes.churn.rule == "left_at"


def _brought(intake: Intake, notes: list[Message], /) -> Iterator[Fault]:
    """Bring every table in; yield a fault for each that cannot be read."""
    for name in intake.company.tables:
        try:
            notes += intake.bring(name).notes
        except CompanyFileError:
            raise
        except BatonError as error:
            yield _unreadable(intake.company, name, error)


def _kpis(
    intake: Intake, table: TypedTable, catalogue: Catalogue, treatment: Treatment, kpis: dict[str, Coverage], /
) -> list[Fault]:
    """Return which KPIs of a table fail, and say in ``kpis``, where none does, which have values."""
    failing = list(kpi_faults(intake, table, catalogue, treatment))
    kpis[table.spec.name] = Coverage() if failing else coverage(intake, table, catalogue)
    return failing


def _with_known_names(intake: Intake, catalogue: Catalogue, notes: list[Message], /) -> Iterator[Fault]:
    """Read merged ids, KPIs and ends of periods as everything after knows them; yield what stands in the way."""
    yield from with_merged_ids(intake, notes)
    with_kpi_names(intake, catalogue, notes)
    with_whole_days(intake, notes)
    with_shares(intake, catalogue, notes)


def _unreadable(company: Company, name: str, error: BatonError, /) -> Fault:
    if isinstance(error, OutputError):
        raise error  # a full disk is no fault of the table
    what = Message.verbatim(with_names(str(error), company))
    return Fault(name, "", "unreadable_table", "error", 1, (), "stop", what)


def damage(error: Exception, company: Company, name: str, /) -> BatonError:
    """Return the fault of a file that breaks while it is read; a defect of ours is raised as it is.

    Parameters
    ----------
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
        *share_rules(intake, table, catalogue),
        *between_rows(intake, table),
        *between_tables(intake, table, catalogue.keys()),
        *log_rules(intake, table),
        *time_order(intake, table),
        *two_clocks(intake, table),
    ]
    counted = [*parse_rules(intake, table), *_counted(intake, table, rules)]
    return [(rule, _fault(intake, table, rule, count, chosen)) for rule, count in counted]


def _counted(intake: Intake, table: TypedTable, rules: list[Rule], /) -> Iterator[tuple[Rule, int]]:
    """Count single-row rules in one scan; what rules that look into other relations find is kept, one by one."""
    simple = [rule for rule in rules if not rule.looks_elsewhere]
    if simple:
        listed = ", ".join(f"count(*) FILTER ({rule.predicate})" for rule in simple)
        counts: tuple[Any, ...] = intake.rows(f"SELECT {listed} FROM {table.relation}")[0]
        yield from ((rule, count) for rule, count in zip(simple, counts, strict=True) if count)
    for rule in rules:
        if rule.relation == table.known_relation and rule.column in table.missing:
            if table.missing[rule.column]:
                yield rule, table.missing[rule.column]
        elif rule.looks_elsewhere:
            # what is found is looked at again for its first rows, and when the table is cleaned
            found = intake.keep(f"SELECT {ROW} FROM {rule.relation or table.relation} WHERE {rule.predicate}")
            count = intake.rows(f"SELECT count(*) FROM {found}")[0][0]
            if count:
                yield replace(rule, predicate=row_is_in(found)), count


def _fault(intake: Intake, table: TypedTable, rule: Rule, count: int, chosen: Mapping[str, Treatment], /) -> Fault:
    kind = "missing_value" if rule.is_missing and chosen[rule.kind] == "null" else rule.kind
    treatment, remedy = chosen[kind], rule.remedy
    given = kind in intake.company.faults
    if rule.whole_column:
        treatment = "stop" if not given else treatment
    elif (
        not given
        and (rule.is_missing or not rule.is_explicit)
        and rule.kind not in _REPEATED
        and treatment in {"null", "drop"}
        and table.rows >= _ENOUGH_ROWS
        and count > table.rows / 2
    ):
        # what hits most rows is no stray error: the column is not what it is taken for
        treatment = "stop"
        most = Message("remedy.most_rows", {"kind": kind})
        remedy = most if remedy is None else Message("remedy.several", {"remedies": (remedy, most)})
    if rule.kind == "unparseable_time" and not given and treatment != "stop" and _loses_times(table, rule, count):
        treatment = "stop"
        share = count / table.present[rule.column]
        remedy = Message("remedy.most_times", {"share": share, "read": TIMES_READ})
    if rule.kind == "orphan" and not given and _mostly_orphans(intake, table, rule, count):
        treatment, remedy = "stop", _orphan_remedy(intake, table, rule)
    severity: Severity = "error" if treatment == "stop" else "warning"
    shown = _first_rows(intake, table, rule)
    return Fault(table.spec.name, rule.column, rule.kind, severity, count, shown, treatment, rule.what, remedy)


def _loses_times(table: TypedTable, rule: Rule, count: int, /) -> bool:
    """Whether so many times of the contract cannot be read that labels and counts would lack those rows in silence."""
    present = table.present.get(rule.column, 0)
    return rule.column in table.spec.names and present >= _ENOUGH_ROWS and count > _MAX_UNREAD_TIMES * present


def _mostly_orphans(intake: Intake, table: TypedTable, rule: Rule, count: int, /) -> bool:
    """Whether more than half of the ids that a column gives are unknown: then the tables do not belong together."""
    if table.rows < _ENOUGH_ROWS:
        return False
    known = intake.rows(f"SELECT count({quoted(rule.column)}) FROM {table.relation}")[0][0]
    return count > _MAX_ORPHANS * known


def _orphan_remedy(intake: Intake, table: TypedTable, rule: Rule, /) -> Message:
    other = intake.tables[dict(table.spec.references)[rule.column]]
    why = alike(intake, table.relation, rule.column, (other.relation, other.spec.key[0]))
    return Message("remedy.most_orphans", {"why": why})


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
