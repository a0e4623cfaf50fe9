"""Four fields of effect and standing: what to mend first, to keep up, to let be, and not to push."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from baton.charts.charts import digits_for, twice
from baton.charts.drawing import Pen, Scale, element, nice_ticks
from baton.charts.plots import Plane, Point
from baton.wording.wording import Bilingual, number, say

__all__ = ["four_fields"]

_DISC = 10.0
_FURTHEST = 3.0


def four_fields(points: Sequence[Point], pen: Pen, across: Bilingual, up: Bilingual, /) -> tuple[Markup, ...]:
    """Draw KPIs over how one stands in them (across) and what they do for the customer (upwards).

    Parameters
    ----------
    points : sequence of Point
        Numbered in their order, for a key beside the drawing; ``x`` in standard deviations, drawn up to three.
    across, up : Bilingual
        The axes' names with their units.
    """
    low, high = min(0.0, *(point.low for point in points)), max(0.0, *(point.high for point in points))
    reach = max(1.0, *(min(abs(point.x), _FURTHEST) for point in points))

    def draw(wide: bool) -> Markup:
        plane = Plane(*((640.0, 420.0) if wide else (340.0, 400.0)))
        left, right, floor = plane.left, plane.width - plane.right, plane.height - plane.bottom
        ups = nice_ticks(low, high, 5)
        y, x = plane.up(ups[0], ups[-1]), Scale(-reach, reach, left + 16, right - 16)
        parts = [
            _field(left, x(0), y(ups[-1]), y(0), "bad"),
            _field(x(0), right, y(ups[-1]), y(0), "good"),
            *plane.names(pen, across, up),
            element("line", x1=x(0), x2=x(0), y1=plane.top, y2=floor, class_="divide"),
        ]
        for tick in ups:
            style = "zero" if tick == 0 else "grid"
            parts.append(element("line", x1=left, x2=right, y1=y(tick), y2=y(tick), class_=style))
            parts.append(pen.write(number(tick, digits_for(ups)), left - 8, y(tick) + 4, anchor="end", style="tick"))
        half = (right - left) / 2 - 10
        corners = (
            ("fields.mend", left + 6, plane.top + 14, "start"),
            ("fields.keep", right - 6, plane.top + 14, "end"),
            ("fields.leave", left + 6, floor - 8, "start"),
            ("fields.stop", right - 6, floor - 8, "end"),
        )
        for key, place, height, anchor in corners:
            parts.append(pen.write(say(key), place, height, anchor=anchor, style="corner", width=half))
        parts.append(pen.write(say("fields.worse"), left, floor + 18, style="tick"))
        parts.append(pen.write(say("fields.better"), right, floor + 18, anchor="end", style="tick"))
        taken: list[tuple[float, float]] = []
        for index, point in enumerate(points, start=1):
            place, height = _free(x(point.x), y(point.y), taken, right - _DISC)
            taken.append((place, height))
            parts += [
                element("line", x1=place, x2=place, y1=y(point.low), y2=y(point.high), class_=f"whisker {point.tone}"),
                element("circle", cx=place, cy=height, r=_DISC, class_=f"disc {point.tone}"),
                pen.write(number(index), place, height + 4, anchor="middle", style="inside"),
            ]
        return pen.drawing(plane.width, plane.height, "wide" if wide else "narrow", *parts)

    return twice(draw)


def _free(x: float, y: float, taken: Sequence[tuple[float, float]], edge: float, /) -> tuple[float, float]:
    """Move a point aside where it would hide another."""
    while x < edge and any(abs(x - other) < 2 * _DISC and abs(y - above) < 2 * _DISC for other, above in taken):
        x += 4
    return x, y


def _field(left: float, right: float, top: float, bottom: float, tone: str, /) -> Markup:
    return element("rect", x=left, y=top, width=right - left, height=max(bottom - top, 0.0), class_=f"field {tone}")
