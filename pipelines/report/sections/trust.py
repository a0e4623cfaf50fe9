"""How far the page can be trusted: predictions against what came, limits, warnings, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from baton.charts.charts import Figure
from baton.charts.drawing import Pen
from baton.charts.plots import Point, calibration
from baton.outcomes import first_of_kind, folder_name, kind_of
from baton.wording.outcomes import predicted_name
from baton.wording.tested import reliability_point
from baton.wording.wording import Bilingual, listed, number, percent, say, translated_message, verbatim
from models.prediction.splits import SplitKind
from pipelines.report.data.left_out import is_asked, outcome_left_out, weights_missing
from pipelines.report.data.objective import objective_of
from pipelines.report.data.results import Results

__all__ = ["Trust", "outcome_name", "trust_section"]

_WHOLE_FROM = 100  # from here on, decimals of a mean say nothing to a reader


@dataclass(frozen=True)
class Trust:
    """The section's figures and sentences."""

    figures: tuple[Figure, ...]
    limits: tuple[Bilingual, ...]
    warnings: tuple[Bilingual, ...]
    missing: tuple[Bilingual, ...]


def trust_section(results: Results, pen: Pen, unexplained: Sequence[Bilingual] = (), /) -> Trust:
    """Put the section together.

    Parameters
    ----------
    unexplained : sequence of Bilingual
        Why nothing is explained, where the page has no section that says so.
    """
    figures = [
        _calibration(results, pen, outcome, entry)
        for outcome, entry in results.evaluation.items()
        if len(entry.get("reliability") or ()) > 1 and not results.no_better_than_guessing(outcome)
    ]
    missing = (*_missing(results), *unexplained)
    return Trust(tuple(figures), _limits(results), tuple(map(translated_message, results.warnings)), missing)


def outcome_name(results: Results, outcome: str, /) -> Bilingual:
    """Return the words for a key of ``evaluation.json``."""
    return predicted_name(outcome, results.company, results.kpi_name)


def _calibration(results: Results, pen: Pen, outcome: str, entry: dict[str, Any], /) -> Figure:
    if "auc" not in entry:
        return _calibration_of_number(results, pen, outcome, entry)
    points = [reliability_point(row) for row in entry["reliability"]]
    last = points[-1]
    churn = outcome == "churn"
    predicted, came = number(100 * last.x), number(100 * last.y)
    name = outcome_name(results, outcome)
    finding = say(
        "trust.calibrated" if churn else "trust.calibrated_other", predicted=predicted, came=came, outcome=name
    )
    return Figure(
        name=_figure_name(outcome),
        title=finding,
        note=say("trust.calibration_note_cv" if _crossed(entry) else "trust.calibration_note"),
        drawings=calibration(points, pen, say("trust.calibration_across"), say("trust.calibration_up")),
        header=_calibration_header(),
        rows=[
            (percent(point.x, 1), percent(point.y, 1), verbatim(f"{int(row['n']):,}"))
            for point, row in zip(points, entry["reliability"], strict=True)
        ],
    )


def _calibration_of_number(results: Results, pen: Pen, outcome: str, entry: dict[str, Any], /) -> Figure:
    """Draw predicted numbers against those that came; how far single ones spread is not recorded, so no interval."""
    groups = [(float(row["mean_predicted"]), float(row["observed"]), int(row["n"])) for row in entry["reliability"]]
    points = [Point(verbatim(""), predicted, came, came, came) for predicted, came, _ in groups]
    predicted, came, _ = groups[-1]
    digits = 0 if max(abs(predicted), abs(came)) >= _WHOLE_FROM else 2
    name = outcome_name(results, outcome)
    return Figure(
        name=_figure_name(outcome),
        title=say(
            "trust.calibrated_number", outcome=name, predicted=number(predicted, digits), came=number(came, digits)
        ),
        note=say("trust.calibration_number_note_cv" if _crossed(entry) else "trust.calibration_number_note"),
        drawings=calibration(points, pen, say("trust.number_across"), say("trust.number_up"), shares=False),
        header=_calibration_header(),
        rows=[(number(predicted, digits), number(came, digits), verbatim(f"{n:,}")) for predicted, came, n in groups],
    )


def _calibration_header() -> tuple[Bilingual, Bilingual, Bilingual]:
    return say("trust.said_column"), say("trust.came_column"), say("trust.rows_column")


def _figure_name(outcome: str, /) -> str:
    return f"calibration-{folder_name(outcome).replace('.', '-')}"


def _crossed(entry: dict[str, Any], /) -> bool:
    return entry.get("split_kind") == SplitKind.CROSS_VALIDATION


def _limits(results: Results, /) -> tuple[Bilingual, ...]:
    sentences = []
    effects, objective = results.get("effects"), objective_of(results)
    if effects is not None and objective is not None:
        sentences.append(say("trust.limit_cause"))
        if results.by_chance and results.joint_p_value is not None:
            sentences.append(say("trust.limit_chance", p=number(results.joint_p_value, 2)))
        failed = effects[(effects["outcome"] == objective.outcome) & effects["refuted"].fillna(False).astype(bool)]
        if len(failed):
            names = [results.kpi_name(str(kpi)) for kpi in failed["kpi"].unique()]
            sentences.append(say("trust.limit_refuted", n=len(names), kpis=listed(names)))
    if results.get("weights") is not None:
        sentences.append(say("trust.limit_response"))
    sentences.append(say("trust.limit_people", group=results.company.policy.min_group))
    if results.evaluation:
        sentences.append(say("trust.limit_past"))
    return tuple(sentences)


def _missing(results: Results, /) -> tuple[Bilingual, ...]:
    sentences = []
    effects = results.get("effects")
    estimated = effects is not None and bool(effects["effect"].notna().any())
    for table in ("churn", "decline", "weights", "coaching"):
        elsewhere = table in results.withheld or (table == "coaching" and estimated)
        if results.get(table) is None and not elsewhere:
            sentences += _why_missing(results, table)
    weights = results.get("weights")
    if weights is not None and pd.isna(weights["current_weight"]).all():
        sentences.append(say("missing.scorecards"))
    if results.staged and "employees" not in results.staged and results.get("weights") is not None:
        sentences.append(say("missing.employees"))
    for outcome, why in results.skipped.items():
        sentences.append(say("missing.skipped", outcome=outcome_name(results, outcome), reason=translated_message(why)))
    return tuple(sentences)


def _why_missing(results: Results, table: str, /) -> list[Bilingual]:
    """Return why a result is not there; what was asked for and is recorded as left out stands elsewhere."""
    if table == "weights":
        return [weights_missing(results)]
    kind = kind_of(table)
    if kind is None or not is_asked(results, kind):
        return [say(f"missing.{table}")]
    why = outcome_left_out(results, kind)
    elsewhere = first_of_kind(results.skipped, kind) is not None
    return [say(f"missing.{table}_because", reason=why)] if why is not None and not elsewhere else []
