"""A transformer trained on labels: Hugging Face's Trainer, weighted, stopped when held-out texts stop gaining."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from baton.errors import ArtefactError
from baton.progress import Progress, silent
from models.complaints.calibration import softmax
from models.complaints.paired_comparison import macro_f1
from models.complaints.training_set import TrainingSet
from models.encoders.tokens import Chunk, PieceReader, batches

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Recipe", "network_scores", "train"]


@dataclass(frozen=True)
class Recipe:
    """How the transformer is trained.

    Parameters
    ----------
    epochs : int
        At most.
    patience : int
        Epochs without gain on the held-out texts, after which training stops.
    batch_size : int
    learning_rate : float
        Of the uppermost layer; the linear head learns five times as fast.
    layer_decay : float
        The rate of each layer as a share of that above it.
    balance : float
        0: every text counts alike; 1: every class does.
    weight_decay, warm_up : float
        Warm-up as a share of all steps.
    layers : int
        Layers of the transformer that are kept, from below; 0: all.
    """

    epochs: int = 5
    patience: int = 2
    batch_size: int = 32
    learning_rate: float = 1e-4
    layer_decay: float = 0.9
    balance: float = 0.5
    weight_decay: float = 0.01
    warm_up: float = 0.1
    layers: int = 0
    seed: int = 0


def train(
    base: Path,
    reader: PieceReader,
    training_set: TrainingSet,
    held_out: TrainingSet,
    recipe: Recipe,
    progress: Progress = silent,
) -> nn.Module:
    """Train a transformer with a linear head; return it as it was when it did best on the held-out texts.

    Parameters
    ----------
    base : pathlib.Path
        Folder of the transformer, weights as safetensors.
    training_set : TrainingSet
        What to learn from.
    held_out : TrainingSet
        Texts that share no group with it; they stop the training.
    progress : callable

    Raises
    ------
    ArtefactError
        If PyTorch is not installed, or the base cannot be read.
    """
    torch = _torch()
    from transformers import Trainer, TrainerCallback, TrainingArguments, get_linear_schedule_with_warmup, set_seed
    from transformers.trainer_callback import PrinterCallback

    set_seed(recipe.seed)
    network = _network(base, len(training_set.classes), recipe)
    chunks = reader.chunks(training_set.texts)
    balance = training_set.balance**recipe.balance
    weights = (training_set.weights * balance[training_set.target])[[chunk.row for chunk in chunks]]
    weights = weights * np.array([chunk.share for chunk in chunks])
    weights /= weights.mean()
    rows = [
        {"input_ids": chunk.pieces, "target": int(training_set.target[chunk.row]), "weight": float(weight)}
        for chunk, weight in zip(chunks, weights, strict=True)
    ]
    steps = recipe.epochs * math.ceil(len(rows) / recipe.batch_size)
    optimizer = torch.optim.AdamW(_rates(network, recipe), fused=True)
    schedule = get_linear_schedule_with_warmup(optimizer, max(1, round(recipe.warm_up * steps)), steps)
    best = _Best(reader, held_out, recipe.patience)

    class Watch(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress("training the transformer", state.global_step, steps)

        def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if best.seen(network):
                control.should_training_stop = True

    class Weighted(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            scores = model(inputs["input_ids"], inputs["attention_mask"]).float()
            losses = torch.nn.functional.cross_entropy(scores, inputs["target"], reduction="none")
            loss = (losses * inputs["weight"]).mean()
            return (loss, scores) if return_outputs else loss

    gpu = torch.cuda.is_available()
    half = torch.cuda.is_bf16_supported() if gpu else bool(torch.cpu._is_avx512_bf16_supported())
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, per_device_train_batch_size=recipe.batch_size, num_train_epochs=recipe.epochs, seed=recipe.seed,
            data_seed=recipe.seed, use_cpu=not gpu, bf16=half, fp16=gpu and not half,
            train_sampling_strategy="group_by_length", remove_unused_columns=False,
            save_strategy="no", eval_strategy="no", logging_strategy="no",
            report_to="none", disable_tqdm=True, dataloader_pin_memory=gpu, max_grad_norm=1.0,
        )  # fmt: skip
        trainer = Weighted(
            model=network, args=arguments, train_dataset=rows, data_collator=_collate,
            optimizers=(optimizer, schedule), callbacks=[Watch()],
        )  # fmt: skip
        # it prints its metrics, and standard output is for results
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        # half precision was for training: what is kept answers in full
        network = trainer.accelerator.unwrap_model(network, keep_fp32_wrapper=False)
    network.to("cpu").load_state_dict(best.state)
    return network.eval()


def network_scores(network: nn.Module, chunks: list[Chunk], texts: int, classes: int, /) -> np.ndarray:
    """Return scores (texts, classes): the mean over a text's chunks, by their share."""
    torch = _torch()
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    scores = np.zeros((texts, classes))
    with torch.inference_mode():
        for batch in batches(chunks, 32):
            pieces, mask = (torch.from_numpy(array).to(device) for array in (batch.pieces, batch.mask))
            found = network(pieces, mask).float().cpu().numpy()
            for line, at in enumerate(batch.chunks):
                scores[chunks[at].row] += chunks[at].share * found[line]
    network.train(was_training)
    return scores


def _torch() -> Any:
    try:
        import accelerate  # noqa: F401
        import torch
    except ImportError as error:
        raise ArtefactError(
            "finetune: training a transformer takes PyTorch, which is not installed here; run `pip install --no-deps "
            "-r requirements-training.lock` and `pip install torch==2.13.0`, or choose [text] model tfidf or encoder"
        ) from error
    return torch


def _network(base: Path, classes: int, recipe: Recipe) -> nn.Module:
    """Make the transformer with a linear head over the mean of its last layer."""
    torch = _torch()
    from transformers import AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    # how many layers are kept has the same name in every configuration that transformers reads
    more = {"num_hidden_layers": recipe.layers} if recipe.layers else {}
    try:
        body = AutoModel.from_pretrained(
            base, use_safetensors=True, trust_remote_code=False, local_files_only=True, attn_implementation="eager",
            dtype=torch.float32, **more,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ArtefactError(f"{base}: the transformer cannot be read ({error}); check [text] encoder") from error
    # words keep their place: with few texts they only learn noise, and they are most of the weights
    body.get_input_embeddings().requires_grad_(False)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body
            self.head = torch.nn.Linear(body.config.hidden_size, classes)
            torch.nn.init.normal_(self.head.weight, std=0.02)
            torch.nn.init.zeros_(self.head.bias)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            # a mask that is added to the scores, as it is when exported: both then compute the same
            unseen = (1.0 - attention_mask.unsqueeze(1).unsqueeze(2).to(torch.float32)) * -10000.0
            states = self.body(input_ids=input_ids, attention_mask=unseen).last_hidden_state
            seen = attention_mask.unsqueeze(-1).to(states.dtype)
            mean = (states * seen).sum(1) / seen.sum(1)
            if self.training:
                # the mean over several dropouts learns faster than one (Inoue 2019)
                drop = torch.nn.functional.dropout
                return torch.stack([self.head(drop(mean, share)) for share in (0.1, 0.2, 0.3)]).mean(0)
            return self.head(mean)

    return Network()


def _rates(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Give each layer its learning rate, and weight decay to matrices alone."""
    torch = _torch()
    stacks: list[Any] = [part for part in network.modules() if isinstance(part, torch.nn.ModuleList)]
    layers = max(stacks, key=len)
    depth = {id(weight): at for at, layer in enumerate(layers) for weight in layer.parameters()}
    groups: dict[tuple[int, bool], list[Any]] = {}
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            # embeddings lie below the first layer, the head above the last
            at = len(layers) if name.startswith("head") else depth.get(id(weight), -1)
            groups.setdefault((at, weight.ndim > 1), []).append(weight)

    def rate(at: int) -> float:
        if at == len(layers):
            return 5 * recipe.learning_rate
        return recipe.learning_rate * recipe.layer_decay ** (len(layers) - 1 - at)

    return [
        {"params": weights, "lr": rate(at), "weight_decay": recipe.weight_decay if matrix else 0.0}
        for (at, matrix), weights in groups.items()
    ]


def _collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    torch = _torch()
    chunks = [Chunk(at, row["input_ids"], 1.0) for at, row in enumerate(rows)]
    batch = next(iter(batches(chunks, len(chunks))))
    return {
        "input_ids": torch.from_numpy(batch.pieces),
        "attention_mask": torch.from_numpy(batch.mask),
        "target": torch.tensor([rows[at]["target"] for at in batch.chunks]),
        "weight": torch.tensor([rows[at]["weight"] for at in batch.chunks], dtype=torch.float32),
    }


class _Best:
    """Remembers, in memory, the weights that did best: the Trainer's checkpoints would be pickles on the disk."""

    def __init__(self, reader: PieceReader, held_out: TrainingSet, patience: int) -> None:
        self.held_out, self.patience = held_out, patience
        self.chunks = reader.chunks(held_out.texts)
        self.loss, self.since = math.inf, 0
        self.state: dict[str, Any] = {}

    def seen(self, network: nn.Module) -> bool:
        """Judge the network as it is; return whether training should stop."""
        scores = network_scores(network, self.chunks, len(self.held_out.texts), len(self.held_out.classes))
        loss = held_out_loss(scores, self.held_out)
        if loss < self.loss:
            self.loss, self.since = loss, 0
            self.state = {name: weight.detach().cpu().clone() for name, weight in network.state_dict().items()}
        else:
            self.since += 1
        return self.since >= self.patience


def held_out_loss(scores: np.ndarray, held_out: TrainingSet, /) -> float:
    """Return one less macro-F1, and a tenth of the log loss, which distinguishes epochs that answer alike."""
    from sklearn.metrics import log_loss

    classes = len(held_out.classes)
    right = macro_f1(held_out.target, scores.argmax(axis=1), classes, held_out.weights)
    loss = log_loss(held_out.target, softmax(scores), sample_weight=held_out.weights, labels=range(classes))
    return float(1.0 - right + 0.1 * loss)
