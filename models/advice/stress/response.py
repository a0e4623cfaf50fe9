"""How people answer to a scorecard: the prior that ships, with ranges."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Range", "Response", "shipped"]

Range = tuple[float, float]


@dataclass(frozen=True)
class Response:
    """How people answer to points; ranges are drawn from evenly.

    Parameters
    ----------
    version : int
        Of the file.
    sd_per_point : (float, float)
        Between-person standard deviations that one more point moves a fully controllable KPI by.
    half_at : (float, float)
        Points on one KPI at which one more moves people half as much as the first did.
    uneven : (float, float)
        By how much of that people answer to one KPI rather than another.
    from_unpaid : (float, float)
        Share of the effort added on balance that comes from what the card does not pay.
    recorded_share, recorded_other : (float, float)
        Share of the answer that changes the record alone, for KPIs that are shares and for all others.
    corners : (float, float)
        What one standard deviation of answer to a duration or cost takes off each KPI that it leads to.
    picked : (float, float)
        Share of points on ratings that is answered by choosing whom to ask.
    passed_on : (float, float)
        Share of the answer that is earned by passing hard cases on.
    shown_by : tuple of str
        KPIs that count cases passed on.
    """

    version: int
    sd_per_point: Range
    half_at: Range
    uneven: Range
    from_unpaid: Range
    recorded_share: Range
    recorded_other: Range
    corners: Range
    picked: Range
    passed_on: Range
    shown_by: tuple[str, ...]


@cache
def shipped() -> Response:
    """Return the prior of ``response.toml``.

    Examples
    --------
    >>> shipped().version, shipped().sd_per_point
    (1, (0.0, 0.05))
    """
    given = tomllib.loads(Path(__file__).with_name("response.toml").read_text("utf-8"))

    def between(section: str, name: str) -> Range:
        low, high = given[section][name]
        return float(low), float(high)

    return Response(
        version=int(given["version"]),
        sd_per_point=between("answer", "sd_per_point"),
        half_at=between("answer", "half_at"),
        uneven=between("answer", "uneven"),
        from_unpaid=between("effort", "from_unpaid"),
        recorded_share=between("record", "share"),
        recorded_other=between("record", "other"),
        corners=between("corners", "taken"),
        picked=between("ratings", "picked"),
        passed_on=between("hard_cases", "passed_on"),
        shown_by=tuple(given["hard_cases"]["shown_by"]),
    )
