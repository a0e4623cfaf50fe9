"""The advice that an output folder holds is set aside before a run on newer data takes its place."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from baton.company import Company
from baton.errors import ArtefactError, OutputError
from baton.files import RunFolder
from baton.messages.message import Message
from baton.run_results import RunResults
from models.advice.stability.basis import Basis
from pipelines.before.compared import identity_of

__all__ = ["COMPARED", "another_company", "refuse_no_run", "set_aside"]

COMPARED = ("weights", "advice/kpis", "advice/effects_by_team")
"""Tables that an advice is compared by, beside its basis: nothing about single people."""


def set_aside(company: Company, folder: RunFolder, as_of: datetime | None, previous: RunFolder | None = None, /) -> str:
    """Set the advice in a folder aside, if it was given on older data, and say what there is to compare with.

    What was set aside before gives way only then: the same data advised again are compared with the same advice. Each
    file is copied, so that a run that fails half-way loses nothing.

    Parameters
    ----------
    as_of : datetime, optional
        The moment that the run advises for.
    previous : RunFolder, optional
        A run to compare with instead. Whoever names it says that it is of this company, wherever its file lay then.

    Returns
    -------
    str
        Fingerprint of the advice that is compared with; empty: none.

    Raises
    ------
    ArtefactError
        If an advice is there and cannot be read, or if ``previous`` holds none that can be compared with.
    OutputError
        If the folder cannot be written.
    """
    if as_of is None:
        return ""
    if previous is not None:
        basis = _named(company, previous, as_of)
        _copy(previous, folder.before, replace(basis, **identity_of(company)))
    elif _is_before(company, folder, as_of):
        _copy(folder, folder.before)
    if not _is_before(company, folder.before, as_of):
        return ""
    found = hashlib.blake2b(digest_size=12)
    for place in _places(folder.before):
        found.update(place.read_bytes())
    return found.hexdigest()


def refuse_no_run(previous: RunFolder | None, /) -> None:
    """Refuse a folder to compare with that is none of a run, before anything is made.

    Raises
    ------
    ArtefactError
        If it holds no whole advice.
    """
    if previous is not None and not all(place.exists() for place in _places(previous)):
        raise ArtefactError(
            f"--previous {previous.path}: holds no advice of a run; give the --out folder of an earlier run"
        )


def another_company(company: Company, folder: RunFolder, /) -> Message | None:
    """Say that the advice in a folder is not compared with, where it was given to another company; else None."""
    basis = Basis.find(folder.advice)
    if basis is None or _is_of(company, basis):
        return None
    name = company.company.name
    if basis.company != name:
        return Message("before.other_name", {"before": basis.company, "now": name})
    return Message("before.other_sources", {"name": name})


def _named(company: Company, previous: RunFolder, as_of: datetime, /) -> Basis:
    """Return the basis of a run that was named to compare with."""
    refuse_no_run(previous)
    basis, path = Basis.find(previous.advice), previous.path
    assert basis is not None
    if basis.company != company.company.name:
        raise ArtefactError(
            f"--previous {path}: is a run of {basis.company!r}, not of {company.company.name!r}; give one of this"
        )
    if pd.Timestamp(basis.as_of) >= pd.Timestamp(as_of):
        raise ArtefactError(
            f"--previous {path}: its data end on {pd.Timestamp(basis.as_of):%Y-%m-%d}, not before these "
            f"({as_of:%Y-%m-%d}); give a run on older data"
        )
    return basis


def _is_of(company: Company, basis: Basis, /) -> bool:
    now = replace(basis, company=company.company.name, **identity_of(company))
    return basis.is_of(now)


def _is_before(company: Company, folder: RunFolder, as_of: datetime, /) -> bool:
    """Whether a folder holds a whole advice to this company, of older data."""
    basis = Basis.find(folder.advice)
    if basis is None or not _is_of(company, basis):
        return False
    return all(place.exists() for place in _places(folder)) and pd.Timestamp(basis.as_of) < pd.Timestamp(as_of)


def _copy(source: RunFolder, place: RunFolder, basis: Basis | None = None, /) -> None:
    begun = place.path.with_name(".before.part")
    try:
        shutil.rmtree(begun, ignore_errors=True)
        for one, other in zip(_places(source), _places(RunFolder(begun)), strict=True):
            _copied(one, other)
        if basis is not None:
            basis.save(RunFolder(begun).advice)
        shutil.rmtree(place.path, ignore_errors=True)
        os.replace(begun, place.path)
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{place.path}: cannot be written ({why}); free space or choose --out") from error


def _places(folder: RunFolder, /) -> list[Path]:
    results = RunResults(folder)
    return [*(results.path(name) for name in COMPARED), Basis.file(folder.advice)]


def _copied(source: Path, place: Path, /) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
