"""SHAP's beeswarm and waterfall: ``shap.plots`` lays them out, and the page's pen writes them in both languages."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from baton.charts.charts import Frame, twice
from baton.charts.drawing import Pen, Scale, element, nice_ticks
from baton.wording.wording import Bilingual, number, say, signed

if TYPE_CHECKING:
    import shap
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["beeswarm", "waterfall"]

_LEVELS = 7
"""Colours of a feature's values from low to high: more are not distinguished by eye."""
_DIGITS = 2
_ROW = 32.0  # how high a row's dots may pile up, and twice its bar's height


@dataclass(frozen=True)
class _Bar:
    """A waterfall's bar: the row it stands in (0 at the bottom), its corners and its contribution."""

    row: int
    corners: np.ndarray
    size: float

    @property
    def tail(self) -> float:
        """Where it starts."""
        return float(self.corners[:, 0].min() if self.size >= 0 else self.corners[:, 0].max())


def beeswarm(
    explanation: shap.Explanation, names: Sequence[Bilingual], pen: Pen, axis: Bilingual, /, *, name: str, most: int
) -> tuple[Markup, ...]:
    """Draw a dot per row and feature: across its SHAP value, coloured by the feature's value.

    Parameters
    ----------
    explanation : shap.Explanation
        ``values`` and ``data`` of shape (rows, features); data that are no number are NaN.
    names : sequence of Bilingual
        The features' names.
    axis : Bilingual
        The axis' name with its unit.
    name : str
        What the group of dots is called on the page.
    most : int
        How many rows of dots, the features that move most first; the others are summed in the last.
    """
    import shap

    with _figure() as figure, _same_each_time():
        axes = figure.add_subplot()
        drawn = _with_numbers(explanation)
        shap.plots.beeswarm(drawn, max_display=most, ax=axes, plot_size=None, color_bar=False, show=False)
        features, dots = _features(axes), _dots(axes)
    count = len(features)
    sizes = np.abs(explanation.values).mean(axis=0)
    rest = [index for index in range(len(names)) if index not in features]
    rows = [
        (names[index], number(float(sizes[index]), _DIGITS))
        if index is not None
        else (
            say("explained.others", n=len(rest)),
            number(float(np.abs(explanation.values[:, rest].sum(axis=1)).mean()), _DIGITS),
        )
        for index in features
    ]
    ticks = nice_ticks(float(dots[:, 0].min()), float(dots[:, 0].max()), 5)
    wide, narrow = Frame(True, count), Frame(False, count)
    across = Scale(ticks[0], ticks[-1], wide.left, wide.right)

    def up(place: float) -> float:
        row = round(place)
        return wide.middle(count - 1 - row) - (place - row) * _ROW

    groups = [
        element(
            "path",
            d="".join(f"M{across(x):.1f} {up(y):.1f}h0" for x, y, _ in dots[dots[:, 2] == level]),
            class_=f"dots v{level}" if level >= 0 else "dots",
        )
        for level in range(-1, _LEVELS)
        if (dots[:, 2] == level).any()
    ]
    own = element("g", *groups, id=name)
    # on narrow screens the same dots stand closer together
    shrink, stretch = (narrow.right - narrow.left) / (wide.right - wide.left), narrow.row_height / wide.row_height
    right, down = narrow.left - shrink * wide.left, narrow.middle(0) - stretch * wide.middle(0)
    again = element("use", href=f"#{name}", transform=f"matrix({shrink:.4f} 0 0 {stretch:.4f} {right:.2f} {down:.2f})")

    def draw(at_wide: bool) -> Markup:
        frame = wide if at_wide else narrow
        scale = Scale(ticks[0], ticks[-1], frame.left, frame.right)
        parts = frame.axis(pen, scale, ticks, axis, 40)
        for index, (label, shown) in enumerate(rows):
            parts += frame.words(pen, index, label, shown)
        parts.append(own if at_wide else again)
        return pen.drawing(frame.width, frame.bottom + 50, "wide" if at_wide else "narrow", *parts)

    return twice(draw)


def waterfall(
    explanation: shap.Explanation,
    names: Sequence[Bilingual],
    pen: Pen,
    axis: Bilingual,
    /,
    *,
    ends: tuple[Bilingual, Bilingual],
    most: int,
) -> tuple[Markup, ...]:
    """Draw how one row's score comes about: from the mean at the bottom to its own at the top.

    Parameters
    ----------
    explanation : shap.Explanation
        Of one row: ``values`` of shape (features,) and its ``base_values``.
    names : sequence of Bilingual
        The features' names, with their values.
    axis : Bilingual
        The axis' name with its unit.
    ends : (Bilingual, Bilingual)
        What the score at the bottom and that at the top are called.
    most : int
        How many bars, the longest at the top; the other features are summed in the last.
    """
    import shap

    with _figure() as figure:
        shap.plots.waterfall(_with_numbers(explanation), max_display=most, show=False)
        features = _features(figure.axes[0])
        bars = _bars(figure.axes[0], features, explanation.values)
    base = float(explanation.base_values)
    score = base + float(explanation.values.sum())
    rest = [index for index in range(len(names)) if index not in features]
    labels = [say("explained.others", n=len(rest)) if index is None else names[index] for index in features]
    places = [base, score, *(float(x) for bar in bars for x in bar.corners[:, 0])]
    ticks = nice_ticks(min(places), max(places), 4)

    def draw(wide: bool) -> Markup:
        frame = Frame(wide, len(bars) + 2)
        scale = Scale(ticks[0], ticks[-1], frame.left, frame.right)
        parts = frame.axis(pen, scale, ticks, axis, 40)
        parts += frame.words(pen, 0, ends[1], number(score, _DIGITS))
        parts += frame.words(pen, len(bars) + 1, ends[0], number(base, _DIGITS))
        parts.append(_step(frame, scale(score), 0))
        for bar in bars:
            place = len(bars) - bar.row
            parts += frame.words(pen, place, labels[place - 1], signed(bar.size, _DIGITS))
            parts += [_step(frame, scale(bar.tail), place), _drawn(bar, frame.middle(place), scale)]
        for place, end in ((0, score), (len(bars) + 1, base)):
            parts.append(element("circle", cx=scale(end), cy=frame.middle(place), r=4.5, class_="mark"))
        return pen.drawing(frame.width, frame.bottom + 50, "wide" if wide else "narrow", *parts)

    return twice(draw)


def _step(frame: Frame, x: float, place: int, /) -> Markup:
    """Lead from one row of a waterfall to the next."""
    return element("line", x1=x, x2=x, y1=frame.middle(place), y2=frame.middle(place + 1), class_="divide")


def _drawn(bar: _Bar, middle: float, scale: Scale, /) -> Markup:
    places = " ".join(f"{scale(float(x)):.1f},{middle - (y - bar.row) * _ROW / 1.6:.1f}" for x, y in bar.corners)
    return element("polygon", points=places, class_="raises" if bar.size >= 0 else "lowers")


def _with_numbers(explanation: shap.Explanation, /) -> Any:
    """Return the explanation with features named by their positions, so that labels can be read back."""
    import shap

    names = [str(index) for index in range(explanation.values.shape[-1])]
    return shap.Explanation(explanation.values, explanation.base_values, explanation.data, feature_names=names)


def _features(axes: Axes, /) -> list[int | None]:
    """Return the features of a picture's rows from the top; None: the sum of the others."""
    labels = dict(zip(axes.get_yticks().round().astype(int), axes.get_yticklabels(), strict=True))
    texts = [labels[row].get_text() for row in sorted(labels, reverse=True)]
    return [int(text) if text.isdigit() else None for text in texts]


def _dots(axes: Axes, /) -> np.ndarray:
    """Return (x, y, level) of each dot; level − 1: no number."""
    from matplotlib.collections import PathCollection

    found = []
    for dots in axes.collections:
        if isinstance(dots, PathCollection) and len(places := np.asarray(dots.get_offsets())):
            values = dots.get_array()
            levels = np.full(len(places), -1.0)
            if values is not None:
                levels = np.rint(np.clip(np.ma.filled(dots.norm(values), 0.5), 0, 1) * (_LEVELS - 1))
            found.append(np.column_stack([places, levels]))
    return np.concatenate(found)


def _bars(axes: Axes, features: Sequence[int | None], values: np.ndarray, /) -> list[_Bar]:
    from matplotlib.patches import FancyArrow

    rest = [index for index in range(len(values)) if index not in features]
    found = []
    for arrow in axes.patches:
        if isinstance(arrow, FancyArrow):
            corners = np.asarray(arrow.get_xy())
            row = round(float(corners[:, 1].mean()))
            index = features[len(features) - 1 - row]
            found.append(_Bar(row, corners, float(values[rest].sum() if index is None else values[index])))
    return found


@contextmanager
def _figure() -> Iterator[Figure]:
    """Give SHAP, which draws on pyplot's current figure, one that needs no screen, and take it off pyplot's list."""
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    interactive = plt.isinteractive()
    figure = Figure()
    FigureCanvasAgg.new_manager(figure, max(plt.get_fignums(), default=0) + 1)
    plt.figure(figure)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # of a feature that is words
            yield figure
    finally:
        plt.close(figure)
        plt.ion() if interactive else plt.ioff()


@contextmanager
def _same_each_time() -> Iterator[None]:
    """Let the places of dots, which SHAP scatters by numpy's one generator, be the same in every run."""
    before = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(before)
