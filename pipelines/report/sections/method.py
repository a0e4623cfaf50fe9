"""The fold for analysts: figures against baselines, effects as stored, limits in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from baton.wording.tested import Table, tested_table
from baton.wording.wording import Bilingual, known_text, number, percent, say, verbatim
from pipelines.report.data.objective import objective_of
from pipelines.report.data.results import Results
from pipelines.report.sections.trust import outcome_name

__all__ = ["Method", "method_section"]


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
        figures=tuple(
            tested_table(outcome_name(results, outcome), entry) for outcome, entry in results.evaluation.items()
        ),
        effects=_effects(results),
        policy=_policy(results) if results.get("weights") is not None else (),
        versions=", ".join(f"{name} {version}" for name, version in results.versions.items()),
        models=", ".join(results.models),
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
