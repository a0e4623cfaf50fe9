"""From cases to advice: effects, diagnosis, weights and coaching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder, write_atomically
from baton.progress import Progress, silent
from features.cases.table import CaseTable, Organisation

if TYPE_CHECKING:
    from models.effects.findings import Effects

__all__ = ["Advised", "recommend"]

_BESIDE = ("effects_by_method", "reliability", "panel", "arrows")  # in advice/, not among the contract's files


@dataclass(frozen=True)
class Advised:
    """What advising left.

    Parameters
    ----------
    rows : dict of str to int
        Rows per file.
    warnings : tuple of str
        What a reader of the advice must know.
    """

    rows: dict[str, int]
    warnings: tuple[str, ...] = ()


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
    company : Company
    catalogue : Catalogue
    folder : RunFolder
        Where effects, effect_draws, diagnosis, weights and coaching (Parquet), and in ``advice/`` what weights are
        solved again from, the units' KPIs by month and the tested arrows of the strategy map, are written.
    cases : CaseTable
    organisation : Organisation
    progress : Progress

    Returns
    -------
    Advised
    """
    from models.advice.advise import STEPS, Settings, advise
    from models.effects.strategy_map import strategy_arrows

    settings = Settings.of(company)
    advice = advise(cases, organisation, catalogue, settings, _attributions(folder), progress)
    tables = {
        **advice.tables,
        "panel": organisation.panel,
        "arrows": strategy_arrows(organisation.panel, organisation.teams, catalogue, settings.seed),
    }
    warnings = _warnings(company, advice.effects, advice.weights, cases, organisation)
    for name, table in tables.items():
        place = folder.advice if name in _BESIDE else folder.path
        with write_atomically(place / f"{name}.parquet") as path:
            table.to_parquet(path, index=False)
    advice.inputs.save(folder.advice)
    progress("advice", STEPS, STEPS)
    return Advised({name: len(table) for name, table in tables.items()}, warnings)


def _attributions(folder: RunFolder, /) -> pd.DataFrame | None:
    place = folder.file("attributions.parquet")
    return pd.read_parquet(place) if place.exists() else None


def _warnings(
    company: Company, effects: Effects, weights: pd.DataFrame, cases: CaseTable, organisation: Organisation, /
) -> tuple[str, ...]:
    found = effects.primary
    notes = list(cases.notes)
    if found is None:
        notes.append(f"no effects: {_no_outcome(company, cases)}; every KPI keeps its points")
    else:
        notes += found.notes
    if weights.empty:
        notes.append(f"no weights: {_no_card(cases, organisation)}")
    elif bool(weights["hypothetical"].any()):
        notes.append(
            "no scorecard is known for some teams: their weights are hypothetical (table `scorecards` brings them)"
        )
    for text in sorted({limit for limit in weights["limits"] if limit} if len(weights) else ()):
        notes.append(f"the policy's limits collide on some cards: {text}")
    return tuple(dict.fromkeys(notes))


def _no_outcome(company: Company, cases: CaseTable, /) -> str:
    """Say why no outcome is known for any case."""
    outcomes = company.outcomes
    if outcomes.churn is None and outcomes.driver is None:
        return "the company file names no outcome that KPIs should serve ([outcomes.churn] or [outcomes.driver])"
    if not len(cases.frame):
        return "there are no cases (who served whom, and how)"
    if outcomes.churn is not None and not cases.frame["customer_id"].notna().any():
        return "no case says whose it was (cases.customer_id), so nothing tells who of the customers served has left"
    if outcomes.churn is not None:
        return "no case belongs to a customer of whom it is known whether they left"
    return f"no case has a value of {outcomes.driver.metric if outcomes.driver else ''}"


def _no_card(cases: CaseTable, organisation: Organisation, /) -> str:
    """Say why there is no card to advise on."""
    if len(organisation.scorecards):
        first = organisation.scorecards["valid_from"].min()
        return f"no scorecard is in force on {organisation.as_of:%Y-%m-%d}; the first holds from {first:%Y-%m-%d} on"
    people, teams = (int(cases.frame[name].nunique()) for name in ("employee_id", "team_id"))
    if not people and not teams:
        return "no scorecard is given, and no case says who handled it (cases.employee_id or cases.team_id)"
    return (
        f"no scorecard is given, and no KPI could be told apart from chance among {people:,} people and {teams:,} "
        "teams with cases"
    )
