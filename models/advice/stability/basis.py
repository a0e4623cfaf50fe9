"""What an advice was made from, so that the next one can say what is different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from baton.errors import ArtefactError
from baton.files import read_json, write_json

__all__ = ["Basis"]

_LATER = ("outcome", "place", "sources")
"""What the first versions did not keep."""


@dataclass(frozen=True)
class Basis:
    """What an advice was made from.

    Parameters
    ----------
    company : str
        Its name: the advice to another company is nothing to compare with.
    as_of : str
        The moment it was given for, in ISO 8601.
    cases : int
        Behind it.
    policy : mapping
        As JSON has it.
    settings : str
        Fingerprint of what the company file says of outcomes and periods.
    method : str
        Fingerprint of the code that estimates effects.
    kpis : mapping of str to str
        Fingerprint of each KPI's definition.
    place, sources : str
        Fingerprints of where the company file lies, and of where its tables come from: of two companies with one name
        neither is the same. Empty: not known.
    outcome : str
        That weights serve, as ``effects.parquet`` calls it; empty: not known.
    """

    company: str
    as_of: str
    cases: int
    policy: Mapping[str, Any]
    settings: str
    method: str
    kpis: Mapping[str, str]
    outcome: str = ""
    place: str = ""
    sources: str = ""

    def is_of(self, other: Basis, /) -> bool:
        """Whether both were made for one company: of one name, and from one company file or the same sources."""
        if self.company != other.company:
            return False
        return not self.place or self.place == other.place or self.sources == other.sources

    def save(self, folder: Path, /) -> None:
        """Write it into the folder of an advice, last of all: an advice that has it is whole."""
        write_json(self.file(folder), asdict(self))

    @staticmethod
    def file(folder: Path, /) -> Path:
        """Return its file in the folder of an advice."""
        return folder / "basis.json"

    @classmethod
    def find(cls, folder: Path, /) -> Basis | None:
        """Return that of the advice in a folder; None where there is no whole one, or it is of an older version.

        Raises
        ------
        ArtefactError
            If it cannot be read.
        """
        place = cls.file(folder)
        if not place.exists():
            return None
        found = read_json(place)
        names = {field.name for field in fields(cls)}
        if not isinstance(found, dict) or not names <= {*_LATER, *found}:
            raise ArtefactError(f"{place}: not as Baton writes it; delete it and run again")
        return cls(**{name: found[name] for name in names if name in found})
