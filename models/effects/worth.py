"""Several outcomes at once: what each lever does to all that the policy puts a price on, in money.

Effects on single outcomes are brought to one customer at risk within the horizon (to one case where nobody's leaving is
known), multiplied by their prices and added up. They come from the same people and cases, so their errors may go
together; nothing here knows how far, so an interval is as wide as it would be if they went together wholly.

Source: Keeney & Raiffa 1993, Decisions with Multiple Objectives, chapter 3 (an additive value with stated trade-offs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message, Name
from baton.outcomes import LEAVING, VALUE, WORTH, Outcome, served
from features.cases.table import CaseTable
from models.effects.estimators.by_team import TeamDifferences
from models.effects.estimators.omnibus import JointTest
from models.effects.estimators.protocol import Estimate
from models.effects.findings import OutcomeEffects
from models.effects.not_measured import NotMeasured
from models.effects.team_effects import METHOD, TeamFindings

__all__ = ["MONEY", "with_worth"]

Floats = NDArray[np.float64]

MONEY = "money"
"""The kind of an outcome that is all of them together."""


def with_worth(
    found: Mapping[str, OutcomeEffects], worth: Mapping[str, float], cases: CaseTable, catalogue: Catalogue, /
) -> dict[str, OutcomeEffects]:
    """Add what levers do to all outcomes with a price together.

    Parameters
    ----------
    found : mapping of str to OutcomeEffects
        By outcome.
    worth : mapping of str to float
        What one unit is worth, by ``churn``, ``value`` or the KPI that a case outcome measures.
    cases : CaseTable
        How many cases a customer has.
    catalogue : Catalogue
        What outcomes of single cases are called.

    Returns
    -------
    dict of str to OutcomeEffects
        As found where there are no prices. Where effects on one of the outcomes are unknown nothing is added up, since
        a sum without it would be of another question: the outcome that weights serve instead has a note of it.
    """
    known = dict(found)
    if not worth or not known:
        return known
    prices = {name if name in LEAVING else str(Outcome("case", metric=name)): price for name, price in worth.items()}
    missing = [name for name in prices if name not in known or not known[name].levers]
    if missing:
        instead = str(served(known))
        called = tuple(_called(name, catalogue) for name in missing)
        note = Message("estimate.no_worth", {"outcomes": called, "instead": _called(instead, catalogue)})
        return known | {instead: replace(known[instead], notes=(*known[instead].notes, note))}
    per_customer = cases.cases_per_customer if np.isfinite(cases.cases_per_customer) else 1.0
    factors = {
        name: price * known[name].helpful * (1.0 if name in LEAVING else per_customer) for name, price in prices.items()
    }
    called = {name: _called(name, catalogue) for name in prices}
    return known | {WORTH: _together({name: known[name] for name in prices}, factors, per_customer, called)}


def _called(outcome: str, catalogue: Catalogue, /) -> Message | Name | str:
    """Return what people call an outcome within a sentence."""
    if outcome == "churn":
        return Message("outcome.leaving")
    if outcome == VALUE:
        return Message("outcome.value_leaving")
    metric = outcome.rpartition(":")[2]
    return Name(catalogue[metric].name.en, catalogue[metric].name.zh) if metric in catalogue else metric


def _together(
    parts: Mapping[str, OutcomeEffects],
    factors: Mapping[str, float],
    scale: float,
    called: Mapping[str, Message | Name | str],
    /,
) -> OutcomeEffects:
    """Add effects up, lever by lever; a lever that one of them does not know has none."""
    every = list(dict.fromkeys(lever for part in parts.values() for lever in part.levers))
    own = [lever for lever in every if all(lever in _own(part) for part in parts.values())]
    teams = [lever for lever in every if all(lever in part.teams.levers for part in parts.values())]
    levers = (*own, *teams)
    first = next(iter(parts.values()))
    why = {lever: text for part in parts.values() for lever, text in part.why_not.items() if lever not in levers}
    why |= {lever: _unknown(lever, parts, called) for lever in every if lever not in levers}
    columns = {name: [part.levers.index(lever) for lever in levers] for name, part in parts.items()}
    point: Floats = np.sum([factors[name] * part.point[columns[name]] for name, part in parts.items()], axis=0)
    draws = _drawn([factors[name] * part.draws[:, columns[name]] for name, part in parts.items()])
    low, high = np.quantile(draws, [0.05, 0.95], axis=0) if levers else (np.zeros(0), np.zeros(0))
    refuted = {lever: text for part in parts.values() for lever, text in part.refuted.items() if lever in levers}
    estimate = Estimate(
        "combined", tuple(own), point[: len(own)] / scale, draws[:, : len(own)] / scale, np.zeros(len(own)),
        min((each.freedom for part in parts.values() for each in part.estimates.values()), default=1.0),
    )  # fmt: skip
    return OutcomeEffects(
        outcome=WORTH, kind=MONEY, helpful=1, levers=levers, point=point, low=low, high=high, draws=draws, scale=scale,
        primary="combined", estimates={"combined": estimate} if own else {},
        joint=_any([part.joint for part in parts.values()]), routing=first.routing, why_not=why, refuted=refuted,
        notes=tuple(dict.fromkeys(note for part in parts.values() for note in part.notes)),
        teams=_teams(parts, teams, point[len(own) :], draws[:, len(own) :]),
        by_team=_by_team(parts, factors, tuple(own)), roles=first.roles,
    )  # fmt: skip


def _own(part: OutcomeEffects, /) -> tuple[str, ...]:
    return part.levers[: len(part.levers) - len(part.teams.levers)]


def _unknown(lever: str, parts: Mapping[str, OutcomeEffects], called: Mapping[str, Message | Name | str], /) -> Message:
    lacking = tuple(called[name] for name, part in parts.items() if lever not in part.levers)
    return Message(NotMeasured.NOT_ON_ALL, {"outcomes": lacking})


def _drawn(parts: list[Floats], /) -> Floats:
    """Draws of a sum whose parts may err together: deviations as wide as if they all did."""
    around = [part - part.mean(axis=0) for part in parts]
    total = np.sum(around, axis=0)
    widest = np.sum([each.std(axis=0) for each in around], axis=0)
    spread = total.std(axis=0)
    stretched = total * np.divide(widest, spread, out=np.ones_like(spread), where=spread > 0)
    return np.sum([part.mean(axis=0) for part in parts], axis=0) + stretched


def _any(tests: list[JointTest], /) -> JointTest:
    """The test that levers do nothing to any of the outcomes: the smallest p-value, counted as often as there are."""
    best = min(tests, key=lambda test: test.p_value)
    return replace(best, p_value=min(1.0, len(tests) * best.p_value))


def _teams(parts: Mapping[str, OutcomeEffects], levers: list[str], point: Floats, draws: Floats, /) -> TeamFindings:
    if not levers:
        return TeamFindings()
    freedom = min(part.teams.estimates[METHOD].freedom for part in parts.values())
    return TeamFindings(
        levers=tuple(levers), point=point, draws=draws, per_row=np.full(len(levers), np.nan),
        estimates={METHOD: Estimate(METHOD, tuple(levers), point, draws, np.zeros(len(levers)), freedom)},
        joint=_any([part.teams.joint for part in parts.values()]),
        refuted={k: text for part in parts.values() for k, text in part.teams.refuted.items() if k in levers},
        notes={k: text for part in parts.values() for k, text in part.teams.notes.items() if k in levers},
    )  # fmt: skip


def _by_team(
    parts: Mapping[str, OutcomeEffects], factors: Mapping[str, float], levers: tuple[str, ...], /
) -> TeamDifferences:
    """Differences between teams, where any of the outcomes has them."""
    known = {name: part.by_team for name, part in parts.items() if part.by_team.teams}
    teams = tuple(dict.fromkeys(team for one in known.values() for team in one.teams))
    if not teams or not levers:
        return TeamDifferences()
    point, sd = np.zeros((len(teams), len(levers))), np.zeros((len(teams), len(levers)))
    for name, one in known.items():
        rows = [teams.index(team) for team in one.teams]
        columns = [one.levers.index(lever) for lever in levers]
        point[rows] += factors[name] * one.point[:, columns]
        sd[rows] += abs(factors[name]) * one.sd[:, columns]
    return TeamDifferences(teams, levers, point, sd, min(one.p_value for one in known.values()))
