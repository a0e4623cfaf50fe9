"""How many of all customers, of a segment's and of a team's will still be there after so many days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from baton.charts.charts import Figure
from baton.charts.drawing import Pen
from baton.charts.staying import Staying, small_staying, staying_chart
from baton.wording.wording import Bilingual, money, number, percent, ranged, say, verbatim
from pipelines.report.data.results import Results

__all__ = ["Group", "segments_staying", "staying_figure", "teams_staying"]

_MAX_SEGMENTS = 10
_WHOLE_DAYS = 0.995  # shares above are given with a decimal: "100 of 100" would promise too much


@dataclass(frozen=True)
class Group:
    """A team's customers: a sentence, and a small picture."""

    sentence: Bilingual
    drawing: Markup


def staying_figure(results: Results, pen: Pen, /) -> Figure | None:
    """Draw how many of all customers are expected to be there still by each day; None where no day is known."""
    rows = _rows(results)
    points = _points(rows[rows["team_id"].isna() & rows["segment"].isna()])
    if not points:
        return None
    named = _named(results, points)
    return Figure(
        name="staying",
        title=say("staying.title", n=_of_hundred(named.share), days=named.days),
        note=say("staying.note", tested=_tested(results, named.days), money=_discounted(results)),
        drawings=staying_chart(points, pen, say("staying.across"), say("staying.up")),
        header=(say("staying.day"), say("staying.share")),
        rows=[(number(row.days), _with_ends(row)) for row in points],
    )


def segments_staying(results: Results, /) -> tuple[Sequence[Bilingual], list[list[Bilingual]]] | None:
    """Return header and rows of the segments, those that lose most first; None where there are fewer than two."""
    rows = _rows(results)
    rows = rows[rows["segment"].notna()]
    found = {str(name): _points(of) for name, of in rows.groupby("segment", sort=True)}
    if len(found) < 2:
        return None
    sizes = rows.groupby("segment")["customers"].first()
    largest = sorted(found, key=lambda name: -float(sizes[name]))[:_MAX_SEGMENTS]
    lowest = min(row.low for name in largest for row in found[name])
    lines = []
    named = {name: _named(results, found[name]) for name in largest}
    for name in sorted(largest, key=lambda name: named[name].share):
        drawing = small_staying(found[name], lowest)
        cells = [verbatim(name), number(float(sizes[name])), _with_ends(named[name])]
        lines.append([*cells, Bilingual(drawing, drawing)])
    days = named[largest[0]].days
    header = (say("staying.segment"), say("risk.bands_up"), say("staying.after", days=days), say("staying.picture"))
    return header, lines


def teams_staying(results: Results, /) -> dict[str, Group]:
    """Return the sentence and the picture of each team with customers enough."""
    rows = _rows(results)
    everybody = _points(rows[rows["team_id"].isna() & rows["segment"].isna()])
    if not everybody:
        return {}
    found = {str(team): _points(of) for team, of in rows[rows["team_id"].notna()].groupby("team_id", sort=True)}
    lowest = min([row.low for points in found.values() for row in points], default=0.0)
    groups = {}
    for team, points in found.items():
        own, ours = _named(results, points), _of_hundred(_named(results, everybody).share)
        ends = {"low": _of_hundred(own.low), "high": _of_hundred(own.high)}
        sentence = say("staying.team", n=_of_hundred(own.share), days=own.days, all=ours, **ends)
        groups[team] = Group(sentence, small_staying(points, lowest))
    return groups


def _rows(results: Results, /) -> pd.DataFrame:
    """Return ``retention``; nothing where chances are no better than guessing."""
    rows = results.get("retention")
    if rows is None or results.get("churn") is None or results.flat:
        return pd.DataFrame(columns=["team_id", "segment", "days", "customers", "staying"])
    return rows


def _points(rows: pd.DataFrame, /) -> list[Staying]:
    found = []
    for row in rows.sort_values("days").to_dict("records"):
        share = float(row["staying"])
        low, high = (share if pd.isna(row[end]) else float(row[end]) for end in ("staying_low", "staying_high"))
        found.append(Staying(int(row["days"]), share, low, high))
    return found


def _of_hundred(share: float, /) -> Bilingual:
    return number(100 * share, 1 if share > _WHOLE_DAYS else 0)


def _with_ends(row: Staying, /) -> Bilingual:
    digits = 1 if row.share > _WHOLE_DAYS else 0
    return ranged(percent(row.share, digits), percent(row.low, digits), percent(row.high, digits))


def _named(results: Results, points: Sequence[Staying], /) -> Staying:
    """Return the day that words are about: the last one that was tested, else the first."""
    tested = {day["days"] for day in _tested_days(results)}
    return max((point for point in points if point.days in tested), key=lambda point: point.days, default=points[0])


def _tested_days(results: Results, /) -> list[dict[str, Any]]:
    days = results.evaluation.get("churn", {}).get("curve") or ()
    return [day for day in days if day["observed"] is not None]


def _tested(results: Results, days: int, /) -> Bilingual:
    """Say what was expected to happen by a day on later snapshots, and what did."""
    day = next((each for each in _tested_days(results) if each["days"] == days), None)
    if day is None:
        return say("staying.untested")
    expected, came = percent(float(day["predicted"]), 1), percent(float(day["observed"]), 1)
    return say("staying.tested", days=days, expected=expected, came=came)


def _discounted(results: Results, /) -> Bilingual:
    """Say what leaving is expected to cost by the last day, where customers' worth is known."""
    curve = results.get("churn_curve")
    if curve is None or curve["discounted_value_at_risk"].isna().all():
        return verbatim("")
    days = int(curve["days"].max())
    lost = float(curve.loc[curve["days"] == days, "discounted_value_at_risk"].sum())
    return say("staying.money", days=days, amount=money(lost, results.company.company.currency))
