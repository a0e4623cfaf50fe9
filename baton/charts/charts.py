"""The page's charts: each drawn twice, for wide and for narrow screens, and given as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

from baton.charts.drawing import LETTERS, Pen, Scale, element, nice_ticks, text_width
from baton.wording.wording import Bilingual, number

__all__ = ["Bar", "Figure", "Frame", "Interval", "bars", "digits_for", "intervals", "twice"]

Tone = Literal["good", "bad", "unclear", "plain"]
_WIDE, _NARROW = 640.0, 340.0


@dataclass(frozen=True)
class Figure:
    """A chart with the words around it.

    Parameters
    ----------
    name : str
        Its anchor on the page.
    title : Bilingual
        What the chart shows, as a finding.
    note : Bilingual
        How to read it.
    drawings : tuple of Markup
        The wide and the narrow one.
    header : sequence of Bilingual
        The columns of the chart's table.
    rows : sequence of sequence of Bilingual
    alt : Bilingual, optional
        What is to be seen, for readers who hear the page, where the title does not say it.
    """

    name: str
    title: Bilingual
    note: Bilingual
    drawings: tuple[Markup, ...]
    header: Sequence[Bilingual] = ()
    rows: Sequence[Sequence[Bilingual]] = field(default_factory=tuple)
    alt: Bilingual | None = None


@dataclass(frozen=True)
class Interval:
    """A row of a chart of intervals: an estimate, what it may be, and how it is written."""

    label: Bilingual
    value: float
    low: float
    high: float
    shown: Bilingual
    tone: Tone = "plain"


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart."""

    label: Bilingual
    value: float
    shown: Bilingual
    tone: Tone = "plain"


@dataclass(frozen=True)
class Frame:
    """Places in a chart of rows: labels at the left of the plot on wide screens, above it on narrow ones.

    Parameters
    ----------
    rows : int
        How many there are.
    """

    wide: bool
    rows: int

    @property
    def width(self) -> float:
        """How wide the drawing is."""
        return _WIDE if self.wide else _NARROW

    @property
    def row_height(self) -> float:
        """How high a row is."""
        return 36.0 if self.wide else 46.0

    @property
    def left(self) -> float:
        """Where the plot begins."""
        return 216.0 if self.wide else 2.0

    @property
    def right(self) -> float:
        """Where the plot ends."""
        return self.width - (96.0 if self.wide else 12.0)

    @property
    def bottom(self) -> float:
        """Where the last row ends."""
        return 12 + self.rows * self.row_height

    def middle(self, index: int, /) -> float:
        """Return the height at which a row's marks stand."""
        return 12 + index * self.row_height + (self.row_height / 2 if self.wide else self.row_height * 0.68)

    def words(self, pen: Pen, index: int, label: Bilingual, shown: Bilingual, /) -> list[Markup]:
        """Return a row's label and its number."""
        y = self.middle(index) + 4 if self.wide else self.middle(index) - 15
        return [
            pen.write(
                label,
                self.left - 12 if self.wide else 0,
                y,
                anchor="end" if self.wide else "start",
                width=204 if self.wide else 230,
                style="label",
            ),
            pen.write(shown, self.width, y, anchor="end", style="value"),
        ]

    def axis(self, pen: Pen, scale: Scale, ticks: Sequence[float], title: Bilingual, drop: float, /) -> list[Markup]:
        """Return grid lines, ticks and the axis' name, so far below the last row."""
        parts, digits = [], digits_for(ticks)
        for tick in ticks:
            x = scale(tick)
            style = "zero" if tick == 0 else "grid"
            parts.append(element("line", x1=x, x2=x, y1=6, y2=self.bottom, class_=style))
            shown = number(tick, digits)
            half = text_width(str(shown.en), LETTERS) / 2
            within = min(max(x, half), self.width - half)  # the first and the last would hang over the edge
            parts.append(pen.write(shown, within, self.bottom + 16, anchor="middle", style="tick"))
        room = min(self.right - self.left + 170, self.width - 8)
        middle = min((self.left + self.right) / 2, self.width - room / 2)
        parts.append(pen.write(title, middle, self.bottom + drop, anchor="middle", style="axis", width=room))
        return parts


def twice(draw: Callable[[bool], Markup], /) -> tuple[Markup, ...]:
    """Return the wide and the narrow drawing."""
    return draw(True), draw(False)


def digits_for(ticks: Sequence[float], /) -> int:
    """Return how many decimals the ticks of an axis need."""
    return next((digits for digits in range(4) if all(abs(tick - round(tick, digits)) < 1e-9 for tick in ticks)), 4)


def intervals(
    rows: Sequence[Interval], pen: Pen, axis: Bilingual, ends: tuple[Bilingual, Bilingual], /
) -> tuple[Markup, ...]:
    """Draw estimates with their intervals around zero.

    Parameters
    ----------
    rows : sequence of Interval
    axis : Bilingual
        The axis' name with its unit.
    ends : (Bilingual, Bilingual)
        What the left and the right side mean.
    """
    low, high = min(0.0, *(row.low for row in rows)), max(0.0, *(row.high for row in rows))

    def draw(wide: bool) -> Markup:
        frame = Frame(wide, len(rows))
        ticks = nice_ticks(low, high, 5 if wide else 4)
        scale = Scale(ticks[0], ticks[-1], frame.left, frame.right)
        parts = frame.axis(pen, scale, ticks, axis, 62)
        for index, row in enumerate(rows):
            y = frame.middle(index)
            parts += frame.words(pen, index, row.label, row.shown)
            parts.append(
                element("line", x1=scale(row.low), x2=scale(row.high), y1=y, y2=y, class_=f"whisker {row.tone}")
            )
            parts.append(_mark(scale(row.value), y, row.tone))
        top = frame.bottom + 36
        parts.append(pen.write(ends[0], frame.left, top, style="end bad"))
        parts.append(pen.write(ends[1], frame.right, top, anchor="end", style="end good"))
        return pen.drawing(frame.width, top + 40, "wide" if wide else "narrow", *parts)

    return twice(draw)


def bars(rows: Sequence[Bar], pen: Pen, axis: Bilingual, /) -> tuple[Markup, ...]:
    """Draw amounts as bars from zero."""
    high = max((row.value for row in rows), default=0.0) or 1.0

    def draw(wide: bool) -> Markup:
        frame = Frame(wide, len(rows))
        ticks = [tick for tick in nice_ticks(0, high, 5 if wide else 4) if tick >= 0]
        scale = Scale(0, ticks[-1], frame.left, frame.right)
        parts = frame.axis(pen, scale, ticks, axis, 40)
        for index, row in enumerate(rows):
            y = frame.middle(index)
            parts += frame.words(pen, index, row.label, row.shown)
            parts.append(
                element(
                    "rect",
                    x=frame.left,
                    y=y - 7,
                    width=max(scale(row.value) - frame.left, 1),
                    height=14,
                    class_=f"bar {row.tone}",
                )
            )
        return pen.drawing(frame.width, frame.bottom + 50, "wide" if wide else "narrow", *parts)

    return twice(draw)


def _mark(x: float, y: float, tone: Tone, /) -> Markup:
    """A mark that colour-blind readers can distinguish by its shape."""
    if tone == "bad":
        return element(
            "path",
            d=f"M{x - 7:.1f} {y:.1f}L{x:.1f} {y - 7:.1f}L{x + 7:.1f} {y:.1f}L{x:.1f} {y + 7:.1f}Z",
            class_="mark bad",
        )
    return element("circle", cx=x, cy=y, r=5.5, class_=f"mark {tone}")
