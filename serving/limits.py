"""Which values a model's features may have: what the tables' way in would refuse is refused here too."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from baton.errors import RequestError
from baton.nearest import did_you_mean

if TYPE_CHECKING:
    from baton.catalogue.schema import Catalogue, Kpi
    from models.prediction.encoding import Encoding

__all__ = ["Limit", "checked_features", "checked_rows", "limits"]

Scales = Mapping[str, Mapping[str, tuple[float, float] | None]]

_NEVER_NEGATIVE = frozenset({"seconds", "minutes", "hours", "days", "count", "thousand"})
_MEASURED_IN = re.compile(r"(?:^|_)(?:seconds|minutes|hours|days|weeks|months|years|count)$")
_VALUE = re.compile(r"__\d+d$")
_RATING_SCALES = ((0.0, 1.0), (1.0, 5.0), (1.0, 7.0), (0.0, 10.0), (0.0, 100.0), (-100.0, 100.0))
_NAMES = "names are <kpi>__<window>d, <kpi>__trend or <kpi>__n"
_FAR = 10.0  # times the width of what training saw: milliseconds for seconds, not a record day
_KEEPS_SCALE = ("mean", "median", "p90", "min", "max")


@dataclass(frozen=True)
class Limit:
    """What a number may be.

    Parameters
    ----------
    low, high : float
        Infinite where there is no bound.
    why : str
        What the bounds are.
    """

    low: float
    high: float
    why: str

    def refusal(self) -> str:
        """Return the answer to a number outside."""
        if math.isinf(self.high):
            return f"may not be below {self.low:g}: {self.why}"
        return f"must lie between {self.low:g} and {self.high:g}: {self.why}"


def limits(
    encoding: Encoding, kpi_of: Mapping[str, str], catalogue: Catalogue | None, scales: Scales, /
) -> dict[str, tuple[Limit, ...]]:
    """Return the limits of a model's numeric features; what training saw is always inside.

    Parameters
    ----------
    encoding : Encoding
        With the range of each numeric feature in training.
    kpi_of : mapping of str to str
        The KPI each feature belongs to.
    scales : mapping
        Per table and column of ratings, the scale that its values are on.

    Returns
    -------
    dict of str to tuple of Limit
        By feature; all of them hold.
    """
    found = {}
    for name in encoding.features:
        if name not in encoding.categories:
            kpi = None if catalogue is None else catalogue.get(kpi_of.get(name, ""))
            seen = encoding.ranges.get(name)
            limits = (_by_meaning(name, kpi, scales, seen), None if seen is None else _by_training(seen))
            found[name] = tuple(_with_what_was_seen(limit, seen) for limit in limits if limit is not None)
    return found


def _with_what_was_seen(limit: Limit, seen: tuple[float, float] | None, /) -> Limit:
    return limit if seen is None else replace(limit, low=min(limit.low, seen[0]), high=max(limit.high, seen[1]))


def _by_meaning(name: str, kpi: Kpi | None, scales: Scales, seen: tuple[float, float] | None, /) -> Limit | None:
    """Return what a feature's name and KPI say about it."""
    if name.endswith("__n"):
        return Limit(0.0, math.inf, "it is a count")
    if kpi is None:
        measured = _MEASURED_IN.search(name) is not None and seen is not None and seen[0] >= 0
        return Limit(0.0, math.inf, "it is a count or a duration") if measured else None
    limit = _of_kpi(kpi, scales, seen)
    if limit is None or _VALUE.search(name) or name == kpi.id:
        return limit
    if not name.endswith("__trend"):
        return None  # a rank, a spread, a distance: not on the KPI's own scale
    width = limit.high - limit.low
    return None if math.isinf(width) else Limit(-width, width, f"it is a difference, and {limit.why}")


def _of_kpi(kpi: Kpi, scales: Scales, seen: tuple[float, float] | None, /) -> Limit | None:
    scale = scales.get(kpi.source, {}).get(kpi.expr or "")
    if scale is not None and kpi.aggregate in _KEEPS_SCALE:
        return Limit(*scale, f"this is the scale of {kpi.source}.{kpi.expr}")
    if kpi.unit == "share":
        return Limit(0.0, 1.0, "it is a share")
    if kpi.unit in _NEVER_NEGATIVE:
        return Limit(0.0, math.inf, f"it is measured in {kpi.unit}")
    if kpi.unit == "points" and seen is not None:
        low, high = seen
        fits = next((each for each in _RATING_SCALES if each[0] <= low and high <= each[1]), None)
        return None if fits is None else Limit(*fits, "this is the scale of the ratings that the model was trained on")
    return None


def _by_training(seen: tuple[float, float], /) -> Limit:
    low, high = seen
    reach = _FAR * max(high - low, abs(low), abs(high), 1.0)
    return Limit(low - reach, high + reach, f"in training it was between {low:g} and {high:g}")


def checked_rows(
    encoding: Encoding,
    bounds: Mapping[str, tuple[Limit, ...]],
    given: Sequence[Mapping[str, Any]],
    fields: Sequence[str],
    /,
) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Check the features of several rows, as ``checked_features`` checks those of one.

    Numbers of rows that give the same features are looked at all at once; where anything is the matter with them, rows
    are checked one by one, so that the first fault is the one that is named.

    Raises
    ------
    RequestError
        If a feature is unknown, of the wrong type, or outside its limits.
    """
    from models.prediction.encoding import common_names

    names = common_names(given)
    numeric = [name for name in names if encoding.knows(name) and name not in encoding.categories]
    if not _are_within(bounds, given, numeric):
        return [checked_features(encoding, bounds, row, field) for row, field in zip(given, fields, strict=True)]
    others = [name for name in names if name not in set(numeric)]
    if not others:
        return [(row, []) for row in given]
    found = []
    for row, field in zip(given, fields, strict=True):
        checked, unknown = checked_features(encoding, bounds, {name: row[name] for name in others}, field)
        found.append(({**row, **checked}, unknown))
    return found


def _are_within(
    bounds: Mapping[str, tuple[Limit, ...]], given: Sequence[Mapping[str, Any]], names: Sequence[str], /
) -> bool:
    """Whether all values of some features are numbers within their limits, or unknown."""
    import numpy as np

    from models.prediction.encoding import numbers_of

    found = numbers_of(given, names)
    if found is None:
        return False
    low = np.array([max((limit.low for limit in bounds.get(name, ())), default=-math.inf) for name in names])
    high = np.array([min((limit.high for limit in bounds.get(name, ())), default=math.inf) for name in names])
    return not ((found < low) | (found > high)).any()


def checked_features(
    encoding: Encoding, bounds: Mapping[str, tuple[Limit, ...]], given: Mapping[str, Any], field: str, /
) -> tuple[dict[str, Any], list[str]]:
    """Check names, types and values of a row's features.

    Parameters
    ----------
    bounds : mapping of str to tuple of Limit
    given : mapping
        As the request holds it.
    field : str
        Path of the row's features in the request.

    Returns
    -------
    tuple of dict and list of str
        The features, and those whose text the model does not know: it counts them as unknown.

    Raises
    ------
    RequestError
        If a feature is unknown, of the wrong type, or outside its limits.
    """
    checked: dict[str, Any] = {}
    unknown = []
    for name, value in given.items():
        place = f"{field}.{name}"
        if not encoding.knows(name):
            hint = did_you_mean(name, encoding.features, otherwise=_NAMES)
            raise RequestError(f"the model knows no such feature{hint}", place)
        if value is None:
            checked[name] = None
        elif name in encoding.categories:
            checked[name] = _text(value, place)
            if checked[name] is not None and checked[name] not in encoding.categories[name]:
                unknown.append(name)
        else:
            checked[name] = _number(value, bounds.get(name, ()), encoding.ranges.get(name), place)
    return checked, unknown


def _text(value: object, place: str, /) -> str | None:
    if not isinstance(value, str):
        raise RequestError("a text is needed: this feature is a category", place)
    return value.strip() or None


def _number(value: object, bounds: tuple[Limit, ...], seen: tuple[float, float] | None, place: str, /) -> float:
    flag = seen is None or (seen[0] >= 0 and seen[1] <= 1)
    if not isinstance(value, int | float) or (isinstance(value, bool) and not flag):
        raise RequestError("a number is needed", place)
    number = float(value)
    for limit in bounds:
        if not limit.low <= number <= limit.high:
            raise RequestError(limit.refusal(), place)
    return number
