"""What the newest look at data and predictions has found, in the run's folder: for pages, metrics and alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baton.errors import ArtefactError
from baton.files import RunFolder, owner_only, read_json, write_json
from baton.messages.message import Message

__all__ = ["Monitored", "monitored_file", "read_monitored", "write_monitored"]

_FORMAT = "baton.monitored/1"


@dataclass(frozen=True)
class Monitored:
    """What was found.

    Parameters
    ----------
    until : str
        End of the newest period, ISO 8601; empty where no table has enough periods.
    series : int
        How many figures were looked at.
    changes : mapping of str to Message
        What is other than before, by a name that stays the same while it lasts.
    differing : mapping of str to Message
        By the day that they were made for, predictions that came out otherwise than they promised.
    words : tuple of Message
        All of it, in sentences.
    """

    until: str
    series: int
    changes: Mapping[str, Message]
    differing: Mapping[str, Message]
    words: tuple[Message, ...]

    @property
    def found(self) -> dict[str, Message]:
        """Everything that somebody should look at, by its name."""
        return {**self.changes, **{f"predictions {day}": words for day, words in self.differing.items()}}


def monitored_file(folder: RunFolder, /) -> Path:
    """Return where it lies."""
    return folder.path / "monitoring" / "found.json"


def write_monitored(folder: RunFolder, found: Monitored, /) -> None:
    """Keep it, in the place of the look before.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    path = monitored_file(folder)
    with owner_only():
        path.parent.mkdir(exist_ok=True)
        write_json(
            path,
            {
                "format": _FORMAT,
                "until": found.until,
                "series": found.series,
                "changes": _written(found.changes),
                "differing": _written(found.differing),
                "words": [words.as_json() for words in found.words],
            },
        )


def read_monitored(folder: RunFolder, /) -> Monitored | None:
    """Return what was found; None where nobody has looked, or a file of another Baton lies there.

    Raises
    ------
    ArtefactError
        If the file cannot be read.
    """
    path = monitored_file(folder)
    if not path.exists():
        return None
    kept = read_json(path)
    try:
        if kept["format"] != _FORMAT:
            return None
        return Monitored(
            str(kept["until"]),
            int(kept["series"]),
            {name: Message.from_json(words) for name, words in kept["changes"].items()},
            {name: Message.from_json(words) for name, words in kept["differing"].items()},
            tuple(Message.from_json(words) for words in kept["words"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"{path}: this is not what `baton monitor` has left ({error}); run it again") from error


def _written(found: Mapping[str, Message], /) -> dict[str, Any]:
    return {name: words.as_json() for name, words in found.items()}
