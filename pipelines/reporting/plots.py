"""Charts with two axes: how true the predictions were, how risk is spread, and what is paid for beside what works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.reporting.charts import Bar, digits_for, twice
from pipelines.reporting.drawing import Pen, Scale, element, nice_ticks
from pipelines.reporting.wording import Bilingual, number, percent

__all__ = ["Point", "calibration", "columns", "quadrant"]


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
class _Plane:
    width: float
    height: float
    left: float = 58.0
    right: float = 14.0
    top: float = 14.0
    bottom: float = 54.0

    def across(self, low: float, high: float, /) -> Scale:
        return Scale(low, high, self.left, self.width - self.right)

    def up(self, low: float, high: float, /) -> Scale:
        return Scale(low, high, self.height - self.bottom, self.top)

    def names(self, pen: Pen, across: Bilingual, up: Bilingual, /) -> list[Markup]:
        middle = (self.left + self.width - self.right) / 2
        turned = pen.write(up, -(self.height - self.bottom + self.top) / 2, 14, anchor="middle", style="axis")
        return [
            pen.write(across, middle, self.height - 12, anchor="middle", style="axis"),
            element("g", turned, transform="rotate(-90)"),
        ]


def calibration(points: Sequence[Point], pen: Pen, across: Bilingual, up: Bilingual, /) -> tuple[Markup, ...]:
    """Draw what came true against what was said; on the diagonal, both agree.

    Parameters
    ----------
    points : sequence of Point
        ``x`` is the share that was said, ``y`` the share that came true, with its interval; labels are not drawn.
    """
    highest = max(max(point.high, point.x) for point in points)
    ticks = nice_ticks(0, highest, 4)
    ticks = [tick for tick in ticks if tick <= 1]

    def draw(wide: bool) -> Markup:
        plane = _Plane(*((560.0, 400.0) if wide else (340.0, 320.0)))
        top = max(ticks[-1], highest)
        x, y = plane.across(0, top), plane.up(0, top)
        parts = plane.names(pen, across, up)
        for tick in ticks:
            parts.append(
                element("line", x1=plane.left, x2=plane.width - plane.right, y1=y(tick), y2=y(tick), class_="grid")
            )
            parts.append(pen.write(percent(tick), plane.left - 8, y(tick) + 4, anchor="end", style="tick"))
            parts.append(
                pen.write(percent(tick), x(tick), plane.height - plane.bottom + 18, anchor="middle", style="tick")
            )
        parts.append(element("line", x1=x(0), y1=y(0), x2=x(top), y2=y(top), class_="diagonal"))
        for point in points:
            place = x(point.x)
            parts.append(element("line", x1=place, x2=place, y1=y(point.low), y2=y(point.high), class_="whisker good"))
            parts.append(element("circle", cx=place, cy=y(point.y), r=5, class_="mark good"))
        return pen.drawing(plane.width, plane.height, "wide" if wide else "narrow", *parts)

    return twice(draw)


def columns(rows: Sequence[Bar], pen: Pen, across: Bilingual, up: Bilingual, /) -> tuple[Markup, ...]:
    """Draw amounts as columns side by side, their number above each."""
    high = max((row.value for row in rows), default=0.0) or 1.0

    def draw(wide: bool) -> Markup:
        plane = _Plane(*((560.0, 320.0) if wide else (340.0, 280.0)), left=64.0, top=24.0)
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


def quadrant(
    points: Sequence[Point], pen: Pen, across: Bilingual, up: Bilingual, corners: Sequence[Bilingual], /
) -> tuple[Markup, ...]:
    """Draw points over two axes, split at zero upwards; points are numbered where names have no room.

    Parameters
    ----------
    corners : sequence of Bilingual
        What the corners mean: top left, top right, bottom right.
    """
    low, high = min(0.0, *(point.low for point in points)), max(0.0, *(point.high for point in points))
    most = max((point.x for point in points), default=0.0)

    def draw(wide: bool) -> Markup:
        plane = _Plane(*((640.0, 440.0) if wide else (340.0, 400.0)))
        ups, acrosses = nice_ticks(low, high, 5), [tick for tick in nice_ticks(0, max(most, 10), 5) if tick >= 0]
        x, y = plane.across(-0.06 * acrosses[-1], acrosses[-1] * 1.04), plane.up(ups[0], ups[-1])
        parts = [
            element(
                "rect",
                x=plane.left,
                y=y(ups[-1]),
                width=plane.width - plane.right - plane.left,
                height=y(0) - y(ups[-1]),
                class_="field good",
            ),
            element(
                "rect",
                x=plane.left,
                y=y(0),
                width=plane.width - plane.right - plane.left,
                height=y(ups[0]) - y(0),
                class_="field bad",
            ),
            *plane.names(pen, across, up),
        ]
        for tick in ups:
            parts.append(
                element(
                    "line",
                    x1=plane.left,
                    x2=plane.width - plane.right,
                    y1=y(tick),
                    y2=y(tick),
                    class_="zero" if tick == 0 else "grid",
                )
            )
            parts.append(
                pen.write(number(tick, digits_for(ups)), plane.left - 8, y(tick) + 4, anchor="end", style="tick")
            )
        for tick in acrosses:
            parts.append(
                pen.write(
                    number(tick, digits_for(acrosses)),
                    x(tick),
                    plane.height - plane.bottom + 18,
                    anchor="middle",
                    style="tick",
                )
            )
        parts.append(pen.write(corners[0], plane.left + 6, plane.top + 14, style="corner", width=140))
        parts.append(
            pen.write(
                corners[1], plane.width - plane.right - 6, plane.top + 14, anchor="end", style="corner", width=140
            )
        )
        parts.append(
            pen.write(
                corners[2],
                plane.width - plane.right - 6,
                plane.height - plane.bottom - 8,
                anchor="end",
                style="corner",
                width=180,
            )
        )
        parts += _placed(points, pen, x, y, plane.width - plane.right, wide)
        return pen.drawing(plane.width, plane.height, "wide" if wide else "narrow", *parts)

    return twice(draw)


def _placed(points: Sequence[Point], pen: Pen, x: Scale, y: Scale, edge: float, wide: bool, /) -> list[Markup]:
    """Points with their numbers, shifted sideways where they would hide each other."""
    parts, taken = [], list[tuple[float, float]]()
    for index, point in enumerate(points, start=1):
        place, height = x(point.x), y(point.y)
        while any(abs(place - other) < 22 and abs(height - above) < 22 for other, above in taken) and place < edge - 16:
            place += 6
        taken.append((place, height))
        parts.append(
            element("line", x1=place, x2=place, y1=y(point.low), y2=y(point.high), class_=f"whisker {point.tone}")
        )
        parts.append(element("circle", cx=place, cy=height, r=10, class_=f"disc {point.tone}"))
        parts.append(pen.write(number(index), place, height + 4, anchor="middle", style="inside"))
    return parts
