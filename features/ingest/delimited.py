"""CSV files, read as text first: encodings, delimiters, headers.

Every cell is cast later, by us, so that what cannot be read is counted and shown.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from baton.errors import SourceError
from features.ingest.column_names import numbered, unnamed
from features.ingest.encodings import likely_encoding_of
from features.ingest.grids.lines import footer_of, header_of
from features.ingest.grids.regions import Skipped

__all__ = ["Delimited", "describe", "likely_encoding", "records_alone", "transcoded"]

_CHUNK_CHARACTERS = 1 << 22
_HEAD_CHARACTERS = 1 << 18  # enough for a screen of titles; a header that is longer is looked for in more
_LONGEST_HEADER = 1 << 20
_TAIL_BYTES = 1 << 16


@dataclass(frozen=True)
class Delimited:
    """How a CSV file is to be read.

    Parameters
    ----------
    columns : tuple of str
        Names in the header, in order; unnamed ones are called as pandas does, ``Unnamed: 3``.
    skip : int
        Characters before the header.
    skipped : tuple of Skipped
        Lines that hold something and are no record, rows from 0, those below the records from -1 backwards.
    repeated : tuple of str
        Names that the header has several times; the columns have them numbered.
    """

    path: Path
    columns: tuple[str, ...]
    delimiter: str
    skip: int = 0
    skipped: tuple[Skipped, ...] = ()
    repeated: tuple[str, ...] = ()


def describe(
    path: Path, encoding: str, delimiter: str | None, place: str, /, header_row: int | None = None
) -> Delimited:
    """Read the header of a CSV file.

    Parameters
    ----------
    encoding : str
        Any that Python knows.
    delimiter : str or None
        One character; None: what ``sep=`` says, or the one that the header has most of.
    place : str
        How messages name the file, such as ``tables.cases``.
    header_row : int, optional
        The line of the columns' names, from 1; None: the first, or the first that looks like the lines below it.

    Raises
    ------
    SourceError
        If the file is empty or in another encoding.
    """
    if delimiter is not None and len(delimiter) != 1:
        raise SourceError(f'{place}: delimiter {delimiter!r} is not one character; use "\\t" for tabs')
    header = header_of(_head(path, encoding, place), delimiter, header_row)
    if not header.record.strip():
        where = f"has nothing in line {header_row}" if header_row else "is empty"
        raise SourceError(f"{place}: {path} {where}; give a file with a header line")
    names = next(csv.reader([header.record], delimiter=header.delimiter))
    columns = tuple(name.strip() or unnamed(position) for position, name in enumerate(names, 1))
    columns, repeated = numbered(columns)
    return Delimited(path, columns, header.delimiter, header.skip, header.skipped, repeated)


def records_alone(found: Delimited, path: Path, folder: Path, /) -> tuple[Path, Delimited]:
    """Return a CSV without the lines around its table: itself if there are none, else a copy in ``folder``.

    Parameters
    ----------
    path : Path
        The file in UTF-8.

    Returns
    -------
    tuple of (Path, Delimited)
        The file to read, and what was found with the lines below the records.
    """
    footer = footer_of(_tail(path), len(found.columns), found.delimiter)
    if not found.skip and not footer.characters:
        return path, found
    target = folder / f"{len(list(folder.iterdir()))}-{path.name.removesuffix('.gz')}"
    left = found.skip
    with target.open("w", encoding="utf-8", newline="") as copy:
        for piece in _pieces(path, "utf-8", ""):
            copy.write(piece[left:])
            left = max(0, left - len(piece))
    if footer.characters:
        below = _tail(target)[-footer.characters :]
        os.truncate(target, target.stat().st_size - len(below.encode()))
    return target, replace(found, skipped=(*found.skipped, *footer.skipped))


def _tail(path: Path, /) -> str:
    """Return the end of a file in UTF-8, from the beginning of a line on."""
    if path.suffix == ".gz":
        end = b""
        with _open(path) as file:
            while piece := file.read(_CHUNK_CHARACTERS):
                end = (end + piece)[-_TAIL_BYTES:]
        whole = len(end) < _TAIL_BYTES
    else:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - _TAIL_BYTES))
            end = file.read()
        whole = size <= _TAIL_BYTES
    text = end.decode("utf-8", errors="ignore")
    return text if whole else text[text.find("\n") + 1 :]


def transcoded(path: Path, encoding: str, folder: Path, place: str, /) -> Path:
    """Return the file in UTF-8: itself if it is, else a copy in ``folder``, written in pieces.

    Raises
    ------
    SourceError
        If it is not in that encoding; a likelier one is named.
    """
    codec = _codec(encoding, place)
    if codec in {"utf-8", "utf-8-sig", "ascii"}:
        return path
    target = folder / f"{len(list(folder.iterdir()))}-{path.name.removesuffix('.gz')}"
    with target.open("w", encoding="utf-8", newline="") as copy:
        for piece in _pieces(path, codec, place):
            copy.write(piece)
    return target


def wrong_encoding(path: Path, encoding: str, place: str, /) -> SourceError | None:
    """Return the error of a file that is not in the encoding it should be in, or None if it is."""
    try:
        for _ in _pieces(path, _codec(encoding, place), place):
            pass
    except SourceError as error:
        return error
    return None


def _codec(encoding: str, place: str, /) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise SourceError(
            f"{place}: unknown encoding {encoding!r}; common ones are utf-8, cp1252, gbk and utf-16"
        ) from None


def _open(path: Path, /) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _pieces(path: Path, codec: str, place: str, /) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig" if codec == "utf-8" else codec)()
    done = 0
    with _open(path) as file:
        while True:
            piece = file.read(_CHUNK_CHARACTERS)
            try:
                yield decoder.decode(piece, final=not piece)
            except UnicodeError as error:
                at = done + getattr(error, "start", 0)
                raise SourceError(
                    f"{place}: {path} is not {codec} (near byte {at:,}); set encoding{_likelier(path)}"
                ) from None
            done += len(piece)
            if not piece:
                return


def _likelier(path: Path, /) -> str:
    return f', probably to "{likely_encoding(path)}"'


def likely_encoding(path: Path, /) -> str:
    """Return the encoding that the beginning of a text file is most likely in."""
    with _open(path) as file:
        return likely_encoding_of(file.read(1 << 20))


def _head(path: Path, encoding: str, place: str, /) -> str:
    text = ""
    for piece in _pieces(path, _codec(encoding, place), place):
        text += piece
        if len(text) > _LONGEST_HEADER or "\n" in text[:_HEAD_CHARACTERS] or "\r" in text[:_HEAD_CHARACTERS]:
            return text[:_HEAD_CHARACTERS] if "\n" in text[:_HEAD_CHARACTERS] else text[:_LONGEST_HEADER]
    return text
