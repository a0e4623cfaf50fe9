"""Training tables by the engine that the company file names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Company
from baton.engine.settings import Engine
from baton.progress import Progress
from features.kpis.spark_sql import refuse_not_on_spark
from features.staging.spark import explaining_spark, on_spark, refuse_without_spark
from features.staging.warehouse import Warehouse
from features.training.build import Built, build

__all__ = ["build_on_engine", "refuse_engine"]


def refuse_engine(engine: Engine, kpis: Iterable[Kpi], /) -> None:
    """Refuse an engine that is not there, or cannot compute the KPIs: looked at before anything runs.

    Raises
    ------
    ArtefactError
        If the engine is not installed or does not answer.
    CatalogueError
        If it would compute KPIs otherwise; all are named.
    """
    if engine.name == "spark":
        refuse_not_on_spark(kpis)
        refuse_without_spark(engine)


def build_on_engine(
    company: Company, catalogue: Catalogue, warehouse: Warehouse, places: tuple[Path, Path | None], progress: Progress
) -> Built:
    """Build the training tables, as ``build`` does, by the engine of the company file.

    Parameters
    ----------
    warehouse : Warehouse
        The staged tables on DuckDB.
    places : tuple of Path
        Where they are staged, and the cases to be read instead of the staged ones (None: those).

    Raises
    ------
    ArtefactError
        If Spark fails.
    """
    if company.engine.name == "duckdb":
        return build(company, catalogue, warehouse, progress)
    staged, cases = places
    with explaining_spark(company.engine):
        return build(company, catalogue, on_spark(warehouse, staged, company.engine, cases=cases), progress)
