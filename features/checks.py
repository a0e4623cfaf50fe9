"""The contract, enforced: every fault of every table in one pass."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import SourceError
from features.faults import CheckReport, Fault, Treatment, treatments
from features.intake import Intake, TypedTable, opened
from features.rules import Rule, row_rules
from features.sources import quoted

__all__ = ["Examination", "check", "examine"]

_SHOWN_ROWS = 3


@dataclass
class Examination:
    """What was found, and what staging has to act on.

    Parameters
    ----------
    report : CheckReport
    acted : mapping of str to list of (Rule, treatment)
        Per table, the rules that found rows.
    ends : mapping of str to datetime
        Per table: the last moment up to which it is complete.
    """

    report: CheckReport
    acted: Mapping[str, list[tuple[Rule, Treatment]]] = field(default_factory=dict)
    ends: Mapping[str, datetime] = field(default_factory=dict)


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


def examine(intake: Intake, catalogue: Catalogue, /) -> Examination:
    """Bring every table in and check it."""
    company = intake.company
    chosen = treatments(company.faults)
    faults: list[Fault] = []
    acted: dict[str, list[tuple[Rule, Treatment]]] = {}
    for name in company.tables:
        try:
            intake.bring(name)
        except SourceError as error:
            faults.append(Fault(name, "", "unreadable_table", "error", 1, (), "stop", str(error)))
    for name, table in intake.tables.items():
        acted[name] = []
        faults += _columns(table)
        for rule, count in _counted(intake, table, list(row_rules(table, {}))):
            treatment = chosen[rule.kind]
            acted[name].append((rule, treatment))
            severity = "error" if treatment == "stop" else "warning"
            faults.append(
                Fault(name, rule.column, rule.kind, severity, count, (), treatment, f"{count:,} {rule.message}")
            )
    ends = {name: end for name, table in intake.tables.items() if (end := _end(intake, table)) is not None}
    rows = {name: table.rows for name, table in intake.tables.items()}
    return Examination(CheckReport(tuple(faults), rows, (), ()), acted, ends)


def _columns(table: TypedTable, /) -> list[Fault]:
    found = []
    for name in table.spec.required:
        if name not in table.plans:
            close = difflib.get_close_matches(name, table.attributes, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(table.plans)}"
            found.append(
                Fault(
                    table.spec.name,
                    name,
                    "missing_column",
                    "error",
                    1,
                    (),
                    "stop",
                    "the required column is missing",
                    hint,
                )
            )
    return found


def _counted(intake: Intake, table: TypedTable, rules: list[Rule], /) -> list[tuple[Rule, int]]:
    if not rules:
        return []
    listed = ", ".join(f"count(*) FILTER ({rule.predicate})" for rule in rules)
    counts: tuple[Any, ...] = intake.rows(f"SELECT {listed} FROM {table.relation}")[0]
    return [(rule, count) for rule, count in zip(rules, counts, strict=True) if count]


def _end(intake: Intake, table: TypedTable, /) -> datetime | None:
    if table.spec.time is None or table.spec.time not in table.plans:
        return None
    return intake.rows(f"SELECT max({quoted(table.spec.time)}) FROM {table.relation}")[0][0]
