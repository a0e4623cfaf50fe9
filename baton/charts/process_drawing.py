"""The way of a case as a drawing: steps in a column, arrows down at their side, arrows back dashed at the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from baton.charts.drawing import Pen, element
from baton.wording.wording import Bilingual, number, say

__all__ = ["MapArrow", "MapStep", "process_drawings"]

_THICKEST, _THINNEST = 11.0, 1.2


@dataclass(frozen=True)
class MapStep:
    """A step: its name, its wait in words, and its waiting as a share of the worst step's."""

    name: Bilingual
    wait: Bilingual
    waiting: float


@dataclass(frozen=True)
class MapArrow:
    """How many times cases go from one place to another; 0 is the opening, one more than the steps the closing."""

    start: int
    stop: int
    transitions: int


@dataclass(frozen=True)
class _Layout:
    """Steps from left to right on wide screens, from top to bottom on narrow ones."""

    name: str
    wide: bool
    places: int
    returns: bool

    @property
    def stripes(self) -> str:
        return f"stripes-{self.name}-{'wide' if self.wide else 'narrow'}"

    @property
    def middle(self) -> float:
        """Where the steps stand, across the way."""
        return 150.0 if self.wide else 118.0

    @property
    def pitch(self) -> float:
        return 760.0 / self.places if self.wide else 84.0

    @property
    def size(self) -> tuple[float, float]:
        return (760.0, 330.0 if self.returns else 214.0) if self.wide else (340.0, self.pitch * self.places)

    def along(self, place: float, /) -> float:
        return (place + 0.5) * self.pitch

    def point(self, along: float, aside: float, /) -> tuple[float, float]:
        """Return x and y of a place along the way, and so far aside from it."""
        return (along, self.middle + aside) if self.wide else (self.middle + aside, along)


def process_drawings(
    name: str, steps: Sequence[MapStep], arrows: Sequence[MapArrow], pen: Pen, /
) -> tuple[Markup, ...]:
    """Draw a process twice: from left to right, and from top to bottom.

    Parameters
    ----------
    name : str
        By which the drawing's own pattern is known on the page.
    steps : sequence of MapStep
        In the order in which cases meet them.
    arrows : sequence of MapArrow
    """
    back = any(arrow.stop < arrow.start for arrow in arrows)
    return tuple(_drawing(_Layout(name, wide, len(steps) + 2, back), steps, arrows, pen) for wide in (True, False))


def _drawing(layout: _Layout, steps: Sequence[MapStep], arrows: Sequence[MapArrow], pen: Pen, /) -> Markup:
    maximum = max((arrow.transitions for arrow in arrows), default=1)
    parts = [_stripes(layout.stripes)]
    for arrow in sorted(arrows, key=lambda arrow: arrow.transitions):
        parts += _arrow(layout, arrow, max(arrow.transitions / maximum * _THICKEST, _THINNEST), pen)
    worst = max((step.waiting for step in steps), default=0.0)
    for place, text in ((0, say("process.open")), (layout.places - 1, say("process.done"))):
        x, y = layout.point(layout.along(place), 0)
        parts.append(element("circle", cx=x, cy=y, r=7, fill="#16202b"))
        below = (x, y + 22, "middle") if layout.wide else (x + 14, y + 4, "start")
        parts.append(pen.write(text, below[0], below[1], anchor=below[2], style="label"))
    for place, step in enumerate(steps, 1):
        parts += _step(layout, place, step, step.waiting > 0 and step.waiting == worst, pen)
    return pen.drawing(*layout.size, "wide" if layout.wide else "narrow", *parts)


def _step(layout: _Layout, place: int, step: MapStep, worst: bool, pen: Pen, /) -> list[Markup]:
    x, y = layout.point(layout.along(place), 0)
    wide = min(layout.pitch - 14, 96) if layout.wide else 116
    box = element(
        "rect",
        x=x - wide / 2,
        y=y - 22,
        width=wide,
        height=44,
        rx=5,
        fill="#ffffff",
        stroke="#16202b",
        stroke_width=1.4,
    )
    room = wide if layout.wide else 90
    left, top = (x - wide / 2, y + 27) if layout.wide else (x + wide / 2 + 8, y + 4)
    bar = element(
        "rect",
        x=left,
        y=top,
        width=max(step.waiting * room, 0.5),
        height=9,
        fill=f"url(#{layout.stripes})" if worst else "#6f7f90",
        stroke="#b8430a" if worst else "#6f7f90",
    )
    wait_at = (x, y + 52, "middle") if layout.wide else (left, y - 6, "start")
    return [
        box,
        pen.write(step.name, x, y + 4, anchor="middle", style="label", width=wide - 4),
        bar,
        pen.write(
            step.wait,
            wait_at[0],
            wait_at[1],
            anchor=wait_at[2],
            style="value",
            width=layout.pitch if layout.wide else 0,
        ),
    ]


def _arrow(layout: _Layout, arrow: MapArrow, thick: float, pen: Pen, /) -> list[Markup]:
    """Draw straight to the next place, in an arc over places that are left out, dashed at the other side when back."""
    back = arrow.stop < arrow.start
    way = 1 if arrow.stop > arrow.start else -1
    near = abs(arrow.stop - arrow.start) == 1 and not back
    start, stop = layout.along(arrow.start), layout.along(arrow.stop)
    half = min(layout.pitch - 14, 96) / 2 if layout.wide else 22.0
    bend = edge = 0.0
    if near:
        rim = [half if 0 < place < layout.places - 1 else 7.0 for place in (arrow.start, arrow.stop)]
        ends = (layout.point(start + rim[0], 0), layout.point(stop - rim[1] - 7, 0))
        line = f"M{ends[0][0]:.1f} {ends[0][1]:.1f}L{ends[1][0]:.1f} {ends[1][1]:.1f}"
        tip = layout.point(stop - rim[1], 0)
    else:
        rise = min(24 + 15 * abs(arrow.stop - arrow.start), 112)
        side = 1 if back else -1
        inner = (78 if back else 24) if layout.wide else 60
        edge = side * inner
        bend = side * (inner + rise) if layout.wide else side * min(inner + rise, 140)
        a, b, c, d = (
            layout.point(start + way * 6, edge),
            layout.point(start + way * 6, bend),
            layout.point(stop - way * 6, bend),
            layout.point(stop - way * 6, edge + side * 7),
        )
        line = f"M{a[0]:.1f} {a[1]:.1f}C{b[0]:.1f} {b[1]:.1f} {c[0]:.1f} {c[1]:.1f} {d[0]:.1f} {d[1]:.1f}"
        tip = layout.point(stop - way * 6, edge)
    colour = "#b8430a" if back else "#4d7ea8"
    path = element(
        "path",
        d=line,
        fill="none",
        stroke=colour,
        stroke_width=round(thick, 1),
        stroke_opacity="0.75",
        stroke_dasharray="6 4" if back else None,
    )
    parts = [path, _tip(layout, tip, near, back, colour)]
    if back:
        outermost = 0.25 * edge + 0.75 * bend  # of the curve, at half of the way
        beside = (arrow.start - arrow.stop) % 2 == 1  # else a step's own words stand there
        aside = outermost + (15 if layout.wide else 6) if layout.wide or beside else layout.size[0] - layout.middle
        where = layout.point((start + stop) / 2 + (0 if layout.wide else 12), aside)
        anchor = "middle" if layout.wide else "start" if beside else "end"
        parts.append(pen.write(say("process.back", n=number(arrow.transitions)), *where, anchor=anchor, style="tick"))
    return parts


def _tip(layout: _Layout, tip: tuple[float, float], near: bool, back: bool, colour: str, /) -> Markup:
    x, y = tip
    along = (1.0, 0.0) if near else ((0.0, -1.0) if back else (0.0, 1.0))
    if not layout.wide:
        along = (along[1], along[0])
    u, v = along
    points = [(x, y), (x - 9 * u + 6 * v, y - 9 * v - 6 * u), (x - 9 * u - 6 * v, y - 9 * v + 6 * u)]
    return element("polygon", points=" ".join(f"{px:.1f},{py:.1f}" for px, py in points), fill=colour)


def _stripes(name: str, /) -> Markup:
    """A pattern that marks the worst step without its colour."""
    pattern = element(
        "pattern",
        element("rect", width=6, height=6, fill="#ffffff"),
        element("rect", width=3, height=6, fill="#b8430a"),
        id=name,
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return element("defs", pattern)
