"""My own view: the card by which I am measured, my figures, help that is offered to me, and what I may contest."""

from __future__ import annotations

from typing import Any

from baton.charts.small import beside_line
from baton.wording.wording import Bilingual, signed, verbatim
from serving.access.views import record_views
from serving.decisions.payloads import ListQuestion
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf
from serving.pages.cards import Card, digits_of_points
from serving.pages.reading.of_run import OfRun

__all__ = ["show_own"]


def show_own(asked: Asked, of: PagesOf, /) -> Reply:
    """Show somebody their own card, help and decisions."""
    me = asked.who.employee
    if me is None:
        return Shown("own", {"me": None})
    read = of.read()
    cards = read.cards
    run, sight = cards.run, of.sight(asked.who, cards.run)
    team = run.members.team_of.get(me)
    own = next(
        (card for card in cards.of_team.get(team or "", []) if run.members.on_card(me, card.team, card.role)), None
    )
    help_offered = [seen for row in _help(of, me) if (seen := sight.coaching(row)) is not None]
    audit = of.keeper.audit
    if not asked.who.is_local:
        record_views(audit.state, audit.append, asked.who, "/pages/mine", [(team, me)])
    found = of.store.find(asked.who, ListQuestion())["rows"]
    return Shown(
        "own",
        {
            "me": me,
            "team": team,
            "card": own,
            "rows": [] if own is None else [(row, cards.name_of(row["kpi"])) for row in own.rows],
            "change_of": _change,
            "figures": _figures(read, me, own),
            "least": run.company.policy.min_group,
            "help": [(row, cards.name_of(row["kpi"])) for row in help_offered],
            "about_me": [row for row in found if row["employee_id"] == me],
            "of_card": [row for row in found if own is not None and _is_of(row, own.team, own.role)],
        },
    )


def _change(row: dict[str, Any], /) -> Bilingual | None:
    """Return by how many points a KPI would count more or less; None where that is not advised."""
    if row["recommended_weight"] is None:
        return None
    change = row["recommended_weight"] - (row["current_weight"] or 0.0)
    return signed(change, digits_of_points(change))


def _figures(read: OfRun, me: str, own: Card | None, /) -> list[dict[str, Any]]:
    """Return one's own months of the KPIs on the card, beside the middle of colleagues of the same role."""
    found = []
    for row in own.rows if own is not None else ():
        kpi = row["kpi"]
        course = read.months.of_person(me, kpi, read.run.company.policy.min_group)
        if course is not None:
            written = [
                (month, _measured(read, kpi, value), _measured(read, kpi, middle))
                for month, value, middle in zip(course.months, course.own, course.middle, strict=True)
            ]
            drawing = beside_line(course.own.tolist(), course.middle.tolist())
            is_lower = kpi in read.names.catalogue and read.names.catalogue[kpi].better == "lower"
            found.append(
                {"name": read.names.kpi(kpi), "months": written, "drawing": drawing, "lower": is_lower,
                 "has_middle": course.has_middle}
            )  # fmt: skip
    return found


def _measured(read: OfRun, kpi: str, value: float, /) -> Bilingual:
    return read.names.measured(kpi, float(value)) if value == value else verbatim("\N{EN DASH}")


def _help(of: PagesOf, me: str, /) -> list[dict[str, Any]]:
    run = of.loaded()
    return run.rows("coaching", "employee_id", me) if "coaching" in run.results else []


def _is_of(row: dict[str, Any], team: str, role: str, /) -> bool:
    return row["employee_id"] is None and row["team_id"] == team and (row["role"] or "") == role
