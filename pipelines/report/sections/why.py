"""What drives the outcome: what the prediction looks at beside what would change, and where the two disagree."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from baton.catalogue.schema import CONTEXT
from baton.charts.charts import Bar, Figure, Interval, bars, intervals
from baton.charts.drawing import Pen
from baton.charts.plots import Point
from baton.outcomes import kind_of
from baton.wording.journey import mean_points
from baton.wording.wording import Bilingual, listed, number, percent, say
from pipelines.report.data.left_out import effects_missing
from pipelines.report.data.objective import Objective, objective_of, turned_effects
from pipelines.report.data.results import Results
from pipelines.report.sections.customers import sign_shares
from pipelines.report.sections.quadrant import quadrant

__all__ = ["Why", "prediction_shares", "why_section"]

_MAX_ROWS = 12
_LOUD, _QUIET = 0.05, 0.02  # shares of the prediction above and below which a disagreement is worth a sentence


@dataclass(frozen=True)
class Why:
    """The section's figures and sentences."""

    figures: tuple[Figure, ...]
    quadrant: Figure | None
    key: tuple[tuple[Bilingual, str], ...]
    disagreements: tuple[Bilingual, ...]
    missing: tuple[Bilingual, ...]


def prediction_shares(results: Results, outcome: str, /) -> pd.Series:
    """Return each KPI's share of the mean absolute attribution of one outcome, largest first."""
    attributions = results.get("attributions")
    if attributions is None:
        return pd.Series(dtype=float)
    rows = attributions[(attributions["outcome"] == outcome) & attributions["mean_abs_attribution"].notna()]
    sizes = (rows["mean_abs_attribution"] * rows["n"]).groupby(rows["kpi"]).sum()
    total = float(sizes.sum())
    # a KPI without one value, or that never differs, moves no prediction: it is not what it leans on
    return (
        (sizes[sizes > 0] / total).sort_values(ascending=False, kind="stable") if total > 0 else pd.Series(dtype=float)
    )


def why_section(results: Results, pen: Pen, /) -> Why:
    """Put the section together."""
    objective = objective_of(results)
    outcome = objective.outcome if objective is not None else _explained(results)
    shares = prediction_shares(results, outcome) if outcome else pd.Series(dtype=float)
    if results.flat and not len(shares.drop(CONTEXT, errors="ignore")):
        shares = sign_shares(results)  # columns of a flat table are no KPIs
    figures, missing = [], []
    if len(shares):
        figures.append(_drivers(results, pen, shares))
    else:
        guessed = results.withheld or any(map(results.no_better_than_guessing, results.evaluation))
        missing.append(say("why.drivers_guessed" if guessed else "why.no_drivers"))
    drawn, key, sentences = None, [], []
    effects = turned_effects(results, objective) if objective is not None else pd.DataFrame()
    if objective is not None and len(effects):
        figures.append(_effects(results, pen, objective, effects))
        drawn, key = _quadrant(results, pen, objective, effects)
        if len(shares):
            sentences = _disagreements(results, objective, effects, shares) or [say("why.agree_all")]
    else:
        missing.append(effects_missing(results))
    return Why(tuple(figures), drawn, tuple(key), tuple(sentences), tuple(missing))


_EXPLAINED_FIRST = ("churn", "case", "decline", None)


def _explained(results: Results, /) -> str | None:
    """The outcome to explain where no effects were estimated: churn, else the case outcome, else the first decline."""
    attributions = results.get("attributions")
    if attributions is None:
        return None
    outcomes = [str(name) for name in attributions["outcome"].unique()]
    return min(outcomes, key=lambda name: _EXPLAINED_FIRST.index(kind_of(name)), default=None)


def _drivers(results: Results, pen: Pen, shares: pd.Series, /) -> Figure:
    named = shares.drop(CONTEXT, errors="ignore")
    first = named.index[0] if len(named) else shares.index[0]
    rows = [
        Bar(
            results.kpi_name(str(kpi)),
            100 * float(share),
            percent(float(share)),
            "unclear" if kpi == CONTEXT else "plain",
        )
        for kpi, share in shares.items()
    ]
    return Figure(
        name="drivers",
        title=say("why.drivers", first=results.kpi_name(str(first))),
        note=say("why.drivers_note"),
        drawings=bars(rows[:_MAX_ROWS], pen, say("why.drivers_axis")),
        header=(say("card.kpi"), say("why.share_column")),
        rows=[(row.label, row.shown) for row in rows],
    )


def _effects(results: Results, pen: Pen, objective: Objective, effects: pd.DataFrame, /) -> Figure:
    rows = [
        Interval(
            _marked(results.kpi_name(str(row.kpi)), bool(row.refuted)),
            float(row.effect),  # type: ignore[arg-type]
            float(row.low),  # type: ignore[arg-type]
            float(row.high),  # type: ignore[arg-type]
            objective.in_words(float(row.effect)),  # type: ignore[arg-type]
            str(row.tone),  # type: ignore[arg-type]
        )
        for row in effects.itertuples()
    ]
    days = results.company.snapshots.horizon_days
    kind = objective.kind
    ends = ("why.end_churn_bad", "why.end_churn_good") if kind == "churn" else ("why.end_bad", "why.end_good")
    axis = objective.axis(days)
    return Figure(
        name="effects",
        title=_effects_title(results, objective, effects),
        note=say("why.effects_note"),
        drawings=intervals(rows[: _MAX_ROWS * 2], pen, axis, (say(ends[0]), say(ends[1]))),
        header=(say("card.kpi"), say("why.effect_column"), say("why.interval_column")),
        rows=[
            (
                row.label,
                row.shown,
                say("word.between", low=objective.in_words(row.low), high=objective.in_words(row.high)),
            )
            for row in rows
        ],
    )


def _marked(name: Bilingual, refuted: bool, /) -> Bilingual:
    """A name with a dagger where the effect failed a cross-check."""
    return Bilingual(name.en + " †", name.zh + " †") if refuted else name


def _effects_title(results: Results, objective: Objective, effects: pd.DataFrame, /) -> Bilingual:
    stem = "why.effects" if objective.kind == "churn" else "why.effects_other"
    helps = [results.kpi_name(str(kpi)) for kpi in effects.loc[effects["tone"] == "good", "kpi"][:2]]
    harms = [results.kpi_name(str(kpi)) for kpi in effects.loc[effects["tone"] == "bad", "kpi"][::-1][:2]]
    if helps and harms:
        return say(stem, helps=listed(helps[:1]), harms=listed(harms[:1]))
    if helps:
        return say(f"{stem}_helps", helps=listed(helps[:1]))
    return say(f"{stem}_harms", harms=listed(harms[:1])) if harms else say("why.effects_none")


def _disagreements(
    results: Results, objective: Objective, effects: pd.DataFrame, shares: pd.Series, /
) -> list[Bilingual]:
    """Sentences on the KPIs for which prediction and effect disagree, gravest first."""
    signs, sizes, quiet = [], [], []
    stored = results.tables["effects"]
    stored = stored[stored["outcome"] == objective.outcome].drop_duplicates("kpi").set_index("kpi")
    for row in effects.itertuples():
        kpi, name, share = str(row.kpi), results.kpi_name(str(row.kpi)), float(shares.get(row.kpi, 0.0))
        agrees = stored.loc[kpi, "agrees"]
        if row.tone != "unclear" and pd.notna(agrees) and not bool(agrees):
            good = row.tone == "good"
            seen, found = ("sign_bad", "sign_good") if good else ("sign_good", "sign_bad")
            signs.append(say("why.disagree_sign", kpi=name, seen=say(f"why.{seen}"), found=say(f"why.{found}")))
        elif row.tone == "unclear" and share >= _LOUD:
            sizes.append(say("why.disagree_loud", kpi=name, share=percent(share)))
        elif row.tone != "unclear" and share < _QUIET and kpi in shares.index:
            key = "why.disagree_quiet" if row.tone == "good" else "why.disagree_quiet_bad"
            quiet.append(say(key, kpi=name, share=percent(share, 1)))
    echoes = [
        say("why.disagree_echo", kpi=results.kpi_name(str(kpi)), share=percent(float(share)))
        for kpi, share in shares.items()
        if share >= _LOUD and kpi in results.catalogue and results.catalogue[str(kpi)].role == "outcome"
    ]
    return [*signs, *echoes[:3], *sizes[:3], *quiet[:3]]


def _quadrant(
    results: Results, pen: Pen, objective: Objective, effects: pd.DataFrame, /
) -> tuple[Figure | None, list[tuple[Bilingual, str]]]:
    """What cards pay for beside what works; only where cards of today are known."""
    paid = average_points(results)
    if not len(paid):
        return None, []
    rows = effects.assign(points=effects["kpi"].map(paid).fillna(0.0)).sort_values(
        "points", ascending=False, kind="stable"
    )
    points = [
        Point(
            _marked(results.kpi_name(str(row.kpi)), bool(row.refuted)),
            float(row.points),
            float(row.effect),
            float(row.low),
            float(row.high),
            str(row.tone),
        )  # type: ignore[arg-type]
        for row in rows.itertuples()
    ]
    useless = float(rows.loc[rows["tone"] != "good", "points"].sum())
    days = results.company.snapshots.horizon_days
    up = objective.axis(days)
    figure = Figure(
        name="quadrant",
        title=say("why.quadrant", n=round(useless), total=100),
        note=say("why.quadrant_note"),
        drawings=quadrant(
            points,
            pen,
            say("why.quadrant_across"),
            up,
            (say("why.corner_unpaid"), say("why.corner_paid"), say("why.corner_wrong")),
        ),
        header=(say("card.kpi"), say("why.weight_column"), say("why.effect_column")),
        rows=[(point.label, number(point.x, 1), objective.in_words(point.y)) for point in points],
    )
    return figure, [(point.label, point.tone) for point in points]


def average_points(results: Results, /) -> pd.Series:
    """Return the mean points per KPI over the cards of today that may be shown; empty where none is known."""
    weights = results.get("weights")
    if weights is None or weights["current_weight"].isna().all():
        return pd.Series(dtype=float)
    frame = weights.assign(role=weights["role"].fillna(""))
    small = [
        results.too_small(team) or results.too_small(team, str(role))
        for team, role in zip(frame["team_id"], frame["role"], strict=True)
    ]
    return pd.Series(mean_points(frame[~pd.Series(small, index=frame.index)]), dtype=float)
