"""The fold for analysts: figures against baselines, effects as stored, limits in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from baton.wording.wording import Bilingual, known_text, number, percent, say, verbatim
from pipelines.report.data.objective import objective_of
from pipelines.report.data.results import Results
from pipelines.report.sections.trust import outcome_name

__all__ = ["Method", "Table", "method_section"]

_CAUSES = ("macro_f1", "accuracy", "coverage", "accuracy_at_70")
_CHANCES = ("auc", "average_precision", "brier", "log_loss", "ece", "calibration_slope", "lift_at_10")
_NUMBERS = ("rmse", "mae", "r2")


@dataclass(frozen=True)
class Table:
    """A table with its heading."""

    title: Bilingual
    header: Sequence[Bilingual]
    rows: Sequence[Sequence[Bilingual]]


@dataclass(frozen=True)
class Method:
    """The section."""

    figures: tuple[Table, ...]
    effects: Table | None
    policy: tuple[Bilingual, ...]
    versions: str
    models: str = ""


def method_section(results: Results, /) -> Method:
    """Put the section together."""
    return Method(
        figures=tuple(_figures(results, outcome, entry) for outcome, entry in results.evaluation.items()),
        effects=_effects(results),
        policy=_policy(results) if results.get("weights") is not None else (),
        versions=", ".join(f"{name} {version}" for name, version in results.versions.items()),
        models=", ".join(results.models),
    )


def _figures(results: Results, outcome: str, entry: dict[str, Any], /) -> Table:
    names = [key for key in (*_CAUSES, *_CHANCES, *_NUMBERS) if entry.get(key) is not None]
    intervals = entry.get("intervals") or {}
    rows = [[say("method.baton"), *(_figure(entry.get(key), intervals.get(key)) for key in names)]]
    for baseline, figures in (entry.get("baselines") or {}).items():
        rows.append([_baseline(baseline), *(_figure(figures.get(key), None) for key in names)])
    title = say(
        "method.outcome_title",
        outcome=outcome_name(results, outcome),
        rows=f"{int(entry.get('rows') or 0):,}",
        split=_split(entry),
    )
    return Table(title, [say("method.who"), *(say(f"metric.{name}") for name in names)], rows)


def _split(entry: dict[str, Any], /) -> Bilingual:
    """The split in the words of ``evaluation.json``, which are English; in Chinese its kind."""
    split = entry.get("split", "")
    split = split if isinstance(split, str) else ", ".join(f"{key} {value}" for key, value in split.items())
    key = f"method.split_{entry.get('split_kind')}"
    return Bilingual(verbatim(split).en, say(key).zh) if known_text(key) else verbatim(split)


def _baseline(name: str, /) -> Bilingual:
    return say(f"baseline.{name}") if known_text(f"baseline.{name}") else verbatim(name.replace("_", " "))


def _figure(value: Any, interval: Any, /) -> Bilingual:
    if value is None:
        return verbatim("\N{EN DASH}")
    shown = number(float(value), 3)
    if not interval or interval[0] is None:
        return shown
    return verbatim(
        f"{shown.en} ({number(float(interval[0]), 3).en} to {number(float(interval[1]), 3).en})".replace(
            " to ", "\N{EN DASH}"
        )
    )


def _effects(results: Results, /) -> Table | None:
    effects, objective = results.get("effects"), objective_of(results)
    if effects is None or objective is None:
        return None
    rows = []
    estimated = effects[(effects["outcome"] == objective.outcome) & effects["effect"].notna()]
    for row in estimated.to_dict("records"):
        rows.append(
            [
                results.kpi_name(str(row["kpi"])),
                _role(str(row["role"])),
                number(float(row["effect"]), 4),
                verbatim(f"{number(float(row['low']), 4).en} \N{EN DASH} {number(float(row['high']), 4).en}")
                if pd.notna(row["low"])
                else verbatim("\N{EN DASH}"),
                _estimator(row["method"]),
                percent(float(row["robustness"]), 1) if pd.notna(row.get("robustness")) else verbatim("\N{EN DASH}"),
                say("word.unknown") if pd.isna(row["refuted"]) else say("word.no" if row["refuted"] else "word.yes"),
            ]
        )
    header = (
        say("card.kpi"),
        say("method.role"),
        say("method.effect"),
        say("why.interval_column"),
        say("why.method_column"),
        say("why.robust_column"),
        say("why.held_column"),
    )
    return Table(say("method.effects_title"), header, rows)


def _estimator(method: Any, /) -> Bilingual:
    name = "" if pd.isna(method) else str(method)
    return say(f"estimator.{name}") if known_text(f"estimator.{name}") else verbatim(name.replace("_", " "))


def _role(role: str, /) -> Bilingual:
    return (
        say("word.role_context" if role == "context" else f"word.{role}")
        if role in ("lever", "mediator", "outcome", "context")
        else verbatim(role)
    )


def _policy(results: Results, /) -> tuple[Bilingual, ...]:
    policy = results.company.policy
    first = say(
        "method.policy_step",
        step=f"{policy.step:g}",
        min=f"{policy.min_weight:g}",
        max=f"{policy.max_weight:g}",
        change=f"{policy.max_change:g}",
        days=policy.cycle_days,
        confidence=percent(policy.confidence),
        false=percent(policy.false_moves),
    )
    shares = (
        say("method.policy_perspective", share=f"{share:g}", perspective=say(f"method.{perspective}"))
        for perspective, share in policy.min_share.items()
    )
    return (first, *shares)
