"""A trained transformer as an ONNX file that serves without PyTorch, in whole numbers of eight bits."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.encoders.bert_graph import bert_graph

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from torch import nn

__all__ = ["export", "in_eight_bits", "run"]

_OPSET = 17


def export(network: nn.Module, /) -> bytes:
    """Return a network as ONNX in fp32.

    Parameters
    ----------
    network : torch.nn.Module
        As ``training_loop.train`` returns it. One over BERT is written in ONNX Runtime's own fused operators; any other
        is traced.
    """
    # what the Trainer left in bfloat16 or on a GPU would be written so
    network = network.eval().float().cpu()
    body: Any = network.body
    if body.config.model_type == "bert" and body.config.hidden_act == "gelu":
        weights = {name: weight.detach().numpy() for name, weight in network.state_dict().items()}
        return bert_graph(weights, body.config.num_attention_heads, body.config.layer_norm_eps)
    return _traced(network)


def _traced(network: nn.Module) -> bytes:
    import torch

    pieces = torch.randint(5, 500, (2, 12))
    mask = torch.ones(2, 12, dtype=torch.long)
    mask[1, 8:] = 0
    axes = {0: "texts", 1: "pieces"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # the tracer warns of every shape that it reads; that both compute the same is tested
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            network, (pieces, mask), str(path), input_names=["input_ids", "attention_mask"],
            output_names=["scores"], dynamic_axes={"input_ids": axes, "attention_mask": axes, "scores": {0: "texts"}},
            opset_version=_OPSET, dynamo=False,
        )  # fmt: skip
        return path.read_bytes()


def in_eight_bits(model: bytes, /) -> bytes:
    """Return a model whose large matrices are int8, a scale per column, and what meets them is made so as it comes.

    The head stays as it is: it is small, and its scores are what is answered.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load_from_string(model)
    head = [node.name for node in graph.graph.node if node.name.startswith(("head", "/head"))]
    # or it advises by the root logger a preparation that this graph does not need
    graph.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(graph, source)
        quantize_dynamic(
            source, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Attention"],
            nodes_to_exclude=head, extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )  # fmt: skip
        return target.read_bytes()


def run(opened: InferenceSession, pieces: np.ndarray, mask: np.ndarray, /) -> np.ndarray:
    """Return what a model says (texts, any) of pieces and mask (texts, pieces)."""
    return np.asarray(opened.run(None, {"input_ids": pieces, "attention_mask": mask})[0])
