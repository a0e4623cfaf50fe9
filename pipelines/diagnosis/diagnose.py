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
from baton.messages.message import Message, Name
from pipelines.diagnosis.found import Diagnosis, Section
from pipelines.diagnosis.today import Today, cards_today
from pipelines.freshness import changes_since

if TYPE_CHECKING:
    from models.advice.inputs import AdviceInputs
    from pipelines.run_left import RunLeft

__all__ = ["diagnose"]


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
    from models.advice.diagnosis.alignment import card_rows, diagnosis_table
    from models.advice.diagnosis.causes import cause_evidence
    from models.advice.diagnosis.funnel import funnels
    from models.advice.diagnosis.headline import headline
    from models.advice.diagnosis.stages import stage_rows
    from pipelines.run_left import read_run

    if "scorecards" not in company.tables:
        raise TableError("tables.scorecards: the company has none, so there is nothing to diagnose; add the table")
    catalogue = load_catalogue(company)
    today = cards_today(company, catalogue)
    inputs, notes = _inputs(company, catalogue, folder, today)
    run = read_run(folder)
    table = diagnosis_table(inputs, company.policy)
    unknown = sorted(set(table.loc[table["kpi_role"] == "unknown", "kpi"]))
    if unknown:
        notes.append(Message("diagnosed.unknown_kpis", {"kpis": tuple(unknown)}))
    evidence = cause_evidence(run.causes, inputs.cards, run.clear, catalogue)
    asked = _Asked(company, catalogue, inputs, table, evidence, today, run)
    return Diagnosis(
        headline=headline(table, inputs, company.policy),
        parts=(asked.influence(), asked.stages(), asked.causes(), asked.conflicts(), asked.beside()),
        cards=card_rows(table),
        kpis=_plain(table),
        stages=stage_rows(table, catalogue),
        evidence=_plain(evidence),
        notes=tuple(notes),
        names=_names(table, inputs, catalogue),
        outcome=inputs.outcome,
        currency=inputs.currency,
        funnels=tuple(funnels(run.panel, _by_points(table), catalogue, company.policy)),
    )


@dataclass(frozen=True)
class _Asked:
    """All that the parts of the page are made from."""

    company: Company
    catalogue: Catalogue
    inputs: AdviceInputs
    table: pd.DataFrame
    evidence: pd.DataFrame
    today: Today
    run: RunLeft

    def influence(self) -> Section:
        """KPIs nobody can influence, or too noisy for whom they score."""
        from models.advice.diagnosis.influence import Measurement, influence_findings

        measurement = Measurement(self.run.reliability, self.run.panel, self.company.policy.min_group)
        found = influence_findings(self.table, self.inputs, self.catalogue, measurement, self.company.policy)
        remarks = [] if self.run.there else [Message("influence.no_run")]
        if not found and self.run.there:
            remarks.append(Message("influence.nothing"))
        return Section("influence", Message("diagnosed.influence"), tuple(found), tuple(remarks))

    def stages(self) -> Section:
        """Stages of the journey that nobody answers for."""
        from models.advice.diagnosis.stages import stage_findings

        found = stage_findings(self.table, self.inputs, self.catalogue, self.today.served)
        remarks = () if found else (Message("stage_gap.nothing"),)
        return Section("stages", Message("diagnosed.stages"), tuple(found), remarks)

    def causes(self) -> Section:
        """Causes that grow or cost customers, and that nobody measures."""
        from models.advice.diagnosis.cause_findings import new_causes, unmeasured_causes

        found = unmeasured_causes(self.evidence, self.run.causes, self.catalogue) + new_causes(self.run.causes)
        looked = len(self.run.causes.diagnosis)
        nothing = Message("cause_gap.nothing", {"n": looked}) if looked else Message("cause_gap.no_texts")
        remarks = (Message("cause_gap.no_run"),) if not self.run.there else () if found else (nothing,)
        return Section("causes", Message("diagnosed.causes"), tuple(found), remarks)

    def conflicts(self) -> Section:
        """KPIs in conflict, between departments and with those who are served."""
        from models.advice.diagnosis.conflict_findings import conflict_findings
        from models.advice.diagnosis.conflicts import Organised, conflicts

        organised = Organised(self.today.teams, self.run.panel, self.run.handoffs, self.today.internal)
        found, looked = conflicts(self.table, self.inputs, self.catalogue, organised, self.company.company.seed)
        items = conflict_findings(found, self.table, self.inputs, self.catalogue, organised)
        remarks = [] if self.run.there else [Message("conflict.no_run")]
        if not items and self.run.there:
            remarks.append(Message("conflict.nothing", {"n": looked}))
        return Section("conflicts", Message("diagnosed.conflicts"), tuple(items), tuple(remarks))

    def beside(self) -> Section:
        """Causes as evidence beside the weights."""
        from models.advice.diagnosis.cause_findings import evidence_findings

        found = evidence_findings(self.evidence, self.run.causes, self.catalogue)
        remarks = () if self.run.there else (Message("cause_gap.no_run"),)
        if self.run.there and not found and len(self.run.causes.diagnosis):
            remarks = (Message("cause_gap.nothing_beside"),)
        return Section("evidence", Message("diagnosed.evidence"), tuple(found), remarks)


def _inputs(
    company: Company, catalogue: Catalogue, folder: RunFolder, today: Today, /
) -> tuple[AdviceInputs, list[Message]]:
    """Return today's cards with what a run has measured, and what a reader must know."""
    from models.advice.inputs import AdviceInputs, catalogue_rows

    cards, notes = today.cards, list(today.notes)
    named = today.team_names
    if (folder.advice / "inputs.json").exists():
        measured = AdviceInputs.load(folder.advice)
        notes += [Message("diagnosed.of_a_run", {"folder": folder.path.name}), *measured.notes]
        changed = changes_since(company, catalogue, folder)
        if changed:
            notes.append(Message("diagnosed.changed", {"folder": folder.path.name, "what": tuple(changed)}))
        names = {**named, **measured.team_names}
        return replace(measured, cards=cards, kpis=_known_kpis(measured, catalogue), team_names=names), notes
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
        team_names=named,
    )
    return inputs, notes


def _known_kpis(measured: AdviceInputs, catalogue: Catalogue, /) -> pd.DataFrame:
    """Return the KPIs of the run, and those that the catalogue has got since."""
    from models.advice.inputs import catalogue_rows

    now = catalogue_rows(catalogue)
    added = now[~now["kpi"].isin(set(measured.kpis["kpi"]))]
    return pd.concat([measured.kpis, added], ignore_index=True) if len(added) else measured.kpis


def _names(table: pd.DataFrame, inputs: AdviceInputs, catalogue: Catalogue, /) -> dict[str, Name]:
    from models.advice.diagnosis.places import card_name, kpi_name, team_name

    names = {str(kpi): kpi_name(str(kpi), catalogue) for kpi in table["kpi"]}
    names |= {str(team): team_name(str(team), inputs) for team in table["team_id"]}
    cards = table[["team_id", "role"]].drop_duplicates().itertuples(index=False, name=None)
    return names | {f"{team}/{role}": card_name(str(team), str(role), inputs) for team, role in cards}


def _by_points(table: pd.DataFrame, /) -> list[str]:
    """Return the KPIs on cards, those with most points first."""
    points = table.groupby("kpi")["weight"].sum().sort_values(ascending=False)
    return [str(kpi) for kpi in points.index]


def _plain(table: pd.DataFrame, /) -> list[dict[str, Any]]:
    """Rows for JSON: unknown is null."""
    return [
        {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]
