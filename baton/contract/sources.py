"""The contract's source tables: grain, columns, types.

Every part of Baton that touches a table reads its columns from here, so that the contract stands in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["TABLES", "ColumnSpec", "ColumnType", "TableSpec"]

ColumnType = Literal["id", "text", "time", "number", "integer", "flag"]


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a source table.

    Parameters
    ----------
    name : str
        The column's name in the contract.
    type : {"id", "text", "time", "number", "integer", "flag"}
        ``id`` columns are kept as strings whatever they come as; ``time`` is UTC without zone, microseconds.
    required : bool
        Whether the table is refused without it.
    low, high : float, optional
        The scale: values outside are faults.
    """

    name: str
    type: ColumnType
    required: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class TableSpec:
    """One source table.

    Parameters
    ----------
    name : str
        The table's name in the contract and in the company file's ``[tables]``.
    grain : str
        What one row is.
    columns : tuple of ColumnSpec
        The contract's columns; any others become attributes of their row.
    key : tuple of str
        Columns whose combination is unique; empty where repeats are allowed.
    references : tuple of (str, str)
        Pairs (column, table): the column's values should be found in that table's id.
    time : str or None
        The column by which the table's end of observation is known.
    """

    name: str
    grain: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    time: str | None = None

    def column(self, name: str, /) -> ColumnSpec | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the contract's columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which the table is refused."""
        return tuple(column.name for column in self.columns if column.required)


def _columns(text: str, /, **bounds: tuple[float | None, float | None]) -> tuple[ColumnSpec, ...]:
    """Read the notation ``name:type``, with ``!`` behind required columns; ``bounds``: what values lie between."""
    specs = []
    for word in text.split():
        column, kind = word.rstrip("!").split(":")
        low, high = bounds.get(column, (None, None))
        specs.append(ColumnSpec(column, kind, word.endswith("!"), low, high))  # type: ignore[arg-type]
    return tuple(specs)


TABLES: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        TableSpec(
            "customers",
            "a customer",
            _columns("customer_id:id! joined_at:time left_at:time kind:text segment:text value:number valid_from:time"),
            key=("customer_id",),
        ),
        TableSpec(
            "activity",
            "one thing a customer did",
            _columns("customer_id:id! at:time! kind:text amount:number item:text team_id:id"),
            references=(("customer_id", "customers"),),
            time="at",
        ),
        TableSpec(
            "cases",
            "one service case: ticket, call, delivery, repair, project",
            _columns(
                "case_id:id! opened_at:time! customer_id:id stage:text process:text team_id:id employee_id:id "
                "responded_at:time closed_at:time due_at:time rated_at:time csat:number nps:number resolved_first:flag "
                "reopened:integer transferred:integer wait_seconds:number handle_seconds:number cost:number "
                "channel:text priority:text text:text root_cause:text",
                nps=(0, 10),
                reopened=(0, None),
                transferred=(0, None),
                wait_seconds=(0, None),
                handle_seconds=(0, None),
                cost=(0, None),
            ),
            key=("case_id",),
            references=(("customer_id", "customers"), ("employee_id", "employees"), ("team_id", "teams")),
            time="opened_at",
        ),
        TableSpec(
            "case_steps",
            "one step of a case's path",
            _columns(
                "case_id:id! at:time! activity:text! team_id:id employee_id:id "
                "started_at:time ended_at:time lifecycle:text"
            ),
            references=(("case_id", "cases"),),
            time="at",
        ),
        TableSpec(
            "employees",
            "an employee",
            _columns("employee_id:id! team_id:id role:text hired_at:time left_at:time valid_from:time"),
            key=("employee_id",),
            references=(("team_id", "teams"),),
        ),
        TableSpec(
            "work",
            "an employee's period",
            _columns(
                "employee_id:id! from:time! to:time! hours:number occupancy:number overtime_hours:number "
                "training_hours:number absence_days:number coaching_sessions:number quality_score:number"
            ),
            key=("employee_id", "from"),
            references=(("employee_id", "employees"),),
            time="to",
        ),
        TableSpec(
            "measures",
            "a KPI that somebody has already computed",
            _columns("unit:text! unit_id:id! from:time! to:time! kpi:text! value:number! n:number", n=(0, None)),
            key=("unit", "unit_id", "from", "kpi"),
            time="to",
        ),
        TableSpec(
            "teams",
            "a team",
            _columns("team_id:id! name:text department:text stage:text scenario:text"),
            key=("team_id",),
        ),
        TableSpec(
            "scorecards",
            "a KPI on a team's scorecard",
            _columns("team_id:id! role:text kpi:text! weight:number! target:number valid_from:time!", weight=(0, 100)),
            key=("team_id", "role", "kpi", "valid_from"),
            references=(("team_id", "teams"),),
        ),
        TableSpec(
            "coaching_log",
            "coaching that one employee had towards one KPI",
            _columns("employee_id:id! kpi:text! started_at:time! ended_at:time action:text"),
            key=("employee_id", "kpi", "started_at"),
            references=(("employee_id", "employees"),),
        ),
        TableSpec(
            "merged_ids",
            "an id that was merged into another",
            _columns("kind:text! old_id:id! new_id:id!"),
            key=("kind", "old_id"),
        ),
        TableSpec(
            "snapshots",
            "a ready-made training row",
            _columns("customer_id:id! as_of:time churned:flag outcome:number"),
            key=("customer_id", "as_of"),
        ),
    )
}
