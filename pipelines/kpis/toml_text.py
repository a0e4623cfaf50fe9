"""Puts a KPI's table into a catalogue file, and the file into the company file; every other line stays as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.errors import CatalogueError, CompanyFileError
from baton.files import write_atomically

__all__ = ["OWN_FILE", "kpi_text", "own_file", "read_text", "with_file", "with_kpi", "write_texts"]

OWN_FILE = "kpis.toml"
"""The file of a company's own KPIs where the company file names none."""

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_SECTION = re.compile(r"^[ \t]*\[kpis\][^\n]*$", re.MULTILINE)
_FILES = re.compile(r"^(?P<key>[ \t]*files[ \t]*=[ \t]*)\[[ \t]*\]", re.MULTILINE)


def kpi_text(table: Mapping[str, Any], /) -> str:
    """Return a KPI's table as a person would write it.

    Parameters
    ----------
    table : mapping of str to Any
        Text, numbers, lists of text and tables of text.

    Examples
    --------
    >>> print(kpi_text({"id": "calls", "name": {"en": "Calls", "zh": "来电数"}, "grains": ["team"]}), end="")
    [[kpi]]
    id = "calls"
    name = { en = "Calls", zh = "来电数" }
    grains = ["team"]
    """
    return "".join(["[[kpi]]\n", *(f"{key} = {_value(value)}\n" for key, value in table.items())])


def _value(value: Any, /) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    # a basic string of TOML is one of JSON, but for DEL
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def with_kpi(text: str, table: Mapping[str, Any], place: Path, /) -> str:
    """Return a catalogue file's text with one more KPI at its end.

    Raises
    ------
    CatalogueError
        If the file is so written that a table cannot follow.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    body = kpi_text(table).replace("\n", line_end)
    gap = "" if not text.removeprefix(_BOM) else line_end if text.endswith("\n") else line_end * 2
    whole = f"{text}{gap}{body}"
    before = _parsed(text, place)
    kpis = before.get("kpi", [])
    try:
        after = _parsed(whole, place)
    except CatalogueError:
        after = None
    if after != before | {"kpi": [*kpis, dict(table)]}:
        raise CatalogueError(f"{place}: a [[kpi]] cannot be put at its end; write its KPIs as tables with [[kpi]]")
    return whole


def _parsed(text: str, place: Path, /) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix(_BOM))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{place}: no valid TOML: {error}") from error


def with_file(text: str, place: Path, /) -> str:
    """Return a company file's text that names the file of the company's own KPIs, which it does not name yet.

    Raises
    ------
    CompanyFileError
        If its section ``[kpis]`` is so written that a person has to do it.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    line = f"files = {json.dumps([OWN_FILE])}"
    section = _SECTION.search(text)
    if section is None:
        whole = (
            f"{text}{'' if text.endswith(chr(10)) or not text else line_end}{line_end}[kpis]{line_end}{line}{line_end}"
        )
    else:
        following = re.compile(r"^[ \t]*\[", re.MULTILINE).search(text, section.end())
        end = len(text) if following is None else following.start()
        inside = text[section.end() : end]
        filled, count = _FILES.subn(rf'\g<key>["{OWN_FILE}"]', inside, count=1)
        added = filled if count else f"{line_end if text[section.end() - 1] != chr(13) else chr(10)}{line}{inside}"
        whole = text[: section.end()] + added + text[end:]
    wanted = tomllib.loads(text.removeprefix(_BOM))
    wanted["kpis"] = wanted.get("kpis", {}) | {"files": [OWN_FILE]}
    try:
        found = tomllib.loads(whole.removeprefix(_BOM))
    except tomllib.TOMLDecodeError:
        found = {}
    if found != wanted:
        raise CompanyFileError(f"{place}: write {line} under [kpis], then call this again")
    return whole


def write_texts(texts: Mapping[Path, str], /) -> None:
    """Write files, each whole or not at all.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    for path, text in texts.items():
        mode = path.stat().st_mode & 0o777 if path.exists() else None
        with write_atomically(path, hint="free space, or make the folder writable") as temporary:
            temporary.write_bytes(text.encode("utf-8"))
            if mode is not None:
                temporary.chmod(mode)


def read_text(path: Path, /) -> str:
    """Return a file's text with its line ends and byte-order mark as they are; empty where it is not there."""
    return path.read_bytes().decode("utf-8") if path.exists() else ""


def own_file(company: Company, /) -> tuple[Path, bool]:
    """Return the file that a company's new KPI belongs in, and whether its company file names it."""
    named = company.kpis.files
    return (company.resolve(named[-1]), True) if named else (company.folder / OWN_FILE, False)
