"""BERT, its mean and a linear head, written in the fused operators that ONNX Runtime is fastest with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["OWN_GRAPH", "bert_graph"]

OWN_GRAPH = "baton"
"""The name of graphs written here."""

_OPSET, _IR_VERSION = 17, 10
_FUSED = "com.microsoft"


def bert_graph(weights: Mapping[str, np.ndarray], heads: int, epsilon: float, /) -> bytes:
    """Return BERT as ONNX: ``input_ids`` and ``attention_mask`` (texts, pieces), int64, to ``scores`` (texts, classes).

    Parameters
    ----------
    weights : mapping of str to numpy.ndarray
        As PyTorch names them: ``body.…`` for the transformer, ``head.weight`` and ``head.bias``; without a head the
        mean of the last layer is what comes out.
    heads : int
        Of the attention.
    epsilon : float
        Of the layers' normalisation.

    Notes
    -----
    A tracer's graph has some forty operators a layer, and ONNX Runtime's optimiser no longer finds the attention in
    what transformers 5 traces; here there are nine. Words' vectors are kept in half precision: they are most of
    the file.
    """
    return _Graph(weights, heads, epsilon).built()


class _Graph:
    def __init__(self, weights: Mapping[str, np.ndarray], heads: int, epsilon: float) -> None:
        self.weights, self.heads, self.epsilon = weights, heads, epsilon
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.layers = len({name.split(".")[3] for name in weights if name.startswith("body.encoder.layer.")})

    def put(self, name: str, array: np.ndarray) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, *, fused: bool = False, **attributes: Any) -> str:
        from onnx import helper

        domain = _FUSED if fused else ""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def weight(self, name: str, *, turned: bool = False) -> str:
        array = self.weights[name].astype(np.float32)
        return self.put(name, array.T if turned else array)

    def built(self) -> bytes:
        from onnx import TensorProto, helper

        states = self.embedded()
        self.node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
        for layer in range(self.layers):
            states = self.layer(states, f"body.encoder.layer.{layer}")
        width = self.pooled(states)
        texts = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "pieces"])
            for name in ("input_ids", "attention_mask")
        ]
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["texts", width])
        graph = helper.make_graph(self.nodes, OWN_GRAPH, texts, [scores], self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString()

    def embedded(self) -> str:
        from onnx import TensorProto

        name = "body.embeddings"
        half = self.weights[f"{name}.word_embeddings.weight"].astype(np.float16)
        self.node("Gather", [self.put("words", half), "input_ids"], "words_half")
        self.node("Cast", ["words_half"], "words_found", to=TensorProto.FLOAT)
        # every piece is of the first kind, so its vector belongs to the place
        place = (
            self.weights[f"{name}.position_embeddings.weight"] + self.weights[f"{name}.token_type_embeddings.weight"][0]
        )
        self.node("Shape", ["input_ids"], "length", start=1, end=2)
        ends = [self.put("first", np.array([0])), "length", self.put("axis", np.array([0]))]
        self.node("Slice", [self.put("places", place.astype(np.float32)), *ends], "places_found")
        self.node("Add", ["words_found", "places_found"], "words_placed")
        scales = [self.weight(f"{name}.LayerNorm.{part}") for part in ("weight", "bias")]
        return self.node("LayerNormalization", ["words_placed", *scales], "embedded", axis=-1, epsilon=self.epsilon)

    def layer(self, states: str, name: str) -> str:
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = np.concatenate([self.weights[f"{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([self.weights[f"{part}.bias"] for part in parts])
        inputs = [
            states,
            self.put(f"{name}.attention.weight", joined),
            self.put(f"{name}.attention.bias", bias),
            "mask",
        ]
        met = self.node("Attention", inputs, f"{name}.attended", fused=True, num_heads=self.heads)
        states = self.added(met, states, f"{name}.attention.output")
        wide = self.node(
            "MatMul", [states, self.weight(f"{name}.intermediate.dense.weight", turned=True)], f"{name}.wide"
        )
        bent = self.node("BiasGelu", [wide, self.weight(f"{name}.intermediate.dense.bias")], f"{name}.bent", fused=True)
        return self.added(bent, states, f"{name}.output")

    def added(self, states: str, skipped: str, name: str) -> str:
        """Multiply, add the bias and what was skipped, and normalise: in steps, since the fused operator is slower."""
        self.node("MatMul", [states, self.weight(f"{name}.dense.weight", turned=True)], f"{name}.product")
        self.node("Add", [f"{name}.product", self.weight(f"{name}.dense.bias")], f"{name}.shifted")
        self.node("Add", [f"{name}.shifted", skipped], f"{name}.sum")
        scales = [self.weight(f"{name}.LayerNorm.{part}") for part in ("weight", "bias")]
        return self.node(
            "LayerNormalization", [f"{name}.sum", *scales], f"{name}.normal", axis=-1, epsilon=self.epsilon
        )

    def pooled(self, states: str) -> int:
        """Take the mean over the pieces that are there, and the head's scores; return how many."""
        from onnx import TensorProto

        headed = "head.weight" in self.weights
        self.node("Cast", ["attention_mask"], "seen", to=TensorProto.FLOAT)
        last, first = self.put("last_axis", np.array([-1])), self.put("pieces_axis", np.array([1]))
        self.node("Unsqueeze", ["seen", last], "seen_wide")
        self.node("Mul", [states, "seen_wide"], "seen_states")
        self.node("ReduceSum", ["seen_states", first], "sum", keepdims=0)
        self.node("ReduceSum", ["seen", first], "count", keepdims=1)
        self.node("Div", ["sum", "count"], "mean" if headed else "scores")
        if not headed:
            return int(self.weights["body.embeddings.LayerNorm.weight"].shape[0])
        self.node("MatMul", ["mean", self.weight("head.weight", turned=True)], "head_product")
        self.node("Add", ["head_product", self.weight("head.bias")], "scores")
        return int(self.weights["head.bias"].shape[0])
