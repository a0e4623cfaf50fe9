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

from baton.contract.results import of_step, result_table
from baton.disk import explaining_full_disks
from baton.errors import BusyError
from baton.files import RunFolder, owner_only, read_json, remove_unfinished, write_json
from baton.messages.message import Message
from baton.progress import Progress, silent, step_begins, step_ends
from pipelines.memory import measured

__all__ = ["Ledger", "Outcome", "Step", "StepRecord", "digest", "recorded_key"]


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
class Step:
    """A step of a run: what it builds on, what it leaves, and which code it stands on.

    Parameters
    ----------
    name : str
        Of its record, and of the step in the contract of its tables, which it leaves at the top of the run's folder.
    needs : tuple of str
        Steps that it builds on: done again where they have become others.
    makes : tuple of str
        What it leaves besides its tables, below the run's folder; a folder ends in ``/``. All that an earlier run has
        left of it, and of the tables, is removed before the step works.
    keeps : tuple of str
        What it leaves as well, and of which it takes or replaces what an earlier run has left itself.
    besides : tuple of str
        What lies in these folders and is another step's.
    code : tuple of str
        Modules that do it; what they import counts too.
    writes_sentences : bool
        Whether its files hold sentences of the catalogue.
    """

    name: str
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    writes_sentences: bool = False

    def files(self, folder: RunFolder, /) -> list[Path]:
        """Return the files that lie where the step leaves some."""
        return [found for place in (*self._made(folder), *self.keeps) for found in self._files_at(folder, place)]

    def clear(self, folder: RunFolder, /) -> None:
        """Remove what an earlier run has left of what the step makes anew; folders stay, empty."""
        for place in self._made(folder):
            for path in self._files_at(folder, place):
                path.unlink()
            if place.endswith("/"):
                self._empty_folders(folder.path / place)

    def _made(self, folder: RunFolder, /) -> tuple[str, ...]:
        return (*(result_table(name).file for name in of_step(self.name)), *self.makes)

    def _files_at(self, folder: RunFolder, place: str, /) -> list[Path]:
        path = folder.path / place
        others = [folder.path / other for other in self.besides]
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        return [file for file in found if file.is_file() and not any(file.is_relative_to(other) for other in others)]

    def _empty_folders(self, place: Path, /) -> None:
        place.mkdir(parents=True, exist_ok=True)
        for path in sorted(place.rglob("*"), reverse=True):  # what lies deeper first
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()


@dataclass(frozen=True)
class StepRecord:
    """One step of a run.

    Parameters
    ----------
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
        The key and values that each warning was made from; None where an older version kept text alone.
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
    warnings: list[Message] = field(default_factory=list)


class Ledger:
    """The steps of one run folder.

    Parameters
    ----------
    base : mapping
        What every step depends on.
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
        BusyError
            If another run is writing there.
        OutputError
            If the disk is full.
        """
        lock = FileLock(self.folder.steps / "lock")
        try:
            with explaining_full_disks(self.folder.path):
                self.folder.steps.mkdir(parents=True, exist_ok=True)
                lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(f"{self.folder.path}: another run is writing there; wait for it, or choose --out") from None
        try:
            remove_unfinished(self.folder.path)
            with owner_only():
                yield
        finally:
            lock.release()

    def step(self, step: Step, depends_on: Mapping[str, Any], work: Callable[[Outcome], None], /) -> StepRecord:
        """Do a step, or keep what an earlier run left of the same key.

        Parameters
        ----------
        step : Step
            Files that it may leave out are allowed to be missing; those of an earlier run are removed first.
        depends_on : mapping
            Inputs, settings, and the keys of the steps that it builds on.
        work : callable
            Does it; says rows and warnings.
        """
        key = self._key(step, depends_on)
        place = self._place(step)
        done = self._finished(step, key)
        if done is not None:
            step_begins(self._progress, step.name, kept=True)
            self.records.append(done)
            return done
        place.unlink(missing_ok=True)
        step_begins(self._progress, step.name)
        started, worked, outcome = time.perf_counter(), time.process_time(), Outcome()
        with measured() as peak, explaining_full_disks(self.folder.path):
            step.clear(self.folder)
            work(outcome)
        seconds, cpu = round(time.perf_counter() - started, 3), round(time.process_time() - worked, 3)
        held = round(peak.mebibytes, 1)
        texts = tuple(each.text for each in outcome.warnings)
        messages = tuple(each.as_json() for each in outcome.warnings)
        record = StepRecord(step.name, key, False, seconds, outcome.rows, texts, held, cpu, messages)
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
                "files": _state(step, self.folder),
            },
        )
        self.records.append(record)
        figures = {"seconds": seconds, "cpu_seconds": cpu, "peak_memory_mb": held, "rows": record.rows}
        step_ends(self._progress, step.name, {**figures, "warnings": len(texts)})
        return record

    def is_done(self, step: Step, depends_on: Mapping[str, Any], /) -> bool:
        """Whether a step would keep what an earlier run left."""
        return self._finished(step, self._key(step, depends_on)) is not None

    def _key(self, step: Step, depends_on: Mapping[str, Any], /) -> str:
        return digest([self._base, step.name, dict(depends_on)])

    def _place(self, step: Step, /) -> Path:
        return self.folder.steps / f"{step.name}.json"

    def _finished(self, step: Step, key: str, /) -> StepRecord | None:
        place = self._place(step)
        if not place.exists():
            return None
        found = read_json(place)
        if found.get("key") != key or found.get("files") != _state(step, self.folder):
            return None
        warnings, held, cpu = tuple(found["warnings"]), found.get("peak_memory_mb"), found.get("cpu_seconds")
        messages = tuple(found.get("messages", [None] * len(warnings)))
        return StepRecord(step.name, key, True, found["seconds"], found["rows"], warnings, held, cpu, messages)


def _state(step: Step, folder: RunFolder, /) -> dict[str, list[int]]:
    """Size and time of change of every file, so that one that was touched is made again."""
    return {
        str(path.relative_to(folder.path)): [path.stat().st_size, path.stat().st_mtime_ns]
        for path in step.files(folder)
    }


def recorded_key(folder: RunFolder, step: str, /) -> str:
    """Return what a step of an earlier call was made from; empty where it was not done."""
    place = folder.steps / f"{step}.json"
    return read_json(place)["key"] if place.exists() else ""
