"""What a company's file asks of the texts, checked before anything is read."""

from __future__ import annotations

import re
from pathlib import Path

from baton.company import Company
from baton.company import Text as TextSettings
from baton.errors import CompanyFileError
from baton.nearest import did_you_mean
from features.staging.warehouse import Warehouse
from models.encoders.encoders import PACKAGED

__all__ = ["check_settings", "folder_named", "refuse_no_time", "with_folders"]

_HUGGING_FACE = re.compile(r"[\w-][\w.-]*/[\w.-]+")


def check_settings(company: Company, warehouse: Warehouse, /) -> None:
    """Refuse settings of texts that a company with texts cannot use.

    Raises
    ------
    CompanyFileError
        If there is no such model, encoder or time column.
    """
    if warehouse.has("cases", "text"):
        with_folders(company)
        refuse_no_time(company, warehouse)


def with_folders(company: Company, /) -> TextSettings:
    """Return the settings of texts, with a model's and an encoder's folder found beside the company file."""
    settings, found = company.text, {}
    models = ("auto", "auto+finetune", "tfidf", "encoder", "finetune", *PACKAGED)
    known = {"model": models, "encoder": ("auto", *PACKAGED)}
    for key, names in known.items():
        name = getattr(settings, key)
        place = folder_named(company, name)
        if place is not None:
            found[key] = str(place)
        elif name not in names and not _HUGGING_FACE.fullmatch(name):
            raise CompanyFileError(
                f"{company.path}: text.{key}: there is no folder {name!r}{did_you_mean(name, names)}; give "
                f"{', '.join(names)}, a folder with model.onnx and tokenizer.json, or a Hugging Face id"
            )
    return settings.model_copy(update=found)


def folder_named(company: Company, name: str, /) -> Path | None:
    """Return the folder beside the company file that a setting names, if it names one."""
    place = company.resolve(name)
    return place if name != "auto" and place.is_dir() else None


def refuse_no_time(company: Company, warehouse: Warehouse, /) -> None:
    """Refuse a time at which labels were known that is no time of the cases.

    Raises
    ------
    CompanyFileError
        If the cases have no such time column.
    """
    column, kinds = company.text.known_at, warehouse["cases"].schema()
    times = [name for name, kind in kinds.items() if kind.is_timestamp()]
    if column not in times:
        raise CompanyFileError(
            f"{company.path}: text.known_at: the cases have no time column {column!r}{did_you_mean(column, times)}"
        )
