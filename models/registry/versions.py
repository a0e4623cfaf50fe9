"""How a version's metrics and names stand in the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from models.registry.promotion import Version

__all__ = ["metrics_of", "tested_tag", "version_of"]

_METRICS = ("log_loss", "brier", "auc", "average_precision", "ece", "rmse", "mae", "r2")


def metrics_of(entry: Mapping[str, Any], /) -> dict[str, float]:
    """Return the metrics of an entry of ``evaluation.json`` that are registered."""
    return {name: float(entry[name]) for name in _METRICS if entry.get(name) is not None}


def tested_tag(test_set: str, /) -> str:
    """Return the tag under which a version's metrics on a test set stand."""
    return f"tested.{test_set[:32]}"


def version_of(outcome: str, entry: Any, alias: str, /) -> Version:
    """Return what is known of one of the store's model versions."""
    moment = datetime.fromtimestamp(entry.creation_timestamp / 1000, UTC)
    tags = entry.tags
    return Version(
        outcome=outcome,
        version=int(entry.version),
        alias=alias,
        registered_at=moment.isoformat(timespec="seconds"),
        rows=int(tags.get("rows", 0)),
        metrics=json.loads(tags.get("figures", "{}")),
        test_set=tags.get("test_set", ""),
        data=tags.get("data", ""),
        meaning=tags.get("meaning", ""),
        informative=tags.get("informative", "yes") == "yes",
    )
