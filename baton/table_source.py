"""Where a table of the company lies, and how it is written there: one entry of the company file's ``[tables]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from baton.section import Section

__all__ = ["QueryFile", "TableSource"]


class QueryFile(Section):
    """One entry of a table's ``files``: a file that its query may name beside its own."""

    path: str
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, given: object) -> object:
        return {"path": given} if isinstance(given, str) else given


class TableSource(Section):
    """One entry of ``[tables]``: a file, or a table or query in a source.

    With both ``path`` and ``sql``, the file is the table ``raw`` of the query; ``files`` names others that it may join:
    ``files = { reviews = "reviews.csv" }``. ``columns`` says, per column of the
    contract, what the source calls it. ``sheet`` and ``header_row`` (from 1) say where the table stands in a
    spreadsheet, ``header_row`` also in a CSV with lines above its header. ``scales`` says, per column of ratings, the
    lowest and the highest value, and ``types``, per column that the contract does not name, what it holds.
    """

    path: str | None = None
    source: str | None = None
    table: str | None = None
    sql: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    files: dict[str, QueryFile] = Field(default_factory=dict)
    day_first: bool | None = None
    timezone: str = "UTC"
    decimal: Literal[".", ","] | None = None
    keep_words: tuple[str, ...] = ()
    observed_until: str | None = None
    extracted_at: str | None = None
    scales: dict[str, tuple[float, float]] = Field(default_factory=dict)
    types: dict[str, Literal["category", "number"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _scales(self) -> TableSource:
        for name, (low, high) in self.scales.items():
            if not low < high:
                raise ValueError(f"scales.{name} = [{low:g}, {high:g}]: the lowest value comes first, then the highest")
        return self

    @model_validator(mode="after")
    def _one_place(self) -> TableSource:
        if (self.path is None) == (self.source is None):
            raise ValueError('give either path = "file" or source = "name of a [sources] entry"')
        if self.source is not None and (self.table is None) == (self.sql is None):
            raise ValueError("with source, give either table or sql")
        if self.source is not None and (self.sheet is not None or self.header_row is not None):
            raise ValueError("sheet and header_row are for files; a table of a database has neither")
        if self.files and (self.path is None or self.sql is None):
            raise ValueError("files are for a query over files: give path and sql too")
        if "raw" in map(str.lower, self.files):
            raise ValueError("files.raw: raw is the file of path; call this one something else")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> TableSource:
        names = list(self.columns.values())
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"columns: {twice!r} stands for two columns; sql can give one column twice")
        return self
