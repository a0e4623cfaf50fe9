"""What trained models have settled, which later tables are read by: scales of ratings, and types of attributes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from baton.files import RunFolder, read_json, write_json
from features.ingest.intake import TypedTable
from features.quality.scales import Agreed

__all__ = [
    "SIDECAR",
    "keep_settled",
    "kept_scales",
    "kept_types",
    "scales_of",
    "settled_otherwise",
    "staged_columns",
    "staged_scales",
    "staged_types",
    "types_of",
]

SIDECAR = "tables.json"


def types_of(tables: Mapping[str, TypedTable], dropped: Mapping[str, Collection[str]], /) -> dict[str, dict[str, str]]:
    """Return the types of each table's attributes but those that are left out."""
    return {
        name: {column: table.plans[column].type for column in table.attributes if column not in dropped[name]}
        for name, table in tables.items()
    }


def staged_columns(folder: Path, /) -> dict[str, frozenset[str]]:
    """Return the columns of each staged table that its source had; empty where nothing was staged."""
    place = folder / SIDECAR
    tables = read_json(place).get("tables", {}) if place.exists() else {}
    return {name: frozenset(table["present"]) for name, table in tables.items() if table["rows"]}


def staged_scales(folder: Path, /) -> Agreed:
    """Return the scales of ratings that staged tables are on."""
    return scales_of(read_json(folder / SIDECAR).get("scales", {}))


def kept_scales(place: Path, /) -> Agreed:
    """Return the scales that were written into a file; empty where there is none."""
    return scales_of(read_json(place)) if place.exists() else {}


def scales_of(kept: dict[str, Any], /) -> Agreed:
    """Return scales as they were before they were written as JSON."""
    return {
        table: {name: None if scale is None else (scale[0], scale[1]) for name, scale in columns.items()}
        for table, columns in kept.items()
    }


def staged_types(folder: Path, /) -> dict[str, dict[str, str]]:
    """Return the types of the staged tables' attributes: ``number`` or ``text``."""
    return read_json(folder / SIDECAR).get("types", {})


def kept_types(place: Path, folder: Path, /) -> dict[str, dict[str, str]]:
    """Return the types that were written into a file if staged tables differ from them; empty where none does.

    Parameters
    ----------
    place : Path
        What training has written.
    folder : Path
        The staged tables.
    """
    kept = read_json(place) if place.exists() else {}
    staged = staged_types(folder)
    differs = any(
        kept.get(table, {}).get(name, kind) != kind
        for table, columns in staged.items()
        for name, kind in columns.items()
    )
    return kept if differs else {}


def keep_settled(folder: RunFolder, /) -> None:
    """Write down what models that are trained on the staged tables know."""
    write_json(folder.trained_scales, staged_scales(folder.staged))
    write_json(folder.trained_types, staged_types(folder.staged))


def settled_otherwise(folder: RunFolder, /) -> dict[str, Any]:
    """Return what the trained models know otherwise than the staged tables: ``scales`` of ratings, ``types``.

    Parameters
    ----------
    folder : RunFolder
        With its staged tables; empty where no model has been trained, or nothing differs.
    """
    scales = kept_scales(folder.trained_scales)
    types = kept_types(folder.trained_types, folder.staged)
    found: dict[str, Any] = {"scales": scales} if scales and scales != staged_scales(folder.staged) else {}
    return found | ({"types": types} if types else {})
