"""The company file that guesses become: queries with a comment per column, outcomes, and what is missing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from baton.contract.brings import lacking
from baton.messages.message import Message
from features.mapping.lines import Line, TablePlan
from features.mapping.looks import Look

__all__ = ["company_text", "missing"]

_WIDTH = 44
_LEFT_OUT_SHOWN = 40
_MIN_CLOSED = 0.2  # of the cases are closed, or the column is hardly kept and says nothing of a backlog
_CHANGES = frozenset("upgrade downgrade expansion contraction 升级 降级 增购 减购".split())
_SHORT_HISTORY_DAYS = 150  # with less than five months, monthly looks with a horizon of 90 days leave nothing to learn


def company_text(
    plans: Sequence[TablePlan],
    folders: tuple[Path, Path | None],
    name: str,
    scenario: str,
    url: str | None = None,
) -> str:
    """Return a company file.

    Parameters
    ----------
    plans : sequence of TablePlan
    folders : tuple of (Path, Path or None)
        Where it will lie, and the folder that the plans' paths are relative to; None for a database.
    name, scenario : str
        Of the company.
    url : str, optional
        The database.

    Returns
    -------
    str
        TOML.
    """
    folder, exports = folders
    base = os.path.relpath(exports, folder).replace(os.sep, "/") if exports is not None else ""
    parts = [
        "# Written by `baton init --from`: each column with what it is read from, why, and how sure that is.",
        "# Lines with `check` are guesses: look at them first. What is left out stands below, switched off by --.",
        "",
        "[company]",
        f"name = {json.dumps(name, ensure_ascii=False)}",
        f"scenario = {json.dumps(scenario)}",
        "seed = 7",
        'languages = ["en", "zh"]      # of reports; the first is shown first',
    ]
    if url is not None:
        parts += ["", "[sources]", f"exports = {json.dumps(url)}"]
    for plan in plans:
        parts += ["", *_table(plan, base)]
    parts += ["", *_settings(scenario, plans)]
    lacking = missing(plans)
    if lacking:
        parts += ["", "# What is not there, and what it would bring:", *(f"# - {line}" for line in lacking)]
    return "\n".join(parts) + "\n"


def _table(plan: TablePlan, base: str, /) -> Iterator[str]:
    yield f"[tables.{plan.table}]" + (f"           # {plan.note}" if plan.note else "")
    yield from _place(plan.look, base)
    if plan.joined:
        files = ", ".join(f"{name} = {_inline(look, base)}" for name, look in plan.joined.items())
        yield f"files = {{ {files} }}"
    yield "sql = '''"
    yield "select"
    mapped = [line for line in plan.lines if line.certainty != "left out"]
    for place, line in enumerate(mapped):
        yield _column(line, "," if place + 1 < len(mapped) else "")
    for line in [line for line in plan.lines if line.certainty == "left out"][:_LEFT_OUT_SHOWN]:
        yield f"  -- {line.sql} as {_as(line.column)}: {line.why}"
    yield plan.after if plan.look.place.get("source") is None else plan.after.replace("from raw", _from(plan.look), 1)
    yield "'''"


def _from(look: Look, /) -> str:
    return f"from {look.place['table']} as raw"


def _place(look: Look, base: str, /) -> Iterator[str]:
    for key, value in look.place.items():
        if key == "table":
            continue  # it stands in the query
        text = _joined(base, str(value)) if key == "path" else value
        yield f"{key} = {json.dumps(text, ensure_ascii=False)}"


def _inline(look: Look, base: str, /) -> str:
    pairs = {key: _joined(base, str(value)) if key == "path" else value for key, value in look.place.items()}
    if set(pairs) == {"path"}:
        return json.dumps(pairs["path"], ensure_ascii=False)
    return "{ " + ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in pairs.items()) + " }"


def _joined(base: str, path: str, /) -> str:
    return path if base in {"", "."} else f"{base}/{path}"


def _column(line: Line, comma: str, /) -> str:
    read = f"  {line.sql} as {_as(line.column)}{comma}"
    mark = "check: " if line.certainty == "likely" else "protected: " if line.certainty == "protected" else ""
    return f"{read:<{_WIDTH}} -- {mark}{line.why}"


def _as(column: str, /) -> str:
    """Return a column's name as SQL takes it: ``from`` and ``to`` are words of its own."""
    return column if column.isidentifier() and column.isascii() and column not in _SQL_WORDS else f'"{column}"'


_SQL_WORDS = frozenset("from to at group order select where table column end case when on in as by desc asc".split())


def _settings(scenario: str, plans: Sequence[TablePlan], /) -> Iterator[str]:
    have = {plan.table: {line.column for line in plan.lines if line.certainty != "left out"} for plan in plans}
    days = _history_days(plans)
    horizon = max(7, min(28, days // 5)) if days is not None and days < _SHORT_HISTORY_DAYS else None
    sections = [_snapshots(horizon), *_outcomes(have, horizon), _text(have.get("cases", set()), plans),
                _presets(scenario, plans), _privacy(plans)]  # fmt: skip
    for section in filter(None, sections):
        yield from (*section, "")


def _snapshots(horizon: int | None, /) -> list[str]:
    if horizon is None:
        return []
    return [
        "[snapshots]                   # the history is short, so looks are weekly and look less far ahead",
        'every = "1w"',
        f"windows_days = [7, {2 * horizon}]",
        f"horizon_days = {horizon}",
    ]


def _outcomes(have: Mapping[str, set[str]], horizon: int | None, /) -> Iterator[list[str]]:
    cases = have.get("cases", set())
    if "left_at" in have.get("customers", set()):
        yield ["[outcomes.churn]", 'rule = "left_at"']
    elif "activity" in have:
        yield [
            "[outcomes.churn]              # nobody says who left: whoever does nothing for so long has",
            'rule = "inactive"',
            "inactive_days = 90",
        ]
    elif "csat" in cases:
        yield ["[outcomes.case]               # nobody says who left: the rating is what KPIs should serve",
               'metric = "csat"']  # fmt: skip
    if {"csat", "team_id"} <= cases:
        ahead = [f"horizon_days = {horizon}"] if horizon is not None else []
        yield ["[[outcomes.decline]]", 'unit = "team"', 'metric = "csat"', *ahead]


def _text(cases: set[str], plans: Sequence[TablePlan], /) -> list[str]:
    if "text" not in cases:
        return []
    labels = ['labels = "root_cause"'] if "root_cause" in cases else []
    is_remark = "rated_at" in cases and _is_remark(plans)
    known = ['known_at = "rated_at"          # a remark that goes with the rating, by its name'] if is_remark else []
    return ["[text]", *labels, *known] if labels or known else []


def _privacy(plans: Sequence[TablePlan], /) -> list[str]:
    protected = [line.column for plan in plans for line in plan.lines if line.certainty == "protected"]
    cleared = [f"{plan.table}.{line.column}" for plan in plans for line in plan.lines if line.is_cleared]
    listed = [json.dumps(columns, ensure_ascii=False) for columns in (protected, cleared)]
    lines = [f"protected = {listed[0]} # for the fairness audit, and for nothing else"] if protected else []
    lines += (
        [f"cleared = {listed[1]} # called like something private, by their values nothing of it"] if cleared else []
    )
    return ["[privacy]", *lines] if lines else []


def _presets(scenario: str, plans: Sequence[TablePlan], /) -> list[str]:
    """Return the KPI presets that exports are of the kind for, beside the scenario's."""
    kinds = {
        value.strip().casefold()
        for plan in plans
        if plan.table == "activity"
        for line in plan.lines
        if line.column == "kind" and line.is_mapped and (look := plan.look_of(line)) is not None
        for value in look.values
    }
    closed = [
        look.known_share
        for plan in plans
        if plan.table == "cases" and "team_id" in plan.columns
        for line in plan.lines
        if line.column == "closed_at" and line.is_mapped and (look := plan.look_of(line)) is not None
    ]
    added = {
        "desk": ("some cases are open: a backlog", any(_MIN_CLOSED < share < 1 for share in closed)),
        "subscriptions": ("upgrades and downgrades", bool(kinds & _CHANGES)),
    }
    names = [name for name, (_, is_there) in added.items() if is_there]
    why = "; ".join(f"{name}: {added[name][0]}" for name in names)
    return ["[kpis]", f"presets = {json.dumps([scenario, *names])} # {why}"] if names else []


def _is_remark(plans: Sequence[TablePlan], /) -> bool:
    """Whether the texts of cases were written with the rating, as their column's name says."""
    sources = [line.source for plan in plans if plan.table == "cases" for line in plan.lines if line.column == "text"]
    words = ("remark", "review", "survey", "feedback", "verbatim", "评价", "反馈")
    return any(word in source.casefold() for source in sources for word in words)


def _history_days(plans: Sequence[TablePlan], /) -> int | None:
    """Return over how many days the table with events goes."""
    for table, column in (("cases", "opened_at"), ("activity", "at")):
        for plan in plans:
            source = next((line.source for line in plan.lines if line.column == column and plan.table == table), None)
            look = next((one for one in plan.look.columns if one.name == source), None)
            if look is not None and look.first is not None:
                return (look.last - look.first).days
    return None


def missing(plans: Sequence[TablePlan], /) -> list[str]:
    """Return what the exports do not hold, and what it would bring.

    Parameters
    ----------
    plans : sequence of TablePlan
    """
    have = {plan.table: {line.column for line in plan.lines if line.certainty != "left out"} for plan in plans}
    if "snapshots" in have:
        return []
    return [
        f"{each.place}: {Message(each.what).text}" + (f" ({', '.join(each.columns)})" if each.columns else "")
        for each in lacking(have)
    ]
