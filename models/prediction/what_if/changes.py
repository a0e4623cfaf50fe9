"""The few changes that would lower a customer's predicted chance most, within what the company can do.

Each lever is taken a part of the way from what the customer has met to what the better quarter of customers meets: the
part that people can move (``controllable``). That the prediction falls does not say that the customer will stay: what a
change does is said by effects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from baton.catalogue.schema import DEFAULT_CONTROLLABLE, Catalogue, Kpi
from models.prediction.attribution import value_feature
from models.prediction.predictor import BoostedPredictor

__all__ = ["COLUMNS", "MAX_STEPS", "Reach", "changes", "most_at_risk"]

COLUMNS = ("row", "step", "kpi", "value", "changed_to", "probability", "probability_after")
MAX_STEPS = 3
_ASKED = 1000  # by chance, and as many by value: nobody works down a longer list
_MIN_GAIN = 0.05  # of the chance: less is within what a model of other rows would say
_BETTER_QUARTER = 0.75
_MIN_KNOWN = 40  # so few values have a quarter that means something
_WINDOW = re.compile(r"__(\d+)d$")


@dataclass(frozen=True)
class Reach:
    """How far people can move KPIs, where more is known than the catalogue has.

    Parameters
    ----------
    learned : mapping of str to float
        By KPI, 0 to 1: what past changes of cards have shown; it goes before the catalogue's ``controllable``.
    fixed : frozenset of str
        KPIs that no change is offered of (``policy.fixed``).
    """

    learned: Mapping[str, float] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()

    def of(self, kpi: Kpi, /) -> float:
        """Return how far people can move a KPI; 0 where no change is to be offered.

        Examples
        --------
        >>> from baton.catalogue.schema import DEFAULT_CONTROLLABLE
        >>> Reach(fixed=frozenset({"csat"})).of(Kpi.model_construct(id="csat", controllable=0.5))
        0.0
        """
        if kpi.id in self.fixed:
            return 0.0
        declared = DEFAULT_CONTROLLABLE if kpi.controllable is None else kpi.controllable
        return declared if declared == 0 else self.learned.get(kpi.id, declared)


@dataclass(frozen=True)
class _Lever:
    """A KPI that can be moved, and where its features stand in the model.

    Parameters
    ----------
    shown : int
        Of the feature that says what the KPI's value is.
    moved : tuple of int
        Those that are taken towards the better quarter.
    aims : tuple of float
        The better quarter per moved feature.
    trend : tuple of int
        The trend, the shortest and the longest window; empty where there is none.
    """

    kpi: str
    higher: bool
    controllable: float
    shown: int
    moved: tuple[int, ...]
    aims: tuple[float, ...]
    trend: tuple[int, ...]

    def shows(self, matrix: np.ndarray, known: np.ndarray, /) -> np.ndarray:
        """Return for which rows the value that is shown would change: else "from 0.9 to 0.9" would be advised."""
        value, aim = matrix[:, self.shown], self.aims[self.moved.index(self.shown)]
        return known[:, self.shown] & ((value < aim) if self.higher else (value > aim))

    def applied(self, matrix: np.ndarray, known: np.ndarray, /) -> np.ndarray:
        """Return the rows with the lever moved; unknown values stay unknown, and nothing is made worse."""
        changed = matrix.copy()
        for position, aim in zip(self.moved, self.aims, strict=True):
            value = matrix[:, position]
            worse = (value < aim) if self.higher else (value > aim)
            step = np.where(known[:, position] & worse, self.controllable * (aim - value), 0.0)
            changed[:, position] = value + step
        if self.trend:
            at, short, long = self.trend
            both = known[:, short] & known[:, long] & known[:, at]
            changed[:, at] = np.where(both, changed[:, short] - changed[:, long], changed[:, at])
        return changed


def changes(
    predictor: BoostedPredictor,
    rows: pd.DataFrame,
    catalogue: Catalogue,
    asked: Sequence[int] | np.ndarray,
    /,
    *,
    reach: Reach | None = None,
) -> pd.DataFrame:
    """Return, for each of the rows asked about, up to three changes that lower the predicted chance, one after another.

    Parameters
    ----------
    predictor : BoostedPredictor
        Of a chance.
    rows : pandas.DataFrame
        All that are scored: the better quarter is theirs. Feature columns; absent ones count as unknown.
    catalogue : Catalogue
        Says which KPIs are levers, which way is better and how far people can move them.
    asked : sequence of int
        Positions of rows.
    reach : Reach, optional
        What is known of how far people can move KPIs, beyond the catalogue.

    Returns
    -------
    pandas.DataFrame
        ``row`` (position), ``step`` (from 1), ``kpi``, ``value`` and ``changed_to`` (in the KPI's unit),
        ``probability`` (as predicted) and ``probability_after`` (with this change and those before it). A change that
        lowers the chance by less than a twentieth is none; a row without any has no line.
    """
    asked = np.asarray(asked, dtype=np.int64)
    encoding = predictor.encoding
    matrix = encoding.matrix(rows[encoding.present_in(rows)])
    known = np.column_stack(
        [rows[name].notna() if name in rows.columns else np.zeros(len(rows), dtype=bool) for name in encoding.features]
    )
    levers = _levers(predictor, matrix, known, catalogue, Reach() if reach is None else reach)
    if not levers or not len(asked):
        return pd.DataFrame(columns=list(COLUMNS))
    current, known = matrix[asked], known[asked]
    chance = predictor.calibrate(predictor.model.raw(current))
    before, going = chance.copy(), np.arange(len(asked))
    used = np.zeros((len(asked), len(levers)), dtype=bool)
    parts = []
    for step in range(1, min(MAX_STEPS, len(levers)) + 1):
        best, raw = _best(predictor, levers, current[going], known[going], used[going])
        after = predictor.calibrate(raw)
        enough = before[going] - after >= _MIN_GAIN * chance[going]
        going, best, after = going[enough], best[enough], after[enough]
        if not len(going):
            break
        for at in np.unique(best):
            here, lever = going[best == at], levers[at]
            moved = lever.applied(current[here], known[here])
            line = {"row": asked[here], "step": step, "kpi": lever.kpi, "value": current[here, lever.shown]}
            line |= {"changed_to": moved[:, lever.shown], "probability": chance[here]}
            parts.append(pd.DataFrame({**line, "probability_after": after[best == at]}))
            current[here] = moved
        used[going, best] = True
        before[going] = after
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True).sort_values(["row", "step"], kind="stable", ignore_index=True)


def most_at_risk(chance: np.ndarray, value: np.ndarray, /) -> np.ndarray:
    """Return the rows that are asked about: a thousand of the highest chance, and a thousand with the most at stake.

    Parameters
    ----------
    chance, value : numpy.ndarray of float64, shape (rows,)
        The value at risk may be unknown (NaN).

    Returns
    -------
    numpy.ndarray of int
        Positions, ascending.
    """
    by_chance = np.argsort(-chance, kind="stable")[:_ASKED]
    by_value = np.argsort(-np.nan_to_num(value, nan=-np.inf), kind="stable")[:_ASKED]
    return np.union1d(by_chance, by_value[np.isfinite(value[by_value])])


def _best(
    predictor: BoostedPredictor, levers: Sequence[_Lever], matrix: np.ndarray, known: np.ndarray, used: np.ndarray, /
) -> tuple[np.ndarray, np.ndarray]:
    """Return per row the lever whose change lowers the score most, of those not yet used, and the score then."""
    raw = np.full(used.shape, np.inf)
    for at, lever in enumerate(levers):
        free = ~used[:, at] & lever.shows(matrix, known)
        if free.any():
            raw[free, at] = predictor.model.raw(lever.applied(matrix[free], known[free]))
    best = raw.argmin(axis=1)
    return best, raw[np.arange(len(raw)), best]


def _levers(
    predictor: BoostedPredictor, matrix: np.ndarray, known: np.ndarray, catalogue: Catalogue, reach: Reach, /
) -> list[_Lever]:
    """Return the levers among the model's features whose better quarter is known."""
    place = {name: position for position, name in enumerate(predictor.encoding.features)}
    owned: dict[str, list[str]] = {}
    for name, kpi in predictor.kpi_of.items():
        if name in place and name not in predictor.encoding.categories:
            owned.setdefault(kpi, []).append(name)
    found = [
        _lever(catalogue[kpi], reach.of(catalogue[kpi]), names, place, matrix, known)
        for kpi, names in owned.items()
        if kpi in catalogue and catalogue[kpi].role == "lever"
    ]
    return [lever for lever in found if lever is not None]


def _lever(
    kpi: Kpi, reach: float, names: list[str], place: Mapping[str, int], matrix: np.ndarray, known: np.ndarray, /
) -> _Lever | None:
    """Return a lever, or None where people cannot move it, or its better quarter is not known."""
    windows = sorted((name for name in names if _WINDOW.search(name)), key=_days)
    moved = [place[name] for name in windows or names[: len(names) == 1]]
    enough = tuple(position for position in moved if known[:, position].sum() >= _MIN_KNOWN)
    shown = place[value_feature(kpi.id, names)]
    if reach == 0 or shown not in enough:
        return None
    higher = kpi.better == "higher"
    quarter = _BETTER_QUARTER if higher else 1 - _BETTER_QUARTER
    aims = tuple(float(np.quantile(matrix[known[:, at], at], quarter)) for at in enough)
    trend = place.get(f"{kpi.id}__trend")
    ends = () if trend is None or len(windows) < 2 else (trend, place[windows[0]], place[windows[-1]])
    return _Lever(kpi.id, higher, reach, shown, enough, aims, ends)


def _days(feature: str, /) -> int:
    found = _WINDOW.search(feature)
    return int(found[1]) if found else 0
