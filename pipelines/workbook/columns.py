"""The columns of a result table as a sheet has them: names beside ids, a column per language, numbers with units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from baton.contract.results import ResultColumn, ResultTable
from baton.messages.message import Message, render
from baton.messages.numbers import Language
from baton.outcomes import WORTH
from baton.sheets.book import Column
from baton.sheets.cells import Cell, Formatted, known_number
from pipelines.workbook.names import Names
from pipelines.workbook.words import Languages, heading_of, say, words

__all__ = ["Outcomes", "Shown", "shown_columns"]

_OUTCOMES_UNIT = "the outcome's unit"
_KPIS_UNIT = "the KPI's unit"
_FORMATS = {
    "share": "0.0%",
    "probability": "0.0%",
    "share of residual variance": "0.0%",
    "points": "0.0",
    "money a year": "#,##0",
    "money a cycle": "#,##0",
    "seconds": "#,##0",
    "customers": "#,##0.0",
    "rows": "#,##0",
    "cases": "#,##0",
    "factor a month": "0.00",
    "log-odds": "0.000",
}
_OTHER = "#,##0.00"
_WHOLE = "#,##0"


@dataclass(frozen=True)
class Outcomes:
    """What effects are counted in.

    Parameters
    ----------
    chances : frozenset of str
        Outcomes that are chances, whose effects are shown as per cent.
    served : str
        The outcome that the advice serves, which tables without a column for it speak of.
    """

    chances: frozenset[str] = frozenset()
    served: str = ""


@dataclass(frozen=True)
class Shown:
    """A column of a sheet, and how its cells come from rows of the table."""

    column: Column
    cells: Callable[[pd.DataFrame], list[Cell]]


@dataclass(frozen=True)
class _Place:
    """Which column of which table is to be shown, and for whom."""

    table: str
    column: ResultColumn
    names: Names
    languages: Languages
    outcomes: Outcomes

    @property
    def _serves_others(self) -> bool:
        """Whether what is gained is no number of customers."""
        return self.outcomes.served not in ("", "churn")

    def headings(self, ending: str = "", /) -> tuple[str, ...]:
        """The heading in each language, with its unit, or with an ending such as that of ids."""
        return tuple(self.heading(language, ending) for language in self.languages)

    def heading(self, language: Language, ending: str = "", /) -> str:
        if self.column.name == "expected_effect" and self.table == "coaching" and self._serves_others:
            counted = "gain_in_money" if self.outcomes.served == WORTH else "gain_in_outcome"
            return say(f"cell.{counted}", language, currency=self.names.currency)
        heading = heading_of(self.table, self.column.name).of(language)
        if ending:
            return say(f"cell.{ending}", language, heading=heading)
        unit = words()["unit"].get(self.column.unit, {"en": "", "zh": ""})[language]
        unit = unit.format(currency=self.names.currency)
        return say("cell.heading_of_unit", language, heading=heading, unit=unit) if unit else heading


def shown_columns(
    table: ResultTable, present: Sequence[str], names: Names, languages: Languages, outcomes: Outcomes
) -> list[Shown]:
    """Return the columns of a result table's sheet.

    Parameters
    ----------
    present : sequence of str
        The columns that the run has left.
    languages : tuple of str
        The first one first.
    """
    places = [_Place(table.name, column, names, languages, outcomes) for column in table.found(present)]
    return [shown for place in places for shown in _shown(place)]


def _shown(place: _Place, /) -> list[Shown]:
    kind = heading_of(place.table, place.column.name).kind
    if kind == "nothing":
        return []
    if kind == "why":
        return _per_language(place, _why)
    if place.column.type in ("words", "list of words"):
        return _per_language(place, _joined_words if place.column.type == "list of words" else _words)
    if kind in place.names.kinds or kind == "unit_id":
        return _named(place, kind)
    return [Shown(Column(place.headings(), _format(place)), lambda frame: _cells(place, kind, frame))]


def _named(place: _Place, kind: str, /) -> list[Shown]:
    """An id's name, and beside it the id."""
    name = place.column.name
    unit = {"cause_trends": "level", "figures": "by"}.get(place.table, "unit")

    def named(frame: pd.DataFrame) -> list[Cell]:
        if kind == "unit_id":
            pairs = zip(frame[unit], frame[name], strict=True)
            return [place.names.unit(str(of), str(ident)) or None for of, ident in pairs]
        return [_text(ident) and place.names.of(kind, str(ident)) for ident in frame[name]]

    def ids(frame: pd.DataFrame) -> list[Cell]:
        return [_text(ident) for ident in frame[name]]

    return [Shown(Column(place.headings()), named), Shown(Column(place.headings("heading_of_id")), ids)]


def _per_language(place: _Place, cells: Callable[[_Place, pd.DataFrame, Language], list[Cell]], /) -> list[Shown]:
    """A column for each language."""

    def shown(language: Language) -> Shown:
        heading = place.headings()
        if len(place.languages) > 1:
            of = say("cell.of_language", language)
            heading = tuple(
                say("cell.heading_of_language", each, heading=text, language=of)
                for each, text in zip(place.languages, heading, strict=True)
            )
        return Shown(Column(heading), lambda frame: cells(place, frame, language))

    return [shown(language) for language in place.languages]


def _words(place: _Place, frame: pd.DataFrame, language: Language, /) -> list[Cell]:
    return [None if value is None else value[language] for value in frame[place.column.name]]


def _joined_words(place: _Place, frame: pd.DataFrame, language: Language, /) -> list[Cell]:
    return [
        None if value is None else "\n".join(each[language] for each in value) for value in frame[place.column.name]
    ]


def _why(place: _Place, frame: pd.DataFrame, language: Language, /) -> list[Cell]:
    pairs = zip(frame["why_key"], frame["why_values"], strict=True)
    return [
        render(Message.from_columns(str(key), str(values)), language) if _text(key) else None for key, values in pairs
    ]


def _format(place: _Place, /) -> str:
    own = heading_of(place.table, place.column.name).format
    if own or place.column.type not in ("number", "integer"):
        return own
    return _WHOLE if place.column.type == "integer" else _FORMATS.get(place.column.unit, _OTHER)


def _cells(place: _Place, kind: str, frame: pd.DataFrame, /) -> list[Cell]:
    values = frame[place.column.name]
    match place.column.type:
        case "number" | "integer":
            numbers = [known_number(value) for value in values.astype(object)]
            if place.column.unit == _OUTCOMES_UNIT:
                return _in_its_unit(place, numbers, frame)
            if place.column.unit == _KPIS_UNIT:
                return _in_its_kpis_unit(place, numbers, frame)
            return list(numbers)
        case "flag":
            flags = (None if pd.isna(value) else bool(value) for value in values)
            return [None if flag is None else place.names.say("cell.yes" if flag else "cell.no") for flag in flags]
        case "time":
            return [None if pd.isna(value) else pd.Timestamp(value).to_pydatetime() for value in values]
        case "texts":
            return [None if value is None else _listed(place.names, kind, value) for value in values]
        case "drivers":
            return [None if value is None else _drivers(place.names, value) for value in values]
        case _:
            return _texts(place.names, kind, frame, place.column.name)


def _texts(names: Names, kind: str, frame: pd.DataFrame, column: str, /) -> list[Cell]:
    values = [_text(value) for value in frame[column]]
    match kind:
        case "":
            return list(values)
        case "card":
            return [value or names.say("cell.whole_team") for value in values]
        case "opening" | "closing":
            return [value or names.say(f"cell.{kind}") for value in values]
        case "method":  # where there is no effect, it says why, as a column of its own does
            absent = frame["why_key"] if "why_key" in frame else [""] * len(frame)
            return [
                None if _text(why) else value and names.key(kind, value)
                for value, why in zip(values, absent, strict=True)
            ]
        case "unit":
            return [value and names.key("kind", value) for value in values]
        case _:
            return [value and names.key(kind, value) for value in values]


def _in_its_unit(place: _Place, numbers: Sequence[float | int | None], frame: pd.DataFrame, /) -> list[Cell]:
    """Effects on chances as per cent, those on numbers as they are."""
    if place.table == "driver":  # what is predicted there as a number is no chance
        return list(numbers)
    outcomes = frame["outcome"] if "outcome" in frame else [place.outcomes.served] * len(frame)
    return [
        None if number is None else Formatted(number, "0.00%" if str(outcome) in place.outcomes.chances else "0.000")
        for number, outcome in zip(numbers, outcomes, strict=True)
    ]


def _in_its_kpis_unit(place: _Place, numbers: Sequence[float | int | None], frame: pd.DataFrame, /) -> list[Cell]:
    """Shares as per cent, seconds without decimals, others with two."""
    formats = [_FORMATS.get(place.names.unit_of(str(kpi)), _OTHER) for kpi in frame["kpi"]]
    formats = [_OTHER if each == _FORMATS["points"] else each for each in formats]
    return [None if number is None else Formatted(number, form) for number, form in zip(numbers, formats, strict=True)]


def _listed(names: Names, kind: str, values: Any, /) -> str:
    shown = [str(value) for value in values]
    if kind in ("kpis", "teams"):
        shown = [names.of(kind.removesuffix("s"), value) for value in shown]
    return names.say("cell.joined").join(shown)


def _drivers(names: Names, drivers: Any, /) -> str:
    return "\n".join(_driver(names, driver) for driver in drivers)


def _driver(names: Names, driver: Any, /) -> str:
    label, value = driver.get("label"), driver.get("value")
    shown = label if isinstance(label, str) else "" if value is None or pd.isna(value) else f"{float(value):.4g}"
    return f"{names.kpi(str(driver['kpi']))} {shown}".strip() + f" ({float(driver['attribution']):+.2f})"


def _text(value: object, /) -> str | None:
    return None if value is None or pd.isna(value) or value == "" else str(value)
