"""A transformer in ONNX Runtime: tokens in, one vector per text out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from baton.errors import ArtefactError
from models.complaints.classifiers.model_files import refuse_code
from models.encoders.bert_encoder import bert_in_eight_bits
from models.encoders.bert_graph import OWN_GRAPH
from models.encoders.encoder_export import encoder_as_onnx
from models.encoders.encoders import embed_once
from models.side_by_side import cores

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

__all__ = ["OnnxEncoder", "open_session", "open_tokenizer", "spread", "windows_mean"]

_Part = TypeVar("_Part")

_TOKENS_PER_BATCH = 1_024
_WINDOW_TOKENS = 128
_MAX_PARTS = 64
_SAVED_MODEL, _SAVED_TOKENIZER = "encoder.onnx", "tokenizer.json"
# where several precisions lie side by side, the smallest that keeps its meaning comes first
_PREFERRED = ("encoder.onnx", "model_int8.onnx", "model_quantized.onnx", "model_qint8_avx512_vnni.onnx", "model.onnx")


def open_session(model: Path | bytes, place: Path, /) -> InferenceSession:
    """Open ONNX, from a file or made in memory from what lies at ``place``, on as many threads as there are cores.

    Raises
    ------
    ArtefactError
        If it is missing, damaged, or asks for operators that ONNX Runtime does not bring.
    """
    import onnxruntime

    if isinstance(model, Path) and not model.is_file():
        raise ArtefactError(f"{place}: not there; put the encoder's ONNX file there, or choose another encoder")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = cores(), 1
    options.log_severity_level = 4
    # threads that wait do not keep their cores busy: the service has other work for them
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        source = model if isinstance(model, bytes) else str(model)
        # on a CPU the fused sum and normalisation takes longer than the two apart
        slow = ["SkipLayerNormFusion"]
        return onnxruntime.InferenceSession(
            source, options, providers=["CPUExecutionProvider"], disabled_optimizers=slow
        )
    except Exception as error:
        # ONNX Runtime raises its own classes, one per kind of damage, and they share no root but Exception
        raise ArtefactError(f"{place}: is no ONNX model that can be run ({str(error).splitlines()[0]:.200})") from error


def open_tokenizer(path: Path, /) -> Tokenizer:
    """Read a ``tokenizer.json``, without its own cutting and padding.

    Raises
    ------
    ArtefactError
        If it is missing or damaged.
    """
    from tokenizers import Tokenizer

    if not path.is_file():
        raise ArtefactError(f"{path}: not there; the encoder needs its tokenizer beside it")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        # the Rust library raises a bare Exception
        raise ArtefactError(f"{path}: is no tokenizer ({str(error).splitlines()[0]:.200})") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def spread(parts: list[_Part], /) -> list[_Part]:
    """Return 64 parts of a text of more, spread evenly from its start to its end: a megabyte must not take a minute.

    Examples
    --------
    >>> spread(list(range(1000)))[:3], spread(list(range(1000)))[-1], spread([1, 2])
    ([0, 15, 31], 999, [1, 2])
    """
    if len(parts) <= _MAX_PARTS:
        return parts
    return [parts[at * (len(parts) - 1) // (_MAX_PARTS - 1)] for at in range(_MAX_PARTS)]


def windows_mean(vectors: np.ndarray, lengths: Sequence[Sequence[float]], /) -> np.ndarray:
    """Average the parts of each text by their lengths; rows have length 1.

    Parameters
    ----------
    vectors : numpy.ndarray, shape (parts of all texts, dimensions)
    lengths : sequence of sequence of float
        Per text, how long each part is.

    Examples
    --------
    >>> parts = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    >>> windows_mean(parts, [[3.0, 4.0], [1.0]]).astype(float).round(2).tolist()
    [[0.6, 0.8], [0.0, 1.0]]
    """
    starts = np.cumsum([0, *(len(some) for some in lengths)])[:-1]
    weights = np.array([length for some in lengths for length in some], dtype=np.float32)
    summed = np.add.reduceat(np.asarray(vectors, dtype=np.float32) * weights[:, None], starts, axis=0)
    return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)


class OnnxEncoder:
    """A transformer exported to ONNX, its tokens averaged where they are no padding.

    Parameters
    ----------
    model : pathlib.Path or bytes
        The ONNX file, or its content.
    tokenizer : pathlib.Path
        A ``tokenizer.json``.
    languages : frozenset of str
    packaged : bool
        Whether every Baton has the files.

    Raises
    ------
    ArtefactError
        If a file is missing, damaged, or does not take tokens.
    """

    def __init__(
        self,
        model: Path | bytes,
        tokenizer: Path,
        name: str,
        languages: frozenset[str] = frozenset(),
        *,
        packaged: bool = False,
    ) -> None:
        place = model if isinstance(model, Path) else tokenizer.parent
        session = open_session(model, place)
        names = {given.name for given in session.get_inputs()}
        if not {"input_ids", "attention_mask"} <= names <= {"input_ids", "attention_mask", "token_type_ids"}:
            raise ArtefactError(f"{place}: takes {', '.join(sorted(names))}, not input_ids and attention_mask")
        self.name, self.languages, self._packaged = name, languages, packaged
        # int8 takes its scale from all that is read at once, and a text's vector shall not depend on its neighbours
        self._one_by_one = session.get_modelmeta().graph_name == OWN_GRAPH
        self._session, self._tokenizer = session, open_tokenizer(tokenizer)
        self._model, self._tokenizer_path = model, tokenizer
        self._inputs = names

    @classmethod
    def from_folder(cls, folder: Path, name: str = "", /) -> OnnxEncoder:
        """Open a folder with an ONNX file and ``tokenizer.json``; weights as safetensors are exported first.

        Raises
        ------
        ArtefactError
            If a file is missing, damaged, or can carry code.
        """
        refuse_code(folder)
        found = sorted(folder.rglob("*.onnx"))
        order = {file: number for number, file in enumerate(_PREFERRED)}
        if found:
            model: Path | bytes = min(found, key=lambda path: (order.get(path.name, len(order)), str(path)))
        elif list(folder.glob("*.safetensors")):
            small = bert_in_eight_bits(folder)
            model = encoder_as_onnx(folder) if small is None else small
        else:
            raise ArtefactError(f"{folder}: holds no *.onnx and no *.safetensors; check [text] encoder")
        return cls(model, folder / "tokenizer.json", name or folder.name, _languages(folder))

    @property
    def weights(self) -> Path | bytes:
        """The ONNX file, or its content."""
        return self._model

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        """Return float32 vectors (texts, dimensions) of length 1; long texts are read whole, in windows."""
        if not len(texts):
            return np.zeros((0, int(self._session.get_outputs()[0].shape[-1])), dtype=np.float32)
        return embed_once(self._different, texts)

    def _different(self, texts: list[str]) -> np.ndarray:
        encoded = [found.ids for found in self._tokenizer.encode_batch(texts, add_special_tokens=False)]
        first, last = self._frame()
        room = _WINDOW_TOKENS - len(first) - len(last)
        windows, lengths = [], []
        for ids in encoded:
            parts = spread([ids[start : start + room] for start in range(0, max(len(ids), 1), room)])
            windows.extend([*first, *part, *last] for part in parts)
            lengths.append([float(len(part) or 1) for part in parts])
        vectors = np.concatenate(
            [self._run(batch) for batch in _batches(windows, 1 if self._one_by_one else _TOKENS_PER_BATCH)]
        )
        return windows_mean(vectors, lengths)

    def _frame(self) -> tuple[list[int], list[int]]:
        """Return the special tokens before and after a text."""
        plain = self._tokenizer.encode("a", add_special_tokens=False).ids
        framed = self._tokenizer.encode("a").ids
        place = next((at for at in range(len(framed)) if framed[at : at + len(plain)] == plain), 0)
        return framed[:place], framed[place + len(plain) :]

    def _run(self, windows: list[list[int]]) -> np.ndarray:
        longest = max(len(window) for window in windows)
        ids = np.zeros((len(windows), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            ids[row, : len(window)], mask[row, : len(window)] = window, 1
        given: dict[str, Any] = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        output = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        pooled = output if output.ndim == 2 else _mean_of_tokens(output, mask)
        return pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)

    def save(self, folder: Path, /) -> None:
        """Copy the encoder's files, unless they come in a package."""
        if not self._packaged:
            folder.mkdir(parents=True, exist_ok=True)
            if isinstance(self._model, bytes):
                (folder / _SAVED_MODEL).write_bytes(self._model)
            else:
                shutil.copyfile(self._model, folder / _SAVED_MODEL)
            shutil.copyfile(self._tokenizer_path, folder / _SAVED_TOKENIZER)


def _mean_of_tokens(output: np.ndarray, mask: np.ndarray) -> np.ndarray:
    shown = mask[:, :, None].astype(np.float32)
    return (output * shown).sum(axis=1) / np.maximum(shown.sum(axis=1), 1e-9)


def _batches(windows: list[list[int]], max_tokens: int) -> Iterator[list[list[int]]]:
    batch: list[list[int]] = []
    for window in windows:
        if batch and (len(batch) + 1) * max(len(window), len(batch[0])) > max_tokens:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _languages(folder: Path) -> frozenset[str]:
    """Return the languages that an encoder's ``config.json`` names; empty where it names none."""
    path = folder / "config.json"
    try:
        named = json.loads(path.read_text(encoding="utf-8")).get("languages", []) if path.is_file() else []
    except (ValueError, AttributeError) as error:
        raise ArtefactError(f"{path}: is no JSON object; fetch the encoder again") from error
    return frozenset(named if isinstance(named, list) else [])
