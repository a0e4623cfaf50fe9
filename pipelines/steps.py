"""What each step of a run was made from, so that a run resumes where an earlier one of the same inputs stopped.

A step is skipped if its record says that it was made from the same key (inputs, settings, code, the keys of the steps
it builds on) and all its files are still as it left them. The record goes first when a step starts and comes last when
it ends, so that a killed step is done again. A library was looked for and left out: see docs/decisions/0002-steps.md.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from baton.disk import explaining_full_disks
from baton.errors import OutputError
from baton.files import RunFolder, owner_only, read_json, remove_unfinished, write_json
from baton.messages.message import Message
from baton.progress import Progress, silent
from pipelines.memory import watched

__all__ = ["Ledger", "Outcome", "StepRecord", "digest", "recorded_key"]


def digest(value: Any, /) -> str:
    """Return a short fingerprint of anything that JSON can say.

    Examples
    --------
    >>> digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True)
class StepRecord:
    """One step of a run.

    Parameters
    ----------
    name : str
    key : str
        Fingerprint of what it was made from.
    reused : bool
        Whether an earlier run's files were kept.
    seconds : float
        How long it took when it was done.
    rows : dict of str to int
        Rows that it made, by name.
    warnings : tuple of str
        What a reader of the results must know.
    messages : tuple of dict
        The key and values that each warning was made from; None for one that is text alone.
    peak_memory_mb : float or None
        The most memory (MiB) that the process held while it was done; None: not known.
    cpu_seconds : float or None
        Processor time of all the process's threads; None: not known.
    """

    name: str
    key: str
    reused: bool
    seconds: float
    rows: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    peak_memory_mb: float | None = None
    cpu_seconds: float | None = None
    messages: tuple[dict[str, Any] | None, ...] = ()


@dataclass
class Outcome:
    """What a step says of itself: filled by the step while it works."""

    rows: dict[str, int] = field(default_factory=dict)
    warnings: list[Message | str] = field(default_factory=list)


class Ledger:
    """The steps of one run folder.

    Parameters
    ----------
    folder : RunFolder
    base : mapping
        What every step depends on.
    progress : Progress
    """

    def __init__(self, folder: RunFolder, base: Mapping[str, Any], /, progress: Progress = silent) -> None:
        self.folder = folder
        self.records: list[StepRecord] = []
        self._progress = progress
        self._base = digest(dict(base))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of the folder.

        Raises
        ------
        OutputError
            If another run is writing there, or the disk is full.
        """
        lock = FileLock(self.folder.steps / "lock")
        try:
            with explaining_full_disks(self.folder.path):
                self.folder.steps.mkdir(parents=True, exist_ok=True)
                lock.acquire(timeout=0)
        except Timeout:
            raise OutputError(
                f"{self.folder.path}: another run is writing there; wait for it, or choose --out"
            ) from None
        try:
            remove_unfinished(self.folder.path)
            with owner_only():
                yield
        finally:
            lock.release()

    def step(
        self, name: str, depends_on: Mapping[str, Any], outputs: list[Path], work: Callable[[Outcome], None], /
    ) -> StepRecord:
        """Do a step, or keep what an earlier run left of the same key.

        Parameters
        ----------
        name : str
            The step's name; its record lies under it.
        depends_on : mapping
            Inputs, settings, and the keys of the steps that it builds on.
        outputs : list of Path
            Files and folders that the step writes; those that it may leave out are allowed to be missing.
        work : callable
            Does it; says rows and warnings.
        """
        key = self._key(name, depends_on)
        place = self.folder.steps / f"{name}.json"
        done = self._finished(place, key, outputs)
        if done is not None:
            self._progress(f"{name}: unchanged, kept", 1, 1)
            self.records.append(done)
            return done
        place.unlink(missing_ok=True)
        self._progress(name, 0, 0)
        started, worked, outcome = time.perf_counter(), time.process_time(), Outcome()
        with watched() as peak, explaining_full_disks(self.folder.path):
            work(outcome)
        seconds, cpu = round(time.perf_counter() - started, 3), round(time.process_time() - worked, 3)
        held = round(peak.mebibytes, 1)
        texts = tuple(each.text if isinstance(each, Message) else each for each in outcome.warnings)
        messages = tuple(each.as_json() if isinstance(each, Message) else None for each in outcome.warnings)
        record = StepRecord(name, key, False, seconds, outcome.rows, texts, held, cpu, messages)
        write_json(
            place,
            {
                "key": key,
                "seconds": record.seconds,
                "cpu_seconds": cpu,
                "peak_memory_mb": held,
                "rows": record.rows,
                "warnings": list(record.warnings),
                "messages": list(record.messages),
                "files": _state(outputs, self.folder.path),
            },
        )
        self.records.append(record)
        return record

    def is_done(self, name: str, depends_on: Mapping[str, Any], outputs: list[Path], /) -> bool:
        """Whether a step would keep what an earlier run left."""
        return self._finished(self.folder.steps / f"{name}.json", self._key(name, depends_on), outputs) is not None

    def _key(self, name: str, depends_on: Mapping[str, Any], /) -> str:
        return digest([self._base, name, dict(depends_on)])

    def _finished(self, place: Path, key: str, outputs: list[Path], /) -> StepRecord | None:
        if not place.exists():
            return None
        found = read_json(place)
        if found.get("key") != key or found.get("files") != _state(outputs, self.folder.path):
            return None
        warnings, held, cpu = tuple(found["warnings"]), found.get("peak_memory_mb"), found.get("cpu_seconds")
        messages = tuple(found.get("messages", [None] * len(warnings)))
        return StepRecord(place.stem, key, True, found["seconds"], found["rows"], warnings, held, cpu, messages)


def _state(outputs: list[Path], root: Path, /) -> dict[str, list[int]]:
    """Size and time of change of every file, so that one that was touched is made again."""
    files = [path for output in outputs for path in (sorted(output.rglob("*")) if output.is_dir() else [output])]
    return {
        str(path.relative_to(root)): [path.stat().st_size, path.stat().st_mtime_ns] for path in files if path.is_file()
    }


def recorded_key(folder: RunFolder, step: str, /) -> str:
    """Return what a step of an earlier call was made from; empty where it was not done."""
    place = folder.steps / f"{step}.json"
    return read_json(place)["key"] if place.exists() else ""
