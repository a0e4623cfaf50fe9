"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "DEFAULT_COMPANY",
    "CompanyArgument",
    "CompanyOption",
    "ForceOption",
    "JsonOption",
    "LanguageOption",
    "OutOption",
    "PageOption",
    "ReasonOption",
    "SameOption",
]

DEFAULT_COMPANY = Path("company.toml")
"""The company file where none is named."""

CompanyArgument = Annotated[
    Path, typer.Argument(metavar="COMPANY", help="The company file, or the folder in which company.toml lies.")
]
CompanyOption = Annotated[
    Path, typer.Option("--company", metavar="COMPANY", help="The company file, or the folder in which it lies.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
LanguageOption = Annotated[
    Literal["en", "zh"] | None, typer.Option(help="In which words (default: the company's first).")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit log.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of the results (default: `out` beside the company file)."),
]
PageOption = Annotated[
    Path | None, typer.Option("--page", metavar="FILE", help="A page of the same to look at in a browser.")
]
SameOption = Annotated[
    Path | None, typer.Option("--company", metavar="COMPANY", help="The same, as in the other commands.")
]
