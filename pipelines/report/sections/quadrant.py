"""What the cards pay for beside what works: the picture of a baton that points the right or the wrong way."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from baton.charts.charts import digits_for, twice
from baton.charts.drawing import Pen, Scale, element, nice_ticks
from baton.charts.plots import Plane, Point
from baton.wording.wording import Bilingual, number

__all__ = ["quadrant"]

_UNPAID_POINTS = 0.05  # less than this on the average card is nothing
_STRIP_SHARE = 0.36
_DISC = 10.0


def quadrant(
    points: Sequence[Point], pen: Pen, across: Bilingual, up: Bilingual, words: Sequence[Bilingual], /
) -> tuple[Markup, ...]:
    """Draw points over what is paid (across) and what it does (upwards); what nobody pays for has a strip of its own.

    Parameters
    ----------
    points : sequence of Point
        Numbered in their order, for a key beside the drawing.
    across, up : Bilingual
        The axes' names with their units.
    words : sequence of Bilingual
        What stands above the strip, top right and bottom right.
    """
    paid = [point for point in points if point.x >= _UNPAID_POINTS]
    low, high = min(0.0, *(point.low for point in points)), max(0.0, *(point.high for point in points))
    maximum = max((point.x for point in paid), default=10.0)

    def draw(wide: bool) -> Markup:
        plane = Plane(*((640.0, 440.0) if wide else (340.0, 420.0)))
        edge, floor = plane.width - plane.right, plane.height - plane.bottom
        split = plane.left + _STRIP_SHARE * (edge - plane.left)
        ups, acrosses = (
            nice_ticks(low, high, 5),
            [tick for tick in nice_ticks(0, maximum, 4 if wide else 3) if tick >= 0],
        )
        y, x = plane.up(ups[0], ups[-1]), Scale(0, acrosses[-1], split + 14, edge - 14)
        parts = [
            _field(plane.left, edge, y(ups[-1]), y(0), "good"),
            _field(plane.left, edge, y(0), y(ups[0]), "bad"),
            *plane.names(pen, across, up),
            element("line", x1=split, x2=split, y1=plane.top, y2=floor, class_="divide"),
        ]
        for tick in ups:
            style = "zero" if tick == 0 else "grid"
            parts.append(element("line", x1=plane.left, x2=edge, y1=y(tick), y2=y(tick), class_=style))
            parts.append(
                pen.write(number(tick, digits_for(ups)), plane.left - 8, y(tick) + 4, anchor="end", style="tick")
            )
        for tick in acrosses:
            label = number(tick, digits_for(acrosses))
            parts.append(pen.write(label, x(tick), floor + 18, anchor="middle", style="tick"))
        middle = (plane.left + split) / 2
        room = split - plane.left - 8
        parts.append(pen.write(words[0], middle, plane.top + 18, anchor="middle", style="corner", width=room))
        parts.append(pen.write(words[1], edge - 6, plane.top + 14, anchor="end", style="corner"))
        parts.append(pen.write(words[2], edge - 6, floor - 8, anchor="end", style="corner"))
        places = _places(points, x, y, (plane.left, split), edge)
        for index, (point, place) in enumerate(zip(points, places, strict=True), start=1):
            parts += _disc(pen, index, point, place, y)
        return pen.drawing(plane.width, plane.height, "wide" if wide else "narrow", *parts)

    return twice(draw)


def _places(points: Sequence[Point], x: Scale, y: Scale, strip: tuple[float, float], edge: float, /) -> list[float]:
    """Where the points stand across: unpaid ones spread over the strip, others moved aside where they would hide."""
    unpaid = [index for index, point in enumerate(points) if point.x < _UNPAID_POINTS]
    step = (strip[1] - strip[0]) / (len(unpaid) + 1)
    places: list[float] = []
    for index, point in enumerate(points):
        if index in unpaid:
            places.append(strip[0] + step * (unpaid.index(index) + 1))
            continue
        place, height = x(point.x), y(point.y)
        near = [other for other, above in zip(places, points, strict=False) if abs(y(above.y) - height) < 2 * _DISC]
        while any(abs(place - other) < 2 * _DISC for other in near) and place < edge - _DISC:
            place += 4
        places.append(place)
    return places


def _field(left: float, right: float, top: float, bottom: float, tone: str, /) -> Markup:
    return element("rect", x=left, y=top, width=right - left, height=max(bottom - top, 0.0), class_=f"field {tone}")


def _disc(pen: Pen, index: int, point: Point, place: float, y: Scale, /) -> list[Markup]:
    return [
        element("line", x1=place, x2=place, y1=y(point.low), y2=y(point.high), class_=f"whisker {point.tone}"),
        element("circle", cx=place, cy=y(point.y), r=_DISC, class_=f"disc {point.tone}"),
        pen.write(number(index), place, y(point.y) + 4, anchor="middle", style="inside"),
    ]
