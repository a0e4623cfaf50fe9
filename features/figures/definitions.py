"""What the plain figures are: one value per case, how it is summed up, and the moment that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["CASE_FIGURES", "CUSTOMER_FIGURES", "NAMES", "CaseFigure", "Moment", "Summary", "Unit"]

Moment = Literal["opened", "responded", "closed", "rated"]
"""The time of a case that a figure is counted at: when its value is known; where that time is not, when it opened."""

Summary = Literal["count", "median", "mean", "share", "score"]
"""How the cases' values become one; ``score``: the share of 9 and 10 less that of 0 to 6, on a scale of 0 to 10."""

Unit = Literal["cases", "seconds", "share", "rating", "points", "money", "customers", "events"]


@dataclass(frozen=True)
class CaseFigure:
    """One plain figure of cases.

    Parameters
    ----------
    name : str
        As ``figures.parquet`` and the texts have it.
    needs : tuple of str
        Columns of ``cases`` without which there is none.
    value : str
        SQL of a case's value over the columns of ``cases``; null: not known. ``{end}`` stands for the time up to which
        the cases are complete.
    about_work : bool
        Whether it says how people work, so that groups of few people do not show it.
    """

    name: str
    unit: Unit
    summary: Summary
    moment: Moment
    needs: tuple[str, ...]
    value: str
    about_work: bool = True

    @property
    def aggregate(self) -> str:
        """SQL that sums up ``value``."""
        return {
            "count": "count(*)::DOUBLE",
            "median": "median(value)",
            "mean": "avg(value)",
            "share": "avg(value)",
            "score": "100 * (avg((value >= 9)::INTEGER) - avg((value <= 6)::INTEGER))",
        }[self.summary]


def _seconds(earlier: str, later: str, /) -> str:
    """SQL of the seconds between two times; null where the later one comes first, which no wait can be."""
    return f"CASE WHEN {later} >= {earlier} THEN epoch_us({later} - {earlier}) / 1e6 END"


CASE_FIGURES = (
    CaseFigure("cases", "cases", "count", "opened", (), "1", about_work=False),
    CaseFigure(
        "time_to_response",
        "seconds",
        "median",
        "responded",
        ("responded_at",),
        _seconds("opened_at", "responded_at"),
    ),
    CaseFigure("wait", "seconds", "median", "closed", ("wait_seconds",), "wait_seconds"),
    CaseFigure("time_to_close", "seconds", "median", "closed", ("closed_at",), _seconds("opened_at", "closed_at")),
    CaseFigure("handling_time", "seconds", "median", "closed", ("handle_seconds",), "handle_seconds"),
    CaseFigure("resolved_first", "share", "share", "closed", ("resolved_first",), "resolved_first::INTEGER"),
    CaseFigure("reopened", "share", "share", "closed", ("reopened",), "(reopened > 0)::INTEGER"),
    CaseFigure("transferred", "share", "share", "closed", ("transferred",), "(transferred > 0)::INTEGER"),
    CaseFigure(
        "on_time",
        "share",
        "share",
        "closed",
        ("closed_at", "due_at"),
        # a promise is broken, too, while the case is still open
        "CASE WHEN closed_at IS NOT NULL OR due_at < {end} THEN coalesce(closed_at <= due_at, FALSE)::INTEGER END",
    ),
    CaseFigure("csat", "rating", "mean", "rated", ("csat",), "csat"),
    CaseFigure("nps", "points", "score", "rated", ("nps",), "nps"),
    CaseFigure("cost", "money", "mean", "closed", ("cost",), "cost"),
)
"""Figures of cases, in the order in which people look at them."""

CUSTOMER_FIGURES: tuple[tuple[str, Unit], ...] = (
    ("customers", "customers"),
    ("joined", "customers"),
    ("left", "customers"),
    ("active_customers", "customers"),
    ("events", "events"),
    ("open_cases", "cases"),
)
"""Figures by month that are counts of customers, of what they did, and of cases that were open as the month ended."""

NAMES = {
    "cases": "figure_name.cases",
    "time_to_response": "figure_name.time_to_response",
    "wait": "figure_name.wait",
    "time_to_close": "figure_name.time_to_close",
    "handling_time": "figure_name.handling_time",
    "resolved_first": "figure_name.resolved_first",
    "reopened": "figure_name.reopened",
    "transferred": "figure_name.transferred",
    "on_time": "figure_name.on_time",
    "csat": "figure_name.csat",
    "nps": "figure_name.nps",
    "cost": "figure_name.cost",
    "customers": "figure_name.customers",
    "joined": "figure_name.joined",
    "left": "figure_name.left",
    "active_customers": "figure_name.active_customers",
    "events": "figure_name.events",
    "open_cases": "figure_name.open_cases",
}
"""Message keys of the figures' names."""
