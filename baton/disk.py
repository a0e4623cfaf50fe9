"""Full disks: distinguished from other failures, whoever wrote, and reported in one sentence."""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from baton.errors import BatonError, OutputError

__all__ = ["explaining_full_disks", "full_disk_error", "is_full_disk"]

_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT})

_WORDS = re.compile(
    r"no space left|not enough space|disk is full|disk quota exceeded|max_temp_directory_size"
    r"|no usable temporary directory|\d+ requested and \d+ written",
    re.IGNORECASE,
)
"""What libraries say of it without the system's error number: DuckDB, SQLite, MLflow, tempfile, NumPy."""


def is_full_disk(error: BaseException, /) -> bool:
    """Whether something failed because there was no space to write.

    Examples
    --------
    >>> is_full_disk(OSError(28, "No space left on device")), is_full_disk(OSError(13, "Permission denied"))
    (True, False)
    """
    seen: BaseException | None = error
    while seen is not None:
        if getattr(seen, "errno", None) in _NUMBERS or (not isinstance(seen, BatonError) and _WORDS.search(str(seen))):
            return True
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return False


def full_disk_error(error: BaseException, /, *places: Path) -> OutputError:
    """Return the error of a full disk: which folder, and what to do.

    Parameters
    ----------
    error : exception
        What a library said.
    *places : Path
        Folders that were being written to besides the one for temporary files.
    """
    temporary = _temporary()
    known = [*places, *([temporary] if temporary is not None else [])]
    named = [place for place in known if str(place) in str(error) or str(place.resolve()) in str(error)]
    folder = max(named, key=lambda place: len(str(place))) if named else min(known, key=_free, default=None)
    if folder is None or folder == temporary:
        where = "the folder for temporary files" if folder is None else str(folder)
        return OutputError(f"{where}: no space left; free some, or set TMPDIR to another folder, and run again")
    return OutputError(f"{folder}: no space left; free some and run again: what is finished is kept")


@contextmanager
def explaining_full_disks(*places: Path) -> Iterator[None]:
    """Turn what libraries say of a full disk into one sentence.

    Parameters
    ----------
    *places : Path
        Folders that are written to in the block, besides the one for temporary files.

    Raises
    ------
    OutputError
        If a disk is full.
    """
    try:
        yield
    except BatonError:
        raise
    except Exception as error:
        if not is_full_disk(error):
            raise
        raise full_disk_error(error, *places) from error


def _temporary() -> Path | None:
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        return None


def _free(folder: Path, /) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
