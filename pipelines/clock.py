"""When the day of a run matters: only once a time that lay ahead at staging has come."""

from __future__ import annotations

from datetime import UTC, datetime

from baton.files import RunFolder, read_json, write_json
from features.staging import stage

__all__ = ["clock_now", "note_since", "since"]

_RECORD = "clock.json"


def clock_now() -> datetime:
    """Return the clock's time, UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def since(folder: RunFolder, now: datetime, /) -> str | None:
    """Return the last planned time that has come since tables were staged: until the next one comes nothing changes.

    Parameters
    ----------
    now : datetime
        UTC without zone.

    Returns
    -------
    str or None
        What staging depends on besides its inputs; None where no time in the tables has ever lain ahead of the clock.
    """
    place = folder.steps / _RECORD
    known = read_json(place)["since"] if place.exists() else None
    due = stage.due(folder.staged)
    return known if due is None or due > now else due.isoformat()


def note_since(folder: RunFolder, moment: str | None, /) -> None:
    """Keep what ``since`` returned, once tables are staged."""
    write_json(folder.steps / _RECORD, {"since": moment})
