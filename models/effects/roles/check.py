"""Whether KPIs behave as the catalogue declares: levers that report, and outcomes or mediators that act.

A declared lever that reports what other levers did takes the credit for them; a lever declared as an outcome or a
mediator gets no effect, and leaves its part to those that it goes with. Both are looked for before effects are
estimated, and what is found is named with its figures.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from baton.catalogue.schema import Catalogue, Kpi
from baton.messages.message import Message
from features.cases.table import CaseTable
from features.kpis.columns import kpi_column, outcome_column
from models.effects.estimators.case_level import case_level
from models.effects.estimators.combined import combine
from models.effects.estimators.design import MIN_ROWS, Design, Question, build_design, usable_levers
from models.effects.estimators.employee_means import employee_means
from models.effects.estimators.moments import between_moments
from models.effects.estimators.protocol import Estimate
from models.effects.roles.arrows import unrelated_arrows
from models.effects.roles.between_people import OwnShare
from models.effects.roles.findings import Roles, name_of
from models.effects.roles.judgements import is_judgement, may_be_judgement
from models.effects.roles.looked import MIN_LEVERS, Looked
from models.effects.roles.single_cases import Reported, SingleCases

__all__ = ["check_roles"]

MAX_CASES = 30_000
"""Of single cases, drawn by chance: correlations of 0.02 are seen in so many."""
MOST = 0.6
"""Share of the levers of a case that move a report of it."""
MIN_EXPLAINED = 0.03
"""Share of a report in single cases that they explain: less may be a common slip of recording."""
MAX_OWN = 0.33
"""Share of people's differences in a report that is its own, at most; in levers it is mostly more than half."""
MIN_OWN = 0.25
"""Share of them, at least, that is a lever's own."""
MOSTLY_OWN = 0.5
"""Where so much is its own, people do it, whatever it goes with in single cases."""
MIN_KNOWN = 0.9
"""Share of cases in which a hidden lever is known; what is known for some may be known for what happened in them."""
MAX_MOVED = 1
"""Levers that may move a hidden lever: an outcome would be moved by those that matter."""
MAX_WITH = 0.4
"""Share of the levers that matter that it may go with: with more, it is a report or hidden difficulty moves it."""
ONE_SIDED = 1.645
"""Standard errors by which a share must keep its distance (5 % on one side)."""
CLEAR = 3.0
"""Standard errors from which a lever counts as one that matters in single cases."""
FALSE = 0.05
"""Chance that a KPI without effect is said to act, over all that are looked at."""
DRAWS = 200
"""Of effects, for their standard errors."""


def check_roles(
    cases: CaseTable, employees: pd.DataFrame, catalogue: Catalogue, fixed: tuple[str, ...], outcome: str, seed: int
) -> Roles:
    """Test the declared roles of all KPIs that single people own.

    Parameters
    ----------
    employees : pandas.DataFrame
        employee_id and hired_at.
    fixed : tuple of str
        Mandatory KPIs, which are not up for advice.
    outcome : str
        That weights serve, such as ``churn``.

    Returns
    -------
    Roles
        Empty where nothing speaks against what is declared, or nothing can be tested.
    """
    usable = usable_levers(cases, catalogue, fixed)[0]
    judged = {kpi: Message("roles.judgement") for kpi in usable if is_judgement(catalogue[kpi])}
    levers = [kpi for kpi in usable if kpi not in judged]
    hidden = [kpi.id for kpi in catalogue.values() if kpi.id not in fixed and _may_act(kpi, cases, outcome)]
    column = outcome_column(outcome)
    served = cases.frame.loc[cases.frame["employee_id"].notna(), column] if column in cases.frame else pd.Series()
    if len(levers) < MIN_LEVERS or served.nunique() < 2:
        return Roles(judged)
    some = replace(cases, frame=_some(cases.frame, seed))
    design = build_design(some, catalogue, Question(outcome, (*levers, *hidden)), employees)
    if not np.isfinite(design.values[:, -1]).any():
        return Roles(judged)
    looked = Looked(catalogue, design, between_moments(design), SingleCases(design, seed), seed)
    found = _found(looked, levers, hidden)
    return replace(found, reports={**judged, **found.reports}, arrows=unrelated_arrows(looked))


def _some(frame: pd.DataFrame, seed: int, /) -> pd.DataFrame:
    if len(frame) <= MAX_CASES:
        return frame
    chosen = np.sort(np.random.default_rng(seed).choice(len(frame), MAX_CASES, replace=False))
    return frame.iloc[chosen].reset_index(drop=True)


def _may_act(kpi: Kpi, cases: CaseTable, outcome: str, /) -> bool:
    """Whether what is declared as outcome or mediator could be a lever: counted in single cases, in nearly all."""
    if kpi.role not in ("outcome", "mediator") or kpi.owner != "employee" or kpi.id not in cases.case_level:
        return False
    if may_be_judgement(kpi) or kpi.id in outcome.split(":"):
        return False
    known = cases.frame[kpi_column(kpi.id)]
    return int(known.notna().sum()) >= MIN_ROWS and known.notna().mean() >= MIN_KNOWN and known.nunique() > 1


def _found(looked: Looked, levers: list[str], hidden: list[str], /) -> Roles:
    seen = _reports(looked, levers, hidden)
    levers = [kpi for kpi in levers if kpi not in seen]
    in_cases = [kpi for kpi in levers if not looked.of_handler(kpi)]
    own = {kpi: looked.own(kpi, in_cases) for kpi in hidden if kpi not in seen}
    acting = {kpi: each for kpi, each in own.items() if each and each.share - ONE_SIDED * each.error >= MIN_OWN}
    figures = _reporting_figures(looked, levers, list(acting))
    reports = {kpi: each for kpi, each in seen.items() if looked.catalogue[kpi].role == "lever"}
    return Roles({**reports, **figures}, _acts(looked, [kpi for kpi in levers if kpi not in figures], acting))


def _reports(looked: Looked, levers: list[str], hidden: list[str], /) -> dict[str, Message]:
    """KPIs that report in single cases: the clearest first, since what it reports seems to go together given it."""
    found: dict[str, Message] = {}
    while True:
        left = [kpi for kpi in (*levers, *hidden) if kpi not in found]
        seen = {kpi: looked.reported(kpi, left) for kpi in left}
        clear = {kpi: each for kpi, each in seen.items() if each and _is_report(looked, kpi, each, left)}
        if not clear:
            return found
        kpi = max(clear, key=lambda each: clear[each].explained)
        found[kpi] = _moved_by(looked, clear[kpi])


def _is_report(looked: Looked, kpi: str, seen: Reported, left: list[str], /) -> bool:
    if len(seen.moved_by) < max(MIN_LEVERS, MOST * len(seen.asked)) or seen.explained < MIN_EXPLAINED:
        return False
    share = looked.own(kpi, [other for other in left if not looked.of_handler(other)])
    return share is None or share.share - ONE_SIDED * share.error <= MOSTLY_OWN


def _moved_by(looked: Looked, seen: Reported, /) -> Message:
    names = tuple(name_of(looked.catalogue, looked.design.levers[at]) for at in seen.moved_by)
    figures = {"moved": len(names), "asked": len(seen.asked), "share": seen.explained}
    return Message("roles.moved_by", {"levers": names, **figures})


def _reporting_figures(looked: Looked, levers: list[str], acting: list[str], /) -> dict[str, Message]:
    """Handlers' figures in which people differ by nothing of their own; single cases cannot say it of them.

    Of several that explain each other nobody knows which reports: each must be explained without the others.
    """
    found: dict[str, Message] = {}
    while True:
        left = [lever for lever in (*levers, *acting) if lever not in found]
        figures = [kpi for kpi in left if looked.of_handler(kpi)]
        low = {kpi for kpi in figures if (share := looked.own(kpi, left)) and share.share < MAX_OWN}
        shares = {kpi: looked.own(kpi, [each for each in left if each == kpi or each not in low]) for kpi in low}
        own = {kpi: each for kpi, each in shares.items() if each and each.share + ONE_SIDED * each.error < MAX_OWN}
        if not own:
            return found
        kpi = min(own, key=lambda each: own[each].share)
        found[kpi] = Message("roles.not_its_own", {"share": max(own[kpi].share, 0.0), "most": MAX_OWN})


def _acts(looked: Looked, levers: list[str], own: dict[str, OwnShare], /) -> dict[str, Message]:
    """What is declared otherwise, is moved by nothing that an outcome would be moved by, and matters by itself."""
    if not own:
        return {}
    design = looked.design.keep((*levers, *own))
    plain, both = _effects(design, looked.seed)
    matters = {lever for at, lever in enumerate(design.levers) if abs(plain.point[at]) > CLEAR * plain.error[at]}
    least = float(norm.ppf(1.0 - FALSE / 2 / len(own)))
    found: dict[str, Message] = {}
    for kpi, share in own.items():
        seen = looked.reported(kpi, [*levers, *own])
        if seen is None or len(seen.moved_by) > MAX_MOVED:
            continue
        at = design.levers.index(kpi)
        errors = float(abs(both.point[at]) / max(both.error[at], 1e-300))
        # an outcome would be moved by what matters; where nothing else clearly does, that cannot be seen
        would_move = {lever for lever in seen.asked if looked.design.levers[lever] in matters}
        with_it = len(would_move & set(seen.goes_with))
        if len(would_move) >= MIN_LEVERS and with_it <= MAX_WITH * len(would_move) and errors > least:
            moved = {"moved": len(seen.moved_by), "asked": len(seen.asked)}
            found[kpi] = Message("roles.acts", {"share": min(share.share, 1.0), "errors": errors, **moved})
    return found


def _effects(design: Design, seed: int, /) -> tuple[Estimate, Estimate]:
    """Effects by single cases, and combined with the comparison of people."""
    moments = between_moments(design)
    means = employee_means(design, draws=DRAWS, seed=seed, moments=moments)
    plain = case_level(design, draws=DRAWS, seed=seed, moments=moments)
    crude = case_level(replace(design, values=design.unadjusted), draws=2, seed=seed, moments=moments)
    return plain, combine(means, plain, plain.point - crude.point, seed=seed)
