"""From cases to advice: effects, diagnosis, weights and coaching."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder
from baton.messages.message import Message
from baton.progress import Progress, silent
from baton.run_results import RunResults
from features.cases.table import CaseTable, Organisation

if TYPE_CHECKING:
    from models.effects.findings import Effects

__all__ = ["Advised", "recommend"]

_BESIDE = (
    "effects_by_method",
    "reliability",
    "panel",
    "arrows",
    "controllability",
)  # in advice/, not among the contract's files


@dataclass(frozen=True)
class Advised:
    """What advising left.

    Parameters
    ----------
    rows : dict of str to int
        Rows per file.
    warnings : tuple of Message
        What a reader of the advice must know.
    """

    rows: dict[str, int]
    warnings: tuple[Message, ...] = ()


def recommend(
    company: Company,
    catalogue: Catalogue,
    folder: RunFolder,
    cases: CaseTable,
    organisation: Organisation,
    progress: Progress = silent,
) -> Advised:
    """Estimate effects, diagnose today's cards, solve weights and find whom to help with what.

    Parameters
    ----------
    folder : RunFolder
        Where effects, effect_draws, diagnosis, weights, advice_changes, coaching and cause_evidence (Parquet), and in
        ``advice/`` what weights are solved again from, the units' KPIs by month and the tested arrows of the strategy
        map, are written. What ``before/`` holds of the advice before is compared with.

    Returns
    -------
    Advised
    """
    from models.advice.advise import STEPS, advise
    from models.advice.diagnosis.cause_reasons import with_causes
    from models.advice.settings import Settings
    from models.advice.stability.changes import advice_changes
    from models.advice.stability.given import Given
    from models.effects.strategy_map import strategy_arrows
    from pipelines.before.compared import basis_of, given_before, standing
    from pipelines.pilots.measured import read_measured
    from pipelines.run_left import causes_of, evidence_of

    basis = basis_of(company, catalogue, organisation.as_of, len(cases.frame))
    before = given_before(folder.before, basis)
    tried, not_counted = read_measured(company, catalogue)
    results, settings = RunResults(folder), Settings.of(company, before=standing(before, basis), tried=tried)
    advice = advise(cases, organisation, catalogue, settings, results.find("attributions"), progress)
    tables = {
        **advice.tables,
        "panel": organisation.panel,
        "arrows": strategy_arrows(organisation.panel, organisation.teams, catalogue, settings.seed),
    }
    basis = replace(basis, outcome=advice.inputs.outcome or "")
    given = Given(advice.weights, advice.inputs.kpis, advice.inputs.by_team, basis)
    tables["advice_changes"] = advice_changes(before, given, advice.inputs)
    evidence = evidence_of(results, advice.inputs.cards, advice.effects.table, catalogue)
    if evidence is not None:
        tables["cause_evidence"] = evidence
        tables["weights"] = with_causes(advice.weights, evidence, causes_of(results), catalogue)
    warnings = _warnings(company, catalogue, advice.effects, advice.weights, cases, organisation)
    rows = {name: results.write(f"advice/{name}" if name in _BESIDE else name, table) for name, table in tables.items()}
    advice.inputs.save(folder.advice)
    basis.save(folder.advice)
    progress("advice", STEPS, STEPS)
    return Advised(rows, (*warnings, *advice.controllability.notes, *not_counted))


def _warnings(
    company: Company,
    catalogue: Catalogue,
    effects: Effects,
    weights: pd.DataFrame,
    cases: CaseTable,
    organisation: Organisation,
    /,
) -> tuple[Message, ...]:
    found = effects.primary
    notes = list(cases.notes)
    if found is None:
        notes.append(Message("no_advice.no_effects", {"why": _no_outcome(company, cases)}))
    else:
        notes += [*found.notes, *found.roles.notes(catalogue)]
    if weights.empty:
        notes.append(Message("no_advice.no_weights", {"why": _no_card(cases, organisation)}))
    elif bool(weights["hypothetical"].any()):
        notes.append(Message("no_advice.hypothetical"))
    for conflict, limits in sorted(set(zip(weights["conflict"], weights["limits"], strict=True))):
        if conflict:
            notes.append(Message("no_advice.limits_collide", {"conflict": conflict, "limits": limits}))
        elif limits:
            notes.append(Message("no_advice.limits_broken", {"limits": limits}))
    return tuple(dict.fromkeys(notes))


def _no_outcome(company: Company, cases: CaseTable, /) -> Message:
    """Say why no outcome is known for any case."""
    outcomes = company.outcomes
    if outcomes.churn is None and outcomes.case is None:
        return Message("no_outcome.none_named")
    if not len(cases.frame):
        return Message("no_outcome.no_cases")
    if outcomes.churn is not None and not cases.frame["customer_id"].notna().any():
        return Message("no_outcome.no_customers")
    if outcomes.churn is not None:
        return Message("no_outcome.not_known")
    return Message("no_outcome.no_values", {"metric": outcomes.case.metric if outcomes.case else ""})


def _no_card(cases: CaseTable, organisation: Organisation, /) -> Message:
    """Say why there is no card to advise on."""
    if len(organisation.scorecards):
        first = organisation.scorecards["valid_from"].min()
        days = {"day": f"{organisation.as_of:%Y-%m-%d}", "first": f"{first:%Y-%m-%d}"}
        return Message("no_card.later", days)
    people, teams = (int(cases.frame[name].nunique()) for name in ("employee_id", "team_id"))
    if not people and not teams:
        return Message("no_card.no_handlers")
    return Message("no_card.by_chance", {"people": people, "teams": teams})
