"""Charts with two axes: how true the predictions were, and how risk is spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from baton.charts.charts import Bar, digits_for, twice
from baton.charts.drawing import Pen, Scale, element, nice_ticks
from baton.wording.wording import Bilingual, number, percent

__all__ = ["Plane", "Point", "calibration", "columns"]


@dataclass(frozen=True)
class Point:
    """A point of a plot with two axes; its interval runs upwards."""

    label: Bilingual
    x: float
    y: float
    low: float
    high: float
    tone: str = "plain"


@dataclass(frozen=True)
class Plane:
    """The room of a plot: its size, and what its edges leave for names and ticks."""

    width: float
    height: float
    left: float = 58.0
    right: float = 14.0
    top: float = 14.0
    bottom: float = 54.0

    def across(self, low: float, high: float, /) -> Scale:
        """Return the scale from left to right."""
        return Scale(low, high, self.left, self.width - self.right)

    def up(self, low: float, high: float, /) -> Scale:
        """Return the scale from bottom to top."""
        return Scale(low, high, self.height - self.bottom, self.top)

    def names(self, pen: Pen, across: Bilingual, up: Bilingual, /) -> list[Markup]:
        """Return the axes' names."""
        middle = (self.left + self.width - self.right) / 2
        turned = pen.write(up, -(self.height - self.bottom + self.top) / 2, 20, anchor="middle", style="axis")
        return [
            pen.write(across, middle, self.height - 12, anchor="middle", style="axis"),
            element("g", turned, transform="rotate(-90)"),
        ]


def calibration(
    points: Sequence[Point], pen: Pen, across: Bilingual, up: Bilingual, /, *, shares: bool = True
) -> tuple[Markup, ...]:
    """Draw what came true against what was said; on the diagonal, both agree.

    Parameters
    ----------
    points : sequence of Point
        ``x`` is what was said, ``y`` what came true, with its interval; labels are not drawn.
    shares : bool
        Whether both are shares of one; else numbers of any size.
    """
    highest = max(max(point.high, point.x) for point in points)
    lowest = 0.0 if shares else min(min(point.low, point.x) for point in points)
    ticks = [tick for tick in nice_ticks(lowest, highest, 4) if not shares or tick <= 1]

    def shown(tick: float) -> Bilingual:
        return percent(tick) if shares else number(tick, digits_for(ticks))

    def draw(wide: bool) -> Markup:
        plane = Plane(*((560.0, 400.0) if wide else (340.0, 320.0)))
        bottom, top = min(ticks[0], lowest), max(ticks[-1], highest)
        x, y = plane.across(bottom, top), plane.up(bottom, top)
        parts = plane.names(pen, across, up)
        for tick in ticks:
            parts.append(
                element("line", x1=plane.left, x2=plane.width - plane.right, y1=y(tick), y2=y(tick), class_="grid")
            )
            parts.append(pen.write(shown(tick), plane.left - 8, y(tick) + 4, anchor="end", style="tick"))
            parts.append(
                pen.write(shown(tick), x(tick), plane.height - plane.bottom + 18, anchor="middle", style="tick")
            )
        parts.append(element("line", x1=x(bottom), y1=y(bottom), x2=x(top), y2=y(top), class_="diagonal"))
        for point in points:
            place = x(point.x)
            if point.high > point.low:
                parts.append(
                    element("line", x1=place, x2=place, y1=y(point.low), y2=y(point.high), class_="whisker good")
                )
            parts.append(element("circle", cx=place, cy=y(point.y), r=5, class_="mark good"))
        return pen.drawing(plane.width, plane.height, "wide" if wide else "narrow", *parts)

    return twice(draw)


def columns(rows: Sequence[Bar], pen: Pen, across: Bilingual, up: Bilingual, /) -> tuple[Markup, ...]:
    """Draw amounts as columns side by side, their number above each."""
    high = max((row.value for row in rows), default=0.0) or 1.0

    def draw(wide: bool) -> Markup:
        plane = Plane(*((560.0, 320.0) if wide else (340.0, 280.0)), left=64.0, top=24.0)
        ticks = nice_ticks(0, high, 4)
        y = plane.up(0, ticks[-1])
        step = (plane.width - plane.left - plane.right) / len(rows)
        parts = plane.names(pen, across, up)
        for tick in ticks:
            parts.append(
                element("line", x1=plane.left, x2=plane.width - plane.right, y1=y(tick), y2=y(tick), class_="grid")
            )
            parts.append(
                pen.write(number(tick, digits_for(ticks)), plane.left - 8, y(tick) + 4, anchor="end", style="tick")
            )
        for index, row in enumerate(rows):
            left = plane.left + index * step
            parts.append(
                element(
                    "rect",
                    x=left + step * 0.12,
                    y=y(row.value),
                    width=step * 0.76,
                    height=max(y(0) - y(row.value), 0.5),
                    class_=f"bar {row.tone}",
                )
            )
            parts.append(
                pen.write(row.label, left + step / 2, plane.height - plane.bottom + 18, anchor="middle", style="tick")
            )
            parts.append(pen.write(row.shown, left + step / 2, y(row.value) - 6, anchor="middle", style="value"))
        return pen.drawing(plane.width, plane.height, "wide" if wide else "narrow", *parts)

    return twice(draw)
