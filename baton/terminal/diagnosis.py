"""``baton diagnose``: one page on what today's scorecards do to the customer, in the terminal and for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.terminal.opening import opened
from baton.terminal.options import (
    DEFAULT_COMPANY,
    CompanyArgument,
    ForceOption,
    JsonOption,
    LanguageOption,
    OutOption,
    PageOption,
)

if TYPE_CHECKING:
    from baton.messages.message import Message
    from baton.messages.numbers import Language

__all__ = ["diagnose", "show"]


def diagnose(
    company: CompanyArgument = DEFAULT_COMPANY,
    out: OutOption = None,
    page: PageOption = None,
    language: LanguageOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show how well today's scorecards serve the customer: points that serve or harm, gaps, conflicts, what to do."""
    from baton import display
    from pipelines.diagnosis.diagnose import diagnose as verb
    from pipelines.diagnosis.page import write_page

    settings, folder = opened(company, out)
    with display.progress() as progress:
        progress("diagnose", 0, 0)
        found = verb(settings, folder)
    if page is not None:
        write_page(settings, found, page, overwrite=force)
    if as_json:
        display.document(found.as_json() | ({} if page is None else {"written": str(page)}))
        return
    show(found, language or settings.company.languages[0], page)


def show(found: Any, language: Language, written: Path | None = None, /) -> None:
    """Write the diagnosis for people: first in words, then the tables."""
    from baton.display import open_console
    from baton.messages.message import Message
    from pipelines.diagnosis.shown import cards_table, kpis_table

    console = open_console()

    for sentence in found.headline.sentences:
        console.print(_sentence(sentence, language), markup=False)
    for part in found.parts:
        _part(console, part, language)
    for shown in (cards_table(found), kpis_table(found)):
        console.print()
        _table(console, shown, language)
    console.print()
    for note in found.notes:
        console.print(_sentence(note, language), markup=False)
    if written is not None:
        line = Message("diagnosis_page.written", {"path": str(written)})
        console.print(_sentence(line, language), markup=False, soft_wrap=True)


def _part(console: Any, part: Any, language: Language, /) -> None:
    from baton.messages.message import Message, render
    from pipelines.diagnosis.shown import MAX_FINDINGS

    console.print()
    console.print(_sentence(part.title, language), markup=False, style="bold")
    for number, one in enumerate(part.findings[:MAX_FINDINGS], start=1):
        _item(console, f"{number}. {_sentence(one.what, language)}", 0)
        for line in (
            Message("diagnosis_page.line_where", {"text": one.where}),
            Message("diagnosis_page.line_sure", {"text": one.sure}),
            Message("diagnosis_page.line_next", {"text": one.next}),
        ):
            _item(console, render(line, language), 3)
    more = len(part.findings) - MAX_FINDINGS
    if more > 0:
        _item(console, _sentence(Message("diagnosis_page.more", {"n": more}), language), 3)
    for remark in part.remarks:
        console.print(_sentence(remark, language), markup=False)


def _sentence(message: Message, language: Language, /) -> str:
    from baton.messages.message import render

    text = render(message, language)
    return text[:1].upper() + text[1:]


def _item(console: Any, text: str, indent: int, /) -> None:
    """Write a paragraph, wrapped lines under its beginning."""
    from rich.padding import Padding
    from rich.text import Text

    console.print(Padding(Text(text), (0, 0, 0, indent)))


def _table(console: Any, shown: Any, language: Language, /) -> None:
    from baton.display import show_table
    from baton.messages.message import render

    header = [render(cell, language) for cell in shown.header]
    rows = [[render(cell, language) for cell in row] for row in shown.rows]
    show_table(console, render(shown.title, language), header, rows)
    if shown.remark is not None:
        console.print(render(shown.remark, language), markup=False)
