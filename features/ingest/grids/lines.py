"""Lines around the table of a CSV file: ``sep=;``, titles above the header, totals and remarks below the records."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from features.ingest.grids.cells import is_figure, is_sum
from features.ingest.grids.regions import Skipped

__all__ = ["Footer", "Header", "footer_of", "header_of"]

DELIMITERS = (",", ";", "\t", "|")
_SEP = re.compile(r'\ufeff?"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_MAX_RECORDS_ABOVE = 40  # exports put a screen of filters above their header at most
_MAX_RECORDS_BELOW = 20
_MIN_SAME_WIDTH = 0.6  # of the records looked at have the same number of values, or it is no table


@dataclass(frozen=True)
class Header:
    """Where the header of a CSV stands.

    Parameters
    ----------
    skip : int
        Characters before it.
    record : str
        Its text.
    delimiter : str
    skipped : tuple of Skipped
        Lines above it that hold something, rows from 0.
    """

    skip: int
    record: str
    delimiter: str
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Footer:
    """What stands below the last record of a CSV.

    Parameters
    ----------
    characters : int
        How many characters of the file's end it is.
    skipped : tuple of Skipped
        Its lines; their rows count from the end, -1 the last.
    """

    characters: int = 0
    skipped: tuple[Skipped, ...] = ()


def header_of(head: str, delimiter: str | None, header_row: int | None, /) -> Header:
    """Find the header of a CSV.

    The first line is the header, unless the lines below it have twice as many values and more.

    Parameters
    ----------
    head : str
        The beginning of the file.
    delimiter : str, optional
    header_row : int, optional
        The line, from 1, that has the columns' names.

    Returns
    -------
    Header
        Its record is empty where there is none.
    """
    given = _SEP.match(head)
    start = given.end() if given else 0
    mark = delimiter or (given.group(1) if given else None)
    if header_row is not None:
        for _ in range(header_row - 1 - (1 if given else 0)):
            start = _next_line(head, start)
        record = _first_record(head[start:])
        return Header(start, record, mark or _likeliest(record))
    while start < len(head) and (end := _next_line(head, start)) > start and not head[start:end].strip():
        start = end
    first = _first_record(head[start:])
    return _below_titles(head, start, mark) or Header(start, first, mark or _likeliest(first))


def _below_titles(head: str, start: int, delimiter: str | None, /) -> Header | None:
    """Return the header where lines of another kind stand above it."""
    best: tuple[float, str, list[tuple[int, list[str]]], int] | None = None
    texts = _records(head, start, _MAX_RECORDS_ABOVE * 3)  # quotes alone bound them, whatever the delimiter
    for mark in [delimiter] if delimiter else DELIMITERS:
        records = [(at, _fields(text, mark)) for at, text in texts]
        widths = Counter(len(fields) for _, fields in records if any(map(str.strip, fields)))
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        share = count / sum(widths.values())
        if width > 1 and share >= _MIN_SAME_WIDTH and (best is None or width * share > best[0]):
            best = (width * share, mark, records, width)
    if best is None:
        return None
    _, mark, records, width = best
    if 2 * len([field for field in records[0][1] if field.strip()]) > width:
        return None
    skipped = []
    for row, (at, fields) in enumerate(records[:_MAX_RECORDS_ABOVE]):
        named = [field for field in fields if field.strip()]
        if len(fields) == width and len(named) >= width - 1 and not any(map(is_figure, named)):
            return Header(at, _first_record(head[at:]), mark, tuple(skipped))
        if named:
            skipped.append(Skipped(row, "title", " ".join(named)[:60]))
    return None


def _records(text: str, start: int, most: int, /) -> list[tuple[int, str]]:
    """Return the first records from a place on, each with where it begins; the last may be cut off and is left out."""
    found, at = [], start
    while at < len(text) and len(found) < most:
        record = _first_record(text[at:])
        end = at + len(record)
        if end >= len(text) and found:
            break
        found.append((at, record))
        at = end + (2 if text.startswith("\r\n", end) else 1)
    return found


def footer_of(tail: str, columns: int, delimiter: str, /) -> Footer:
    """Find what stands below the last record.

    Parameters
    ----------
    tail : str
        The end of the file, from the beginning of a line.
    columns : int
        Values of a record.
    delimiter : str

    Returns
    -------
    Footer
        Empty where the file ends with a record.
    """
    if columns < 2:  # a lone text is a record there
        return Footer()
    lines = list(io.StringIO(tail, newline=""))
    rows = [_fields(line.rstrip("\r\n"), delimiter) for line in lines]
    blank = max((place for place, row in enumerate(rows) if not any(map(str.strip, row))), default=-1)
    separate = blank if blank >= 0 and all(len(row) < columns for row in rows[blank:]) else len(rows)
    taken, skipped = 0, []
    for place in range(len(rows) - 1, 0, -1):
        filled = [at for at, field in enumerate(rows[place]) if field.strip()]
        if filled:
            total = is_sum(rows[place], filled)
            remark = len(rows[place]) < columns and (place > separate or _is_sentence(rows[place]))
            # the last line of a text of several lines closes its quotes
            is_open = lines[place].count('"') % 2 == 1
            if is_open or not (total or remark) or len(skipped) >= _MAX_RECORDS_BELOW:
                break
            text = " ".join(rows[place][at].strip() for at in filled)[:60]
            skipped.append(Skipped(place - len(rows), "total" if total else "remark", text))
        taken += 1
    if not skipped or taken >= len(lines) - 1:
        return Footer()
    return Footer(sum(map(len, lines[len(lines) - taken :])), tuple(reversed(skipped)))


def _fields(record: str, delimiter: str, /) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return [record]  # what is wrong with it, if it is a record, is reported where it is read


def _is_sentence(fields: Sequence[str], /) -> bool:
    """Whether a line is one text of several words: a record that was cut off has one word of its id at most."""
    if len(fields) != 1:
        return False
    chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in fields[0])
    return len(fields[0].split()) > 1 or chinese > 3


def _next_line(text: str, start: int, /) -> int:
    found = re.compile(r"\r\n|\r|\n").search(text, start)
    return found.end() if found else len(text)


def _first_record(text: str, /) -> str:
    """Return the text up to the first line end outside quotes."""
    quoted = False
    for position, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter in "\r\n" and not quoted:
            return text[:position]
    return text


def _likeliest(record: str, /) -> str:
    """Return the delimiter that a header has most of, outside quotes."""
    outside: Sequence[str] = record.split('"')[::2]
    return max(DELIMITERS, key=lambda mark: sum(part.count(mark) for part in outside))
