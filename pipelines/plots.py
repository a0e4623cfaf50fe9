"""Pictures of a run's results for notebooks: matplotlib figures, each of one question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from baton.errors import UnknownIdError
from baton.nearest import did_you_mean
from models.prediction.attribution import number_and_label

if TYPE_CHECKING:
    import pandas as pd
    import shap
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from models.prediction.comparison import Comparison
    from pipelines.analysis import Results

__all__ = [
    "attribution_beside_effect",
    "beeswarm",
    "calibration",
    "cards",
    "comparison",
    "drivers",
    "effects",
    "interactions",
    "waterfall",
]

# blue and orange are distinguished by everybody (Okabe & Ito 2008)
_BLUE, _ORANGE, _GREY, _INK = "#0072B2", "#D55E00", "#9AA0A6", "#202124"
_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _GREY,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 11,
    "figure.dpi": 110,
    "legend.frameon": False,
}


def calibration(results: Results, outcome: str = "churn", /) -> Figure:
    """Draw what was predicted against what came true: dots on the line keep their promise.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    """
    curve = results.calibration(outcome)
    with _page(5.2, 4.6) as (figure, axes):
        shares, predicted = 100 * curve["observed"], 100 * curve["mean_predicted"]
        error = 196 * np.sqrt(np.clip(curve["observed"] * (1 - curve["observed"]), 0, None) / curve["n"])
        most = 1.08 * float(max((shares + error).max(), predicted.max()))
        axes.plot([0, most], [0, most], color=_GREY, linewidth=1, zorder=1)
        axes.errorbar(predicted, shares, yerr=error, fmt="o", color=_BLUE, ecolor=_BLUE, elinewidth=1, capsize=0)
        axes.set(xlim=(0, most), ylim=(0, most), xlabel="predicted, %", ylabel="came true, % (bars: 95 %)")
        axes.set_title(f"Does {outcome} happen as often as predicted?")
    return figure


def drivers(results: Results, outcome: str = "churn", /, *, most: int = 12) -> Figure:
    """Draw which KPIs move the prediction most.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    most : int
        How many KPIs.
    """
    found = results.attribution(outcome).head(most).iloc[::-1]
    with _page(7.0, 0.6 + 0.3 * len(found)) as (figure, axes):
        names = [_name(results, kpi) for kpi in found.index]
        colours = [_GREY if kpi not in results.catalogue else _BLUE for kpi in found.index]
        axes.barh(names, found.to_numpy(), color=colours, height=0.7)
        axes.set_xlabel("mean size of the attribution, log-odds (grey: no KPI)")
        axes.set_title(f"What the prediction of {outcome} looks at")
    return figure


def beeswarm(results: Results, outcome: str = "churn", /, *, most: int = 12) -> Figure:
    """Draw how each feature moves the predictions: a dot per row, red where the feature is high.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    most : int
        How many features, the strongest first; the others are summed.
    """
    import shap

    with _whole_page() as figure:
        shap.plots.beeswarm(_named(results, outcome), max_display=most, show=False, plot_size=(7.4, 1.0 + 0.36 * most))
        figure.axes[0].set_xlabel("SHAP value, log-odds")
        _title(figure, f"How features move the prediction of {outcome}")
    return figure


def waterfall(results: Results, unit_id: str, /, outcome: str = "churn", *, most: int = 10) -> Figure:
    """Draw how one unit's prediction comes about: from the mean to its own score, feature by feature.

    Parameters
    ----------
    unit_id : str
        Such as a customer's id.
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    most : int
        How many features, the strongest first; the others are summed.

    Raises
    ------
    UnknownIdError
        If the unit is not among the latest rows.
    """
    import shap

    with _whole_page() as figure:
        shap.plots.waterfall(_named(results, outcome, unit_id)[0], max_display=most, show=False)
        _title(figure, f"Why {unit_id}: log-odds of {outcome}")
    return figure


def interactions(results: Results, outcome: str = "churn", /, *, most: int = 2) -> Figure:
    """Draw what the strongest pairs of KPIs add to predictions together: a dot per row, a panel per pair.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    most : int
        How many pairs.
    """
    found = results.interactions(outcome, most=most)
    with _panels(max(1, len(found.pairs))) as (figure, panels):
        for axes, pair, rows in zip(panels, found.pairs.to_dict("records"), found.rows, strict=False):
            _pair(figure, axes, rows, _name(results, pair["kpi"]), _name(results, pair["other_kpi"]))
        if found.pairs.empty:
            panels[0].text(0.5, 0.5, "The model is linear: no pair adds anything together", ha="center")
            panels[0].set_axis_off()
        figure.suptitle(
            f"What pairs of KPIs add to the prediction of {outcome} together", fontweight="bold", fontsize=11
        )
    return figure


def _pair(figure: Figure, axes: Axes, rows: pd.DataFrame, name: str, other: str, /) -> None:
    across, ticks = _numbers(rows["value"])
    shade, names = _numbers(rows["other_value"])
    known = np.isfinite(across) & np.isfinite(shade)
    dots = axes.scatter(across[known], rows["interaction"].to_numpy()[known], c=shade[known], s=12, cmap="cividis")
    axes.axhline(0.0, color="0.6", linewidth=0.8)
    axes.set_xlabel(name)
    axes.set_ylabel("added together, log-odds")
    if ticks:
        axes.set_xticks(range(len(ticks)), ticks, rotation=20)
    bar = figure.colorbar(dots, ax=axes)
    bar.set_label(other)
    if names:
        bar.set_ticks(range(len(names)), labels=names)


def _numbers(values: pd.Series, /) -> tuple[np.ndarray, list[str]]:
    """Return a KPI's values as places on an axis, and, for categories, what stands there."""
    number, label = number_and_label(values)
    known = sorted({text for text in label if text is not None})
    if not known:
        return number, []
    return np.array([known.index(text) if text is not None else np.nan for text in label], dtype=np.float64), known


def effects(results: Results, outcome: str = "churn", /) -> Figure:
    """Draw each lever's effect with its 90 % interval, and the truth where it is known.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    """
    rows = results.effects
    rows = rows[(rows["outcome"] == outcome) & rows["effect"].notna()].sort_values("effect", ascending=False)
    truth = results.truth(outcome)
    with _page(7.4, 1.2 + 0.36 * len(rows)) as (figure, axes):
        height = np.arange(len(rows))
        axes.axvline(0, color=_GREY, linewidth=1)
        axes.hlines(height, 100 * rows["low"], 100 * rows["high"], color=_BLUE, linewidth=2)
        axes.plot(100 * rows["effect"], height, "o", color=_BLUE, label="estimated, 90 % interval")
        if truth is not None:
            axes.plot(100 * truth.reindex(rows["kpi"]), height, "D", color=_ORANGE, label="truth", markersize=6)
        axes.set_yticks(height, [_name(results, kpi) for kpi in rows["kpi"]])
        unit = "customers per 100" if outcome == "churn" else "hundredths of the outcome"
        axes.set_xlabel(f"{unit}, everybody one standard deviation better (left of 0: fewer)")
        axes.set_title(f"What really moves {outcome}")
        _legend_below(figure, axes)
    return figure


def attribution_beside_effect(results: Results, outcome: str = "churn", /) -> Figure:
    """Draw what the prediction says a better KPI does beside what it is estimated to do and, if known, what it does.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    """
    rows = results.effects
    truth = results.truth(outcome)
    shown = rows["effect"].notna() if truth is None else rows["effect"].notna() | rows["kpi"].isin(truth.index)
    rows = rows[(rows["outcome"] == outcome) & rows["attribution_effect"].notna() & shown]
    rows = rows.sort_values("attribution_effect")
    with _page(7.4, 1.2 + 0.36 * len(rows)) as (figure, axes):
        height = np.arange(len(rows))[::-1]
        axes.axvline(0, color=_GREY, linewidth=1)
        axes.plot(100 * rows["attribution_effect"], height, "s", color=_GREY, label="what the prediction says (SHAP)")
        axes.plot(100 * rows["effect"], height, "o", color=_BLUE, label="estimated effect")
        if truth is not None:
            axes.plot(100 * truth.reindex(rows["kpi"]), height, "D", color=_ORANGE, label="truth", markersize=6)
        axes.set_yticks(height, [_name(results, kpi) for kpi in rows["kpi"]])
        axes.set_xlabel("leaving, points per 100 customers, one standard deviation better")
        axes.set_title("Attribution is not effect")
        _legend_below(figure, axes)
    return figure


def cards(results: Results, team_id: str, /, role: str | None = None, **limits: object) -> Figure:
    """Draw one team's card: today, advised for the next cycle, and what the evidence alone would pay.

    Parameters
    ----------
    role : str, optional
        The first of the team's cards if left out.
    **limits
        Settings of ``[policy]`` to solve the card again under.

    Raises
    ------
    UnknownIdError
        If there is no such card.
    """
    rows = results.weights(team_id, **limits)
    if rows.empty:
        teams = results.weights()["team_id"].dropna().unique()
        raise UnknownIdError(f"no card of team {team_id!r}{did_you_mean(team_id, teams)}", "team_id")
    if role is not None and role not in set(rows["role"]):
        raise UnknownIdError(f"team {team_id!r} has no card of role {role!r}{did_you_mean(role, rows['role'])}", "role")
    rows = rows[rows["role"] == (rows["role"].iloc[0] if role is None else role)].iloc[::-1]
    with _page(7.4, 1.2 + 0.42 * len(rows)) as (figure, axes):
        height = np.arange(len(rows))
        today, advised = rows["current_weight"].fillna(0), rows["recommended_weight"]
        axes.hlines(height, today, advised, color=_GREY, linewidth=3)
        axes.plot(today, height, "o", color=_GREY, label="today", markersize=8)
        axes.plot(advised, height, "o", color=_BLUE, label="advised, next cycle", markersize=8)
        axes.plot(rows["target_weight"], height, "|", color=_ORANGE, label="the evidence alone", markersize=12, mew=2)
        axes.set_yticks(height, [_name(results, kpi) for kpi in rows["kpi"]])
        axes.set(xlabel="points of 100", xlim=(-1, None))
        axes.set_title(f"The card of {results.advice.team_names.get(team_id, team_id)}")
        _legend_below(figure, axes)
    return figure


def comparison(found: Comparison, /, figure_name: str = "auc") -> Figure:
    """Draw one figure of every model that was compared, with intervals where there are some.

    Parameters
    ----------
    figure_name : str
        A column of ``found.figures``.
    """
    values = found.figures[figure_name].iloc[::-1]
    spans = found.intervals[found.intervals["figure"] == figure_name].set_index("model")
    with _page(6.4, 1.0 + 0.36 * len(values)) as (figure, axes):
        height = np.arange(len(values))
        own = [name in spans.index for name in values.index]
        axes.plot(values, height, "o", color=_GREY)
        for at, name in enumerate(values.index):
            if own[at]:
                axes.hlines(at, *spans.loc[name, ["low", "high"]].astype(float), color=_BLUE, linewidth=2)
                axes.plot(values[name], at, "o", color=_BLUE)
        axes.set_yticks(height, [str(name).replace("_", " ") for name in values.index])
        axes.set_xlabel(f"{figure_name} (bars: 95 %)")
        axes.set_title("The same rows, several models")
    return figure


@contextmanager
def _page(width: float, height: float, /) -> Iterator[tuple[Figure, Axes]]:
    """Give an empty picture in the house's style, and take it off pyplot's list when it is drawn."""
    import matplotlib.pyplot as plt

    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
        try:
            yield figure, axes
        finally:
            plt.close(figure)  # else a notebook shows it twice


@contextmanager
def _panels(count: int, /) -> Iterator[tuple[Figure, list[Axes]]]:
    """Give panels side by side in the house's style."""
    import matplotlib.pyplot as plt

    with plt.rc_context(_STYLE):
        figure, panels = plt.subplots(1, count, figsize=(4.6 * count, 3.8), layout="constrained", squeeze=False)
        try:
            yield figure, list(panels[0])
        finally:
            plt.close(figure)


@contextmanager
def _whole_page() -> Iterator[Figure]:
    """Give pyplot's current figure to SHAP, which draws on it, and take it off pyplot's list when it is drawn."""
    import matplotlib.pyplot as plt

    figure = plt.figure()
    try:
        yield figure
        figure.tight_layout(rect=(0, 0, 0.93, 0.95))  # room for what SHAP writes beside the axes
    finally:
        plt.close(figure)


def _title(figure: Figure, title: str, /) -> None:
    figure.suptitle(title, x=0.02, horizontalalignment="left", fontweight="bold", fontsize=11)


def _named(results: Results, outcome: str, unit_id: str | None = None, /) -> shap.Explanation:
    """Return the explanation with features by their KPIs' names."""
    found, kpi_of = results.explanation(outcome, unit_id=unit_id), results.predictor(outcome).kpi_of
    found.feature_names = [_feature(results, kpi_of.get(name, ""), name) for name in found.feature_names]
    return found


def _feature(results: Results, kpi: str, name: str, /) -> str:
    if kpi not in results.catalogue:
        return _name(results, name)
    detail = name.removeprefix(f"{kpi}__").replace("_", " ")
    return f"{results.catalogue[kpi].name.en}, {detail}" if detail != kpi else results.catalogue[kpi].name.en


def _legend_below(figure: Figure, axes: Axes, /) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))


def _name(results: Results, kpi: str, /) -> str:
    if kpi in results.catalogue:
        return results.catalogue[kpi].name.en
    return "everything else" if kpi == "_context" else kpi.replace("attribute__", "").replace("_", " ")
