"""The record of a model's files: the SHA-256 of each, written last and compared whenever the model is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from baton.errors import ArtefactError, DamagedModelError
from baton.files import read_json, write_json

__all__ = ["MANIFEST_FILE", "REMEDY", "Manifest", "sha256_of", "verify_manifest", "write_manifest"]

MANIFEST_FILE = "manifest.json"
REMEDY = "train again with `baton run`, or go back to an earlier champion with `baton models rollback`"
_FORMAT = 1
_PIECE = 1 << 22


@dataclass(frozen=True)
class Manifest:
    """What a model's folder holds.

    Parameters
    ----------
    files : mapping of str to str
        SHA-256 by path inside the folder.
    """

    folder: Path
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One digest of all files: what the registry records."""
        return hashlib.sha256(json.dumps(dict(self.files), sort_keys=True).encode()).hexdigest()

    def text(self, name: str, /) -> str:
        """Return a file's text, from the very bytes that were compared.

        Raises
        ------
        DamagedModelError
            If the file is not recorded, is another than was recorded, or is no text.
        """
        if name not in self.files:
            raise DamagedModelError(f"{self.folder / name}: is not among the model's files; {REMEDY}")
        try:
            content = (self.folder / name).read_bytes()
            if hashlib.sha256(content).hexdigest() != self.files[name]:
                raise DamagedModelError(_changed(self.folder / name))
            return content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedModelError(f"{self.folder / name}: cannot be read ({error}); {REMEDY}") from error


def sha256_of(path: Path, /) -> str:
    """Return the SHA-256 of a file.

    Raises
    ------
    DamagedModelError
        If it cannot be read.
    """
    summary = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                summary.update(piece)
    except OSError as error:
        raise DamagedModelError(f"{path}: cannot be read ({error.strerror or error}); {REMEDY}") from error
    return summary.hexdigest()


def write_manifest(folder: Path, /) -> Manifest:
    """Record the files that lie in a model's folder and below; to be called when all are written.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in _files(folder)}
    write_json(folder / MANIFEST_FILE, {"format": _FORMAT, "sha256": files})
    return Manifest(folder, files)


def verify_manifest(folder: Path, recorded: str = "", /) -> Manifest:
    """Compare a model's files with their record.

    Parameters
    ----------
    recorded : str
        The digest of all files as noted elsewhere (the registry), if it is.

    Raises
    ------
    DamagedModelError
        If the record is missing or another, or a file is missing, changed, or was added.
    """
    path = folder / MANIFEST_FILE
    if not folder.is_dir():
        raise ArtefactError(f"{folder}: no model is there; `baton run` makes it")
    if not path.exists():
        raise DamagedModelError(
            f"{path}: not there, so that nothing tells whether the model is as it was trained "
            f"(models of earlier versions have none); {REMEDY}"
        )
    try:
        described = read_json(path)
    except ArtefactError as error:
        raise DamagedModelError(str(error)) from error
    files = described.get("sha256") if isinstance(described, dict) else None
    if not isinstance(files, dict) or described.get("format") != _FORMAT or not all(map(_is_plain, files)):
        raise DamagedModelError(f"{path}: is no record of a model's files; {REMEDY}")
    found = Manifest(folder, {str(name): str(value) for name, value in files.items()})
    if recorded and found.digest != recorded:
        raise DamagedModelError(f"{path}: is not what the registry recorded when the model was registered; {REMEDY}")
    for name, expected in found.files.items():
        if not (folder / name).is_file():
            raise DamagedModelError(f"{folder / name}: not there; {REMEDY}")
        if sha256_of(folder / name) != expected:
            raise DamagedModelError(_changed(folder / name))
    added = [path for path in _files(folder) if path.relative_to(folder).as_posix() not in found.files]
    if added:
        raise DamagedModelError(f"{added[0]}: was added after training; take it out, or {REMEDY}")
    return found


def _changed(path: Path, /) -> str:
    return f"{path}: was changed after training (its SHA-256 is not the recorded one) and is not loaded; {REMEDY}"


def _is_plain(name: str, /) -> bool:
    """Whether a recorded path stays inside the folder."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _files(folder: Path, /) -> list[Path]:
    """All files but the record itself and what a killed run left half-written."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())
    return [path for path in found if path != folder / MANIFEST_FILE and not path.name.endswith(".part")]
