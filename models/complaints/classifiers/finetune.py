"""The transformer trained on the labels, served by ONNX Runtime in int8: no PyTorch where it answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from baton.company import Text
from baton.errors import ArtefactError, BatonError
from baton.files import write_atomically
from baton.progress import Progress, silent
from features.text.text_set import TextSet
from models.complaints.calibration import ScoreScale
from models.complaints.classifiers.model_files import (
    field_of,
    read_model_file,
    scale_from_json,
    scale_to_json,
    write_model_file,
)
from models.complaints.classifiers.training_loop import Recipe, network_scores, train
from models.complaints.paired_comparison import macro_f1
from models.complaints.training_set import training_set
from models.encoders.onnx_encoder import open_session
from models.encoders.onnx_export import export, in_eight_bits, run
from models.encoders.tokens import PieceReader, batches
from models.encoders.transformer_source import base_name, find_base

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["FinetunedModel"]

_PARTS = 8
_MAX_LOSS = 0.01
_ONNX_FILE, _TOKENIZER_FILE = "model.onnx", "tokenizer.json"


@dataclass(frozen=True)
class FinetunedModel:
    """A transformer trained on the labels, calibrated on held-out texts, exported to ONNX.

    Parameters
    ----------
    classes : tuple of str
        In the order of the probabilities' columns.
    model : bytes
        ONNX: pieces and mask to scores of the classes.
    precision : str
        ``int8``, or ``fp32`` where int8 answered the held-out texts worse by more than a point of macro-F1.
    scale : ScoreScale
        One temperature for all classes.
    base : str
        Name of the transformer that it was trained from.
    """

    name: ClassVar[str] = "finetune"

    classes: tuple[str, ...]
    model: bytes
    precision: str
    reader: PieceReader
    scale: ScoreScale
    base: str

    @classmethod
    def fit(
        cls, texts: TextSet, seed: int, /, *, settings: Text | None = None, progress: Progress = silent,
        recipe: Recipe | None = None,
    ) -> Self:  # fmt: skip
        """Learn from the labelled texts, each counting by its weight.

        Raises
        ------
        TooLittleDataError
            If fewer than two labels can be learned.
        ArtefactError
            If PyTorch is not installed, or there is no transformer for the texts' languages.
        """
        learned = training_set(texts)
        recipe = replace(recipe or Recipe(), seed=seed)
        base = find_base((settings or Text()).encoder, texts.labelled.frame["language"].tolist())
        reader = PieceReader((base / _TOKENIZER_FILE).read_text(encoding="utf-8"))
        held_out = learned.folds(_PARTS, seed) == 0
        rest, kept = learned.rows(~held_out), learned.rows(held_out)
        network = train(base, reader, rest, kept, recipe, progress)
        progress("exporting the transformer", 0, 0)
        exact = export(network)
        chunks = reader.chunks(kept.texts)
        wanted = network_scores(network, chunks, len(kept.texts), len(learned.classes))
        small = cls(learned.classes, in_eight_bits(exact), "int8", reader, _as_is(learned.classes), base_name(base))
        scores = small.scores(kept.texts)
        found, hoped = (macro_f1(kept.target, one.argmax(axis=1), len(kept.classes)) for one in (scores, wanted))
        if found < hoped - _MAX_LOSS:
            small = cls(learned.classes, exact, "fp32", reader, small.scale, base_name(base))
            scores = small.scores(kept.texts)
        # every text counts the same: weighed by the annotators, who are sure of easy texts, it would be too sure
        scale = ScoreScale.fit(scores, kept.target, shift=False, beta=True)
        return cls(learned.classes, small.model, small.precision, reader, scale, base_name(base))

    @staticmethod
    def obstacle(texts: TextSet, settings: Text | None = None, /) -> str | None:
        """Say what stands in the way of training, in one line; None if nothing does."""
        if importlib.util.find_spec("torch") is None or importlib.util.find_spec("accelerate") is None:
            return "finetune: PyTorch is not installed; see requirements-training.in"
        if importlib.util.find_spec("onnx") is None:
            return "finetune: onnx is not installed; see requirements-training.in"
        try:
            find_base((settings or Text()).encoder, texts.labelled.frame["language"].tolist())
        except BatonError as error:
            return str(error)
        return None

    @cached_property
    def _session(self) -> InferenceSession:
        return open_session(self.model, Path(_ONNX_FILE))

    def scores(self, texts: Sequence[str], /) -> np.ndarray:
        """Return scores (texts, classes) before calibration; a long text has the mean of its chunks by length."""
        scores = np.zeros((len(texts), len(self.classes)))
        chunks = self.reader.chunks(texts)
        # int8 takes its scale from all that is read at once: chunk by chunk, no answer depends on its neighbours
        for batch in batches(chunks, 1):
            chunk = chunks[int(batch.chunks[0])]
            scores[chunk.row] += chunk.share * run(self._session, batch.pieces, batch.mask)[0]
        return scores

    def probabilities(self, texts: Sequence[str], /) -> np.ndarray:
        """Return calibrated probabilities (texts, classes); rows sum to 1. Takes cleaned and masked texts."""
        return self.scale.apply(self.scores(texts))

    def save(self, folder: Path, /) -> None:
        """Write the model as ONNX and JSON."""
        what = {
            "precision": self.precision,
            "base": self.base,
            "most_pieces": self.reader.max_tokens,
            **scale_to_json(self.scale),
            "shift": self.scale.shift.tolist(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        with write_atomically(folder / _ONNX_FILE) as temporary:
            temporary.write_bytes(self.model)
        with write_atomically(folder / _TOKENIZER_FILE) as temporary:
            temporary.write_text(self.reader.definition, encoding="utf-8")
        write_model_file(folder, self.name, self.classes, what)

    @classmethod
    def load(cls, folder: Path, /) -> Self:
        """Read what ``save`` has written.

        Raises
        ------
        ArtefactError
            If a file is missing, damaged, or holds code.
        """
        what = read_model_file(folder, cls.name)
        for name in (_ONNX_FILE, _TOKENIZER_FILE):
            if not (folder / name).is_file():
                raise ArtefactError(f"{folder / name}: not there; train again with `baton run`")
        fields = {name: field_of(what, name, folder) for name in ("shift", "precision", "base", "most_pieces")}
        try:
            scale = scale_from_json(what, np.asarray(fields["shift"], dtype=np.float64), folder)
            definition = (folder / _TOKENIZER_FILE).read_text(encoding="utf-8")
            reader = PieceReader(definition, int(fields["most_pieces"]))
        except (TypeError, ValueError) as error:
            raise ArtefactError(f"{folder}: holds fields of another kind ({error}); train again") from error
        model = (folder / _ONNX_FILE).read_bytes()
        loaded = cls(tuple(what["classes"]), model, str(fields["precision"]), reader, scale, str(fields["base"]))
        if scale.shift.shape != (len(loaded.classes),) or loaded.probabilities([""]).shape[1] != len(loaded.classes):
            raise ArtefactError(f"{folder}: the files do not belong to one model; train again with `baton run`")
        return loaded


def _as_is(classes: tuple[str, ...]) -> ScoreScale:
    return ScoreScale(1.0, np.zeros(len(classes)))
