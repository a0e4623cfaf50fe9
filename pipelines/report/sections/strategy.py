"""The strategy map: four perspectives, the catalogue's arrows between KPIs, and what the months say of each arrow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from baton.charts.charts import Figure, twice
from baton.charts.drawing import Pen, element
from baton.wording.wording import number, say
from pipelines.report.data.results import Results
from pipelines.report.sections.why import average_points

__all__ = ["strategy_figure"]

_LANES = ("financial", "customer", "process", "learning")
_MAX_ARROWS = 24
_BOX_HEIGHT = 40.0
_TIP = 7.0


@dataclass(frozen=True)
class _Box:
    """A KPI's place: left, top, width."""

    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def strategy_figure(results: Results, pen: Pen, /) -> Figure | None:
    """Draw the strategy map, or nothing where no arrow could be tested."""
    arrows = results.arrows
    if arrows.empty or not (arrows["verdict"] != "untested").any():
        return None
    tested = arrows[arrows["verdict"] != "untested"]
    shown = _chosen(results, tested)
    drawn = tested[tested["parent"].isin(shown) & tested["child"].isin(shown)]
    counts = tested["verdict"].value_counts()
    confirmed, against = int(counts.get("confirmed", 0)), int(counts.get("contradicted", 0))
    title = say("strategy.title", n=confirmed, total=len(tested))
    if against:
        title = say("strategy.title_against", n=confirmed, total=len(tested), against=against)
    return Figure(
        name="strategy-map",
        title=title,
        note=say("strategy.note", n=int((arrows["verdict"] == "untested").sum())),
        drawings=twice(lambda wide: _draw(results, pen, shown, drawn, wide)),
        header=(say("strategy.from"), say("strategy.to"), say("strategy.verdict"), say("strategy.strength")),
        rows=[
            (
                results.kpi_name(str(row.parent)),
                results.kpi_name(str(row.child)),
                say(f"strategy.{row.verdict}"),
                say("word.between", low=number(float(row.low), 2), high=number(float(row.high), 2)),  # type: ignore[arg-type]
            )
            for row in tested.itertuples()
        ],
    )


def _chosen(results: Results, tested: pd.DataFrame, /) -> list[str]:
    """KPIs with a tested arrow: those on cards and with clear arrows first, as many as can be read."""
    points = average_points(results)
    ends = pd.concat([tested[["parent", "verdict"]].rename(columns={"parent": "kpi"}),
                      tested[["child", "verdict"]].rename(columns={"child": "kpi"})])  # fmt: skip
    clear = ends.assign(clear=ends["verdict"] != "not_confirmed").groupby("kpi")["clear"].sum()
    kpis = [kpi for kpi in results.catalogue if kpi in clear.index]
    kpis.sort(key=lambda kpi: (-(float(points.get(kpi, 0.0)) > 0), -int(clear[kpi])))
    return kpis[:_MAX_ARROWS]


def _draw(results: Results, pen: Pen, shown: Sequence[str], arrows: pd.DataFrame, wide: bool, /) -> Markup:
    width, per_row = (900.0, 5) if wide else (360.0, 2)
    boxes: dict[str, _Box] = {}
    parts: list[Markup] = []
    top = 4.0
    for lane in _LANES:
        here = [kpi for kpi in shown if results.catalogue[kpi].perspective == lane]
        rows = max(1, math.ceil(len(here) / per_row))
        height = 26.0 + rows * (_BOX_HEIGHT + 26.0)
        parts.append(element("rect", x=0, y=top, width=width, height=height, class_="lane"))
        parts.append(pen.write(say(f"strategy.{lane}"), 10, top + 17, style="axis"))
        for index, kpi in enumerate(here):
            row, column = divmod(index, per_row)
            in_row = min(per_row, len(here) - row * per_row)
            step = (width - 20) / in_row
            box_width = min(step - 18, 160.0)
            left = 10 + step * column + (step - box_width) / 2
            boxes[kpi] = _Box(left, top + 28 + row * (_BOX_HEIGHT + 26.0), box_width)
        top += height + 8
    points = average_points(results)
    lines = [_arrow(boxes, str(row.parent), str(row.child), str(row.verdict)) for row in arrows.itertuples()]
    for kpi, box in boxes.items():
        style = "node paid" if float(points.get(kpi, 0.0)) > 0 else "node"
        parts.append(element("rect", x=box.x, y=box.y, width=box.width, height=_BOX_HEIGHT, rx=4, class_=style))
        middle = box.y + _BOX_HEIGHT / 2 + 4
        name = results.kpi_name(kpi)
        parts.append(pen.write(name, box.middle, middle, anchor="middle", style="label", width=box.width - 10))
    return pen.drawing(width, top, "wide" if wide else "narrow", *parts[: len(_LANES) * 2], *lines, *parts[8:])


def _arrow(boxes: Mapping[str, _Box], parent: str, child: str, verdict: str, /) -> Markup:
    start, end = boxes[parent], boxes[child]
    up = end.y < start.y
    if end.y == start.y:  # neighbours in a lane: over their heads
        x1, y1, x2, y2 = start.middle, start.y, end.middle, end.y
        bend = y1 - 22
        path = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{bend:.1f} {x2:.1f},{bend:.1f} {x2:.1f},{y2 - _TIP:.1f}"
        down = True
    else:
        x1, y1 = start.middle, start.y if up else start.y + _BOX_HEIGHT
        x2, y2 = end.middle, end.y + _BOX_HEIGHT if up else end.y
        tip = y2 + _TIP if up else y2 - _TIP
        half = (y1 + tip) / 2
        path = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{half:.1f} {x2:.1f},{half:.1f} {x2:.1f},{tip:.1f}"
        down = not up
    base = y2 - _TIP if down else y2 + _TIP
    head = f"{x2 - 4.5:.1f},{base:.1f} {x2 + 4.5:.1f},{base:.1f} {x2:.1f},{y2:.1f}"
    return element(
        "g",
        element("path", d=path, class_=f"arrow {verdict}"),
        element("polygon", points=head, class_=f"tip {verdict}"),
    )
