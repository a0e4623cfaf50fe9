"""CSV files, read as text first: encodings, delimiters, headers.

Every cell is cast later, by us, so that what cannot be read is counted and shown.
"""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from baton.errors import SourceError
from features.ingest.column_names import refuse_names, unnamed

__all__ = ["Delimited", "describe", "transcoded"]

_DELIMITERS = (",", ";", "\t", "|")
_CHUNK_CHARACTERS = 1 << 22
_LONGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class Delimited:
    """How a CSV file is to be read.

    Parameters
    ----------
    columns : tuple of str
        Names in the header, in order; unnamed ones are called as pandas does, ``Unnamed: 3``.
    delimiter : str
    """

    path: Path
    columns: tuple[str, ...]
    delimiter: str


def describe(path: Path, encoding: str, delimiter: str | None, place: str, /) -> Delimited:
    """Read the header of a CSV file.

    Parameters
    ----------
    encoding : str
        Any that Python knows.
    delimiter : str or None
        One character; None: the one that the header has most of.
    place : str
        How messages name the file, such as ``tables.cases``.

    Raises
    ------
    SourceError
        If the file is empty, in another encoding, or has a column twice.
    """
    header = _header(path, encoding, place)
    if not header.strip():
        raise SourceError(f"{place}: {path} is empty; give a file with a header line")
    chosen = delimiter if delimiter is not None else max(_DELIMITERS, key=lambda mark: _outside_quotes(header, mark))
    if len(chosen) != 1:
        raise SourceError(f'{place}: delimiter {chosen!r} is not one character; use "\\t" for tabs')
    names = next(csv.reader([header], delimiter=chosen))
    columns = tuple(name.strip() or unnamed(position) for position, name in enumerate(names, 1))
    refuse_names(columns, place, path)
    return Delimited(path, columns, chosen)


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
    with _open(path) as file:
        sample = file.read(1 << 20)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ', probably to "utf-16"'
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
        return ', probably to "utf-8"'
    except UnicodeError:
        pass
    try:
        text = codecs.getincrementaldecoder("gb18030")().decode(sample)
        chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in text)
        strange = sum(letter > "\x7f" for letter in text) - chinese
        # two accented letters in a row are rare in Western text, two bytes of one character are the rule in Chinese
        if chinese > strange and _paired(sample) > 0.8:
            return ', probably to "gbk"'
    except UnicodeError:
        pass
    return ', probably to "cp1252"'


def _paired(sample: bytes, /) -> float:
    """Share of the bytes above 127 that stand beside another one."""
    high = [byte > 127 for byte in sample]
    pairs = zip([False, *high], high, [*high[1:], False], strict=False)
    beside = sum(here and (before or after) for before, here, after in pairs)
    return beside / max(1, sum(high))


def _header(path: Path, encoding: str, place: str, /) -> str:
    text = ""
    for piece in _pieces(path, _codec(encoding, place), place):
        text += piece
        record = _first_record(text)
        if record is not None or len(text) > _LONGEST_HEADER:
            return record if record is not None else text[:_LONGEST_HEADER]
    return text


def _first_record(text: str, /) -> str | None:
    """Return the text up to the first line end outside quotes, or None if there is none."""
    quoted = False
    for position, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter in "\r\n" and not quoted:
            return text[:position]
    return None


def _outside_quotes(header: str, mark: str, /) -> int:
    return sum(part.count(mark) for part in header.split('"')[::2])
