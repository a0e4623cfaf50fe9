"""Small pictures: a figure's months as a line, and a week's hours as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from baton.charts.charts import twice
from baton.charts.drawing import Pen, Scale, element
from baton.wording.wording import Bilingual, verbatim

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["beside_line", "heat_map", "month_line"]

_EVERY_HOURS = {True: 2, False: 6}  # ticks on wide and on narrow screens


def month_line(months: pd.DataFrame, /) -> Markup:
    """Draw a figure's months; incomplete months are dotted, and a month without value is a gap.

    Parameters
    ----------
    months : pandas.DataFrame
        ``group`` (such as 2026-05, in order), ``value``, ``partial``.
    """
    numbers = [12 * int(str(month)[:4]) + int(str(month)[5:]) for month in months["group"]]
    values = [float(value) for value in months["value"]]
    known = [value for value in values if value == value]
    low, high = min(known), max(known)
    x = Scale(numbers[0], max(numbers[-1], numbers[0] + 1), 6, 254)
    y = Scale(low, high if high > low else low + 1, 54, 8)
    parts, before = [], None
    for number, value, partial in zip(numbers, values, months["partial"], strict=True):
        if value != value:
            before = None
            continue
        if before is not None and number == before[0] + 1:
            style = "line usual" if partial or before[2] else "line own"
            parts.append(element("line", x1=x(before[0]), y1=y(before[1]), x2=x(number), y2=y(value), class_=style))
        elif before is not None or number == numbers[0]:
            parts.append(element("circle", cx=x(number), cy=y(value), r=1.6, class_="end-dot"))
        before = (number, value, bool(partial))
    if before is not None:
        parts.append(element("circle", cx=x(before[0]), cy=y(before[1]), r=3.5, class_="end-dot"))
    return element("svg", *parts, class_="spark", viewBox="0 0 260 62", aria_hidden="true", focusable="false")


def beside_line(own: Sequence[float], others: Sequence[float], /) -> Markup:
    """Draw months as a line, beside those of others.

    Parameters
    ----------
    own, others : sequence of float
        Of the same months; NaN where nothing is known.
    """
    known = [value for value in (*own, *others) if value == value]
    low, high = min(known), max(known)
    x, y = Scale(0, max(len(own) - 1, 1), 4, 196), Scale(low, high if high > low else low + 1, 50, 6)
    paths = []
    for values, style in ((others, "usual"), (own, "own")):
        points = [f"{x(index):.1f},{y(value):.1f}" for index, value in enumerate(values) if value == value]
        paths.append(element("polyline", points=" ".join(points), class_=f"line {style}"))
    last = max((index for index, value in enumerate(own) if value == value), default=None)
    if last is not None:
        paths.append(element("circle", cx=x(last), cy=y(own[last]), r=3.5, class_="end-dot"))
    return element("svg", *paths, class_="spark", viewBox="0 0 200 56", aria_hidden="true", focusable="false")


def heat_map(
    names: Sequence[Bilingual], grid: Sequence[Sequence[float]], pen: Pen, axis: Bilingual, /
) -> tuple[Markup, ...]:
    """Draw numbers as shades: a row per name, a column per hour.

    Parameters
    ----------
    grid : sequence of sequence of float
        Per name, the values of 24 hours; nothing is below zero.
    """
    highest = max((value for row in grid for value in row), default=0.0) or 1.0

    def draw(wide: bool) -> Markup:
        width, height, left = (640.0, 24.0, 52.0) if wide else (340.0, 20.0, 40.0)
        cell = (width - left - 4) / 24
        parts = []
        for row, (name, values) in enumerate(zip(names, grid, strict=True)):
            y = 6 + row * height
            parts.append(pen.write(name, left - 8, y + height / 2 + 4, anchor="end", style="tick"))
            for hour, value in enumerate(values):
                place = {"x": left + hour * cell, "y": y, "width": cell - 1, "height": height - 1}
                parts.append(element("rect", **place, class_="track"))  # type: ignore[arg-type]
                if value > 0:
                    shade = round(0.08 + 0.92 * value / highest, 2)
                    parts.append(element("rect", **place, class_="bar", fill_opacity=f"{shade:g}"))  # type: ignore[arg-type]
        bottom = 6 + len(names) * height
        for hour in range(0, 24, _EVERY_HOURS[wide]):
            middle = left + (hour + 0.5) * cell
            parts.append(pen.write(verbatim(f"{hour:02d}"), middle, bottom + 16, anchor="middle", style="tick"))
        parts.append(pen.write(axis, (left + width) / 2, bottom + 36, anchor="middle", style="axis"))
        return pen.drawing(width, bottom + 44, "wide" if wide else "narrow", *parts)

    return twice(draw)
