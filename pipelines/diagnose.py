"""How far today's scorecards point at the customer, with or without a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import TableError
from baton.files import RunFolder

__all__ = ["Diagnosis", "diagnose"]


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Parameters
    ----------
    cards : list of dict
        Per team and role: points by perspective, role and alignment.
    kpis : list of dict
        Per team, role and KPI: weight, alignment, effect with interval, reliability.
    stages : list of dict
        Per journey stage: mean points, KPIs on cards, levers on no card.
    notes : tuple of str
        What a reader must know.
    """

    cards: list[dict[str, Any]]
    kpis: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    notes: tuple[str, ...] = ()

    def sections(self) -> dict[str, list[dict[str, Any]]]:
        """Return the findings as titled tables, rounded for reading."""
        shown = [{name: _rounded(value) for name, value in row.items()} for row in self.kpis]
        cards = [{name: _rounded(value) for name, value in row.items()} for row in self.cards]
        stages = [{name: _rounded(value) for name, value in row.items()} for row in self.stages]
        return {
            "Points per card, by how they lie to the customer": cards,
            "KPIs on today's cards": shown,
            "Journey stages: what the cards measure, and what none does": stages,
        }


def diagnose(company: Company, folder: RunFolder) -> Diagnosis:
    """Diagnose today's scorecards.

    Parameters
    ----------
    company : Company
    folder : RunFolder
        A run of this company, if there is one; effects come from it.

    Returns
    -------
    Diagnosis

    Raises
    ------
    TableError
        If the company has no scorecards.
    """
    from baton.catalogue.load import load_catalogue
    from models.diagnosis import card_rows, diagnosis_table, stage_rows
    from models.recommender.advice_inputs import AdviceInputs

    catalogue = load_catalogue(company)
    if (folder.advice / "inputs.json").exists():
        inputs = AdviceInputs.load(folder.advice)
        notes = [f"effects come from the run in {folder.path.name}", *inputs.notes]
        if inputs.cards.empty:
            raise TableError("tables.scorecards: the company has none, so there is nothing to diagnose; add the table")
    else:
        inputs = _without_run(company, catalogue)
        notes = ["no run yet, so no effects: `baton run` measures which way each KPI points"]
    table = diagnosis_table(inputs, company.policy)
    unknown = sorted(set(table.loc[table["kpi_role"] == "unknown", "kpi"]))
    if unknown:
        notes.append(f"on cards but not in the catalogue: {', '.join(unknown)}")
    return Diagnosis(card_rows(table), _plain(table), stage_rows(table, catalogue), tuple(notes))


def _without_run(company: Company, catalogue: Catalogue, /) -> Any:
    """Return inputs that hold today's cards and nothing measured."""
    from models.recommender.advice_inputs import AdviceInputs, catalogue_rows

    return AdviceInputs(
        kpis=catalogue_rows(catalogue),
        draws=pd.DataFrame(),
        cards=_cards(company),
        crews=pd.DataFrame(columns=["team_id", "role", "kpi", "n_per_day", "people", "share"]),
        outcome=None,
        helpful=-1,
        kind="probability",
        horizon_days=company.snapshots.horizon_days,
        customers_at_risk=0,
        joint_p_value=1.0,
    )


def _cards(company: Company, /) -> pd.DataFrame:
    """Return the newest card of every team and role, straight from the source."""
    from features.sources import open_source

    if "scorecards" not in company.tables:
        raise TableError("tables.scorecards: the company has none, so there is nothing to diagnose; add the table")
    rows = open_source(company, "scorecards").to_pandas()
    missing = [name for name in ("team_id", "kpi", "weight", "valid_from") if name not in rows]
    if missing:
        raise TableError(f"scorecards: column {missing[0]} is missing; `baton validate` tells all that is wrong")
    rows["weight"] = pd.to_numeric(rows["weight"], errors="coerce")
    source = company.tables["scorecards"]
    rows["valid_from"] = pd.to_datetime(
        rows["valid_from"], errors="coerce", dayfirst=bool(source.day_first), format="mixed", utc=True
    )
    if rows["weight"].isna().any() or rows["valid_from"].isna().any():
        raise TableError("scorecards: some weights or dates cannot be read; `baton validate` shows which")
    rows["role"] = rows["role"].fillna("").astype("str") if "role" in rows else ""
    rows["team_id"] = rows["team_id"].astype("str")
    newest = rows.groupby(["team_id", "role"])["valid_from"].transform("max")
    return rows.loc[rows["valid_from"] == newest, ["team_id", "role", "kpi", "weight"]].reset_index(drop=True)


def _plain(table: pd.DataFrame, /) -> list[dict[str, Any]]:
    """Rows for JSON: unknown is null."""
    return [
        {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _rounded(value: Any, /) -> Any:
    if isinstance(value, float):
        return f"{value:.3g}"
    return ", ".join(value) if isinstance(value, list) else value
