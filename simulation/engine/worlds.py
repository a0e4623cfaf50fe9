"""Worlds: what makes one simulated company differ from another, kept as TOML; a world may extend another one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from baton.errors import CompanyFileError

__all__ = ["Part", "load_world_as", "read_part", "read_world"]


class Part(BaseModel):
    """A part of a world's settings: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


World = TypeVar("World", bound=Part)


def read_part(folder: Path, name: str, /) -> dict[str, Any]:
    """Return the content of a TOML file of a folder, by its name without the ending."""
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def read_world(folder: Path, name: str, /, replaced: Collection[str] = ()) -> dict[str, Any]:
    """Return a world's settings laid over those of the world that it extends.

    Parameters
    ----------
    replaced : collection of str
        Tables that a world gives anew instead of changing single entries of them.
    """
    own = read_part(folder, name)
    below = own.pop("extends", None)
    if below is None:
        return own
    return _over(read_world(folder, below, replaced), own) | {part: own[part] for part in replaced if part in own}


def load_world_as(
    kind: type[World],
    folder: Path,
    name: str,
    known: Collection[str],
    /,
    *,
    replaced: Collection[str] = (),
    completed: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> World:
    """Return a world of a kind.

    Parameters
    ----------
    kind : type
        The scenario's settings.
    folder : Path
        Where the worlds lie.
    known : collection of str
        The names that there are.
    replaced : collection of str
        Tables that a world gives anew.
    completed : callable
        What adds to the content of the file.

    Raises
    ------
    CompanyFileError
        If there is no such world, or its settings contradict the structure.
    """
    if name not in known:
        raise CompanyFileError(f"world {name!r}: no such world; choose one of {', '.join(known)}")
    try:
        return kind.model_validate({"name": name, **completed(read_world(folder, name, replaced))})
    except ValidationError as error:
        raise CompanyFileError(f"world {name!r}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error


def _over(below: dict[str, Any], above: dict[str, Any], /) -> dict[str, Any]:
    joined = dict(below)
    for key, value in above.items():
        nested = isinstance(value, dict) and isinstance(below.get(key), dict)
        joined[key] = _over(below[key], value) if nested else value
    return joined
