"""What it takes to train a model again and to compute its figures anew."""

from __future__ import annotations

from typing import Any

from baton.catalogue.schema import Catalogue
from baton.company import Company
from pipelines.freshness import catalogue_digest, settings_digest
from pipelines.run_summary import versions

__all__ = ["lineage_of"]


def lineage_of(company: Company, catalogue: Catalogue, code: str, /) -> dict[str, Any]:
    """Return what a run's models stand on besides their data.

    Parameters
    ----------
    company : Company
        As its file has it.
    code : str
        Fingerprint of the code of all steps.
    """
    return {
        "code": code,
        "settings": settings_digest(company),
        "catalogue": catalogue_digest(catalogue),
        "seed": company.company.seed,
        "versions": versions(),
    }
