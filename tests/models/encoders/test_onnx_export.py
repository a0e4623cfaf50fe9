"""What is exported computes what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.complaints.classifiers.training_loop import Recipe, _network, network_scores
from models.encoders.onnx_encoder import open_session
from models.encoders.onnx_export import _traced, export, in_eight_bits, run
from models.encoders.tokens import PieceReader, batches
from models.encoders.transformer_source import find_base

TEXTS = ["my bag is lost", "we waited at the gate for four hours and nobody told us anything at all", "rude", ""]


@pytest.fixture(scope="module")
def network(training: None) -> Any:
    import torch

    torch.manual_seed(7)
    made = _network(find_base("auto", ["en"]), 5, Recipe(layers=2)).eval()
    # a head of usual size, so that scores differ
    torch.nn.init.normal_(made.head.weight, std=0.5)
    return made


@pytest.fixture(scope="module")
def exported(network: Any) -> bytes:
    return export(network)


def answers(model: bytes) -> np.ndarray:
    reader = PieceReader((find_base("auto", ["en"]) / "tokenizer.json").read_text("utf-8"))
    (batch,) = batches(reader.chunks(TEXTS), 8)
    scores = np.empty((len(TEXTS), 5))
    scores[batch.chunks] = run(open_session(model, Path("model.onnx")), batch.pieces, batch.mask)
    return scores


def trained(network: Any) -> np.ndarray:
    reader = PieceReader((find_base("auto", ["en"]) / "tokenizer.json").read_text("utf-8"))
    return network_scores(network, reader.chunks(TEXTS), len(TEXTS), 5)


def test_the_written_graph_computes_what_pytorch_does(network: Any, exported: bytes) -> None:
    assert np.abs(answers(exported) - trained(network)).max() < 2e-3 * trained(network).std()


def test_the_traced_graph_of_any_other_transformer_does_too(network: Any) -> None:
    assert np.abs(answers(_traced(network)) - trained(network)).max() < 1e-4


def test_eight_bits_are_close_and_a_third_of_the_size_of_the_layers(network: Any, exported: bytes) -> None:
    small = in_eight_bits(exported)
    found, wanted = answers(small), trained(network)
    cosines = (found * wanted).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(wanted, axis=1)
    assert cosines.min() > 0.97
    assert not np.array_equal(found, answers(exported))
    words_bytes = 2 * network.body.get_input_embeddings().weight.numel()
    assert len(small) - words_bytes < 0.4 * (len(exported) - words_bytes)
