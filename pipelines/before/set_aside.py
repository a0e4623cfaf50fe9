"""The advice that an output folder holds is set aside before a run on newer data takes its place."""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import datetime
from pathlib import Path

import pandas as pd

from baton.company import Company
from baton.errors import OutputError
from baton.files import RunFolder
from baton.run_results import RunResults
from models.advice.stability.basis import Basis

__all__ = ["COMPARED", "set_aside"]

COMPARED = ("weights", "advice/kpis", "advice/effects_by_team")
"""Tables that an advice is compared by, beside its basis: nothing about single people."""


def set_aside(company: Company, folder: RunFolder, as_of: datetime | None, /) -> str:
    """Set the advice in a folder aside, if it was given on older data, and say what there is to compare with.

    What was set aside before gives way only then: the same data advised again are compared with the same advice. Each
    file is copied, so that a run that fails half-way loses nothing.

    Parameters
    ----------
    as_of : datetime, optional
        The moment that the run advises for.

    Returns
    -------
    str
        Fingerprint of the advice that is compared with; empty: none.

    Raises
    ------
    ArtefactError
        If an advice is there and cannot be read.
    OutputError
        If the folder cannot be written.
    """
    if as_of is None:
        return ""
    if _is_before(company, folder, as_of):
        _copy(folder, folder.before)
    if not _is_before(company, folder.before, as_of):
        return ""
    found = hashlib.blake2b(digest_size=12)
    for place in _places(folder.before):
        found.update(place.read_bytes())
    return found.hexdigest()


def _is_before(company: Company, folder: RunFolder, as_of: datetime, /) -> bool:
    """Whether a folder holds a whole advice to this company, of older data."""
    basis = Basis.find(folder.advice)
    if basis is None or basis.company != company.company.name:
        return False
    return all(place.exists() for place in _places(folder)) and pd.Timestamp(basis.as_of) < pd.Timestamp(as_of)


def _copy(source: RunFolder, place: RunFolder, /) -> None:
    begun = place.path.with_name(".before.part")
    try:
        shutil.rmtree(begun, ignore_errors=True)
        for one, other in zip(_places(source), _places(RunFolder(begun)), strict=True):
            _copied(one, other)
        shutil.rmtree(place.path, ignore_errors=True)
        os.replace(begun, place.path)
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{place.path}: cannot be written ({why}); free space or choose --out") from error


def _places(folder: RunFolder, /) -> list[Path]:
    results = RunResults(folder)
    return [*(results.path(name) for name in COMPARED), Basis.place(folder.advice)]


def _copied(source: Path, place: Path, /) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
