"""Files of a run: where they lie, and how they are written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from baton.errors import ArtefactError, BatonError, OutputError

__all__ = [
    "DEFAULT_OUT",
    "RunFolder",
    "new_file",
    "owner_only",
    "read_json",
    "remove_unfinished",
    "write_atomically",
    "write_json",
]


DEFAULT_OUT = "out"
"""Name of the results' folder, beside the company file, where none is given."""


class RunFolder:
    """Names of everything that a run leaves in its folder.

    The files of the contract lie at the top; what Baton needs to resume and to serve lies in sub-folders.

    Parameters
    ----------
    path : Path
        The folder; made by ``create``, readable by its owner alone.
    """

    def __init__(self, path: str | Path, /) -> None:
        self.path = Path(path)

    def create(self) -> RunFolder:
        """Make the folder, readable by its owner alone.

        Raises
        ------
        OutputError
            If it cannot be made or written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            os.chmod(self.path, 0o700)
            with tempfile.NamedTemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise OutputError(
                f"{self.path}: cannot write there ({error.strerror or error}); choose another folder with --out"
            ) from error
        return self

    def file(self, name: str, /) -> Path:
        """Return the path of one of the contract's files, such as ``weights.parquet``."""
        return self.path / name

    def require(self, name: str, /) -> Path:
        """Return the path of a file that must be there.

        Raises
        ------
        ArtefactError
            If it is not.
        """
        path = self.file(name)
        if not path.exists():
            raise ArtefactError(f"{path}: not there; `baton run COMPANY --out {self.path}` makes it")
        return path

    @property
    def staged(self) -> Path:
        """Folder of the cleaned source tables, one Parquet file each."""
        return self.path / "staged"

    @property
    def texts(self) -> Path:
        """Folder of what was read from the cases' texts: which causes are KPIs, and the cases with their causes."""
        return self.path / "texts"

    @property
    def training(self) -> Path:
        """Folder of the training tables, one sub-folder per outcome."""
        return self.path / "training"

    @property
    def models(self) -> Path:
        """Folder of the trained predictors, one sub-folder per outcome."""
        return self.path / "models"

    @property
    def trained_scales(self) -> Path:
        """File of the scales of ratings that the trained predictors know."""
        return self.steps / "trained_scales.json"

    @property
    def trained_types(self) -> Path:
        """File of the types of attributes that the trained predictors know."""
        return self.steps / "trained_types.json"

    @property
    def advice(self) -> Path:
        """Folder of what weights can be solved again from."""
        return self.path / "advice"

    @property
    def before(self) -> RunFolder:
        """Folder of the advice before, set aside to be compared with: laid out as a run's."""
        return RunFolder(self.path / "before")

    @property
    def steps(self) -> Path:
        """Folder of the finished steps' records, by which a run resumes."""
        return self.path / ".steps"


@contextmanager
def owner_only() -> Iterator[None]:
    """Let all files and folders that are made in the block be readable by their owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def remove_unfinished(folder: Path, /) -> None:
    """Remove what killed runs had begun to write (``write_atomically``); no other run may be writing there."""
    for left in folder.rglob(".*.part"):
        process = left.name.removesuffix(".part").rpartition(".")[2]
        if process.isdecimal() and left.is_file() and not _is_running(int(process)):
            with suppress(OSError):
                left.unlink()


def _is_running(process: int, /) -> bool:
    if os.name == "nt":  # there, a file that somebody writes cannot be removed
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def write_atomically(path: Path, /, *, hint: str = "free space or choose --out") -> Iterator[Path]:
    """Give a temporary path beside ``path``, moved into place when the block ends well and removed otherwise.

    Parameters
    ----------
    hint : str
        What to do where it cannot be written.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except BatonError:
        raise
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{path}: cannot be written ({why}); {hint}") from error
    finally:
        with suppress(OSError):  # its folder may be none
            temporary.unlink(missing_ok=True)


@contextmanager
def new_file(path: Path, /, *, overwrite: bool) -> Iterator[Path]:
    """Give a temporary path as ``write_atomically`` does, for a file that only its owner can read.

    Parameters
    ----------
    overwrite : bool
        Whether it may take the place of a file that is there.

    Raises
    ------
    OutputError
        If the file is there already, or cannot be written.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: is there already and stays as it is; choose another name, or add --force")
    with owner_only(), write_atomically(path, hint="free space or choose another place") as temporary:
        yield temporary


def write_json(path: Path, value: Any, /) -> None:
    """Write a JSON document, whole or not at all; NaN and infinity are refused.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path, /) -> Any:
    """Read a JSON document.

    Raises
    ------
    ArtefactError
        If it is missing or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtefactError(f"{path}: not there; `baton run` makes it") from None
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path}: cannot be read ({error}); delete it and run again") from error
