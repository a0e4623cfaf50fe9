"""The same advice asked again: of halves, of what was known earlier, and where outcomes were permuted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from benchmarks.real.advised import Advised, Question
from features.cases.placebo import halved, permuted
from features.cases.table import CaseTable, Organisation
from features.kpis.columns import later_column, outcome_column, outcome_columns, outcome_of
from features.kpis.sampling import chosen
from features.training.table import TrainingTable

__all__ = ["drivers_on_halves", "halves", "known_until", "over_time", "permutations"]

Pair = tuple[Advised, Advised]

STEPS_OF_TIME = 6
"""Into so many a set is divided that is shorter than so many months."""


def halves(
    question: Question, cases: CaseTable, organisation: Organisation, seeds: range, /
) -> Iterator[tuple[str, str, Pair]]:
    """Advise each half: of the customers and, where they are known, of the employees."""
    frame = cases.frame
    ways = [way for way in ("customer", "employee") if frame[f"{way}_id"].notna().any() or way == "customer"]
    for by in ways:
        for seed in seeds:
            one, two = halved(cases, seed, by)  # type: ignore[arg-type]
            yield (
                f"halves of {by}s",
                f"split {seed}",
                (question.ask(one, organisation), question.ask(two, organisation)),
            )


def over_time(
    question: Question, cases: CaseTable, organisation: Organisation, last: int, /
) -> Iterator[tuple[str, str, Pair]]:
    """Advise by the first half of the time and by the second; and by what was known a step of time before and after.

    Parameters
    ----------
    last : int
        How many pairs of a moment and the one before it.

    Yields
    ------
    tuple of str, str, Pair
        Kind (``halves of time`` or ``a step later``), where, and the two answers.
    """
    opened = cases.frame["opened_at"]
    begin, end = opened.min(), opened.max() + pd.Timedelta(seconds=1)
    middle = opened.sort_values().iloc[len(opened) // 2]
    second = replace(cases, frame=cases.frame[opened >= middle].reset_index(drop=True))
    first = known_until(cases, organisation, middle)
    yield "halves of time", f"{middle:%Y-%m-%d}", (question.ask(*first), question.ask(second, organisation))
    step = min(pd.Timedelta(days=30), (end - begin) / STEPS_OF_TIME)
    before: Advised | None = None
    for back in range(last, -1, -1):
        moment = end - back * step
        if moment <= begin + 2 * step:
            continue
        now = question.ask(*known_until(cases, organisation, moment))
        if before is not None:
            yield "a step later", f"{moment - step:%Y-%m-%d} to {moment:%Y-%m-%d}", (before, now)
        before = now


def known_until(
    cases: CaseTable, organisation: Organisation, moment: pd.Timestamp, /
) -> tuple[CaseTable, Organisation]:
    """Return what was known at a moment: cases opened before, outcomes of those closed (and past their horizon)."""
    frame = cases.frame[cases.frame["opened_at"] < moment].reset_index(drop=True)
    for name in map(outcome_of, outcome_columns(frame.columns)):
        horizon = pd.Timedelta(days=cases.horizon_days if name == "churn" else 0)
        for reach, column in ((1, outcome_column(name)), (2, later_column(name))):
            if column in frame:
                frame[column] = frame[column].mask(~(frame["closed_at"] + reach * horizon <= moment))
    panel = organisation.panel
    panel = panel[panel["to"] <= moment].reset_index(drop=True) if len(panel) else panel
    return replace(cases, frame=frame), replace(organisation, panel=panel, as_of=moment)


def permutations(
    question: Question, cases: CaseTable, organisation: Organisation, seeds: range, solved: int, /
) -> Iterator[tuple[int, Advised]]:
    """Advise where outcomes were permuted among cases of one process and month.

    Parameters
    ----------
    solved : int
        In how many trials cards are solved in any case; in the others where the joint test is significant.
    """
    for at, seed in enumerate(seeds):
        yield seed, question.ask(permuted(cases, seed), organisation, solve=at < solved)


def drivers_on_halves(table: TrainingTable, seed: int, /) -> tuple[pd.Series, pd.Series]:
    """Mean absolute attribution per KPI, learned on each half of the groups and computed on the other half's rows."""
    from models.prediction.attribution import per_kpi
    from models.prediction.predictor import BIAS, predictor_class

    rows = table.labelled
    first = rows["group"].isin(set(chosen(sorted(rows["group"].unique()), 0.5, seed)))
    attributed = []
    for mine in (first, ~first):
        predictor = predictor_class(table.outcome).fit(replace(table, frame=rows[mine]), seed)
        seen = predictor.contributions(rows.loc[~mine, list(table.features)].head(20_000))
        attributed.append(per_kpi(seen, table.kpi_of, name_context=True).drop(columns=BIAS).abs().mean())
    return attributed[0], attributed[1]
