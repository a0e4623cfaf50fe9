"""How the command line shows tables as they are read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from baton.display import document, open_console, show_table

__all__ = ["preview"]


def preview(found: Any, as_json: bool, written: Path | None, /) -> None:
    """Show each table as it is read: where it lies, its columns, and the ids found in other tables."""
    if as_json:
        document(asdict(found) | ({} if written is None else {"written": str(written)}))
        return
    console = open_console()
    for table in found.tables:
        title = f"{table.name}: {table.grain}; {table.rows:,} rows from {table.source}"
        if table.unreadable:
            console.print(f"{table.name}: cannot be read: {table.unreadable}", markup=False)
            continue
        headings = ("column", "in the source", "type", "known", "first", "last", "different", "examples")
        show_table(console, title, headings, [_previewed(column) for column in table.columns])
        for key in table.keys:
            matched = "not to be told" if key.share_matched is None else f"{key.share_matched:.1%}"
            console.print(f"{key.column} found in {key.table}: {matched} of {key.known:,}", markup=False)
        if table.absent:
            console.print(f"not given: {', '.join(table.absent)}", markup=False)
        for note in table.notes:
            console.print(f"note: {note.text}", markup=False)
        if table.faults:
            console.print(f"{table.faults} kinds of fault: baton validate shows them", markup=False)
    if written is not None:
        console.print(f"written: {written}", markup=False, soft_wrap=True)


def _previewed(column: Any, /) -> tuple[object, ...]:
    known = "" if column.share_known is None else f"{column.share_known:.1%}"
    name = column.name if column.contract else f"{column.name} (own)"
    source = "" if column.source_name == column.name else column.source_name
    shown = "(private)" if column.private else ", ".join(column.examples)
    return (name, source, column.type, known, column.first, column.last, f"{column.unique:,}", shown)
