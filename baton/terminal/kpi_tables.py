"""How the command line shows KPIs: a table that fits 80 columns, or one JSON document."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.display import document, open_console, show_table
from baton.messages.message import Message, bilingual, render
from baton.messages.numbers import Language

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["added_kpi", "kpi_list", "not_added", "was_added"]

_WIDTHS = (25, 20, 25)  # with lines and margins 80 columns, as a terminal has them
_UNITS: Mapping[str, str] = {
    "team": "kpi_added.of_team",
    "process": "kpi_added.of_process",
    "stage": "kpi_added.of_stage",
    "customer": "kpi_added.of_customer",
    "employee": "kpi_added.of_employee",
}


def kpi_list(found: Any, as_json: bool, /) -> None:
    """Show KPIs by id, with their names, what they are, and what a company can compute."""
    if as_json:
        document(
            {
                "word": found.word,
                "company": found.company,
                "kpis": [_plain(one) for one in found.kpis],
                "nearest": [_plain(one) for one in found.nearest],
                "elsewhere": [_plain(one) for one in found.elsewhere],
                "cards": [asdict(one) for one in found.cards],
                "on_scorecards": sorted(found.carded),
                "stopped": found.stopped,
            }
        )
        return
    console, language = open_console(), found.language

    def say(message: Message) -> None:
        console.print(render(message, language), markup=False, soft_wrap=True)

    if not found.kpis:
        say(Message("kpi_list.none", {"word": found.word}))
    elif found.company is None:
        _show(console, Message("kpi_list.shipped"), found.kpis, language)
    else:
        _show(console, Message("kpi_list.of_company", {"company": found.company}), found.kpis, language, found.carded)
    for title, rows in (("kpi_list.elsewhere", found.elsewhere), ("kpi_list.nearest", found.nearest)):
        if rows:
            _show(console, Message(title), rows, language)
    for message in _remarks(found):
        say(message)


def _remarks(found: Any, /) -> Iterator[Message]:
    if found.company is None:
        yield Message("kpi_list.next")
    elif found.kpis:
        computed = sum(one.missing is None for one in found.kpis)
        yield Message("kpi_list.counted", {"n": len(found.kpis), "computed": computed})
    yield from map(_card_name, found.cards)
    if found.stopped:
        yield Message("kpi_list.stopped")


def _card_name(one: Any, /) -> Message:
    if one.kpi is not None:
        return Message("kpi_list.read_as", {"name": one.name, "kpi": one.kpi})
    if one.nearest:
        return Message("kpi_list.unknown_near", {"name": one.name, "nearest": one.nearest})
    return Message("kpi_list.unknown", {"name": one.name})


def _show(
    console: Console, title: Message, rows: Sequence[Any], language: Language, carded: Collection[str] = (), /
) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(render(title, language)), title_justify="left", title_style="bold", show_lines=True)
    headings = (Message("kpi_list.column_kpi"), Message("kpi_list.column_name"), Message("kpi_list.column_how"))
    for heading, width in zip(headings, _WIDTHS, strict=True):
        table.add_column(render(heading, language), overflow="fold", max_width=width)
    for one in rows:
        first, names, what = _cells(one, language)
        if one.kpi.id in carded:
            first.append(render(Message("kpi_list.carded"), language))
        table.add_row(*(escape("\n".join(lines)) for lines in (first, names, what)))
    console.print(table)


def _cells(one: Any, language: Language, /) -> tuple[list[str], list[str], list[str]]:
    names = [one.kpi.name.en, one.kpi.name.zh]
    names = list(dict.fromkeys(reversed(names) if language == "zh" else names))
    first = [one.kpi.id]
    if one.synonyms:
        first.append(render(Message("kpi_list.also", {"words": one.synonyms}), language))
    about = [render(message, language) for message in (one.unit, one.direction)]
    what = [render(one.how, language), ("；" if language == "zh" else "; ").join(about)]
    what.append(render(Message("kpi_list.place", {"places": one.places}), language))
    if one.grains is not None:
        what.append(render(_standing(one), language))
    return first, names, what


def _standing(one: Any, /) -> Message:
    if one.missing is not None:
        return Message("kpi_list.not_computed", {"why": one.missing})
    return Message("kpi_list.computed", {"grains": one.grains}) if one.grains else Message("kpi_list.not_looked")


def _plain(one: Any, /) -> dict[str, Any]:
    kpi = one.kpi
    return {
        "id": kpi.id,
        "name": {"en": kpi.name.en, "zh": kpi.name.zh},
        "synonyms": one.synonyms,
        "description": None if kpi.description is None else {"en": kpi.description.en, "zh": kpi.description.zh},
        "unit": kpi.unit,
        "better": kpi.better,
        "aggregate": kpi.aggregate,
        "how": bilingual(one.how),
        "source": kpi.source,
        "layer": kpi.layer,
        "perspective": kpi.perspective,
        "stage": kpi.stage,
        "role": kpi.role,
        "owner": kpi.owner,
        "places": one.places,
        "computed": None if one.grains is None else one.missing is None,
        "grains": one.grains,
        "missing": None if one.missing is None else bilingual(one.missing),
    }


def added_kpi(added: Any, language: Language, /) -> None:
    """Show a KPI as it would be written, and its values of the last months for a few units."""
    console, kpi = open_console(), added.kpi
    console.print(added.text, markup=False, soft_wrap=True)
    name = kpi.name.zh if language == "zh" else kpi.name.en
    of = Message(_UNITS[added.unit])
    title = Message("kpi_added.title", {"name": name, "unit": kpi.unit, "of": of})
    if added.months:
        rows = [(unit, *map(_number_of(kpi), values)) for unit, values in added.values.items()]
        show_table(console, render(title, language), (render(of, language).split(",")[0], *added.months), rows)
    else:
        console.print(render(Message("kpi_added.no_months"), language), markup=False, soft_wrap=True)
    rows_behind = Message("kpi_added.rows", {"n": added.rows, "grains": added.grains})
    for message in (rows_behind, *added.notes):
        console.print(render(message, language), markup=False, soft_wrap=True)


def not_added(added: Any, language: Language, as_json: bool, /) -> None:
    """Say that nothing was written, and how it would be."""
    if as_json:
        document(_added(added, ()))
        return
    message = Message("kpi_added.not_written", {"place": str(added.place)})
    open_console().print(render(message, language), markup=False, soft_wrap=True)


def was_added(added: Any, written: Sequence[Path], language: Language, as_json: bool, /) -> None:
    """Say which files were written, and what to do next."""
    if as_json:
        document(_added(added, written))
        return
    console, company = open_console(), str(written[-1].parent)
    values = {"kpi": added.kpi.id, "company": company, "place": added.place.name}
    for message in (
        Message("kpi_added.written", {"places": tuple(map(str, written))}),
        Message("kpi_added.next", values),
    ):
        console.print(render(message, language), markup=False, soft_wrap=True)


def _added(added: Any, written: Sequence[Path], /) -> dict[str, Any]:
    return {
        "id": added.kpi.id,
        "text": added.text,
        "unit": added.unit,
        "months": added.months,
        "values": {name: list(values) for name, values in added.values.items()},
        "rows": added.rows,
        "grains": added.grains,
        "notes": [note.text for note in added.notes],
        "written": [str(path) for path in written],
    }


def _number_of(kpi: Any, /) -> Callable[[float | None], str]:
    def shown(value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.1%}" if kpi.unit == "share" else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"

    return shown
