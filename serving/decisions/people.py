"""Who is measured by which card, as the run's own tables say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from serving.loading import LoadedRun

__all__ = ["People"]


class People:
    """The people of a run by their pseudonyms: who is in a team, and who is measured by its card.

    Parameters
    ----------
    run : LoadedRun
        Its members are asked; for who is not there, or without a team, the cases that they handled last.
    """

    def __init__(self, run: LoadedRun, /) -> None:
        self._run = run

    def team_of(self, employee: str, /) -> str | None:
        """Return somebody's team, or None where they are not known."""
        known = self._run.members.team_of.get(employee)
        return self._teams_by_case.get(employee) if known is None else known

    def on_card(self, employee: str, team: str, role: str, /) -> bool:
        """Whether somebody is measured by the card of a team and role.

        A card of a role that nobody in the team has measures the whole team, as where weights are solved.
        """
        if self.team_of(employee) != team:
            return False
        return role in ("", self._run.members.role_of.get(employee, "")) or (team, role) not in self._filled

    @cached_property
    def _filled(self) -> frozenset[tuple[str | None, str]]:
        return frozenset((self.team_of(employee), role) for employee, role in self._run.members.role_of.items())

    @cached_property
    def _teams_by_case(self) -> Mapping[str, str]:
        import pyarrow.parquet as pq

        path = self._run.folder.staged / "cases.parquet"
        wanted = ["employee_id", "team_id", "opened_at"]
        if not path.exists():
            return {}
        file = pq.ParquetFile(path)
        if not set(wanted) <= set(file.schema_arrow.names):
            return {}
        cases = file.read(columns=wanted).to_pandas().dropna().sort_values("opened_at", kind="stable")
        last = cases.drop_duplicates("employee_id", keep="last")
        return dict(zip(last["employee_id"].astype(str), last["team_id"].astype(str), strict=True))
