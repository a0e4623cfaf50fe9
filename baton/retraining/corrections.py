"""Labels that people have corrected on the pages, beside the company file, for the next run to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from baton.company import Company
from baton.errors import ArtefactError, OutputError
from baton.files import owner_only, read_json, write_json

__all__ = ["Corrected", "corrections_file", "read_corrections", "write_corrections"]

_FORMAT = "baton.corrections/1"


@dataclass(frozen=True)
class Corrected:
    """What somebody who has read a case's text again says that it is about.

    Parameters
    ----------
    case_id : str
    cause : str
    number : int
        Of the correction, as the audit log names it; larger is newer.
    """

    case_id: str
    cause: str
    number: int


def corrections_file(company: Company, /) -> Path:
    """Return the file of corrected labels: beside the company file, since a run may write its results elsewhere."""
    return company.folder / ".baton" / "corrections" / "labels.json"


def write_corrections(company: Company, rows: Sequence[Corrected], /) -> Path:
    """Write all corrected labels, one a case, in the place of those before; neither texts nor people are in it.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    path = corrections_file(company)
    with owner_only():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{path.parent}: cannot be made ({error.strerror or error}); make it writable") from error
        write_json(path, {"format": _FORMAT, "labels": [asdict(row) for row in rows]})
    return path


def read_corrections(company: Company, /) -> tuple[Corrected, ...]:
    """Return the corrected labels; none where nobody has corrected one.

    Raises
    ------
    ArtefactError
        If the file is none that the service has left.
    """
    path = corrections_file(company)
    if not path.exists():
        return ()
    found = read_json(path)
    try:
        if found["format"] != _FORMAT:
            raise ValueError("of another version of Baton")
        rows = tuple(Corrected(**row) for row in found["labels"])
        if not all(isinstance(row.cause, str) and row.cause and isinstance(row.case_id, str) for row in rows):
            raise ValueError("a label without a case or a cause")
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(
            f"{path}: these are not the labels that people have corrected ({error}); remove the file, and the next "
            "correction on the page of causes writes it again"
        ) from error
    return rows
