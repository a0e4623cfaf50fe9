"""What a change is called: a source that stopped, a unit that changed, a new product, a re-organisation, other leavers.

A change that names its cause stands by itself; changes of level and of mix in the same rows stand beneath it, since
one cause moves many figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np

from models.monitoring.detection import Alarm

__all__ = ["UNIT_FACTORS", "Change", "Finding", "findings"]

Change = Literal[
    "stopped", "reorganised", "new_value", "gone_value", "column_lost", "unit", "more", "fewer", "missing", "level",
    "mix",
]  # fmt: skip

UNIT_FACTORS = (60.0, 3600.0, 24.0, 1440.0, 86400.0, 1000.0, 100.0, 10.0, 7.0, 12.0)
"""By which numbers change where a unit does: seconds and minutes, hours and days, grams and kilograms, cents."""

_SPECIFIC: tuple[Change, ...] = ("reorganised", "stopped", "column_lost", "unit", "gone_value", "new_value")
_STOPPED = 0.1  # of the rows that were foretold
_LOST = 0.9  # share of rows without a value
_NEAR = (0.12, 0.35)  # of the logarithm: how near a factor must be, if it is known well, and if few rows say so
_ALIKE = 0.4  # of the logarithm: quartiles lie as far from each other as before
_SAME_ROWS = {"closed cases": "cases", "ratings": "cases"}
_MIN_OF_VALUE = 0.02  # a value's share before, to be missed


@dataclass(frozen=True)
class Finding:
    """A change with its name, and what else changed in the same rows.

    Parameters
    ----------
    change : str
        Its name.
    alarm : Alarm
        The figure that shows it.
    since : datetime
        Begin of the first period that is other than before.
    factor : float
        By which a unit changed; NaN for other changes.
    also : tuple of Finding
        Other figures of the same rows that changed.
    """

    change: Change
    alarm: Alarm
    since: datetime
    factor: float = float("nan")
    also: tuple[Finding, ...] = ()


def findings(alarms: Sequence[Alarm], /) -> list[Finding]:
    """Return what goes on in the newest period, causes before what they cause.

    Parameters
    ----------
    alarms : sequence of Alarm
        Of every period (``alarms(..., all_periods=True)``), so that it can be said since when.
    """
    newest = [alarm for alarm in alarms if alarm.at == len(alarm.series.values) - 1]
    named = [_named(alarm, alarms) for alarm in newest]
    named.sort(key=lambda finding: -abs(finding.alarm.score))
    left = list(named)
    found: list[Finding] = []
    for change in _SPECIFIC:
        # cases before what comes of them
        for finding in sorted((one for one in left if one.change == change), key=_is_part):
            if finding not in left:
                continue
            left.remove(finding)
            beneath = [other for other in left if _beneath(other, finding)]
            left = [other for other in left if other not in beneath]
            found.append(replace(finding, also=tuple(beneath)))
    while left:
        first = left.pop(0)
        beneath = [other for other in left if _rows(other) == _rows(first)]
        left = [other for other in left if other not in beneath]
        found.append(replace(first, also=tuple(beneath)))
    return found


def _is_part(finding: Finding, /) -> bool:
    return finding.alarm.series.source in _SAME_ROWS


def _rows(finding: Finding, /) -> str:
    source = finding.alarm.series.source
    return _SAME_ROWS.get(source, source)


def _beneath(other: Finding, cause: Finding, /) -> bool:
    """Whether a change is explained by another that names its cause."""
    if cause.change == "reorganised":
        return other.alarm.series.column == "team_id"
    if _rows(other) != _rows(cause):
        return False
    if cause.change == "stopped":
        # what came of cases opened before goes on for a while
        return True
    same_column = other.alarm.series.column == cause.alarm.series.column
    if other.change in _SPECIFIC:
        return same_column and cause.change == "column_lost"
    return same_column or other.change in {"mix", "level", "missing"}


def _named(alarm: Alarm, alarms: Sequence[Alarm], /) -> Finding:
    series = alarm.series
    at = {one.at for one in alarms if one.series is series}
    first = alarm.at
    while first - 1 in at:
        first -= 1
    since = series.periods.begins[first - 1]
    if series.what == "rows":
        stopped = alarm.now < _STOPPED * alarm.before
        return Finding("stopped" if stopped else "more" if alarm.now > alarm.before else "fewer", alarm, since)
    if series.what == "missing":
        lost = alarm.now >= _LOST and alarm.before < 1 - _LOST / 2
        return Finding("column_lost" if lost else "missing", alarm, since)
    if series.what == "level":
        factor = _unit_factor(alarm)
        return Finding("level" if np.isnan(factor) else "unit", alarm, since, factor)
    if series.source == "people":
        return Finding("reorganised", alarm, since)
    return Finding(_of_value(alarm, first), alarm, since)


def _of_value(alarm: Alarm, first: int, /) -> Change:
    series = alarm.series
    before, now = series.values[: first - 1], series.values[first - 1 :]
    if series.value and not np.nan_to_num(before).any():
        return "new_value"
    if series.value and not np.nan_to_num(now).any() and alarm.before >= _MIN_OF_VALUE:
        return "gone_value"
    return "mix"


def _unit_factor(alarm: Alarm, /) -> float:
    """Return by what a level was multiplied if that looks like a unit: near a known factor, spread as before."""
    if alarm.before <= 0 or alarm.now <= 0:
        return float("nan")
    spread = alarm.series.spread
    with np.errstate(divide="ignore", invalid="ignore"):
        before, now = np.nanmedian(np.log(spread[: alarm.at - 1])), np.nanmean(np.log(spread[alarm.at - 1 :]))
    # numbers of few values, such as counts, have no quartiles to compare
    if not np.isfinite(before) or not np.isfinite(now) or abs(now - before) > _ALIKE * max(before, 1.0):
        return float("nan")
    ratio = np.log(alarm.now / alarm.before)
    reach = float(np.clip((np.log(alarm.high) - np.log(max(alarm.low, 1e-9))) / 2, *_NEAR))
    factors = [factor for one in UNIT_FACTORS for factor in (one, 1 / one)]
    nearest = min(factors, key=lambda factor: abs(ratio - np.log(factor)))
    return nearest if abs(ratio - np.log(nearest)) <= reach else float("nan")
