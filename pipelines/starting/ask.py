"""Correct guesses at the terminal, with the arrow keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from baton.contract.sources import TABLES
from features.ingest.sql_text import quoted
from features.mapping.lines import Line, TablePlan

__all__ = ["ask_about"]

_DONE, _ADD, _DROP, _NONE = "All right: go on", "Map another column", "Leave this table out", "Nothing: leave it out"


def ask_about(plans: Sequence[TablePlan], /, **how: Any) -> list[TablePlan]:
    """Show each table and let the user correct what its columns are read from.

    Parameters
    ----------
    plans : sequence of TablePlan
    **how
        Passed to questionary (``input`` and ``output`` in tests).

    Returns
    -------
    list of TablePlan
        Without those that the user left out.

    Raises
    ------
    KeyboardInterrupt
        If the user stopped.
    """
    return [kept for plan in plans if (kept := _asked(plan, how)) is not None]


def _asked(plan: TablePlan, how: dict[str, Any], /) -> TablePlan | None:
    import questionary

    while True:
        lines = {_shown(line): line for line in plan.lines if _is_contract(plan, line)}
        title = f"{plan.table} from {plan.look.name}" + (f" ({plan.note})" if plan.note else "")
        answer = _select(f"{title}: which column is to be changed?", [_DONE, *lines, _ADD, _DROP], how)
        if answer == _DONE:
            return plan
        if answer == _DROP:
            return None
        if answer == _ADD:
            have = {line.column for line in plan.lines if line.is_mapped}
            free = [name for name in TABLES[plan.table].names if name not in have]
            column = _select("Which column of the contract?", free, how) if free else None
            line = Line(str(column), "", "", "sure") if column else None
        else:
            line = lines[answer]
        if line is None:
            questionary.print("Every column of the contract is mapped.")
            continue
        sources = [questionary.Choice(_described(plan, name), name) for name in _names(plan)]
        source = _select(f"What is {line.column}?", [*sources, _NONE], how)
        plan = _with(plan, line.column, None if source == _NONE else source)


def _select(question: str, choices: list[Any], how: dict[str, Any], /) -> Any:
    import questionary

    return questionary.select(question, choices=choices, use_jk_keys=False, use_search_filter=True, **how).unsafe_ask()


def _is_contract(plan: TablePlan, line: Line, /) -> bool:
    # what is made of many columns cannot be read from one
    is_of_one = not line.sql.startswith("by_kpi.")
    return is_of_one and line.is_mapped and line.column in TABLES[plan.table].names


def _shown(line: Line, /) -> str:
    mark = "?" if line.certainty == "likely" else " "
    return f"{mark} {line.column:16} <- {line.source or line.sql}   ({line.why})"


def _names(plan: TablePlan, /) -> list[str]:
    return [column.name for column in plan.look.columns]


def _described(plan: TablePlan, name: str, /) -> str:
    examples = ", ".join(list(plan.look.column(name).values)[:3])
    return f"{name}   ({examples[:50]})"


def _with(plan: TablePlan, column: str, source: str | None, /) -> TablePlan:
    """Return the plan with a column read from another of the export, or from none."""
    lines = [line for line in plan.lines if line.column != column]
    if source is not None:
        sql = f"raw.{quoted(source)}" if plan.joined else quoted(source)
        lines = [line for line in lines if not (line.source == source and line.certainty == "left out")]
        lines.append(Line(column, sql, "you said so", "sure", source))
    order = {name: place for place, name in enumerate(TABLES[plan.table].names)}
    lines.sort(key=lambda line: order.get(line.column, len(order)))
    return replace(plan, lines=tuple(lines))
