"""Shares that come as percent without a sign: 72.7 for 0.727, in a column whose KPI is a share.

A share lies between 0 and 1; a few, such as occupancy, go a little beyond. A column of which nearly all values are
above 1 and half above 2 is one of percent; one that has both is refused, unless its scale is declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import literal, quoted
from features.quality.row_rules import Rule

__all__ = ["share_rules", "with_shares"]

_UNITS = frozenset({"share", "probability"})
_AGGREGATES = frozenset({"max", "mean", "median", "min", "p90"})
"""Those whose result is on the scale of the values; the amounts of a ratio are no shares."""
_MAX_SHARE = 2.0  # beyond it nothing is a share any more; occupancy and renewals by value may pass 1
_TOP = 100.0
_NEARLY_ALL = 0.95
_MAX_STRAY = 0.05  # so few values above the top of shares are single slips …
_MIN_FOR_STRAY = 20  # … among at least so many


@dataclass(frozen=True)
class _Shares:
    """The values behind one KPI: a column's, of ``measures`` those of its rows.

    Parameters
    ----------
    name : str
        In the company file's ``scales``: the column, of ``measures`` the KPI.
    column, where : str
        The column, and SQL that is true of its rows.
    values, above, far, beyond : int
        Values other than 0; of them, those above 1, above 2 and above 100.
    declared : (low, high) or None
    """

    name: str
    column: str
    where: str
    values: int
    above: int
    far: int
    beyond: int
    declared: tuple[float, float] | None

    @property
    def is_percent(self) -> bool:
        """Whether all of them are percent."""
        if self.declared is not None:
            return self.declared[1] == _TOP
        mostly = self.above >= _NEARLY_ALL * self.values and 2 * self.far > self.values
        return bool(self.far) and mostly and not self.beyond

    @property
    def is_stray(self) -> bool:
        """Whether a few values are none of the shares that the others are."""
        if self.declared is not None:  # a column's own scale is checked with all others
            return self.declared[1] <= 1 and self.above > 0 and self.name != self.column
        return 0 < self.far <= _MAX_STRAY * self.values and self.values >= _MIN_FOR_STRAY

    @property
    def is_mixed(self) -> bool:
        """Whether it is ambiguous which values are percent and which shares."""
        return self.declared is None and self.far > 0 and not self.is_percent and not self.is_stray


def with_shares(intake: Intake, catalogue: Catalogue, notes: list[Message], /) -> None:
    """Read columns of percent as the shares that their KPIs are; each is noted."""
    for name, table in list(intake.tables.items()):
        found = [shares for shares in _found(intake, table, catalogue) if shares.is_percent]
        if not found:
            continue
        intake.tables[name] = _divided(intake, table, found)
        for shares in found:
            place: Message | str = f"{name}.{shares.column}"
            if shares.name != shares.column:
                place = Message("note.of_kpi", {"place": place, "kpi": shares.name})
            setting = f"tables.{name}.scales = {{ {shares.name} = [0, 1] }}"
            values = {"place": place, "above": shares.above, "total": shares.values, "setting": setting}
            notes.append(Message("note.percent", values))


def share_rules(intake: Intake, table: TypedTable, catalogue: Catalogue, /) -> Iterator[Rule]:
    """Yield rules for values that are neither shares nor, all of them, percent."""
    for shares in _found(intake, table, catalogue):
        name, far, values = shares.name, shares.far, shares.values
        column, place = quoted(shares.column), f"tables.{table.spec.name}.scales = {{ {shares.name} = [0, 100] }}"
        required = shares.column in table.spec.required
        if shares.is_mixed:
            yield Rule(
                "percent_or_share",
                shares.column,
                f"{shares.where} AND {column} IS NOT NULL",
                Message("fault.mixed_shares", {"far": far, "total": values, "name": name}),
                (shares.column,),
                (shares.column,),
                Message("remedy.mixed_shares", {"setting": place}),
                whole_column=True,
                is_missing=required,
            )
        elif shares.is_stray:
            top = 1.0 if shares.declared is not None else _MAX_SHARE
            yield Rule(
                "off_scale",
                shares.column,
                f"{shares.where} AND abs({column}) > {top!r}",
                Message("fault.stray_share", {"top": top, "name": shares.name}),
                (shares.column,),
                (shares.column,),
                is_missing=required,
            )


def _found(intake: Intake, table: TypedTable, catalogue: Catalogue, /) -> list[_Shares]:
    """Count the values behind each KPI of a table that is a share, in one scan."""
    scales = intake.company.tables[table.spec.name].scales
    asked = _asked(intake, table, catalogue)
    if not asked or not table.rows:
        return []
    listed = []
    for column, where in asked.values():
        size = f"abs({quoted(column)}::DOUBLE)"
        listed += [
            f"count(*) FILTER ({where} AND {size} > {low!r} AND isfinite({size}))"
            for low in (0.0, 1.0, _MAX_SHARE, _TOP)
        ]
    counts = intake.rows(f"SELECT {', '.join(listed)} FROM {table.unnumbered}")[0]
    return [
        _Shares(name, column, where, *counts[4 * at : 4 * at + 4], declared=scales.get(name))
        for at, (name, (column, where)) in enumerate(asked.items())
    ]


def _asked(intake: Intake, table: TypedTable, catalogue: Catalogue, /) -> dict[str, tuple[str, str]]:
    """Return, per name in ``scales``, the column and the rows of KPIs that are shares as they stand in the table."""
    shares = {kpi.id: kpi for kpi in catalogue.values() if kpi.unit in _UNITS and kpi.aggregate in _AGGREGATES}
    if table.spec.name == "measures":
        if not {"kpi", "value"} <= set(table.plans) or table.plans["value"].doubt:
            return {}
        there = [row[0] for row in intake.rows(f"SELECT DISTINCT kpi FROM {table.unnumbered} WHERE kpi IS NOT NULL")]
        return {name: ("value", f"kpi = {literal(name)}") for name in sorted(there) if name in shares}
    columns = [_column(str(kpi.expr)) for kpi in shares.values() if kpi.source == table.spec.name and kpi.expr]
    return {
        column: (column, "TRUE")
        for column in dict.fromkeys(columns)
        if column is not None
        and column in table.plans
        and table.plans[column].type == "number"
        and not table.plans[column].doubt
    }


def _column(expression: str, /) -> str | None:
    """Return the column that an expression is, blanks, brackets and a default aside."""
    from sqlglot import exp, parse_one

    node = parse_one(expression, dialect="duckdb").unnest()
    while isinstance(node, exp.Coalesce | exp.Cast | exp.TryCast | exp.Paren):
        node = node.this
    return node.name if isinstance(node, exp.Column) else None


def _divided(intake: Intake, table: TypedTable, found: list[_Shares], /) -> TypedTable:
    conditions: Mapping[str, list[str]] = {shares.column: [] for shares in found}
    for shares in found:
        conditions[shares.column].append(shares.where)
    parts = (
        f"CASE WHEN {' OR '.join(tests)} THEN {quoted(column)} / 100 ELSE {quoted(column)} END AS {quoted(column)}"
        for column, tests in conditions.items()
    )
    every, relation = f"* REPLACE ({', '.join(parts)})", f"shares_{table.relation}"
    intake.connection.execute(f"CREATE VIEW {relation} AS SELECT {every} FROM {table.relation}")
    intake.connection.execute(f"CREATE VIEW unnumbered_{relation} AS SELECT {every} FROM {table.unnumbered}")
    return replace(table, relation=relation)
