"""What every model of texts can do."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Protocol, Self

import numpy as np

from baton.company import Text
from baton.errors import ArtefactError
from baton.progress import Progress, silent
from features.text.text_set import TextSet
from models.complaints.classifiers.model_files import MODEL_FILE, read_model_file

__all__ = ["TextModel", "load_text_model", "onto_classes", "text_model_classes"]


class TextModel(Protocol):
    """Learns which label a text has, and says how probable each is.

    A class joins the shared checks by existing: a file in ``models/complaints/classifiers/`` with a class whose
    ``name`` is not empty.
    """

    name: ClassVar[str]

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels it knows, in the order of the columns of ``probabilities``."""
        ...

    @classmethod
    def fit(cls, texts: TextSet, seed: int, /, *, settings: Text | None = None, progress: Progress = silent) -> Self:
        """Learn from the labelled texts, each counting by its weight.

        Raises
        ------
        TooLittleDataError
            If fewer than two labels can be learned.
        """
        ...

    def probabilities(self, texts: Sequence[str], /) -> np.ndarray:
        """Return calibrated probabilities (texts, classes); rows sum to 1. Takes cleaned and masked texts."""
        ...

    def save(self, folder: Path, /) -> None:
        """Write the model as JSON, safetensors, NPZ without objects, or ONNX; never as a pickle."""
        ...

    @classmethod
    def load(cls, folder: Path, /) -> Self:
        """Read what ``save`` has written.

        Raises
        ------
        ArtefactError
            If a file is missing, damaged, or holds code.
        """
        ...


def text_model_classes() -> dict[str, type[TextModel]]:
    """Return every text model there is by its name: classes of this folder whose ``name`` is not empty."""
    package = importlib.import_module("models.complaints.classifiers")
    found: dict[str, type[TextModel]] = {}
    for module in pkgutil.iter_modules(package.__path__):
        for candidate in vars(importlib.import_module(f"models.complaints.classifiers.{module.name}")).values():
            name = getattr(candidate, "name", None)
            if isinstance(candidate, type) and isinstance(name, str) and name and hasattr(candidate, "probabilities"):
                found[name] = candidate
    return dict(sorted(found.items()))


def load_text_model(folder: Path, /) -> TextModel:
    """Read a text model of any kind.

    Raises
    ------
    ArtefactError
        If none is there, or a file is missing, damaged, or can carry code.
    """
    name = read_model_file(folder)["name"]
    classes = text_model_classes()
    if name not in classes:
        raise ArtefactError(f"{folder / MODEL_FILE}: is a {name!r} model; this Baton knows {', '.join(classes)}")
    return classes[name].load(folder)


def onto_classes(probabilities: np.ndarray, own: Sequence[str], classes: Sequence[str], /) -> np.ndarray:
    """Return probabilities (texts, classes) of a model that may know fewer classes, or other ones.

    Examples
    --------
    >>> onto_classes(np.array([[0.25, 0.75]]), ["late", "lost"], ["bill", "late", "lost"]).tolist()
    [[0.0, 0.25, 0.75]]
    """
    position = {name: number for number, name in enumerate(classes)}
    kept = [number for number, name in enumerate(own) if name in position]
    found = np.zeros((len(probabilities), len(classes)))
    found[:, [position[own[number]] for number in kept]] = probabilities[:, kept]
    return found
