"""Reads the texts of a company's cases, with their labels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.company import Company
from baton.errors import CompanyFileError
from baton.messages.message import Message
from baton.nearest import did_you_mean
from features.staging.own_columns import plain
from features.staging.warehouse import Warehouse
from features.text.preparing import prepare
from features.text.repeats import group_of, groups_of
from features.text.spelling import join_spellings, shown_label
from features.text.text_set import TextSet

__all__ = ["group_of", "read_texts", "refuse_missing_columns"]

_DEFAULT_LABELS = "root_cause"


def read_texts(company: Company, warehouse: Warehouse, /) -> TextSet | None:
    """Return the cases with a text, or None where there are none.

    Returns
    -------
    TextSet or None
        ``text_id`` is the case.

    Raises
    ------
    CompanyFileError
        If ``[text]`` names a column that the cases do not have, or a confidence outside 0..1.
    """
    if not warehouse.has("cases", "text"):
        return None
    refuse_missing_columns(company, warehouse)
    settings, cases = company.text, warehouse["cases"]
    columns = dict.fromkeys(["case_id", "opened_at", "text", settings.labels, settings.confidence])
    found = {name: cases[place] for name in columns if name and (place := warehouse.column("cases", name)) is not None}
    rows = cases.filter(cases.text.notnull()).select(**found).to_pandas()
    if rows.empty:
        return None
    ready = prepare(rows["text"].tolist(), masked=True)
    labels, notes = _labels(rows, settings.labels)
    frame = pd.DataFrame(
        {
            "text_id": rows["case_id"].astype("str"),
            "text": ready["text"].astype("str"),
            "language": ready["language"].astype("str"),
            "mixed": ready["mixed"],
            "label": pd.Series(labels, dtype=object),
            "weight": _weights(company, rows),
            "at": rows["opened_at"],
        }
    )
    frame["group"] = pd.Series(groups_of(frame["text"].tolist()), dtype="str")
    return TextSet(frame.reset_index(drop=True), notes)


def refuse_missing_columns(company: Company, warehouse: Warehouse, /) -> None:
    """Refuse settings of texts that name a column which the cases do not have.

    Raises
    ------
    CompanyFileError
        Naming the setting, the column, and one that is written alike.
    """
    settings, cases = company.text, warehouse["cases"]
    wanted = {"labels": settings.labels, "confidence": settings.confidence, "known_at": settings.known_at}
    for setting, column in wanted.items():
        if (
            column is not None
            and warehouse.column("cases", column) is None
            and (setting, column) != ("labels", _DEFAULT_LABELS)
        ):
            raise CompanyFileError(
                f"{company.path}: text.{setting}: the cases have no column {column!r}"
                f"{did_you_mean(column, [plain(name) for name in cases.columns])}"
            )


def _labels(rows: pd.DataFrame, column: str, /) -> tuple[list[str | None], tuple[Message, ...]]:
    if column not in rows:
        return [None] * len(rows), ()
    values = [None if pd.isna(value) else str(value) for value in rows[column]]
    labels, notes = join_spellings(values)
    counted = pd.Series([label for label in labels if label is not None], dtype=object).value_counts()
    once = sorted(str(label) for label in counted.index[counted == 1])
    if once:
        # a column of free text may have been named by mistake: nothing of it is quoted at length or unmasked
        shown = tuple(repr(shown_label(label)) for label in once[:5]) + (("…",) if len(once) > 5 else ())
        notes = (*notes, Message("root_cause.seen_once", {"labels": shown}))
    return labels, notes


def _weights(company: Company, rows: pd.DataFrame, /) -> np.ndarray:
    column = company.text.confidence
    if column is None:
        return np.ones(len(rows))
    values = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=np.float64)
    if np.nanmin(values, initial=0.0) < 0 or np.nanmax(values, initial=0.0) > 1:
        raise CompanyFileError(
            f"{company.path}: text.confidence: {column!r} has values outside 0..1; give how sure the annotator was "
            "as a share"
        )
    return np.where(np.isnan(values), 1.0, values)
