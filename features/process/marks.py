"""The words of event logs: columns as XES and process-mining tools call them, and marks of a step's life."""

from __future__ import annotations

from dataclasses import replace

from baton.contract.sources import TableSpec
from features.ingest.sql_text import literal
from features.ingest.values.casting import CastPlan

__all__ = ["MARKS", "PASSED_OVER", "mark_sql", "with_log_columns", "word_sql"]

MARKS: dict[str, tuple[str, ...]] = {
    "start": (
        "start", "started", "starting", "begin", "began", "begun", "beginning", "开始", "開始", "启动", "啟動", "开工",
    ),
    "complete": (
        "complete", "completed", "completion", "end", "ended", "ending", "finish", "finished", "done", "完成", "结束",
        "結束", "完结", "完結", "完工",
    ),
    "suspend": ("suspend", "suspended", "pause", "paused", "on hold", "hold", "暂停", "暫停", "挂起", "掛起"),
    "resume": ("resume", "resumed", "continue", "continued", "unpause", "恢复", "恢復", "继续", "繼續"),
}  # fmt: skip
"""What the words of ``case_steps.lifecycle`` mean."""

PASSED_OVER = (
    "schedule", "scheduled", "assign", "assigned", "reassign", "reassigned", "withdraw", "withdrawn", "autoskip",
    "manualskip", "skip", "skipped", "ate abort", "pi abort", "abort", "aborted", "cancel", "cancelled", "unknown",
    "inprogress", "in progress", "new", "ready",
)  # fmt: skip
"""Words of XES that say neither start nor end: such rows are no steps of their own."""

_COLUMNS: dict[str, tuple[str, ...]] = {
    # contract column, and what others call it, the surest first
    "case_id": ("case:concept:name", "case:id", "case id", "caseid"),
    "activity": ("concept:name", "event:concept:name"),
    "at": ("time:timestamp", "timestamp", "time", "event_time", "时间"),
    "lifecycle": ("lifecycle:transition", "transition", "event_type", "eventtype"),
    "team_id": ("org:group",),
    "employee_id": ("org:resource",),
    "started_at": (
        "start_timestamp", "start_time", "starttime", "start", "start_at", "time_start", "begin_time", "began_at",
        "begin", "开始时间", "開始時間",
    ),
    "ended_at": (
        "end_timestamp", "end_time", "endtime", "end", "end_at", "time_end", "completed_at", "complete_time",
        "complete_timestamp", "completion_time", "finished_at", "finish_time", "结束时间", "結束時間", "完成时间",
    ),
}  # fmt: skip


def with_log_columns(spec: TableSpec, plans: dict[str, CastPlan], /) -> dict[str, CastPlan]:
    """Read an event log's columns by the names that XES and process-mining tools give them.

    Where no column says ``at``, the start says it, and where that is not there, the end.

    Parameters
    ----------
    spec : TableSpec
        Plans of other tables than ``case_steps`` are returned as they are.
    plans : dict of str to CastPlan
        By name; a column of the contract that is there keeps its meaning.
    """
    if spec.name != "case_steps":
        return plans
    taken: dict[str, str] = {}
    by_name = {name.lower(): name for name in plans if name not in spec.names}
    for column, others in _COLUMNS.items():
        alias = next((by_name[other] for other in others if other in by_name), None)
        if column not in plans and alias is not None:
            taken[alias] = column
    found = {}
    for name, plan in plans.items():
        column = taken.get(name, name)
        known = spec.column(column)
        found[column] = plan if known is None else replace(plan, column=column, type=known.type)
    if "at" not in found:
        for name in ("started_at", "ended_at"):
            if name in found:
                found["at"] = replace(found[name], column="at")
                break
    return found


def word_sql(column: str, /) -> str:
    """Return SQL of a mark's word as the lists above spell it."""
    return rf"regexp_replace(lower(trim({column}::VARCHAR)), '[\s_-]+', ' ', 'g')"


def mark_sql(column: str, /) -> str:
    """Return SQL of what a mark means: start, complete, suspend, resume, ``other``, or null where there is none."""
    word = word_sql(column)
    cases = " ".join(
        f"WHEN {word} IN ({', '.join(map(literal, words))}) THEN '{mark}'" for mark, words in MARKS.items()
    )
    return f"CASE {cases} WHEN {column} IS NOT NULL AND {word} <> '' THEN 'other' END"
