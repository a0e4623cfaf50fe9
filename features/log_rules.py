"""What can be wrong with an event log: steps outside their case's time, completes before starts, ties, repeats."""

from __future__ import annotations

from collections.abc import Iterator

from features.intake import ROW, Intake, TypedTable
from features.rules import Rule, row_is_in
from features.sql_text import quoted

__all__ = ["log_rules"]

_SHOWN = ("case_id", "at", "activity")


def log_rules(intake: Intake, table: TypedTable, /) -> Iterator[Rule]:
    """Yield the rules of ``case_steps``.

    Parameters
    ----------
    intake : Intake
    table : TypedTable
        Any other table has none.
    """
    if table.spec.name != "case_steps" or not set(table.spec.required) <= set(table.plans):
        return
    yield _repeated(table)
    yield from _outside(intake, table)
    yield Rule(
        "step_tie",
        "at",
        '(case_id, "at") IN (SELECT (case_id, "at") FROM '
        f'{table.relation} GROUP BY case_id, "at" HAVING min(activity) <> max(activity))',
        "several steps of the case have the same time; they are taken in the order of the rows",
        shown=_SHOWN,
    )
    if "lifecycle" in table.plans:
        yield _reversed(table)


def _repeated(table: TypedTable, /) -> Rule:
    whole = ", ".join(quoted(name) for name in table.columns)
    # rows are compared in full only where their hash repeats
    doubled = f"SELECT hash({whole}) FROM {table.relation} GROUP BY 1 HAVING count(*) > 1"
    return Rule(
        "duplicate_row",
        "case_id",
        row_is_in(
            f"(SELECT {ROW} FROM {table.relation} WHERE hash({whole}) IN ({doubled}) "
            f"QUALIFY row_number() OVER (PARTITION BY {whole} ORDER BY {ROW}) > 1)"
        ),
        "the row stands there before, the same in all columns",
        shown=_SHOWN,
    )


def _outside(intake: Intake, table: TypedTable, /) -> Iterator[Rule]:
    cases = intake.tables.get("cases")
    if cases is None or not {"case_id", "opened_at"} <= set(cases.plans):
        return
    found = (
        f'(SELECT s.{ROW} FROM {table.relation} AS s JOIN {cases.relation} AS c ON c.case_id = s.case_id WHERE s."at"'
    )
    yield Rule(
        "step_outside_case",
        "at",
        row_is_in(f"{found} < c.opened_at)"),
        "the step lies before its case was opened; only the time within the case counts",
        shown=_SHOWN,
    )
    if "closed_at" in cases.plans:
        yield Rule(
            "step_outside_case",
            "at",
            row_is_in(f"{found} > c.closed_at AND c.closed_at >= c.opened_at)"),
            "the step lies after its case was closed; only the time within the case counts",
            shown=_SHOWN,
        )


def _reversed(table: TypedTable, /) -> Rule:
    """A complete without a start before it, whose start follows."""
    return Rule(
        "step_reversed",
        "at",
        row_is_in(
            f"(SELECT {ROW} FROM (SELECT {ROW}, lower(trim(lifecycle::VARCHAR)) AS life, "
            "lag(lower(trim(lifecycle::VARCHAR))) OVER same AS before, "
            "lead(lower(trim(lifecycle::VARCHAR))) OVER same AS after_1, "
            "lead(lower(trim(lifecycle::VARCHAR)), 2) OVER same AS after_2 "
            f'FROM {table.relation} WINDOW same AS (PARTITION BY case_id, activity ORDER BY "at", {ROW})) '
            "WHERE life = 'complete' AND coalesce(before, '') <> 'start' AND after_1 = 'start' "
            "AND coalesce(after_2, '') <> 'complete')"
        ),
        "the step is complete before it starts; how long it was worked on is unknown",
        shown=_SHOWN,
    )
