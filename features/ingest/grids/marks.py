"""What a spreadsheet's reader passes over in silence: cells with errors (#N/A), hidden rows and columns.

Found in the XML of ``.xlsx`` and ``.ods`` files; the older binary formats do not let themselves be looked at that way.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Marks", "marks_of"]

_CHUNK_BYTES = 1 << 22
_OVERLAP_BYTES = 512  # an element's head that two chunks share is looked at whole
_SHEET = re.compile(rb"<sheet\b[^>]*>")
_RELATION = re.compile(rb"<Relationship\b[^>]*>")
_XLSX = {
    "errors": re.compile(rb"<c\b[^>]*\bt=\"e\"[^>]*>"),
    "hidden_rows": re.compile(rb"<row\b[^>]*\bhidden=\"(?:1|true)\"[^>]*>"),
    "hidden_columns": re.compile(rb"<col\b[^>]*\bhidden=\"(?:1|true)\"[^>]*>"),
}
_ODS = {
    "errors": re.compile(rb"<table:table-cell\b[^>]*\bcalcext:value-type=\"error\"[^>]*>"),
    "hidden_rows": re.compile(rb"<table:table-row\b[^>]*\btable:visibility=\"(?:collapse|filter)\"[^>]*>"),
    "hidden_columns": re.compile(rb"<table:table-column\b[^>]*\btable:visibility=\"(?:collapse|filter)\"[^>]*>"),
}


@dataclass(frozen=True)
class Marks:
    """How much of a sheet is not what it looks like.

    Parameters
    ----------
    errors : int
        Cells that hold an error instead of a value.
    """

    errors: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0


def marks_of(path: Path, sheet: str, /, *, width: int = 16_384) -> Marks:
    """Count errors, hidden rows and hidden columns of a sheet; nothing where the format does not show them.

    Parameters
    ----------
    sheet : str
        Its name; in an ``.ods`` file all sheets are counted together.
    width : int
        Hidden columns beyond so many hold nothing and do not count.
    """
    if not zipfile.is_zipfile(path):
        return Marks()
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "content.xml" in names:
            return _counted(archive, "content.xml", _ODS, width)
        part = _part_of(archive, sheet) if "xl/workbook.xml" in names else None
        return _counted(archive, part, _XLSX, width) if part in names else Marks()


def _part_of(archive: zipfile.ZipFile, sheet: str, /) -> str | None:
    """Return the part of the archive that holds a sheet."""
    relations = {
        _attribute(found, b"Id"): _attribute(found, b"Target")
        for found in _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels"))
    }
    for found in _SHEET.findall(archive.read("xl/workbook.xml")):
        if _attribute(found, b"name") == sheet:
            target = relations.get(_attribute(found, b"r:id")) or ""
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _attribute(element: bytes, name: bytes, /) -> str:
    from html import unescape

    found = re.search(rb"\s" + name + rb"=\"([^\"]*)\"", element)
    return unescape(found.group(1).decode("utf-8")) if found else ""


def _counted(archive: zipfile.ZipFile, part: str, patterns: dict[str, re.Pattern[bytes]], width: int, /) -> Marks:
    counts = dict.fromkeys(patterns, 0)
    for chunk, start in _chunks(archive, part):
        for name, pattern in patterns.items():
            for found in pattern.finditer(chunk):
                # what ends in the overlap was counted with the chunk before
                counts[name] += _times(found.group(), width) if found.end() > start else 0
    return Marks(**counts)


def _times(element: bytes, width: int, /) -> int:
    """Return how many rows or columns one element stands for."""
    repeated = re.search(rb"number-(?:rows|columns)-repeated=\"(\d+)\"", element)
    if repeated:
        return min(int(repeated.group(1)), width if b"column" in element[:20] else 1_048_576)
    span = re.search(rb"\bmin=\"(\d+)\"[^>]*\bmax=\"(\d+)\"", element)
    return max(0, min(int(span.group(2)), width) - int(span.group(1)) + 1) if span else 1


def _chunks(archive: zipfile.ZipFile, part: str, /) -> Iterator[tuple[bytes, int]]:
    """Yield pieces of a part, each with the end of the one before, and how long that is."""
    before = b""
    with archive.open(part) as file:
        while piece := file.read(_CHUNK_BYTES):
            yield before + piece, len(before)
            before = piece[-_OVERLAP_BYTES:]
