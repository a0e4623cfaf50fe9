"""Periods of one person or unit that overlap: a week and its month, or the same days exported with other bounds."""

from __future__ import annotations

from collections.abc import Iterator

from baton.messages.message import Message
from features.ingest.intake import ROW, TypedTable
from features.ingest.sql_text import quoted
from features.quality.row_rules import Rule, row_is_in

__all__ = ["overlapping_periods"]

_OWNERS = {"work": ("employee_id",), "measures": ("unit", "unit_id", "kpi")}
_TOLERANCE = "INTERVAL 1 DAY"  # a period may end with its last day, or with the first of the next


def overlapping_periods(table: TypedTable, /) -> Iterator[Rule]:
    """Yield the rule for periods that begin before an earlier one has ended; those that begin together share a key."""
    owners = _OWNERS.get(table.spec.name)
    if owners is None:
        return
    owner = ", ".join(map(quoted, owners))
    yield Rule(
        "overlapping_periods",
        "from",
        row_is_in(
            f'(SELECT {ROW}, "from", max("to") OVER (PARTITION BY {owner} ORDER BY "from" '
            "RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING) AS busy_until "
            f'FROM {table.relation} WHERE "from" < "to") WHERE "from" + {_TOLERANCE} < busy_until'
        ),
        Message("fault.overlapping_periods"),
        shown=(*owners, "from", "to"),
        remedy=Message("remedy.no_overlap"),
    )
