"""``[engine]`` of the company file: what computes KPIs over the rows of events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from baton.section import Section

__all__ = ["Engine"]

_Setting = Annotated[str, Field(pattern=r"^spark\.[A-Za-z0-9_.-]+$")]


class Engine(Section):
    """``[engine]``: what computes KPIs over the rows of events.

    Parameters
    ----------
    name : {"duckdb", "spark"}
        DuckDB runs within Baton; Spark is an extra (``requirements-spark.lock``).
    master : str
        Spark's address of a cluster, or ``local[2]``.
    settings : dict of str to str
        Spark's own settings, such as ``spark.executor.memory``.
    """

    name: Literal["duckdb", "spark"] = "duckdb"
    master: Annotated[str, Field(pattern=r"^(local(\[(\d+|\*)\])?|spark://\S+|yarn|k8s://\S+)$")] = "local[*]"
    settings: dict[_Setting, str] = Field(default_factory=dict)
