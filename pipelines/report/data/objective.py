"""How effects are written: turned so that positive is good for the customer, in units that people count in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from baton.messages.message import Message
from baton.outcomes import VALUE, WORTH, Outcome, served
from baton.wording.outcomes import outcome_title
from baton.wording.wording import Bilingual, number, say, signed, translated_message, verbatim
from pipelines.report.data.results import Results

__all__ = ["Objective", "objective_of", "outcome_name", "titled", "turned_effects"]


@dataclass(frozen=True)
class Objective:
    """The outcome that the advice serves.

    Parameters
    ----------
    outcome : str
        Key of ``effects.parquet``: churn, or a case outcome.
    kind : {"churn", "low", "number", "money"}
        Customers who leave, cases with a poor result, a number, or all outcomes with a price together.
    factor : float
        What turns a stored effect into one where more is better for the customer, per 1,000 where it is a chance.
    metric : Bilingual
        The metric's name; the currency of money.
    """

    outcome: str
    kind: Literal["churn", "low", "number", "money"]
    factor: float
    metric: Bilingual

    def axis(self, days: int, /) -> Bilingual:
        """Return the title of an axis of turned effects; churn's are counted over so many days."""
        if self.kind == "churn":
            return say("why.effects_axis_churn", days=days)
        if self.kind == "low":
            return say("why.effects_axis_low")
        if self.kind == "money":
            return say("why.effects_axis_money", currency=self.metric)
        return say("why.effects_axis_number", metric=self.metric)

    def in_words(self, effect: float, /) -> Bilingual:
        """Return a turned effect with its sign."""
        return signed(effect, 2 if self.kind in ("number", "money") else 1)

    def bare(self, effect: float, /) -> Bilingual:
        """Return the size of a turned effect."""
        size = abs(effect)
        return number(size, 2 if self.kind in ("number", "money") else (0 if size >= 2 else 1))


def objective_of(results: Results, /) -> Objective | None:
    """Return what the advice serves: churn where effects on it were estimated, else the cases' outcome."""
    effects = results.get("effects")
    if effects is None:
        return None
    outcome = served(map(str, effects.loc[effects["effect"].notna(), "outcome"]))
    if outcome is None:
        return None
    if outcome == "churn":
        return Objective(outcome, "churn", -1000.0, titled(results, Outcome("churn")))
    if outcome == WORTH:
        return Objective(outcome, "money", 1.0, verbatim(results.company.company.currency))
    parsed = Outcome.parse(outcome)
    if results.company.outcomes.low_of(parsed.metric) is not None:
        return Objective(outcome, "low", -1000.0, titled(results, parsed))
    sign = results.catalogue[parsed.metric].sign if parsed.metric in results.catalogue else 1
    return Objective(outcome, "number", float(sign), results.kpi_name(parsed.metric))


def titled(results: Results, outcome: Outcome, /) -> Bilingual:
    """Return what people call an outcome."""
    return outcome_title(outcome, results.company, results.kpi_name)


def outcome_name(results: Results, outcome: str, /) -> Bilingual:
    """Return what people call the outcome that a key names.

    Raises
    ------
    ArtefactError
        If it names none.
    """
    if outcome in (WORTH, VALUE):
        return translated_message(Message("outcome.worth" if outcome == WORTH else "outcome.value"))
    return titled(results, Outcome.parse(outcome))


def turned_effects(results: Results, objective: Objective, /) -> pd.DataFrame:
    """Return the estimated effects on the objective, one row per KPI, best first.

    Returns
    -------
    pandas.DataFrame
        kpi, role, method, refuted, effect, low, high (turned: more is better), tone (``good``, ``bad``, or
        ``unclear``: it may be either, or it failed a cross-check).
    """
    effects = results.tables["effects"]
    rows = effects[(effects["outcome"] == objective.outcome) & effects["effect"].notna()].copy()
    ends = rows[["low", "high"]].fillna({"low": float("-inf"), "high": float("inf")}) * objective.factor
    rows["effect"] = rows["effect"] * objective.factor
    rows["low"], rows["high"] = ends.min(axis=1), ends.max(axis=1)
    rows = rows[rows["low"].abs() != float("inf")]
    rows["tone"], rows["refuted"] = "unclear", rows["refuted"].fillna(False).astype(bool)
    if results.by_chance:
        return _ordered(rows)
    rows.loc[(rows["low"] > 0) & ~rows["refuted"], "tone"] = "good"
    rows.loc[(rows["high"] < 0) & ~rows["refuted"], "tone"] = "bad"
    if "clear" in rows:  # what one interval alone does not say
        rows.loc[rows["clear"] == "unclear", "tone"] = "unclear"
    return _ordered(rows)


def _ordered(rows: pd.DataFrame, /) -> pd.DataFrame:
    return rows.drop_duplicates("kpi").sort_values("effect", ascending=False, kind="stable").reset_index(drop=True)
