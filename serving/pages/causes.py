"""Causes: what customers write of, how it grows, whose it is and what it costs."""

from __future__ import annotations

from serving.access.rules import may_at_all
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf

__all__ = ["show_causes"]


def show_causes(asked: Asked, of: PagesOf, /) -> Reply:
    """Show causes of the whole company, and by team those of teams that somebody may see."""
    read = of.read()
    sight = of.sight(asked.who, read.run)
    trends = read.causes.tables.get("cause_trends")
    units = () if trends is None else trends.loc[trends["level"] == "team", "unit_id"].astype(str).unique()
    teams = frozenset(team for team in units if sight.team_figures("causes_of_team", team))
    with_texts = may_at_all(asked.who, "report")  # where they stand too
    return Shown("causes", {"section": read.causes.section(teams, of.named, with_texts=with_texts)})
