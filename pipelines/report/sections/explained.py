"""How single predictions come about, for analysts: SHAP's beeswarm and waterfall over a sample of rows without ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from baton.charts.charts import Figure
from baton.charts.drawing import Pen
from baton.charts.shap_pictures import beeswarm, waterfall
from baton.outcomes import Outcome, folder_name
from baton.wording.wording import (
    Bilingual,
    known_text,
    listed,
    number,
    percent,
    say,
    signed,
    verbatim,
)
from pipelines.report.data.results import Results
from pipelines.report.sections.trust import outcome_name

if TYPE_CHECKING:
    import shap

__all__ = ["explained_figures", "typical_row"]

_SWARMS, _BARS = 10, 9
_NAMED = 3
_HIGH = 0.1  # the share of the rows with the highest predictions, of which the waterfall shows a typical one
_BOTH_WAYS = 0.2  # rank correlations nearer to zero are no direction


@dataclass(frozen=True)
class _Sample:
    """The sampled rows of one outcome."""

    outcome: Outcome
    attribution: pd.DataFrame
    value: pd.DataFrame
    label: pd.DataFrame
    base: np.ndarray
    prediction: np.ndarray
    chance: bool

    def explanation(self, row: int | None = None, /) -> shap.Explanation:
        """Return what ``shap.plots`` take: all rows, or one."""
        import shap

        kept = slice(None) if row is None else row
        return shap.Explanation(
            self.attribution.to_numpy()[kept],
            self.base[kept],
            None if row is not None else self.value.to_numpy(),
            feature_names=list(self.attribution.columns),
        )


def explained_figures(results: Results, pen: Pen, /) -> tuple[Figure, ...]:
    """Return a beeswarm and a waterfall per outcome of which rows were kept."""
    rows = results.get("explanations")
    if rows is None:
        return ()
    figures = []
    for outcome, own in rows.groupby("outcome", sort=False, observed=True):
        sample = _sample(results, str(outcome), own)
        figures += [_swarm(results, pen, sample), _fall(results, pen, sample)]
    return tuple(figures)


def typical_row(attribution: np.ndarray, prediction: np.ndarray, /) -> int:
    """Return the row with a high prediction whose attributions are nearest to the mean of such rows.

    Parameters
    ----------
    attribution : numpy.ndarray of float64, shape (rows, features)
    prediction : numpy.ndarray of float64, shape (rows,)

    Examples
    --------
    >>> typical_row(np.array([[0.0], [1.0], [2.0], [9.0]] * 10), np.array([0.1, 0.5, 0.6, 0.7] * 10))
    3
    """
    high = np.argsort(-prediction, kind="stable")[: max(round(_HIGH * len(prediction)), 1)]
    distance = ((attribution[high] - attribution[high].mean(axis=0)) ** 2).sum(axis=1)
    return int(high[distance.argmin()])


def _sample(results: Results, outcome: str, rows: pd.DataFrame, /) -> _Sample:
    wide = {name: rows.pivot(index="row", columns="kpi", values=name) for name in ("attribution", "value", "label")}
    sizes = wide["attribution"].abs().mean()
    order = list(sizes.sort_values(ascending=False, kind="stable").index)
    each = rows.drop_duplicates("row").sort_values("row")
    return _Sample(
        Outcome.parse(outcome),
        *(wide[name][order] for name in ("attribution", "value", "label")),
        base=each["bias"].to_numpy(dtype=np.float64),
        prediction=each["prediction"].to_numpy(dtype=np.float64),
        chance="auc" in results.evaluation.get(outcome, {}),
    )


def _swarm(results: Results, pen: Pen, sample: _Sample, /) -> Figure:
    names = [results.kpi_name(str(kpi)) for kpi in sample.attribution.columns]
    place = folder_name(str(sample.outcome)).replace(".", "-")
    sizes = sample.attribution.abs().mean()
    title = say("explained.swarm", outcome=outcome_name(results, str(sample.outcome)), first=names[0])
    return Figure(
        name=f"beeswarm-{place}",
        title=title,
        note=say("explained.swarm_note", n=len(sample.prediction), rows=_rows(sample)),
        drawings=beeswarm(
            sample.explanation(),
            names,
            pen,
            say("explained.axis" if sample.chance else "explained.axis_number"),
            name=f"dots-{place}",
            most=_SWARMS,
        ),
        header=(say("card.kpi"), say("explained.size_column"), say("explained.way_column")),
        rows=[
            (name, number(float(sizes.iloc[at]), 3), _way(sample.attribution.iloc[:, at], sample.value.iloc[:, at]))
            for at, name in enumerate(names)
        ],
        alt=say("explained.swarm_alt", kpis=listed(names[:_NAMED])),
    )


def _fall(results: Results, pen: Pen, sample: _Sample, /) -> Figure:
    row = typical_row(sample.attribution.to_numpy(), sample.prediction)
    own = sample.attribution.iloc[row]
    named = [
        say("explained.with_value", name=results.kpi_name(str(kpi)), value=_shown(results, sample, row, str(kpi)))
        for kpi in own.index
    ]
    longest = own.abs().sort_values(ascending=False, kind="stable").index[:_NAMED]
    where = {kpi: at for at, kpi in enumerate(own.index)}
    predicted = float(sample.prediction[row])
    return Figure(
        name=f"waterfall-{folder_name(str(sample.outcome)).replace('.', '-')}",
        title=say(
            "explained.fall" if sample.chance else "explained.fall_number",
            row=_rows(sample, "one"),
            outcome=outcome_name(results, str(sample.outcome)),
            predicted=percent(predicted) if sample.chance else number(predicted, 2),
        ),
        note=say("explained.fall_note" if sample.chance else "explained.fall_note_number"),
        drawings=waterfall(
            sample.explanation(row),
            named,
            pen,
            say("explained.axis_score" if sample.chance else "explained.axis_score_number"),
            ends=(say("explained.mean_score"), say("explained.own_score", row=_rows(sample, "one"))),
            most=_BARS,
        ),
        header=(say("card.kpi"), say("explained.value_column"), say("explained.shap_column")),
        rows=[
            (results.kpi_name(str(kpi)), _shown(results, sample, row, str(kpi)), signed(float(own[kpi]), 3))
            for kpi in own.abs().sort_values(ascending=False, kind="stable").index
        ],
        alt=say(
            "explained.fall_alt",
            kpis=listed(
                [say("explained.moved", kpi=named[where[kpi]], by=signed(float(own[kpi]), 2)) for kpi in longest]
            ),
        ),
    )


def _rows(sample: _Sample, how: str = "several", /) -> Bilingual:
    """What the rows are: customers, cases, …"""
    unit = {"churn": "customer", "case": "case"}.get(sample.outcome.kind, sample.outcome.unit)
    key = f"explained.{how}_{unit}"
    return say(key if known_text(key) else f"explained.{how}_row")


def _way(attribution: pd.Series, value: pd.Series, /) -> Bilingual:
    """Which way high values move the prediction, by rank correlation."""
    known = value.notna()
    if known.sum() < 3 or value[known].nunique() < 2 or attribution[known].nunique() < 2:
        return verbatim("\N{EN DASH}")
    strength = float(attribution[known].corr(value[known], method="spearman"))
    if abs(strength) < _BOTH_WAYS:
        return say("explained.both")
    return say("explained.raise" if strength > 0 else "explained.lower")


def _shown(results: Results, sample: _Sample, row: int, kpi: str, /) -> Bilingual:
    """A value of one row as people write it."""
    value, label = sample.value[kpi].iloc[row], sample.label[kpi].iloc[row]
    if pd.notna(label):
        return verbatim(label)
    if pd.isna(value):
        return say("word.unknown")
    return results.measured(kpi, float(value))
