"""The section on what has changed since the advice before."""

from __future__ import annotations

from baton.wording.since import Since, since_of
from pipelines.report.data.results import Results

__all__ = ["since_section"]


def since_section(results: Results, /) -> Since | None:
    """Return the section; None where no advice came before."""
    changes = results.get("advice_changes")
    if changes is None:
        return None
    keys = zip(changes["team_id"], changes["role"].astype(str), strict=True)
    changes = changes[[not (results.too_small(team, role) or results.too_small(team)) for team, role in keys]]
    return since_of(changes, team_name=results.team_name, kpi_name=results.kpi_name)
