"""A pilot's months as a small line: how far teams with the change lie from what they would have been without it."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from baton.charts.drawing import Scale, element

__all__ = ["event_line"]

_WIDTH, _HEIGHT, _EDGE = 260, 62, 6


def event_line(gaps: Mapping[int, float], /) -> Markup:
    """Draw gaps by months since the beginning; the dashed lines are no gap, and the beginning.

    Parameters
    ----------
    gaps : mapping of int to float
        Below 0 the months before, in which there should be no gap.

    Examples
    --------
    >>> event_line({-1: 0.0, 0: 0.5, 1: 0.7}).count("<circle")
    3
    >>> event_line({})
    Markup('')
    """
    if not gaps:
        return Markup("")
    lags = sorted(gaps)
    low, high = min(0.0, *gaps.values()), max(0.0, *gaps.values())
    x = Scale(lags[0], max(lags[-1], lags[0] + 1), _EDGE, _WIDTH - _EDGE)
    y = Scale(low, high if high > low else low + 1, _HEIGHT - _EDGE, _EDGE)
    line = " ".join(f"{x(lag):.1f},{y(gaps[lag]):.1f}" for lag in lags)
    parts = [
        element("line", x1=_EDGE, x2=_WIDTH - _EDGE, y1=y(0.0), y2=y(0.0), class_="line usual"),
        element("polyline", points=line, class_="line own"),
        *(element("circle", cx=x(lag), cy=y(gaps[lag]), r=2.5, class_="end-dot") for lag in lags),
    ]
    if lags[0] < 0 <= lags[-1]:
        start = x(-0.5)
        parts.insert(1, element("line", x1=start, x2=start, y1=_EDGE, y2=_HEIGHT - _EDGE, class_="line usual"))
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    return element("svg", *parts, class_="spark", viewBox=box, aria_hidden="true", focusable="false")
