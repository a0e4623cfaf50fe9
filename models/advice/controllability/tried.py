"""What pilots measured of how people answer to points, and how far statements beforehand came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from models.advice.controllability.belief import Z_90
from models.pilots.calibration import calibration_of, came_true, width_factor

__all__ = ["MIN_POINTS", "PilotAnswer", "Tried", "Width", "answers_of", "widths_of"]

MIN_POINTS = 1.0
"""By which the teams that began moved a KPI, on average: fewer are no change that anybody could answer to."""
_LEVEL = 0.9


@dataclass(frozen=True)
class Tried:
    """What one pilot measured.

    Parameters
    ----------
    pilot, kpi : str
    effect, low, high : float
        In the KPI's unit, with its 90 % interval.
    points : float
        By how many the KPI's points rose in the teams that began, on average.
    teams : int
        That began.
    predicted : mapping, optional
        ``low``, ``high``, ``level`` and ``basis`` of what was stated beforehand, and ``width``: by which factor its
        interval had been widened then.
    """

    pilot: str
    kpi: str
    effect: float
    low: float
    high: float
    points: float
    teams: int
    predicted: Mapping[str, float | str | None] | None = None


@dataclass(frozen=True)
class PilotAnswer:
    """How people answer to one KPI's points, by its pilots alone.

    Parameters
    ----------
    estimate : float
        Between-person standard deviations per point, helpful positive.
    variance : float
        Of its error.
    pilots, teams : int
    """

    estimate: float
    variance: float
    pilots: int
    teams: int


@dataclass(frozen=True)
class Width:
    """How far intervals of one basis are widened or narrowed.

    Parameters
    ----------
    factor : float
    predictions, true : int
        How many were measured, and how many of them came true.
    """

    factor: float
    predictions: int = 0
    true: int = 0
    basis: str = field(default="")


def answers_of(tried: Sequence[Tried], catalogue: Catalogue, reliability: pd.DataFrame, /) -> dict[str, PilotAnswer]:
    """Return by KPI what its pilots measured together.

    Several pilots of one KPI are weighted by their precision; where they differ by more than their intervals explain,
    the error grows by as much (Birge's ratio).

    Parameters
    ----------
    reliability : pandas.DataFrame
        From ``models.effects.reliability.measure``: how much people, or teams, truly differ.
    """
    spread = reliability[["unit", "kpi", "between_sd"]].drop_duplicates(["unit", "kpi"]) if len(reliability) else None
    found: dict[str, list[tuple[float, float, int]]] = {}
    for each in tried:
        kpi = catalogue.get(each.kpi)
        if kpi is None or spread is None or abs(each.points) < MIN_POINTS:
            continue
        unit = "team" if kpi.owner == "team" else "employee"
        own = spread.loc[(spread["unit"] == unit) & (spread["kpi"] == each.kpi), "between_sd"]
        error = (each.high - each.low) / (2 * Z_90)
        if own.empty or not own.iloc[0] > 0 or not (np.isfinite(error) and error > 0):
            continue
        per_unit = kpi.sign / (each.points * float(own.iloc[0]))
        found.setdefault(each.kpi, []).append((each.effect * per_unit, (error * per_unit) ** 2, each.teams))
    return {kpi: _together(each) for kpi, each in found.items()}


def _together(found: Sequence[tuple[float, float, int]], /) -> PilotAnswer:
    values, variances, teams = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    weight = 1 / variances
    middle = float(weight @ values / weight.sum())
    excess = float(weight @ (values - middle) ** 2) / max(len(found) - 1, 1)
    return PilotAnswer(middle, max(1.0, excess) / float(weight.sum()), len(found), int(teams.sum()))


def widths_of(tried: Sequence[Tried], /) -> dict[str, Width]:
    """Return by basis how far intervals must be widened or narrowed for as many to come true as are stated.

    Returns
    -------
    dict of str to Width
        Only where enough was measured and it differs from what was stated.
    """
    by_basis: dict[str, list[tuple[dict[str, float | None], dict[str, float | None]]]] = {}
    for each in tried:
        if each.predicted is None or each.predicted.get("level") != _LEVEL:
            continue
        measured: dict[str, float | None] = {"low": each.low, "high": each.high}
        predicted = _as_stated_first(each.predicted)
        if came_true(predicted, measured) is not None:
            by_basis.setdefault(str(each.predicted.get("basis")), []).append((predicted, measured))
    found: dict[str, Width] = {}
    for basis, pairs in by_basis.items():
        came = [bool(came_true(*pair)) for pair in pairs]
        (calibration,) = calibration_of([(_LEVEL, true) for true in came])
        if calibration.verdict in ("too sure", "too careful"):
            found[basis] = Width(width_factor(pairs, _LEVEL), len(came), sum(came), basis)
    return found


def _as_stated_first(predicted: Mapping[str, float | str | None], /) -> dict[str, float | None]:
    """Undo how far an interval had been widened when it was stated, so that nothing is widened twice."""
    low, high, width = (predicted.get(name) for name in ("low", "high", "width"))
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return {"low": None, "high": None}
    middle, half = (low + high) / 2, (high - low) / 2 / (float(width) if isinstance(width, int | float) else 1.0)
    return {"low": middle - half, "high": middle + half}
