"""How far today's scorecards point at the customer, with or without a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import TableError
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.messages.message import Message
from pipelines.freshness import changes_since

if TYPE_CHECKING:
    from models.advice.inputs import AdviceInputs

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
    notes : tuple of Message
        What a reader must know.
    """

    cards: list[dict[str, Any]]
    kpis: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    notes: tuple[Message, ...] = ()

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


@hides_filled_in
def diagnose(company: Company, folder: RunFolder) -> Diagnosis:
    """Diagnose today's scorecards.

    Parameters
    ----------
    folder : RunFolder
        A run of this company, if there is one; effects come from it.

    Returns
    -------
    Diagnosis

    Raises
    ------
    TableError
        If the company has no scorecards, or a fault of its tables stops a run.
    """
    from baton.catalogue.load import load_catalogue
    from models.advice.diagnosis import card_rows, diagnosis_table, stage_rows

    if "scorecards" not in company.tables:
        raise TableError("tables.scorecards: the company has none, so there is nothing to diagnose; add the table")
    catalogue = load_catalogue(company)
    inputs, notes = _inputs(company, catalogue, folder)
    table = diagnosis_table(inputs, company.policy)
    unknown = sorted(set(table.loc[table["kpi_role"] == "unknown", "kpi"]))
    if unknown:
        notes.append(Message("diagnosed.unknown_kpis", {"kpis": tuple(unknown)}))
    return Diagnosis(card_rows(table), _plain(table), stage_rows(table, catalogue), tuple(notes))


def _inputs(company: Company, catalogue: Catalogue, folder: RunFolder, /) -> tuple[AdviceInputs, list[Message]]:
    """Return today's cards with what a run has measured, and what a reader must know."""
    from models.advice.inputs import AdviceInputs, catalogue_rows

    cards, notes = _cards(company, catalogue)
    if (folder.advice / "inputs.json").exists():
        measured = AdviceInputs.load(folder.advice)
        notes += [Message("diagnosed.of_a_run", {"folder": folder.path.name}), *measured.notes]
        changed = changes_since(company, catalogue, folder)
        if changed:
            notes.append(Message("diagnosed.changed", {"folder": folder.path.name, "what": tuple(changed)}))
        return replace(measured, cards=cards, kpis=_known_kpis(measured, catalogue)), notes
    notes.append(Message("diagnosed.no_run"))
    inputs = AdviceInputs(
        kpis=catalogue_rows(catalogue),
        draws=pd.DataFrame(),
        cards=cards,
        headcounts=pd.DataFrame(columns=["team_id", "role", "kpi", "n_per_day", "people", "share"]),
        outcome=None,
        helpful=-1,
        kind="probability",
        horizon_days=company.snapshots.horizon_days,
        customers_at_risk=0,
        joint_p_value=1.0,
    )
    return inputs, notes


def _known_kpis(measured: AdviceInputs, catalogue: Catalogue, /) -> pd.DataFrame:
    """Return the KPIs of the run, and those that the catalogue has got since."""
    from models.advice.inputs import catalogue_rows

    now = catalogue_rows(catalogue)
    added = now[~now["kpi"].isin(set(measured.kpis["kpi"]))]
    return pd.concat([measured.kpis, added], ignore_index=True) if len(added) else measured.kpis


def _cards(company: Company, catalogue: Catalogue, /) -> tuple[pd.DataFrame, list[Message]]:
    """Return the cards in force at the end of observation, by the way in that a run takes, and what is planned."""
    from features.cases.table import cards_in_force
    from features.staging.cleaned import checked
    from features.staging.stage import refuse
    from features.training import snapshots

    with checked(company, catalogue) as found:
        refuse(found.report)
        warehouse = found.warehouse
        if warehouse is None or "scorecards" not in warehouse:
            raise TableError("tables.scorecards: no row is left, so there is nothing to diagnose; check the export")
        latest = snapshots.latest(warehouse)
        rows = warehouse["scorecards"].to_pyarrow().to_pandas()
    # a company with no event has no day to look from: all its cards count
    as_of = pd.Timestamp(latest) if latest is not None else rows["valid_from"].max()
    today = cards_in_force(rows, as_of)
    planned = rows[rows["valid_from"] > as_of]
    notes = [Message("diagnosed.as_of", {"day": f"{as_of:%Y-%m-%d}"})]
    if len(planned):
        cards = planned[["team_id", "role", "valid_from"]].drop_duplicates()
        notes.append(Message("diagnosed.planned", {"n": len(cards), "day": f"{cards['valid_from'].min():%Y-%m-%d}"}))
    if today.empty:
        raise TableError(
            f"scorecards: every card holds only after {as_of:%Y-%m-%d}, where the observed time ends; check valid_from"
        )
    return today[["team_id", "role", "kpi", "weight"]].reset_index(drop=True), notes


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
