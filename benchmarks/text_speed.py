"""How many texts a second a transformer reads on one core: PyTorch fp32, ONNX fp32 and int8, and what that costs.

Run from the checkout as ``python -m benchmarks.text_speed`` (with PyTorch installed). The three are the same packaged
MiniLM, in one process, one thread each, taking turns; counted is the processor's time in the fastest turn of each,
since busy neighbours only ever take away. PyTorch and ONNX fp32 may choose their batch (the fastest counts), int8
reads one text at a time, as Baton serves them. Texts of 40 words are made of the tweets' words, in their order.

Macro-F1 is that of a linear head on the mean of the last layer, learned from one part of the airline tweets and tested
on another (groups of repeated text are not parted); with ``--finetune``, that of the transformer trained on the labels.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.text_sets import load_task
from features.text.text_set import TextSet
from models.complaints.calibration import ScoreScale
from models.complaints.classifiers.finetune import FinetunedModel
from models.complaints.classifiers.training_loop import Recipe, _network, train
from models.complaints.training_set import TrainingSet, training_set
from models.encoders.encoders import PACKAGED
from models.encoders.find import find_encoder
from models.encoders.onnx_encoder import open_session
from models.encoders.onnx_export import export, in_eight_bits, run
from models.encoders.tokens import PieceReader, batches
from models.encoders.transformer_source import find_base

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=24, help="texts of 40 words")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument(
        "--train", type=int, default=2000, help="tweets that the linear head learns from; 0: speed alone"
    )
    parser.add_argument("--test", type=int, default=1300)
    parser.add_argument("--finetune", action="store_true", help="train the transformer on the labels too (minutes)")
    chosen = parser.parse_args()
    if not (DATA / "airline_tweets").exists():
        sys.exit(f"{DATA}: not there; this benchmark reads the airline tweets of the shared data")
    texts = load_task("tweets", DATA).texts
    base = find_base("auto", ["en"])
    reader = PieceReader((base / "tokenizer.json").read_text(encoding="utf-8"))
    models = contestants(base)
    long = forty_words(texts, chosen.texts)
    as_served(long, chosen.turns, speed(models, reader, long, chosen.turns))
    if not chosen.train:
        return
    learned = training_set(texts)
    held_out = np.flatnonzero(learned.folds(5, 0) == 0)[: chosen.test]
    rest = np.flatnonzero(learned.folds(5, 0) != 0)
    heads(models, reader, learned, np.random.default_rng(0).permutation(rest)[: chosen.train], held_out)
    if chosen.finetune:
        finetuned(base, reader, learned.rows(rest), learned.rows(held_out))


def forty_words(texts: TextSet, count: int) -> list[str]:
    """Return texts of 40 words, in the words and the order of the tweets."""
    words = " ".join(texts.texts[: 4 * count]).split()
    return [" ".join(words[start : start + 40]) for start in range(0, 40 * count, 40)]


def contestants(base: Path) -> dict[str, Predict]:
    """Return the same frozen transformer three times: pieces and mask to the mean of its last layer."""
    import torch

    torch.set_num_threads(1)
    network = _network(base, 2, Recipe()).eval()
    body = network.body
    body.set_attn_implementation("sdpa")

    def by_torch(pieces: np.ndarray, mask: np.ndarray) -> np.ndarray:
        seen = torch.from_numpy(mask)
        with torch.inference_mode():
            states = body(input_ids=torch.from_numpy(pieces), attention_mask=seen).last_hidden_state
            return ((states * seen.unsqueeze(-1)).sum(1) / seen.sum(1, keepdim=True)).numpy()

    # the head is the unit matrix: its scores are the mean itself
    network.head = torch.nn.Linear(body.config.hidden_size, body.config.hidden_size)
    torch.nn.init.eye_(network.head.weight)
    torch.nn.init.zeros_(network.head.bias)
    exact = export(network)
    opened = {"ONNX fp32": open_session(exact, base), "ONNX int8": open_session(in_eight_bits(exact), base)}
    by_onnx = {name: (lambda pieces, mask, on=on: run(on, pieces, mask)) for name, on in opened.items()}
    return {"torch fp32": by_torch, **by_onnx}


def embedded(predict: Predict, reader: PieceReader, texts: list[str], size: int) -> np.ndarray:
    """Return what a contestant makes of texts (texts, width), in batches of like length."""
    chunks = reader.chunks(texts)
    parts = [(batch, predict(batch.pieces, batch.mask)) for batch in batches(chunks, size)]
    found = np.zeros((len(texts), parts[0][1].shape[1]))
    for batch, vectors in parts:
        for line, at in enumerate(batch.chunks):
            found[chunks[at].row] += chunks[at].share * vectors[line]
    return found


def speed(models: dict[str, Predict], reader: PieceReader, texts: list[str], turns: int) -> float:
    """Print texts a second of processor time, and how alike the vectors are; return PyTorch's seconds."""
    sizes = {name: (1,) if "int8" in name else (1, 8, 32) for name in models}
    seconds: dict[tuple[str, int], list[float]] = {}
    vectors = {name: embedded(predict, reader, texts, 1) for name, predict in models.items()}
    for _ in range(turns):
        for name, predict in models.items():
            for size in sizes[name]:
                start = time.process_time()
                embedded(predict, reader, texts, size)
                seconds.setdefault((name, size), []).append(time.process_time() - start)
    fastest = {key: min(taken) for key, taken in seconds.items()}
    print(f"\n{len(texts)} texts of 40 words, one core, fastest of {turns} turns")
    print("| | batch | texts a second | against torch | least cosine to torch |\n|---|---:|---:|---:|---:|")
    torch_seconds = min(taken for (name, _), taken in fastest.items() if name == "torch fp32")
    wanted = vectors["torch fp32"] / np.linalg.norm(vectors["torch fp32"], axis=1, keepdims=True)
    for name in models:
        size = min(sizes[name], key=lambda size: fastest[name, size])
        found = vectors[name] / np.linalg.norm(vectors[name], axis=1, keepdims=True)
        taken, cosine = fastest[name, size], (found * wanted).sum(axis=1).min()
        print(
            f"| {name} | {size} | {len(texts) / taken:.0f} | {torch_seconds / taken:.2f} × | {cosine:.4f} |", flush=True
        )
    return torch_seconds


def as_served(texts: list[str], turns: int, torch_seconds: float) -> None:
    """Print texts a second of the encoders that ``[text] encoder`` names, one text at a time."""
    print("\nas served, one text at a time\n| encoder | texts a second | against torch |\n|---|---:|---:|")
    for name in PACKAGED:
        encoder, seconds = find_encoder(name), []
        for _ in range(turns):
            start = time.process_time()
            for text in texts:
                encoder.embed([text])
            seconds.append(time.process_time() - start)
        print(f"| {name} | {len(texts) / min(seconds):.0f} | {torch_seconds / min(seconds):.2f} × |", flush=True)


def heads(
    models: dict[str, Predict], reader: PieceReader, learned: TrainingSet, rest: np.ndarray, held_out: np.ndarray
) -> None:
    """Print macro-F1 of a linear head on each contestant's vectors."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score

    print(f"\nlinear head, {len(rest)} tweets to learn from, {len(held_out)} to test on\n| | macro-F1 |\n|---|---:|")
    for name, predict in models.items():
        seen = [learned.texts[row] for row in (*rest, *held_out)]
        found = embedded(predict, reader, seen, 1 if "int8" in name else 16)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        head = LogisticRegression(C=10, class_weight="balanced", max_iter=2000)
        head.fit(found[: len(rest)], learned.target[rest], sample_weight=learned.weights[rest])
        right = f1_score(learned.target[held_out], head.predict(found[len(rest) :]), average="macro")
        print(f"| {name} | {right:.3f} |", flush=True)


def finetuned(base: Path, reader: PieceReader, rest: TrainingSet, held_out: TrainingSet) -> None:
    """Print macro-F1 of the transformer trained on the labels, in each form."""
    from sklearn.metrics import f1_score

    number = rest.folds(8, 0)
    network = train(base, reader, rest.rows(number != 0), rest.rows(number == 0), Recipe())
    exact = export(network)
    flat = ScoreScale(1.0, np.zeros(len(rest.classes)))
    print("\ntrained on the labels\n| | macro-F1 |\n|---|---:|")
    for name, model in (("ONNX fp32", exact), ("ONNX int8", in_eight_bits(exact))):
        answers = FinetunedModel(rest.classes, model, name, reader, flat, base.name).scores(held_out.texts)
        print(f"| {name} | {f1_score(held_out.target, answers.argmax(axis=1), average='macro'):.3f} |", flush=True)


if __name__ == "__main__":
    main()
