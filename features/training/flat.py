"""The training table of users who have one flat table and no events."""

from __future__ import annotations

import pandas as pd

from baton.catalogue.schema import CONTEXT, Catalogue
from baton.company import Company
from baton.messages.message import Message
from baton.outcomes import Outcome
from features.kpis.columns import is_kpi_column, kpi_column
from features.kpis.sql import add_expressions
from features.staging.own_columns import ATTRIBUTE, plain
from features.staging.warehouse import Warehouse
from features.training.attributes import as_feature, is_free_text, is_private
from features.training.learnable import require_enough
from features.training.table import RESERVED, TrainingTable

__all__ = ["flat_table", "outcome_of"]


def outcome_of(warehouse: Warehouse, /) -> str:
    """Return the outcome that ``snapshots`` carries: ``churn`` (column churned) or ``driver:outcome`` (a number)."""
    return str(Outcome("churn") if warehouse.has("snapshots", "churned") else Outcome("case", metric="outcome"))


def flat_table(company: Company, catalogue: Catalogue, warehouse: Warehouse) -> TrainingTable:
    """Build the training table of ``snapshots``: its columns are the features.

    A column that is named like a KPI, ``<kpi>__…``, or is the ``expr`` of a catalogue KPI of source ``snapshots``
    belongs to that KPI; the others are context. Free texts stay beside the features, for the leak audit alone.

    Returns
    -------
    TrainingTable
        Without ``as_of``, or with one date only, it has no time.

    Raises
    ------
    TooLittleDataError
        If everybody, or nobody, left; or with what is missing.
    """
    outcome = outcome_of(warehouse)
    column, kind = ("churned", "probability") if outcome == "churn" else ("outcome", "number")
    declared = {kpi.id: str(kpi.expr) for kpi in catalogue.values() if kpi.source == "snapshots" and kpi.expr}
    table = warehouse["snapshots"]
    computed = {kpi: text for kpi, text in declared.items() if warehouse.column("snapshots", _column(text)) is None}
    named = {kpi_column(kpi): text for kpi, text in computed.items()}
    rows = add_expressions(table, table.columns, named) if named else table
    pulled = rows.to_pyarrow().to_pandas().sort_values(["as_of", "customer_id"], ignore_index=True)
    pulled["as_of"] = pulled["as_of"].astype("datetime64[us]")
    label = pulled[column].astype("float64")
    require_enough(outcome, label, kind, groups=pulled["customer_id"], of_all=True)
    times = pulled["as_of"].dropna().unique()
    temporal = len(times) > 1
    owner = {_column(text): kpi for kpi, text in declared.items()}
    left_out, columns, texts, kpi_of = [], {}, {}, {}
    for place, name in _names(list(pulled.columns), list(computed)).items():
        if is_private(company, plain(place), employee=False, table="snapshots"):
            left_out.append(plain(place))
        elif is_free_text(pulled[place]):
            texts[name] = pulled[place].astype("str").where(pulled[place].notna())
        elif pulled[place].notna().any():
            columns[name] = as_feature(pulled[place])
            kpi_of[name] = _kpi_of(name if is_kpi_column(place) else plain(place), catalogue, owner)
    customer = pulled["customer_id"].astype("str")
    keys = {"unit_id": customer, "as_of": pulled["as_of"], "label": label, "group": customer}
    notes = [Message("learned.private_left_out", {"columns": tuple(left_out)})] if left_out else []
    if texts:
        notes.append(Message("learned.free_texts", {"columns": tuple(texts)}))
    return TrainingTable(
        outcome=outcome,
        kind=kind,  # type: ignore[arg-type]
        unit="customer",
        frame=pd.DataFrame({**keys, **columns, **texts}),
        features=tuple(columns),
        kpi_of=kpi_of,
        latest=pd.Timestamp(max(times)) if temporal else None,
        temporal=temporal,
        horizon_days=company.snapshots.horizon_days if temporal else 0,
        gap_days=company.snapshots.gap_days if temporal else 0,
        notes=tuple(notes),
    )


def _names(columns: list[str], computed: list[str], /) -> dict[str, str]:
    """Return the feature that each column becomes: it keeps the user's name, unless that means something to Baton.

    Then it has the warehouse's; so has a name that begins like those, so that no two features share one.
    """
    names = {kpi_column(kpi): f"{kpi}__value" if kpi in RESERVED else kpi for kpi in computed}
    of_kpis = set(names.values())
    for column in columns:
        if column.startswith(ATTRIBUTE):
            own = plain(column)
            taken = own.casefold() in RESERVED or own in of_kpis or own.startswith(ATTRIBUTE)
            names[column] = column if taken else own
    return names


def _kpi_of(name: str, catalogue: Catalogue, owner: dict[str, str], /) -> str:
    if name in owner:
        return owner[name]
    stem = name.split("__")[0]
    return stem if stem in catalogue else CONTEXT


def _column(expression: str, /) -> str:
    return expression.strip().strip('"')
