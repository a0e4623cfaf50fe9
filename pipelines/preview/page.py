"""The preview as a page in the style of the report: one file that loads nothing, in the company's languages."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from baton.files import new_file
from baton.wording.wording import Bilingual, percent, translated_message, verbatim
from pipelines.preview.tables import ColumnPreview, KeyPreview, Preview, TablePreview
from pipelines.report.document import document

__all__ = ["render", "write_page"]

_HEADER = ("column", "in_source", "type", "known", "first", "last", "unique", "examples")


@dataclass(frozen=True)
class _Section:
    name: str
    lines: tuple[Bilingual, ...]
    rows: tuple[tuple[Bilingual, ...], ...]
    notes: tuple[Bilingual, ...]


def write_page(found: Preview, path: Path, /, *, overwrite: bool = False) -> None:
    """Write the page, whole or not at all, and readable by its owner alone.

    Parameters
    ----------
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    OutputError
        If the file is there already, or cannot be written.
    """
    with new_file(path, overwrite=overwrite) as temporary:
        temporary.write_text(render(found), encoding="utf-8")


def render(found: Preview, /) -> str:
    """Return the page; everything that comes from data is escaped."""
    return document(
        "preview.html.jinja",
        beside=(Path(__file__).parent,),
        company=found.company,
        languages=found.languages,
        title=_say("title", company=found.company),
        say=_say,
        header=[_say(name) for name in _HEADER],
        tables=[_section(table) for table in found.tables],
    )


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


def _say(key: str, /, **blanks: object) -> Bilingual:
    """Return a text of ``words.toml``; what fills its blanks is escaped."""
    entry, filled = _words()[key], {name: escape(str(value)) for name, value in blanks.items()}
    return Bilingual(Markup(entry["en"]).format(**filled), Markup(entry["zh"]).format(**filled))


def _section(table: TablePreview, /) -> _Section:
    if table.unreadable:
        return _Section(table.name, (_say("unreadable", why=table.unreadable),), (), ())
    lines = [_say("where", rows=f"{table.rows:,}", source=table.source), *map(_match, table.keys)]
    if table.absent:
        lines.append(_say("absent", columns=", ".join(table.absent)))
    if table.faults:
        lines.append(_say("faults", n=table.faults))
    rows = tuple(_row(column) for column in table.columns)
    return _Section(table.name, tuple(lines), rows, tuple(translated_message(note) for note in table.notes))


def _match(key: KeyPreview, /) -> Bilingual:
    if key.share_matched is None:
        return _say("not_matched", column=key.column, table=key.table)
    share = percent(key.share_matched, 1).en
    return _say("matched", share=share, known=f"{key.known:,}", column=key.column, table=key.table)


def _row(column: ColumnPreview, /) -> tuple[Bilingual, ...]:
    return (
        verbatim(column.name) if column.contract else _say("own", column=column.name),
        verbatim("" if column.source_name == column.name else column.source_name),
        _say(f"type_{column.type}"),
        verbatim("") if column.share_known is None else percent(column.share_known, 1),
        verbatim(column.first),
        verbatim(column.last),
        verbatim(f"{column.unique:,}"),
        _say("private") if column.private else verbatim(", ".join(column.examples)),
    )
