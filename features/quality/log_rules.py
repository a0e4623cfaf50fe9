"""What can be wrong with an event log: steps outside their case's time, completes before starts, ties, repeats."""

from __future__ import annotations

from collections.abc import Iterator

from baton.messages.message import Message
from features.ingest.intake import ROW, Intake, TypedTable
from features.ingest.sql_text import literal
from features.process.marks import PASSED_OVER, mark_sql, word_sql
from features.process.pairing import timed_columns
from features.quality.row_rules import Rule, row_is_in

__all__ = ["log_rules"]

_MAX_MARKS = 8
_SHOWN = ("case_id", "at", "activity")


def log_rules(intake: Intake, table: TypedTable, /) -> Iterator[Rule]:
    """Yield the rules of ``case_steps``.

    Parameters
    ----------
    table : TypedTable
        Any other table has none.
    """
    if table.spec.name != "case_steps" or not set(table.spec.required) <= set(table.plans):
        return
    yield from _outside(intake, table)
    yield Rule(
        "step_tie",
        "at",
        '(case_id, "at") IN (SELECT (case_id, "at") FROM '
        f'{table.relation} GROUP BY case_id, "at" HAVING min(activity) <> max(activity))',
        Message("fault.step_tie"),
        shown=_SHOWN,
    )
    if "lifecycle" in table.plans:
        yield _reversed(table)
        yield from _unknown_marks(intake, table)
    begins, ends = timed_columns("started_at" in table.plans, "ended_at" in table.plans)
    if {"started_at", "ended_at"} & set(table.plans):
        yield Rule(
            "step_reversed",
            "ended_at" if "ended_at" in table.plans else "started_at",
            f"({ends}) < ({begins})",
            Message("fault.step_ends_first"),
            shown=(*_SHOWN, *(name for name in ("started_at", "ended_at") if name in table.plans)),
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
        Message("fault.step_before_case"),
        shown=_SHOWN,
    )
    if "closed_at" in cases.plans:
        yield Rule(
            "step_outside_case",
            "at",
            row_is_in(f"{found} > c.closed_at AND c.closed_at >= c.opened_at)"),
            Message("fault.step_after_case"),
            shown=_SHOWN,
        )


def _unknown_marks(intake: Intake, table: TypedTable, /) -> Iterator[Rule]:
    others = ", ".join(literal(word) for word in PASSED_OVER)
    unknown = f"{mark_sql('lifecycle')} = 'other' AND {word_sql('lifecycle')} NOT IN ({others})"
    words = intake.rows(f"SELECT DISTINCT lifecycle::VARCHAR FROM {table.relation} WHERE {unknown} ORDER BY 1")
    # more words than that are no marks but another column's values, which may be people's
    few = len(words) <= _MAX_MARKS
    named = tuple(repr(word[0]) for word in words) if few else Message("remedy.many_marks", {"n": len(words)})
    yield Rule(
        "unknown_mark",
        "lifecycle",
        f"coalesce({unknown}, FALSE)",
        Message("fault.unknown_mark"),
        shown=(*_SHOWN, "lifecycle"),
        remedy=Message("remedy.known_marks", {"words": named, "examples": ("开始", "完成")}),
    )


def _reversed(table: TypedTable, /) -> Rule:
    """A complete without a start before it, whose start follows."""
    return Rule(
        "step_reversed",
        "at",
        row_is_in(
            f"(SELECT {ROW} FROM (SELECT {ROW}, life, lag(life) OVER same AS before, lead(life) OVER same AS after_1, "
            "lead(life, 2) OVER same AS after_2 FROM ("
            f'SELECT {ROW}, case_id, activity, "at", {mark_sql("lifecycle")} AS life FROM {table.relation} '
            "WHERE lifecycle IS NOT NULL) "
            f"""WINDOW same AS (PARTITION BY case_id, activity ORDER BY "at", (life = 'complete')::INTEGER, {ROW})) """
            "WHERE life = 'complete' AND coalesce(before, '') <> 'start' AND after_1 = 'start' "
            "AND coalesce(after_2, '') <> 'complete')"
        ),
        Message("fault.step_complete_first"),
        shown=_SHOWN,
    )
