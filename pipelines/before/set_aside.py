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
from models.advice.stability.basis import Basis

__all__ = ["COMPARED", "set_aside"]

COMPARED = ("weights.parquet", "advice/kpis.parquet", "advice/effects_by_team.parquet", "advice/basis.json")
"""What an advice is compared by: nothing about single people. ``basis.json`` is written last by who writes an advice,
so that where it lies all of them do."""


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
    for name in COMPARED:
        found.update(folder.before.file(name).read_bytes())
    return found.hexdigest()


def _is_before(company: Company, folder: RunFolder, as_of: datetime, /) -> bool:
    """Whether a folder holds a whole advice to this company, of older data."""
    basis = Basis.find(folder.advice)
    if basis is None or basis.company != company.company.name:
        return False
    whole = all(folder.file(name).exists() for name in COMPARED)
    return whole and pd.Timestamp(basis.as_of) < pd.Timestamp(as_of)


def _copy(source: RunFolder, place: RunFolder, /) -> None:
    begun = place.path.with_name(".before.part")
    try:
        shutil.rmtree(begun, ignore_errors=True)
        for name in COMPARED:
            _copied(source.file(name), begun / name)
        shutil.rmtree(place.path, ignore_errors=True)
        os.replace(begun, place.path)
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{place.path}: cannot be written ({why}); free space or choose --out") from error


def _copied(source: Path, place: Path, /) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
