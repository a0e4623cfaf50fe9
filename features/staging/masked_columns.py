"""Masks employees' names and ids in columns of texts, whatever table they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from features.ingest.intake import Intake
from features.ingest.sql_text import quoted
from features.staging.known_people import known_people

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_TEXTS_HELD", "without_names"]

MAX_TEXTS_HELD = 200_000  # texts that repeat are worked on once, without holding all of them in memory


def without_names(intake: Intake, query: str, columns: Sequence[str], /) -> str:
    """Return a query with employees' names and ids masked in some of its columns.

    Parameters
    ----------
    intake : Intake
        Its engine gets the function that masks.
    query : str
    columns : sequence of str
        Columns of texts.
    """
    import duckdb
    import pyarrow as pa
    from duckdb.func import ARROW

    masked = lru_cache(maxsize=MAX_TEXTS_HELD)(known_people(intake).mask)

    def without(texts: pa.ChunkedArray) -> pa.Array:
        return pa.array([None if text is None else masked(text) for text in texts.to_pylist()], pa.string())

    # DuckDB evaluates a function's annotations, which a lambda has not
    function: Any = lambda texts: without(texts)  # noqa: E731, PLW0108
    with suppress(duckdb.Error):  # that of the table before
        intake.connection.remove_function("baton_nameless")
    intake.connection.create_function("baton_nameless", function, ["VARCHAR"], "VARCHAR", type=ARROW)
    listed = ", ".join(f"baton_nameless(CAST({quoted(name)} AS VARCHAR)) AS {quoted(name)}" for name in columns)
    return f"SELECT * REPLACE ({listed}) FROM ({query})"
