"""``[[policy.prior]]``: what experts judge of a role's KPIs, in pairs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from baton.experts.ahp import MAX_INCONSISTENCY, MAX_JUDGED, consistency_ratio, weights_of, worst_triad
from baton.section import Section

__all__ = ["Prior"]

_SCALE = 9.0
_NEARLY = 0.01
_FRACTION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*")
_EXAMPLE = 'write "one_kpi > other_kpi" = 3 where the first matters three times as much'


class Prior(Section):
    """One ``[[policy.prior]]``: how experts weigh the KPIs of a role, by comparing them in pairs.

    Parameters
    ----------
    role : str
        Whose card; empty: every role without judgements of its own.
    doubt : float
        How far an expert weight may be off, as a share of itself (one standard deviation).
    judgements : dict of str to float or str
        ``"a > b" = 3``: a matters three times as much as b (Saaty's scale, 1/9 to 9; ``"1/3"`` is a number too).
    """

    role: str = ""
    doubt: Annotated[float, Field(gt=0, le=2)] = 0.5
    judgements: dict[str, float | str]

    @property
    def kpis(self) -> tuple[str, ...]:
        """What is compared, in the order of the file."""
        return tuple(dict.fromkeys(kpi for pair in _pairs(self.judgements) for kpi in pair))

    @property
    def weights(self) -> dict[str, float]:
        """What the judgements amount to: shares that sum to 1."""
        return dict(zip(self.kpis, map(float, weights_of(self._matrix())), strict=True))

    @property
    def consistency(self) -> float:
        """Saaty's consistency ratio; 0 where no judgement contradicts another."""
        return consistency_ratio(self._matrix())

    @model_validator(mode="after")
    def _sound(self) -> Prior:
        kpis, pairs = self.kpis, _pairs(self.judgements)
        if len(kpis) < 2:
            raise ValueError(f"judgements: compare two KPIs or more; {_EXAMPLE}")
        if len(kpis) > MAX_JUDGED:
            raise ValueError(f"judgements: {len(kpis)} KPIs are compared; at most {MAX_JUDGED} can be, leave some out")
        for (one, two), times in pairs.items():
            back = pairs.get((two, one))
            if back is not None and abs(times * back - 1) > _NEARLY:
                raise ValueError(
                    f'judgements: "{one} > {two}" is {times:g} and "{two} > {one}" is {back:g}; one must be 1 over the '
                    "other: leave one out"
                )
        missing = [f'"{one} > {two}"' for one, two in combinations(kpis, 2) if not {(one, two), (two, one)} & {*pairs}]
        if missing:
            raise ValueError(f"judgements: {', '.join(missing)} is missing; every pair of KPIs needs a judgement")
        if self.consistency > MAX_INCONSISTENCY:
            raise ValueError(self._contradiction())
        return self

    def _matrix(self) -> NDArray[np.float64]:
        place = {kpi: at for at, kpi in enumerate(self.kpis)}
        matrix = np.eye(len(place))
        for (one, two), times in _pairs(self.judgements).items():
            matrix[place[one], place[two]] = times
            matrix[place[two], place[one]] = 1 / times
        return matrix

    def _contradiction(self) -> str:
        matrix = self._matrix()
        at = worst_triad(matrix)
        one, two, three = (self.kpis[each] for each in at)
        first, second, direct = matrix[at[0], at[1]], matrix[at[1], at[2]], matrix[at[0], at[2]]
        return (
            f"judgements contradict each other (consistency ratio {self.consistency:.2f}, at most "
            f'{MAX_INCONSISTENCY:.2f} is accepted), most in three: "{one} > {two}" is {_times(first)} and '
            f'"{two} > {three}" is {_times(second)}, so "{one} > {three}" should be near {_times(first * second)}, not '
            f"{_times(direct)}"
        )


def _times(value: float, /) -> str:
    return f"{value:.3g}" if value >= 1 else f"1/{1 / value:.3g}"


def _pairs(judgements: Mapping[str, float | str], /) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for text, given in judgements.items():
        names = [name.strip() for name in text.split(">")]
        if len(names) != 2 or not all(names):
            raise ValueError(f"judgements: {text!r} names no two KPIs; {_EXAMPLE}")
        if names[0] == names[1]:
            raise ValueError(f"judgements: {text!r} compares a KPI with itself; leave it out")
        found[names[0], names[1]] = _number(text, given)
    return found


def _number(text: str, given: float | str, /) -> float:
    times = float("nan")
    if isinstance(given, str):
        fraction = _FRACTION.fullmatch(given)
        if fraction is not None and float(fraction.group(2)):
            times = float(fraction.group(1)) / float(fraction.group(2))
    else:
        times = float(given)
    if not (1 / _SCALE) * (1 - _NEARLY) <= times <= _SCALE * (1 + _NEARLY):
        raise ValueError(f'judgements: "{text}" is {given!r}; give a number from 1/9 to 9, such as 3 or "1/3"')
    return times
