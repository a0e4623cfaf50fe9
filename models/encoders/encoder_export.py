"""An encoder that comes as safetensors, written as ONNX once PyTorch is there to read it."""

from __future__ import annotations

import importlib.util
import tempfile
import warnings
from pathlib import Path

from baton.errors import ArtefactError

__all__ = ["encoder_as_onnx"]

_OPSET = 17


def encoder_as_onnx(folder: Path, /) -> bytes:
    """Return the transformer in a folder (``config.json``, ``*.safetensors``) as ONNX: tokens to one vector per token.

    Raises
    ------
    ArtefactError
        If PyTorch is not installed, or the folder holds no transformer that can be exported.
    """
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("onnx") is None:
        raise ArtefactError(
            f"{folder}: holds safetensors and no *.onnx, and PyTorch is not installed to export it; "
            "install the training extra (CONTRIBUTING.md), or put a model.onnx there"
        )
    import torch
    from transformers import AutoModel

    class Tokens(torch.nn.Module):
        """The transformer with plain arguments and one output, as the exporter wants it."""

        def __init__(self) -> None:
            super().__init__()
            self.body = AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                attn_implementation="eager",
            )

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    axes = {0: "texts", 1: "tokens"}
    given = torch.randint(5, 500, (2, 12)), torch.ones(2, 12, dtype=torch.long)
    names = ["input_ids", "attention_mask"]
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # the tracer warns of every shape that it reads; that both say the same is tested
        warnings.simplefilter("ignore")
        path = Path(scratch) / "encoder.onnx"
        try:
            network = Tokens().eval().float()
            torch.onnx.export(
                network, given, str(path), input_names=names, output_names=["tokens"], opset_version=_OPSET,
                dynamic_axes=dict.fromkeys((*names, "tokens"), axes), dynamo=False,
            )  # fmt: skip
        except Exception as error:
            # transformers and the exporter raise what they please for weights that do not fit their description
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            raise ArtefactError(f"{folder}: is no transformer that can be exported ({first_line:.200})") from error
        return path.read_bytes()
