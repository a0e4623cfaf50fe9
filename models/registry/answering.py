"""Which models answer: the champion of each outcome, with its files."""

from __future__ import annotations

from pathlib import Path

from baton.company import Company
from baton.errors import ArtefactError
from models.registry.champions import Registry, registry_folder
from models.registry.promotion import Version

__all__ = ["find_champions", "load_champion"]


def load_champion(company: Company, outcome: str, /) -> tuple[Path, int]:
    """Return the folder and the version of an outcome's champion.

    Raises
    ------
    ArtefactError
        If there is no registry, or no champion.
    """
    registry = Registry(company)
    champion = registry.champion(outcome)
    if champion is None:
        raise ArtefactError(f"{outcome}: no champion is registered; `baton run` registers one")
    return registry.place(outcome, champion.version), champion.version


def find_champions(company: Company, /) -> dict[str, tuple[Path, Version]]:
    """Return the folder of each outcome's champion and what is known of it; empty where nothing is registered.

    Raises
    ------
    ArtefactError
        If the registry cannot be read, or a champion's files are gone.
    DamagedModelError
        If a champion's files are not those that were registered.
    """
    if not (registry_folder(company) / "mlflow.db").exists():
        return {}
    registry = Registry(company)
    champions = [version for version in registry.versions() if version.alias == "champion"]
    return {known.outcome: (registry.place(known.outcome, known.version), known) for known in champions}
