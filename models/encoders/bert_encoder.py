"""A BERT encoder that comes as safetensors, written as ONNX in int8: PyTorch is not needed to read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from baton.errors import ArtefactError
from models.encoders.bert_graph import bert_graph
from models.encoders.onnx_export import in_eight_bits

__all__ = ["bert_in_eight_bits"]


def bert_in_eight_bits(folder: Path, /) -> bytes | None:
    """Return the BERT in a folder (``config.json``, one ``*.safetensors``) as ONNX: pieces and mask to a vector a text.

    Returns
    -------
    bytes or None
        None where it is another transformer.

    Raises
    ------
    ArtefactError
        If a file is damaged, or lacks what BERT has.
    """
    files = sorted(folder.glob("*.safetensors"))
    config = _config(folder / "config.json")
    if len(files) != 1 or not _is_plain_bert(config):
        return None
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights = {f"body.{name.removeprefix('bert.')}": array for name, array in load_file(files[0]).items()}
        exact = bert_graph(weights, int(config["num_attention_heads"]), float(config["layer_norm_eps"]))
        return in_eight_bits(exact)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ArtefactError(f"{files[0]}: is no BERT that can be read ({error})") from error


def _config(path: Path, /) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _is_plain_bert(config: dict[str, Any], /) -> bool:
    places = config.get("position_embedding_type", "absolute")
    needed = {"num_attention_heads", "layer_norm_eps"} <= set(config)
    return needed and config.get("model_type") == "bert" and config.get("hidden_act") == "gelu" and places == "absolute"
