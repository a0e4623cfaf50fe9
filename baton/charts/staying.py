"""How many customers are still there by day: a line with what may come around it, large and small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from baton.charts.charts import twice
from baton.charts.drawing import Pen, Scale, element, nice_ticks
from baton.charts.plots import Plane
from baton.wording.wording import Bilingual, number, percent

__all__ = ["Staying", "small_staying", "staying_chart"]


@dataclass(frozen=True)
class Staying:
    """A day, and which share is still there by then; the ends are equal to it where none are known."""

    days: int
    share: float
    low: float
    high: float


def staying_chart(points: Sequence[Staying], pen: Pen, across: Bilingual, up: Bilingual, /) -> tuple[Markup, ...]:
    """Draw the shares from day 0 on, where all are there."""
    rows = [Staying(0, 1.0, 1.0, 1.0), *points]
    ticks = [tick for tick in nice_ticks(min(row.low for row in rows), 1.0, 4) if tick <= 1.0]

    def draw(wide: bool) -> Markup:
        plane = Plane(*((560.0, 320.0) if wide else (340.0, 280.0)), left=64.0)
        x, y = plane.across(0, rows[-1].days), plane.up(ticks[0], 1.0)
        parts = plane.names(pen, across, up)
        for tick in ticks:
            parts.append(
                element("line", x1=plane.left, x2=plane.width - plane.right, y1=y(tick), y2=y(tick), class_="grid")
            )
            parts.append(pen.write(percent(tick), plane.left - 8, y(tick) + 4, anchor="end", style="tick"))
        parts += _line(rows, x, y)
        shown = x(rows[-1].days) + 60
        for row in reversed(rows):  # from the right, as far as there is room
            if shown - x(row.days) >= 34:
                place = plane.height - plane.bottom + 18
                parts.append(pen.write(number(row.days), x(row.days), place, anchor="middle", style="tick"))
                shown = x(row.days)
        return pen.drawing(plane.width, plane.height, "wide" if wide else "narrow", *parts)

    return twice(draw)


def small_staying(points: Sequence[Staying], lowest: float, /) -> Markup:
    """Draw the shares in small; ``lowest`` is the foot of the scale, the same for pictures to be compared."""
    rows = [Staying(0, 1.0, 1.0, 1.0), *points]
    parts = _line(rows, Scale(0, rows[-1].days, 4, 256), Scale(min(lowest, 0.99), 1.0, 56, 6))
    return element("svg", *parts, class_="spark", viewBox="0 0 260 62", aria_hidden="true", focusable="false")


def _line(rows: Sequence[Staying], x: Scale, y: Scale, /) -> list[Markup]:
    upper = [f"{x(row.days):.1f},{y(row.high):.1f}" for row in rows]
    lower = [f"{x(row.days):.1f},{y(row.low):.1f}" for row in reversed(rows)]
    line = " ".join(f"{x(row.days):.1f},{y(row.share):.1f}" for row in rows)
    return [
        element("polygon", points=" ".join([*upper, *lower]), class_="band"),
        element("polyline", points=line, class_="line own"),
        *(element("circle", cx=x(row.days), cy=y(row.share), r=3.5, class_="end-dot") for row in rows[1:]),
    ]
