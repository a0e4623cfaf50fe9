"""The catalogue of sentences: ``texts/*.toml``, one table per section, English and Chinese side by side."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Entry", "catalogue"]


@dataclass(frozen=True)
class Entry:
    """One sentence.

    Parameters
    ----------
    en, zh : str
        With ``{blanks}``, as in ``{n:count}``: what stands behind the colon says how a number is written.
    one : str or None
        The English where ``n`` is 1.
    """

    en: str
    zh: str
    one: str | None = None


@cache
def catalogue() -> Mapping[str, Entry]:
    """Return every sentence by its key, ``section.name``.

    Raises
    ------
    ValueError
        If two files have the same section: a defect, never a user's error.
    """
    found: dict[str, Entry] = {}
    for path in sorted((Path(__file__).parent / "texts").glob("*.toml")):
        for section, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for name, texts in entries.items():
                if f"{section}.{name}" in found:
                    raise ValueError(f"{path.name}: {section}.{name} is in another file too")
                found[f"{section}.{name}"] = Entry(**texts)
    return found
