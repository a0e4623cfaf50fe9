"""Finds an encoder by its name: packaged, a local folder, or on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from baton.errors import ArtefactError, CompanyFileError
from models.encoders.encoders import MULTILINGUAL, PACKAGED, PAIR, Encoder
from models.encoders.hub import fetch_encoder
from models.encoders.onnx_encoder import OnnxEncoder
from models.encoders.packaged import packaged_encoder

__all__ = ["find_encoder", "load_encoder"]


def find_encoder(name: str = "auto", languages: Iterable[str] = (), /) -> Encoder:
    """Find an encoder.

    Parameters
    ----------
    name : str
        ``auto``, ``minilm`` (English), ``use-multilingual``, ``minilm+use-multilingual`` (the vectors of both, side by
        side), a local folder (``*.onnx`` and ``tokenizer.json``), or a Hugging Face id.
    languages : iterable of str
        Languages of the texts; ``auto`` takes both encoders where nothing but English is written, else the multilingual
        one.

    Raises
    ------
    CompanyFileError
        If the encoder is not installed, not there, or cannot be fetched.
    ArtefactError
        If a file of a local encoder is missing, damaged, or can carry code.
    """
    if name == "auto":
        name = PAIR if set(languages) <= {"en", "und"} and any(code == "en" for code in languages) else MULTILINGUAL
    if name in PACKAGED:
        return packaged_encoder(name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return OnnxEncoder.from_folder(folder)
    if folder.is_absolute() or name.startswith(".") or name.count("/") != 1:
        raise CompanyFileError(
            f"[text] encoder: {name!r} is no folder; give auto, {', '.join(PACKAGED)}, a folder with "
            "model.onnx and tokenizer.json, or a Hugging Face id"
        )
    return OnnxEncoder.from_folder(fetch_encoder(name), name)


def load_encoder(folder: Path, name: str, /) -> Encoder:
    """Return the encoder that ``save`` was called on: a packaged one by its name, another from the folder.

    Raises
    ------
    ArtefactError
        If it is not there, or damaged.
    """
    if name not in PACKAGED:
        return OnnxEncoder.from_folder(folder, name)
    try:
        return packaged_encoder(name)
    except CompanyFileError as error:
        raise ArtefactError(
            f"{folder}: the model needs the encoder {name!r}, which is not installed ({error})"
        ) from error
