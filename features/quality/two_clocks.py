"""Steps and cases on two clocks: local times in one table, UTC in the other, so that hours of waiting are made up."""

from __future__ import annotations

from collections.abc import Iterator

from baton.messages.message import Message
from features.ingest.intake import ROW, Intake, TypedTable
from features.quality.row_rules import Rule, row_is_in

__all__ = ["two_clocks"]

_MIN_CASES_COMPARED = 20
"""Of fewer cases, what most of them do may be chance."""

_MAJORITY = 0.5
_MIN_OFFSET_MINUTES = 30
"""No two clocks of the world differ by less, and a case may be entered some minutes after its first step."""

_SAME_MINUTES = 5
"""So far apart may the middle half of the differences be, and be one difference."""


def two_clocks(intake: Intake, table: TypedTable, /) -> Iterator[Rule]:
    """Yield the rule where most cases' first step lies before their opening, or always equally long after it."""
    cases = intake.tables.get("cases")
    if table.spec.name != "case_steps" or cases is None or not cases.rows:
        return
    if not {"case_id", "at"} <= set(table.plans) or not {"case_id", "opened_at"} <= set(cases.plans):
        return
    # a day without a time of day says nothing about clocks
    begun = (
        f"SELECT s.case_id, date_diff('second', c.opened_at, s.first_at) / 60.0 AS minutes "
        f'FROM (SELECT case_id, min("at") AS first_at FROM {table.relation} GROUP BY 1) AS s '
        f"JOIN (SELECT case_id, min(opened_at) AS opened_at FROM {cases.relation} GROUP BY 1) AS c USING (case_id) "
        "WHERE c.opened_at <> date_trunc('day', c.opened_at) AND s.first_at <> date_trunc('day', s.first_at)"
    )
    of, early, low, middle, high = intake.rows(
        f"SELECT count(*), count(*) FILTER (minutes <= -{_MIN_OFFSET_MINUTES}), quantile_cont(minutes, 0.25), "
        f"median(minutes), quantile_cont(minutes, 0.75) FROM ({begun})"
    )[0]
    if of < _MIN_CASES_COMPARED:
        return
    constant = abs(middle) >= _MIN_OFFSET_MINUTES and high - low <= _SAME_MINUTES
    if early > _MAJORITY * of:
        where = f"<= -{_MIN_OFFSET_MINUTES}"
        what = Message("fault.clocks_before")
    elif constant:
        where = f">= {_MIN_OFFSET_MINUTES}"
        what = Message("fault.clocks_after")
    else:
        return
    key = "remedy.clocks_before" if middle < 0 else "remedy.clocks_after"
    remedy = Message(key, {"of": of, "hours": float(abs(middle)) / 60})
    found = row_is_in(
        f"(SELECT t.{ROW} FROM {table.relation} AS t JOIN ({begun}) AS b USING (case_id) WHERE b.minutes {where})"
    )
    yield Rule("two_clocks", "at", found, what, shown=("case_id", "at"), remedy=remedy)
