"""The review pack as a page to be printed, and as a workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from baton.messages.numbers import Language
from baton.sheets.book import Column, opened
from baton.sheets.cells import Cell
from baton.wording.wording import Bilingual, say
from serving.pages.asked import Asked, Reply, Sent, Shown
from serving.pages.behind import PagesOf
from serving.pages.review.blocks import Block
from serving.pages.review.blocks import Shown as ShownCell
from serving.pages.review.pack import PERIODS, Pack, pack_of
from serving.state.clock import utc_now

__all__ = ["send_workbook", "show_review"]

_MAX_ROWS = 40  # of a table on the page; the workbook has all
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def show_review(asked: Asked, of: PagesOf, /) -> Reply:
    """Show the pack of a month or a quarter."""
    period, since, today = _period(asked)
    pack = pack_of(asked.who, of, since)
    return Shown(
        "review",
        {
            "pack": pack,
            "blocks": [(block, block.rows[:_MAX_ROWS], max(0, len(block.rows) - _MAX_ROWS)) for block in pack.blocks],
            "period": period,
            "periods": [("month", say("pages_review.of_month")), ("quarter", say("pages_review.of_quarter"))],
            "since": since.date(),
            "today": today.date(),
        },
    )


def send_workbook(asked: Asked, of: PagesOf, /) -> Reply:
    """Send the same figures as a workbook: one sheet a table, all rows, and nothing in it is a formula."""
    period, since, today = _period(asked)
    pack = pack_of(asked.who, of, since)
    language = asked.language
    title = _plain(say("pages_review.title"), language)
    with tempfile.TemporaryDirectory(prefix="baton-") as folder:
        path = Path(folder) / "pack.xlsx"
        with opened(path, title) as book:
            book.page(title, _cover(pack, since, today, language), (34, 60))
            for block in pack.blocks:
                if block.rows:
                    book.table(_plain(block.title, language), _columns(block, language), _rows(block, language))
        content = path.read_bytes()
    return Sent(content, _XLSX, f"baton-review-{period}-{today.date()}.xlsx")


def _period(asked: Asked, /) -> tuple[str, datetime, datetime]:
    """Return which period is asked for, its begin and today."""
    period = asked.query.get("period", "")
    period = period if period in PERIODS else "month"
    today = utc_now()
    return period, today - timedelta(days=PERIODS[period]), today


def _cover(pack: Pack, since: datetime, today: datetime, language: Language, /) -> list[tuple[str, Sequence[Cell]]]:
    lines: list[tuple[str, Sequence[Cell]]] = [("title", [_plain(say("pages_review.title"), language)])]
    about = (
        (say("pages_review.company"), pack.company),
        (say("pages_review.run"), pack.as_of),
        (say("pages_review.period"), f"{since.date()} – {today.date()}"),
        (say("pages_review.teams"), ", ".join(pack.teams)),
    )
    lines += [("", [_plain(name, language), value]) for name, value in about]
    for block in pack.blocks:
        words = block.findings if block.rows else [block.missing]
        lines.append(("section", [_plain(block.title, language), _plain(words[0], language) if words else ""]))
        lines += [("", ["", _plain(text, language)]) for text in [*words[1:], *(block.notes if block.rows else ())]]
    return lines


def _columns(block: Block, language: Language, /) -> list[Column]:
    return [
        Column((_plain(name, language),), block.formats.get(place, "")) for place, name in enumerate(block.header)
    ]  # fmt: skip


def _rows(block: Block, language: Language, /) -> list[list[Cell]]:
    return [[_cell(cell, language) for cell in row] for row in block.rows]


def _cell(cell: ShownCell, language: Language, /) -> Cell:
    return _plain(cell.words, language) if cell.value is None else cell.value


def _plain(text: Bilingual, language: Language, /) -> str:
    """Return a text as a workbook has it: what was escaped for a page is no longer."""
    return text.of(language).striptags()
