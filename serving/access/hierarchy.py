"""Who leads which team, and which teams stand below: the company's own file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from baton.errors import CompanyFileError

__all__ = ["Hierarchy", "read_hierarchy"]

_COLUMNS = ("team_id", "manager", "above")


@dataclass(frozen=True)
class Hierarchy:
    """Teams, who leads them, and what is below them.

    Parameters
    ----------
    led : mapping of str to frozenset of str
        Teams by the name of the user who leads them directly.
    below : mapping of str to frozenset of str
        By team, it and all teams below it.
    """

    led: Mapping[str, frozenset[str]] = field(default_factory=dict)
    below: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def under(self, teams: Iterable[str], /) -> frozenset[str]:
        """Return teams and all below them."""
        return frozenset(each for team in teams for each in self.below.get(team, {team}))

    def over(self, team: str, /) -> tuple[str, ...]:
        """Return a team and all above it, the nearest first."""
        chain = [each for each, teams in self.below.items() if team in teams]
        return tuple(sorted(chain, key=lambda each: len(self.below[each]))) or (team,)


def read_hierarchy(path: Path, /) -> Hierarchy:
    """Read the file of ``[access] hierarchy``: ``team_id``, ``manager``, ``above``, one line per team and manager.

    Raises
    ------
    CompanyFileError
        If it cannot be read, lacks a column, a line lacks its team, a team has two teams above it, or is above itself.
    """
    lines = _lines(path)
    managers: dict[str, set[str]] = {}
    above: dict[str, str] = {}
    for number, line in lines:
        team, manager, higher = (line[name] for name in _COLUMNS)
        if not team:
            raise CompanyFileError(f"access.hierarchy: {path}, line {number} has no team_id")
        if manager:
            managers.setdefault(manager, set()).add(team)
        if higher and above.setdefault(team, higher) != higher:
            raise CompanyFileError(f"access.hierarchy: {path}, line {number}: team {team!r} has two teams above it")
    below: dict[str, set[str]] = {}
    for team in {line["team_id"] for _, line in lines} | set(above.values()):
        for higher in _chain(team, above, path):
            below.setdefault(higher, set()).add(team)
    return Hierarchy(
        {name: frozenset(teams) for name, teams in managers.items()},
        {team: frozenset(teams) for team, teams in below.items()},
    )


def _lines(path: Path, /) -> list[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise CompanyFileError(f"access.hierarchy: {path} cannot be read ({why})") from error
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise CompanyFileError(
            f"access.hierarchy: {path} has no column {', '.join(missing)}; it needs {', '.join(_COLUMNS)}"
        )
    return [(place, {name: (line[name] or "").strip() for name in _COLUMNS}) for place, line in enumerate(reader, 2)]


def _chain(team: str, above: Mapping[str, str], path: Path, /) -> list[str]:
    """Return a team and all above it."""
    chain = [team]
    while chain[-1] in above:
        higher = above[chain[-1]]
        if higher in chain:
            raise CompanyFileError(f"access.hierarchy: {path}: team {higher!r} stands above itself")
        chain.append(higher)
    return chain
