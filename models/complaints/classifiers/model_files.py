"""The files that text models are saved in: JSON and arrays, never code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from baton.errors import ArtefactError
from baton.files import read_json, write_atomically, write_json
from models.complaints.calibration import ScoreScale

__all__ = [
    "ARRAYS_FILE",
    "MODEL_FILE",
    "field_of",
    "read_arrays",
    "read_model_file",
    "read_table",
    "refuse_code",
    "scale_from_json",
    "scale_to_json",
    "write_arrays",
    "write_model_file",
]

MODEL_FILE = "text_model.json"
ARRAYS_FILE = "arrays.npz"
FORMAT = 1

_CODE = frozenset(
    ".pkl .pickle .joblib .pt .pth .bin .ckpt .dill .cloudpickle .skops .npy .py .pyc .so .dll .h5".split()
)


def refuse_code(folder: Path, /) -> None:
    """Refuse a folder with a file in it that can run code when it is read.

    Raises
    ------
    ArtefactError
        Naming the file.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _CODE:
            raise ArtefactError(
                f"{path}: files of the kind {path.suffix} can carry code and are never read; "
                "take it out, or use weights as safetensors or ONNX"
            )


def write_model_file(folder: Path, name: str, classes: tuple[str, ...], what: Mapping[str, Any], /) -> None:
    """Write ``text_model.json``: which model it is, its classes, and what else is small."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / MODEL_FILE, {"format": FORMAT, "name": name, "classes": list(classes), **what})


def read_model_file(folder: Path, name: str | None = None, /) -> dict[str, Any]:
    """Read ``text_model.json``.

    Parameters
    ----------
    name : str, optional
        The model that it must be.

    Raises
    ------
    ArtefactError
        If the folder holds code, or the file is missing, damaged, of a later format, or another model's.
    """
    refuse_code(folder)
    path = folder / MODEL_FILE
    what = read_json(path)
    if not isinstance(what, dict) or not isinstance(what.get("name"), str) or not isinstance(what.get("classes"), list):
        raise ArtefactError(f"{path}: is no text model; train again with `baton run`")
    if what.get("format") != FORMAT:
        raise ArtefactError(f"{path}: has format {what.get('format')!r}, this Baton reads {FORMAT}; train again")
    if name is not None and what["name"] != name:
        raise ArtefactError(f"{path}: is a {what['name']!r} model, not {name!r}; train again")
    classes = what["classes"]
    if len(classes) < 2 or len(set(map(str, classes))) != len(classes) or not all(isinstance(c, str) for c in classes):
        raise ArtefactError(f"{path}: names no two different classes; train again")
    return what


def field_of(what: Mapping[str, Any], name: str, folder: Path, /) -> Any:
    """Return a field of what ``read_model_file`` returned.

    Raises
    ------
    ArtefactError
        If it is not there.
    """
    if name not in what:
        raise ArtefactError(f"{folder / MODEL_FILE}: lacks {name!r}; train again with `baton run`")
    return what[name]


def scale_to_json(scale: ScoreScale, /) -> dict[str, Any]:
    """Return the small part of a calibration; its shifts are an array."""
    return {"slope": scale.slope, "sureness": list(scale.beta)}


def scale_from_json(what: Mapping[str, Any], shift: np.ndarray, folder: Path, /) -> ScoreScale:
    """Return the calibration that ``scale_to_json`` and an array of shifts describe.

    Raises
    ------
    ArtefactError
        If it is not there, or no numbers.
    """
    slope, beta = (field_of(what, name, folder) for name in ("slope", "sureness"))
    numbers = [slope, *beta] if isinstance(beta, list) and len(beta) == 3 else [None]
    if not all(isinstance(number, int | float) for number in numbers):
        raise ArtefactError(f"{folder / MODEL_FILE}: the calibration is no four numbers; train again with `baton run`")
    return ScoreScale(float(slope), shift, (float(beta[0]), float(beta[1]), float(beta[2])))


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], /) -> None:
    """Write arrays of numbers as NPZ, whole or not at all."""
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]], /) -> dict[str, np.ndarray]:
    """Read arrays of numbers from NPZ; objects, and so code, are refused.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        The arrays that must be there, and their shapes; -1 for any length.

    Raises
    ------
    ArtefactError
        If the file is missing or damaged, or an array is missing, of another shape, or not finite.
    """
    if not path.is_file():
        raise ArtefactError(f"{path}: not there; train again with `baton run`")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:
        # numpy raises errors of zipfile, zlib and its own for damaged files, and ValueError for pickles
        raise ArtefactError(f"{path}: is damaged or holds more than numbers ({error}); train again") from error
    for name, shape in shapes.items():
        array = arrays.get(name)
        if array is None or array.dtype.kind not in "fiu" or array.ndim != len(shape):
            raise ArtefactError(f"{path}: lacks the numbers {name!r}; train again with `baton run`")
        if any(wanted not in (-1, have) for wanted, have in zip(shape, array.shape, strict=True)):
            raise ArtefactError(f"{path}: {name!r} has shape {array.shape}, not {shape}; train again")
        if not np.isfinite(array).all():
            raise ArtefactError(f"{path}: {name!r} is not finite; train again with `baton run`")
    return arrays


def read_table(path: Path, columns: Sequence[str], /) -> pd.DataFrame:
    """Read columns of a Parquet file beside a model.

    Raises
    ------
    ArtefactError
        If it is missing, damaged, or lacks one.
    """
    if not path.is_file():
        raise ArtefactError(f"{path}: not there; run again")
    try:
        return pd.read_parquet(path, columns=list(columns))
    except (OSError, ValueError) as error:
        # pyarrow raises ValueError for damaged files and for missing columns
        raise ArtefactError(f"{path}: is damaged ({error}); delete the folder and run again") from error
