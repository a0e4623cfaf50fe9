"""Funnel plots as SVG: teams' values against their volume, with the 95 % and 99.8 % limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup, escape

from baton.charts.drawing import Scale, element, nice_ticks
from baton.wording.wording import number, percent

if TYPE_CHECKING:
    from models.advice.diagnosis.funnel import Funnel

__all__ = ["funnel_chart"]

_WIDTH, _HEIGHT = 620, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 600, 14, 226
_POINTS = 60


def funnel_chart(found: Funnel, names: Mapping[str, str], unit: str, /) -> Markup:
    """Draw one KPI's teams; those outside the limits are named.

    Parameters
    ----------
    names : mapping of str to str
        Of teams, by id.
    unit : str
        Of the KPI's values.

    Returns
    -------
    Markup
        One SVG without words but the teams' names.
    """
    from models.advice.diagnosis.funnel import LEVELS

    sizes = found.teams["n"].to_numpy(dtype=float)
    at = np.geomspace(sizes.min() * 0.8, sizes.max() * 1.05, _POINTS)
    inner, outer = (found.limits(at, quantile) for quantile in LEVELS)
    values = found.teams["value"].to_numpy(dtype=float)
    x = Scale(float(at[0]), float(at[-1]), _LEFT, _RIGHT)
    y = Scale(float(min(values.min(), outer[0].min())), float(max(values.max(), outer[1].max())), _BOTTOM, _TOP)
    parts = [*_axes(x, y, unit), element("line", x1=_LEFT, x2=_RIGHT, y1=y(found.centre), y2=y(found.centre),
                                         class_="zero")]  # fmt: skip
    for ends, style in ((outer, "divide"), (inner, "diagonal")):
        for limit in ends:
            path = " ".join(f"{x(float(n)):.1f},{y(float(value)):.1f}" for n, value in zip(at, limit, strict=True))
            parts.append(element("polyline", points=path, fill="none", class_=style))
    for row in found.teams.to_dict("records"):
        place = {"cx": x(float(row["n"])), "cy": y(float(row["value"]))}
        parts.append(element("circle", **place, r=5, class_="disc bad" if row["outside"] else "disc"))
        if row["outside"]:
            name = escape(names.get(row["team_id"], row["team_id"]))
            parts.append(element("text", name, x=place["cx"] - 9, y=place["cy"] + 4, text_anchor="end", class_="label"))
    return element("svg", *parts, class_="chart", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", aria_hidden="true",
                   focusable="false")  # fmt: skip


def _axes(x: Scale, y: Scale, unit: str, /) -> list[Markup]:
    parts = []
    spread = y.high - y.low
    digits = max(0, int(np.ceil(-np.log10(spread)) + 1)) if spread > 0 else 0
    for value in nice_ticks(y.low, y.high, 4):
        if y.low <= value <= y.high:
            shown = percent(value, 1 if spread < 0.1 else 0) if unit == "share" else number(value, digits)
            parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=y(value), y2=y(value), class_="grid"))
            parts.append(element("text", shown.en, x=_LEFT - 8, y=y(value) + 4, text_anchor="end", class_="tick"))
    for value in nice_ticks(x.low, x.high, 5):
        if x.low <= value <= x.high:
            words = number(value).en
            parts.append(element("text", words, x=x(value), y=_BOTTOM + 20, text_anchor="middle", class_="tick"))
    return parts
