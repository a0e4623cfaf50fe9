"""MLflow's embedded store: one of two files that know MLflow, imported late, since that takes seconds."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from baton.disk import explaining_full_disks
from baton.errors import ArtefactError, BatonError, OutputError
from baton.files import read_json, write_atomically
from models.integrity.manifest import verify_manifest, write_manifest
from models.integrity.model_file import TREES_FILE, model_file

__all__ = ["INPUTS_FILE", "MODEL", "open_store", "packed", "stored_errors"]

MODEL = "model"
"""Folder of the model among a run's artefacts."""

INPUTS_FILE = "inputs.json"
"""What a version was made from, beside it."""

_BESIDE = ("predictor.json", "probe.json")


class _Store:
    """MLflow's client, whose errors are raised as ours."""

    def __init__(self, client: Any, folder: Path) -> None:
        self._client = client
        self._folder = folder

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._client, name)

        def translated(*values: Any, **named: Any) -> Any:
            with stored_errors(self._folder):
                return asked(*values, **named)

        return translated


@contextlib.contextmanager
def stored_errors(folder: Path, /) -> Iterator[None]:
    """Tell what goes wrong while the registry is read or written.

    Raises
    ------
    OutputError
        If the disk is full or nothing may be written there.
    ArtefactError
        If the registry is damaged.
    """
    try:
        yield
    except BatonError:
        raise
    except Exception as error:
        # MLflow wraps errors of SQLAlchemy, which wrap those of SQLite; they share no root but Exception
        message = " ".join(str(error).split())
        inner = _innermost(error)
        if isinstance(inner, OSError) or any(word in message for word in _UNWRITABLE):
            why = (inner.strerror if isinstance(inner, OSError) else None) or str(inner).splitlines()[0]
            raise OutputError(
                f"{folder}: the registry cannot be written ({why:.200}); nothing was registered: "
                "free space or make the folder writable, and run again"
            ) from error
        if isinstance(inner, sqlite3.Error) or "(sqlite3." in message:
            raise ArtefactError(
                f"{folder / 'mlflow.db'}: the registry cannot be read ({str(inner).splitlines()[0]:.200}); "
                "restore it from a copy, or move the folder away: the next `baton run` makes a new one"
            ) from error
        raise


_UNWRITABLE = (
    "disk is full",
    "No space left",
    "disk I/O error",
    "readonly database",
    "unable to open database",
    "database is locked",
)


def _innermost(error: BaseException, /) -> BaseException:
    seen = {id(error)}
    while (cause := error.__cause__ or error.__context__ or getattr(error, "orig", None)) and id(cause) not in seen:
        seen.add(id(cause))
        error = cause
    return error


def open_store(folder: Path, /) -> Any:
    """Return MLflow's client of a company's registry.

    Raises
    ------
    OutputError, ArtefactError
        As for ``stored_errors``.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # importing MLflow sets its loggers anew
    logging.getLogger("alembic").setLevel(logging.WARNING)
    database = folder / "mlflow.db"
    with stored_errors(folder):
        if not database.exists():
            _make(database)
        return _Store(_client(database), folder)


def _client(database: Path, /) -> Any:
    from mlflow import MlflowClient

    store = f"sqlite:///{database.resolve().as_posix()}"
    return MlflowClient(tracking_uri=store, registry_uri=store)


def _make(database: Path, /) -> None:
    """Make a new database elsewhere and move it in: one that is half made could never be opened again."""
    with explaining_full_disks():
        made = _empty_database()
    with write_atomically(database, hint="nothing was registered: free space and run again") as temporary:
        temporary.write_bytes(made)


@functools.cache
def _empty_database() -> bytes:
    """Return a database in which nothing is registered; MLflow takes seconds to make one, so once a process."""
    with tempfile.TemporaryDirectory(prefix="baton-") as scratch:
        made = Path(scratch) / "mlflow.db"
        client = _client(made)
        for store in (client._tracking_client.store, client._get_registry_client().store):
            store._dispose_engine()
        return made.read_bytes()


@contextlib.contextmanager
def packed(predictor_folder: Path, /) -> Iterator[Path]:
    """Give an MLflow model with what the predictor needs beside it, and its record.

    Trees are in LightGBM's native format. A linear model, alone or beside trees, is of no flavour of MLflow's: it is
    JSON that nothing runs.

    Raises
    ------
    DamagedModelError
        If the predictor is not as it was trained.
    OutputError
        If there is no space.
    """
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    manifest = verify_manifest(predictor_folder)
    described = read_json(predictor_folder / "predictor.json")
    columns: Any = [ColSpec(DataType.double, name, required=False) for name in described["features"]]
    signature = ModelSignature(inputs=Schema(columns), outputs=Schema([ColSpec(DataType.double)]))
    kept = model_file(predictor_folder).name
    try:
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch) / MODEL
            if kept == TREES_FILE:
                _save_trees(manifest.text(TREES_FILE), place, signature)
            else:
                place.mkdir()
                Model(signature=signature).save(str(place / "MLmodel"))
            # MLflow writes the text anew; the predictor's own bytes are what was evaluated
            for name in (kept, *_BESIDE):
                shutil.copyfile(predictor_folder / name, place / name)
            write_manifest(place)
            yield place
    except OSError as error:
        if isinstance(error, BatonError):
            raise
        raise OutputError(
            f"{tempfile.gettempdir()}: the model cannot be packed there ({error.strerror or error}); nothing was "
            "registered: free space or set TMPDIR, and run again"
        ) from error


def _save_trees(text: str, place: Path, signature: Any, /) -> None:
    import lightgbm as lgb
    import mlflow.lightgbm

    requirements = [f"lightgbm=={lgb.__version__}"]
    mlflow.lightgbm.save_model(  # pyright: ignore[reportPrivateImportUsage]
        lgb.Booster(model_str=text), str(place), signature=signature, pip_requirements=requirements
    )
