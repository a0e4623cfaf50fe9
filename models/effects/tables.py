"""The rows of effects.parquet and effect_draws.parquet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.contract.results import cast
from baton.messages.message import Message
from features.cases.table import CaseTable
from features.kpis.columns import outcome_column
from models.effects.estimators.by_team import with_difference
from models.effects.estimators.robustness import robustness_value
from models.effects.not_measured import NO_EFFECT, NotMeasured
from models.effects.team_effects import METHOD

if TYPE_CHECKING:
    from models.effects.findings import Effects, OutcomeEffects

__all__ = ["beside_attributions", "by_method_table", "by_team_table", "draws_table", "effects_table"]


def effects_table(
    catalogue: Catalogue,
    outcomes: Mapping[str, OutcomeEffects],
    carded: frozenset[str] = frozenset(),
    false_moves: float = 0.05,
    /,
) -> pd.DataFrame:
    """One row per outcome and KPI of the catalogue, with a reason where there is no effect.

    Column ``clear`` says ``helps`` or ``harms`` where the interval, the joint test of the owner's levers and the
    refutations agree, else ``unclear``. A lever on no card (``carded``) is called harmful only if it is so among all
    such levers together: nobody is paid for it, and of twenty intervals one misses. ``joint_p`` is the p-value of the
    joint test over the levers of the same owner. Where there is no effect, ``why_key`` and ``why_values`` are the
    message that ``method`` says in English.
    """
    rows: list[dict[str, Any]] = []
    for outcome, found in outcomes.items():
        for kpi in catalogue.values():
            row = {"outcome": outcome, "kpi": kpi.id, "role": kpi.role} | _row(found, kpi.id, kpi.role)
            row["joint_p"] = _joint_p(found, kpi.id)
            row["clear"] = _clear(found, kpi.id, carded, false_moves)
            rows.append(row | {"attribution_effect": None})
    return cast("effects", rows)


def beside_attributions(
    effects: Effects, cases: CaseTable, catalogue: Catalogue, attributions: pd.DataFrame | None, /
) -> Effects:
    """Show beside the effects what the predictions' attributions say, and whether both have one sign.

    Parameters
    ----------
    cases : CaseTable
        That the effects were estimated from.
    attributions : pandas.DataFrame or None
        Rows of ``attributions.parquet``.

    Returns
    -------
    Effects
    """
    if attributions is None or attributions.empty:
        return effects
    attributed: list[float | None] = []
    agrees: list[bool | None] = []
    for outcome, kpi_id, effect in effects.table[["outcome", "kpi", "effect"]].itertuples(index=False):
        base = _base_rate(cases, outcome) if effects.outcomes[outcome].kind == "probability" else None
        share = _attributed(attributions, outcome, kpi_id, catalogue[kpi_id].sign, base)
        attributed.append(share)
        agrees.append(bool(np.sign(effect) == np.sign(share)) if pd.notna(effect) and share else None)
    return replace(effects, table=cast("effects", effects.table.assign(attribution_effect=attributed, agrees=agrees)))


def _base_rate(cases: CaseTable, outcome: str, /) -> float:
    if outcome_column(outcome) in cases.frame or cases.exposures is None:
        return float(cases.frame[outcome_column(outcome)].mean())
    return float(cases.exposures.frame[outcome_column(outcome)].mean()) * cases.exposures.rows_per_horizon


def _row(found: OutcomeEffects, kpi_id: str, role: str, /) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        ("effect", "low", "high", "agrees", "refuted", "effect_per_case", "robustness")
    )
    if kpi_id not in found.levers:
        unknown = Message(NotMeasured.UNKNOWN)
        why = found.why_not.get(kpi_id, unknown) if role == "lever" else Message(NO_EFFECT[role])
        return empty | {"method": why.text, "evidence": "", "why_key": str(why.key), "why_values": why.values_json}
    at = found.levers.index(kpi_id)
    if kpi_id in found.teams.levers:
        place = found.teams.levers.index(kpi_id)
        chosen, per_case = found.teams.estimates[METHOD], float(found.teams.per_row[place])
        method, notes = METHOD, [found.teams.notes[kpi_id]] if kpi_id in found.teams.notes else []
    else:
        chosen, per_case = found.estimates[found.primary], float(found.point[at] / found.scale) if found.scale else None
        method, notes = found.primary, list(found.notes)
    known = [each[kpi_id] for each in (found.refuted, found.roles.acts) if kpi_id in each]
    error = float(found.draws[:, at].std(ddof=1))
    t_value = np.array([found.point[at] / error if error > 0 else 0.0])
    return {
        "effect": float(found.point[at]),
        "low": float(found.low[at]),
        "high": float(found.high[at]),
        "method": method,
        "agrees": None,
        "refuted": kpi_id in found.refuted,
        "effect_per_case": per_case,
        "robustness": float(robustness_value(t_value, chosen.freedom)[0]),
        "evidence": "; ".join(each.text for each in (*known, *notes)),
        "why_key": "",
        "why_values": "",
    }


def _joint_p(found: OutcomeEffects, kpi_id: str, /) -> float:
    if kpi_id not in found.levers:
        return float("nan")
    return found.p_values.get("team" if kpi_id in found.teams.levers else "employee", 1.0)


def _clear(found: OutcomeEffects, kpi_id: str, carded: frozenset[str], false_moves: float, /) -> str:
    if kpi_id not in found.levers or kpi_id in found.refuted or _joint_p(found, kpi_id) > false_moves:
        return "unclear"
    at = found.levers.index(kpi_id)
    worst, best = sorted((found.helpful * float(found.low[at]), found.helpful * float(found.high[at])))
    if worst > 0:
        return "helps"
    if best >= 0:
        return "unclear"
    others = [lever for lever in found.levers if lever not in carded]
    if not carded or kpi_id not in others:
        return "harms"
    from scipy.stats import norm

    far = abs(float(found.point[at])) / max(float(found.draws[:, at].std(ddof=1)), 1e-300)
    return "harms" if far > norm.ppf(1.0 - 0.05 / len(others)) else "unclear"


def _attributed(
    attributions: pd.DataFrame, outcome: str, kpi_id: str, sign: int, base: float | None, /
) -> float | None:
    """What the prediction's attribution says about one SD better, on the scale of the effect.

    The mean slope of the attribution over one standard deviation between rows, from log-odds to probability at the base
    rate: a picture of the model, not of the world.
    """
    rows = attributions[(attributions["outcome"] == outcome) & (attributions["kpi"] == kpi_id)]
    rows = rows[rows["slope"].notna() & (rows["n"] > 0)]
    if rows.empty:
        return None
    slope = float(np.average(rows["slope"], weights=rows["n"])) * sign
    return slope * base * (1 - base) if base is not None else slope


def draws_table(outcomes: Mapping[str, OutcomeEffects], /) -> pd.DataFrame:
    """Joint draws in long form: outcome, kpi, draw, effect."""
    parts = []
    for outcome, found in outcomes.items():
        for at, lever in enumerate(found.levers):
            parts.append(
                pd.DataFrame(
                    {
                        "outcome": outcome,
                        "kpi": lever,
                        "draw": np.arange(len(found.draws)),
                        "effect": found.draws[:, at],
                    }
                )
            )
    return cast("effect_draws", pd.concat(parts, ignore_index=True) if parts else [])


def by_method_table(outcomes: Mapping[str, OutcomeEffects], /) -> pd.DataFrame:
    """Every estimator's answer: outcome, kpi, method, effect, low, high, primary."""
    rows = []
    for outcome, found in outcomes.items():
        parts = [(found.estimates, found.scale, found.primary), (found.teams.estimates, 1.0, METHOD)]
        for estimates, scale, primary in parts:
            for method, answer in estimates.items():
                low, high = np.quantile(answer.draws, [0.05, 0.95], axis=0) * scale
                for at, lever in enumerate(answer.levers):
                    interval = {"effect": answer.point[at] * scale, "low": low[at], "high": high[at]}
                    rows.append(
                        {"outcome": outcome, "kpi": lever, "method": method, **interval, "primary": method == primary}
                    )
    return cast("advice/effects_by_method", rows)


def by_team_table(found: OutcomeEffects | None, /) -> pd.DataFrame:
    """Effects of the levers of single people by team, where teams differ."""
    rows = []
    if found is not None and found.by_team.teams:
        own = found.by_team
        for at, lever in enumerate(own.levers):
            place = found.levers.index(lever)
            for team, difference, sd in zip(own.teams, own.point[:, at], own.sd[:, at], strict=True):
                draws = with_difference(found.draws[:, place], team, lever, difference, sd)
                low, high = np.quantile(draws, [0.05, 0.95])
                rows.append(
                    {
                        "team_id": team,
                        "kpi": lever,
                        "effect": found.point[place] + difference,
                        "low": low,
                        "high": high,
                        "difference": difference,
                        "difference_sd": sd,
                    }
                )
    return cast("advice/effects_by_team", rows)
