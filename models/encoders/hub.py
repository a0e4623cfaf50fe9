"""Encoders fetched from the Hugging Face hub, where the network lets us; never code, never pickles."""

from __future__ import annotations

from pathlib import Path

from baton.errors import CompanyFileError

__all__ = ["fetch_encoder"]

_WANTED = ["*.json", "*.onnx", "*.onnx_data", "*.safetensors"]
_SECONDS = 10.0


def fetch_encoder(name: str, /) -> Path:
    """Fetch an encoder's files, or find them where an earlier call has put them.

    Parameters
    ----------
    name : str
        A Hugging Face id. ``HF_HUB_OFFLINE=1`` looks only at what is on this machine.

    Raises
    ------
    CompanyFileError
        If it is not on this machine and cannot be fetched.
    """
    from huggingface_hub import model_info, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    except ValueError as error:
        raise CompanyFileError(f"[text] encoder: {name!r} is neither a folder nor a hub id ({error})") from error
    try:
        # one short question first: a download would try again and again where there is no network
        model_info(name, timeout=_SECONDS)
        return Path(snapshot_download(name, allow_patterns=_WANTED, etag_timeout=_SECONDS))
    except Exception as error:
        # the hub's client raises errors of its own, of its HTTP library and of the operating system
        raise CompanyFileError(
            f"[text] encoder: {name!r} is not on this machine and cannot be fetched ({type(error).__name__}); "
            "offline, give a folder with model.onnx and tokenizer.json, or auto"
        ) from error
