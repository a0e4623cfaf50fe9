"""Ask at the terminal for what a new KPI still lacks, with the arrow keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from baton.errors import BatonError
from baton.messages.message import Message, render
from baton.messages.numbers import Language
from pipelines.kpis.adding import KpiBench
from pipelines.kpis.conditions import TableColumn, column_of, condition_sql
from pipelines.kpis.request import GRAINS, KpiRequest

__all__ = ["ask_for", "confirmed"]

_AGGREGATES: Mapping[str, str] = {
    "share": "kpi_ask.share",
    "mean": "kpi_ask.mean",
    "median": "kpi_ask.median",
    "percentile": "kpi_ask.percentile",
    "sum": "kpi_ask.sum",
    "count": "kpi_ask.count",
    "distinct": "kpi_ask.distinct",
    "min": "kpi_ask.min",
    "max": "kpi_ask.max",
}
_BETTER: Mapping[str, str] = {"higher": "kpi_how.higher", "lower": "kpi_how.lower", "neither": "kpi_how.neither"}
_LEVERS: Mapping[str, str] = {"person": "kpi_ask.person", "team": "kpi_ask.team", "none": "kpi_ask.none"}
_OF_TIMES = ("mean", "median", "percentile", "sum", "min", "max")


def ask_for(bench: KpiBench, request: KpiRequest, language: Language, /, **how: Any) -> KpiRequest:
    """Return a request with what was still missing.

    Parameters
    ----------
    bench : KpiBench
        Whose tables, columns and values can be chosen.
    request : KpiRequest
        What is known already; empty parts are asked for.
    language : {"en", "zh"}
        Of the questions.
    **how
        Passed to questionary (``input`` and ``output`` in tests).

    Raises
    ------
    KeyboardInterrupt
        If the user stopped.
    """
    questions = _Questions(language, how)
    if not request.table:
        request = replace(request, table=questions.select("kpi_ask.table", {name: name for name in bench.tables}))
    columns = bench.columns(request.table)
    if not request.aggregate:
        chosen = questions.select_worded("kpi_ask.aggregate", _AGGREGATES)
        request = replace(request, aggregate=chosen)
    request = _with_column(request, columns, questions)
    if not request.where:
        check = partial(condition_sql, columns=columns, table=request.table)
        request = replace(request, where=questions.text(Message("kpi_ask.where"), check=check))
    if not (request.name or request.name_zh):
        name = questions.text(Message("kpi_ask.name"), needed=True)
        request = replace(request, **{"name" if name.isascii() else "name_zh": name})
    if not request.better:
        request = replace(request, better=questions.select_worded("kpi_ask.better", _BETTER))
    if not request.lever:
        grains = GRAINS[request.table]
        fitting = [name for name, grain in (("person", "employee"), ("team", "team")) if grain in grains]
        levers = {name: _LEVERS[name] for name in (*fitting, "none")}
        request = replace(
            request, lever="none" if len(levers) == 1 else questions.select_worded("kpi_ask.lever", levers)
        )
    return request


def confirmed(place: str, language: Language, /, **how: Any) -> bool:
    """Ask whether the KPI is to be written."""
    import questionary

    question = render(Message("kpi_ask.confirm", {"place": place}), language)
    return bool(questionary.confirm(question, default=False, **how).unsafe_ask())


def _with_column(request: KpiRequest, columns: Mapping[str, TableColumn], questions: _Questions, /) -> KpiRequest:
    if not request.column:
        shown = {_described(column): name for name, column in columns.items()}
        if request.aggregate == "count":
            shown = {questions.say(Message("kpi_ask.every_row")): "", **shown}
        request = replace(request, column=questions.select("kpi_ask.column", shown))
    if not request.column:
        return request
    column = column_of(request.column, columns, request.table)
    if column.kind == "time" and request.aggregate in _OF_TIMES and not request.since:
        times = {name: name for name, other in columns.items() if other.kind == "time" and name != column.name}
        if times:
            question = Message("kpi_ask.since", {"column": column.name})
            request = replace(request, since=questions.select(question, times))
    if request.aggregate == "share" and column.kind != "flag" and not request.hit:
        question = Message("kpi_ask.hit", {"column": column.name})
        if column.values:
            hit = f"= {questions.select(question, {value: value for value in column.values})}"
        else:
            check = partial(condition_sql, columns=columns, table=request.table, column=column.name)
            hit = questions.text(question, needed=True, check=check)
        request = replace(request, hit=hit)
    return request


def _described(column: TableColumn, /) -> str:
    examples = ", ".join(column.values[:3])
    return f"{column.name}   ({examples[:50] or column.kind})"


class _Questions:
    """Questions in one language."""

    def __init__(self, language: Language, how: dict[str, Any], /) -> None:
        self.language: Language = language
        self.how = how

    def say(self, message: Message, /) -> str:
        return render(message, self.language)

    def select(self, question: str | Message, choices: Mapping[str, str], /) -> str:
        """Ask for one of the choices: what is shown, and what it stands for."""
        import questionary

        asked = self.say(Message(question) if isinstance(question, str) else question)
        listed = [questionary.Choice(shown, value) for shown, value in choices.items()]
        found = questionary.select(asked, choices=listed, use_jk_keys=False, use_search_filter=True, **self.how)
        return str(found.unsafe_ask())

    def select_worded(self, question: str, keys: Mapping[str, str], /) -> str:
        """Ask for one of several values, each shown by its message."""
        return self.select(question, {self.say(Message(key)): value for value, key in keys.items()})

    def text(self, question: Message, /, *, needed: bool = False, check: Callable[[str], object] | None = None) -> str:
        """Ask for a text; what ``check`` refuses is said beside it, and asked again."""
        import questionary

        def fits(given: str) -> bool | str:
            if not given.strip():
                return not needed
            try:
                if check is not None:
                    check(given)
            except BatonError as error:
                return str(error)
            return True

        return str(questionary.text(self.say(question), validate=fits, **self.how).unsafe_ask()).strip()
