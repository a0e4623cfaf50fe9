"""Today's scorecards beside the advised ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from baton.charts.drawing import Scale, element
from baton.evidence.strongest_causes import strongest
from baton.wording.wording import (
    Bilingual,
    money,
    natural_order,
    number,
    percent,
    say,
    signed,
    translated,
    verbatim,
)
from pipelines.report.data.results import Results

__all__ = ["Card", "CardRow", "cards_of"]

_TONES = {"raise": "good", "add": "good", "lower": "bad", "drop": "bad", "keep": "plain"}
_STRESS = ("pass", "guarded", "fail")
_FAIR = {
    "pass": "card.fair_pass",
    "fail": "card.fair_fail",
    "no worse than today": "card.fair_as_today",
    "cannot be told": "card.fair_by_chance",
}


@dataclass(frozen=True)
class _Basis:
    """How an expectation is worded, by what the answer of people to points is known from."""

    customers: str
    money: str
    tag: str


_BASES = {
    "scenario": _Basis("card.expected", "card.expected_money", "card.scenario"),
    "measured": _Basis("card.measured", "card.measured_money", "card.measured_tag"),
    "pilots": _Basis("card.piloted", "card.piloted_money", "card.piloted_tag"),
    "pilots_in_part": _Basis("card.piloted_part", "card.piloted_part_money", "card.piloted_part_tag"),
}
_HALF_A_POINT = 0.05  # weights are points; less is rounding


@dataclass(frozen=True)
class CardRow:
    """A KPI on a card, or (``held``) a candidate that does not come onto it."""

    kpi: str
    name: Bilingual
    today: Bilingual
    next: Bilingual
    change: Bilingual
    verdict: Bilingual | None
    tone: str
    sure: Bilingual
    reason: Bilingual
    drawing: Markup
    path: Bilingual | None
    signed: float
    weight: float
    held: bool

    @property
    def moved(self) -> float:
        """Points that change, whichever way."""
        return abs(self.signed)


@dataclass(frozen=True)
class Card:
    """A scorecard of a team, or of one role in it.

    Parameters
    ----------
    rows : tuple of CardRow
        Moved ones first, then by weight.
    hypothetical : bool
        Whether no card of today is known.
    moved_points : float
        Points that change place.
    summary, expected : Bilingual
        ``expected`` says what was computed of the card's effect, and as what; None where nothing moves.
    tag : Bilingual or None
        Whether ``expected`` is a scenario or measured.
    glance : Bilingual
        The expected effect in a table's cell.
    stress : Bilingual or None
        How often customers end worse off when people answer to the card; None where that is not known or nothing moves.
    fairness : tuple of Bilingual
        What it does to protected groups and how many people it moves across the median; empty where that is not known
        or nothing moves.
    needs : tuple of Bilingual
        What people must be given first.
    causes : tuple of Bilingual
        What customers write more about, or leave for, that a KPI of the card measures.
    """

    team_id: str
    name: Bilingual
    rows: tuple[CardRow, ...]
    hypothetical: bool
    moved_points: float
    summary: Bilingual
    expected: Bilingual | None
    tag: Bilingual | None
    glance: Bilingual
    stress: Bilingual | None
    fairness: tuple[Bilingual, ...]
    needs: tuple[Bilingual, ...]
    causes: tuple[Bilingual, ...]

    @property
    def shown(self) -> tuple[CardRow, ...]:
        """KPIs with a reason to show, candidates that stay off the card included."""
        return tuple(row for row in self.rows if row.reason.en)

    @property
    def lines(self) -> tuple[CardRow, ...]:
        """KPIs that are on the card, today or next."""
        return tuple(row for row in self.rows if not row.held)

    @property
    def moved(self) -> bool:
        """Whether any KPI gets another weight."""
        return self.moved_points > 0 or any(row.tone != "plain" for row in self.rows)


def cards_of(results: Results, /) -> tuple[tuple[Card, ...], int]:
    """Return the cards that may be shown, those that move first, and how many are left out as too small a group."""
    weights = results.get("weights")
    if weights is None:
        return (), 0
    shown, hidden = [], 0
    frame = weights.assign(role=weights["role"].fillna(""))
    for (team_id, role), rows in frame.groupby(["team_id", "role"], sort=True, dropna=False):
        if results.too_small(team_id, str(role)) or results.too_small(team_id):
            hidden += 1
            continue
        shown.append(_card(results, team_id, str(role), rows))
    shown.sort(key=lambda card: (not card.moved, -card.moved_points, natural_order(card.name)))
    return tuple(shown), hidden


def _card(results: Results, team_id: object, role: str, rows: pd.DataFrame, /) -> Card:
    hypothetical = bool(rows["current_weight"].isna().all())
    longest = max(
        40.0,
        *(
            float(rows[column].max())
            for column in ("current_weight", "recommended_weight", "high")
            if rows[column].notna().any()
        ),
    )
    drawn = sorted(
        (_row(results, row, min(longest, 100.0), hypothetical) for row in rows.to_dict("records")),
        key=lambda row: (row.tone == "plain", -row.moved, -row.weight),
    )
    name = results.team_name(team_id)
    if role:
        name = say("word.role_of", team=name, role=role)
    points = (
        0.0
        if hypothetical
        else float((rows["recommended_weight"] - rows["current_weight"].fillna(0)).clip(lower=0).sum())
    )
    moves = points >= _HALF_A_POINT or hypothetical
    expected, tag, glance = _expected(results, rows.iloc[0]) if moves else (None, None, verbatim("\N{EN DASH}"))
    return Card(
        team_id=str(team_id),
        name=name,
        rows=tuple(drawn),
        hypothetical=hypothetical,
        moved_points=round(points, 6),
        summary=say("card.summary", points=number(points)) if points >= _HALF_A_POINT else say("card.summary_keep"),
        expected=expected,
        tag=tag,
        glance=glance,
        stress=_stress(rows.iloc[0], moves),
        fairness=_fairness(results, rows.iloc[0].to_dict(), role, moves),
        needs=_needs(results, [row.kpi for row in drawn if row.tone == "good"]),
        causes=_causes(results, str(team_id), [row.kpi for row in drawn if not row.held]),
    )


def _row(results: Results, row: dict[str, Any], longest: float, hypothetical: bool, /) -> CardRow:
    kpi, verdict = str(row["kpi"]), str(row["verdict"])
    today, advised = row["current_weight"], row["recommended_weight"]
    fixed = kpi in results.company.policy.fixed
    before = 0.0 if pd.isna(today) else float(today)
    following = before if pd.isna(advised) else float(advised)
    moved = following - before
    known = not hypothetical
    confident = pd.notna(row["confidence"]) and verdict in _TONES and verdict != "keep"
    return CardRow(
        kpi=kpi,
        name=results.kpi_name(kpi),
        today=number(before) if known else say("word.unknown"),
        next=say("word.unknown") if pd.isna(advised) else number(following),
        change=signed(moved) if known and abs(moved) >= _HALF_A_POINT else verbatim(""),
        verdict=_verdict(verdict, fixed),
        tone=_TONES.get(verdict, "plain"),
        sure=_chance(float(row["confidence"])) if confident else verbatim(""),
        reason=_reason(row["reason"]),
        drawing=_bar(
            before if known else None, following, row["low"], row["high"], longest, _TONES.get(verdict, "plain")
        ),
        path=_path(row, before, following) if known and verdict != "keep" else None,
        signed=moved,
        weight=before,
        held=known and before == 0 and following == 0,
    )


def _verdict(verdict: str, fixed: bool, /) -> Bilingual | None:
    if fixed:
        return say("card.duty")
    if verdict == "keep":
        return None
    return say(f"card.{verdict}") if verdict in _TONES else verbatim(verdict)


def _path(row: dict[str, Any], before: float, following: float, /) -> Bilingual | None:
    """The way over this and the next cycles, where it goes on after the first."""
    later = [row.get("cycle_2"), row.get("cycle_3")]
    points = [before, following, *(float(value) for value in later if value is not None and not pd.isna(value))]
    if len(points) < 4 or points[1] == points[2] == points[3]:
        return None
    return say("card.path", path=" \N{RIGHTWARDS ARROW} ".join(f"{point:g}" for point in points))


def _chance(share: float, /) -> Bilingual:
    """A probability that is never written as certain."""
    return verbatim("> 99%") if share > 0.99 else percent(share)


def _reason(value: Any, /) -> Bilingual:
    if not isinstance(value, dict):
        return verbatim("" if value is None or pd.isna(value) else value)
    english, chinese = value.get("en") or "", value.get("zh") or value.get("en") or ""
    return Bilingual(escape(english), escape(chinese))


def _bar(today: float | None, following: float, low: float, high: float, longest: float, tone: str, /) -> Markup:
    """Rectangles only, because the drawing is stretched to the column's width."""
    at = Scale(0, longest, 0, 1000)
    parts = []
    if today is not None:
        parts.append(element("rect", x=0, y=3, width=at(today), height=8, class_="was"))
    parts.append(element("rect", x=0, y=13, width=max(at(following), 2.0), height=12, class_=f"bar {tone}"))
    if pd.notna(low) and pd.notna(high) and high > low:
        parts.append(element("rect", x=at(low), y=28, width=max(at(high) - at(low), 3.0), height=2, class_="reach"))
    return element(
        "svg",
        *parts,
        class_="weights",
        viewBox="0 0 1000 32",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
    )


def _expected(results: Results, row: pd.Series, /) -> tuple[Bilingual, Bilingual | None, Bilingual]:
    """What the whole card would bring, if that was computed: never more than the files say."""
    if pd.notna(row.get("expected_money")):
        return _expected_money(results, row)
    value, low, high = row["expected_effect"], row["expected_low"], row["expected_high"]
    if pd.isna(value) or pd.isna(low) or pd.isna(high):
        return say("card.expected_none"), None, say("word.not_computed")
    basis = _BASES.get(str(row.get("expected_basis", "")), _BASES["scenario"])
    value, low, high = float(value), float(low), float(high)
    digits = 0 if max(abs(low), abs(high)) >= 10 else 1
    shown = {name: number(figure, digits) for name, figure in (("value", value), ("low", low), ("high", high))}
    days = results.company.policy.cycle_days
    text = say(basis.customers, unit=say("card.unit_customers"), days=days, **shown)
    return text, say(basis.tag), say("glance.cell", **shown)


def _expected_money(results: Results, row: pd.Series, /) -> tuple[Bilingual, Bilingual | None, Bilingual]:
    """What the whole card would be worth, by the prices that the policy puts on outcomes."""
    basis = _BASES.get(str(row["expected_basis"]), _BASES["scenario"])
    currency, columns = (
        results.company.company.currency,
        ("expected_money", "expected_money_low", "expected_money_high"),
    )
    shown = {
        name: money(float(row[column]), currency)
        for name, column in zip(("value", "low", "high"), columns, strict=True)
    }
    days = results.company.policy.cycle_days
    text = say(basis.money, days=days, **shown)
    return text, say(basis.tag), say("glance.cell", **shown)


def _stress(row: pd.Series, moves: bool, /) -> Bilingual | None:
    """How the card did when it was tried on people who answer to it."""
    verdict, share = str(row.get("stress", "")), row.get("stress_loses")
    if share is None or pd.isna(share) or not (moves or verdict == "fail"):
        return None
    shown = verbatim("< 1%") if float(share) < 0.01 else percent(float(share))
    return say(f"card.stress_{verdict}", share=shown) if verdict in _STRESS else None


def _fairness(results: Results, row: dict[str, Any], role: str, moves: bool, /) -> tuple[Bilingual, ...]:
    """Say how protected groups compare and how many people change halves when last cycle is scored again."""
    verdict, found = str(row.get("impact", "")), []
    values = {"value": row.get("impact_ratio"), "low": row.get("impact_low"), "high": row.get("impact_high")}
    failed = verdict == "fail"
    if verdict in _FAIR and all(map(pd.notna, values.values())) and (moves or failed):
        shown = {name: number(float(value or 0.0), 2) for name, value in values.items()}
        asked = number(results.company.policy.impact_ratio, 2)
        found.append(say(_FAIR[verdict], ratio=say("card.fair_ratio", asked=asked, **shown)))
    rises, falls = row.get("rises"), row.get("falls")
    if moves and not failed and rises is not None and falls is not None and pd.notna(rises) and pd.notna(falls):
        key = "card.movers" if role else "card.movers_all"
        found.append(say(key, rises=number(float(rises)), falls=number(float(falls))))
    return tuple(found)


def _causes(results: Results, team_id: str, kpis: list[str], /) -> tuple[Bilingual, ...]:
    """Say shortly which causes are evidence beside the points of a card; the reasons have them at length."""
    evidence = results.get("cause_evidence")
    if evidence is None:
        return ()
    found = []
    for kpi in kpis:
        for row in strongest(evidence, team_id, kpi):
            name = results.cause_name(str(row["cause"]))
            shown = {"before": percent(float(row["share_before"])), "now": percent(float(row["share"]))}
            key = "card.cause_costs" if row["verdict"] == "costly" else "card.cause_grows"
            found.append(say(key, cause=name, kpi=results.kpi_name(kpi), **shown))
    return tuple(found)


def _needs(results: Results, kpis: list[str], /) -> tuple[Bilingual, ...]:
    found: dict[str, Bilingual] = {}
    for kpi in kpis:
        for need in results.catalogue[kpi].needs if kpi in results.catalogue else ():
            found.setdefault(need.en, translated(need))
    return tuple(found.values())
