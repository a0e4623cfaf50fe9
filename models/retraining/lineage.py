"""What a version has learned from, kept beside it: the fingerprint of its rows, and which units they were of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from baton.errors import ArtefactError
from baton.files import RunFolder, read_json
from baton.outcomes import outcome_folder
from features.training.table import TrainingTable
from models.prediction.predictor import BoostedPredictor
from models.registry.champions import Registry
from models.registry.promotion import Origin
from models.registry.store import INPUTS_FILE
from models.retraining.rows import Unseen, fingerprint, hashes_of, unseen_rows

__all__ = ["read_lineage", "rows_of", "unseen_by", "with_rows"]


def with_rows(origin: Origin, folder: RunFolder, outcome: str, /) -> Origin:
    """Add to an origin what its training table holds; nothing where the run has left none."""
    place = outcome_folder(folder.training, outcome)
    if not (place / "table.json").exists():
        return origin
    return replace(origin, lineage={**origin.lineage, **rows_of(TrainingTable.load(place))})


def rows_of(table: TrainingTable, /) -> dict[str, Any]:
    """Return the fingerprint of a training table's rows, and of one without time the hashes of its units."""
    hashes = hashes_of(table)
    return {"rows": fingerprint(table)} | ({} if hashes is None else {"units": hashes})


def unseen_by(registry: Registry, table: TrainingTable, version: int, predictor: BoostedPredictor, /) -> Unseen:
    """Return the labelled rows of a table that a version has not learned from.

    Raises
    ------
    ArtefactError
        As for ``read_lineage``.
    """
    learned = read_lineage(registry, table.outcome, version).get("units")
    return unseen_rows(table, predictor.about, learned)


def read_lineage(registry: Registry, outcome: str, version: int, /) -> Mapping[str, Any]:
    """Return what a version was made from; empty where an earlier Baton has registered it.

    Raises
    ------
    ArtefactError
        If there is no such version, or its files are gone.
    """
    place = registry.place(outcome, version).parent / INPUTS_FILE
    try:
        return read_json(place)
    except ArtefactError:
        return {}
