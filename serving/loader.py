"""Loads a run in the background, and again when there is a newer one; what went wrong is kept."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from pathlib import Path

from baton.company import Company
from baton.errors import ArtefactError, BatonError
from baton.files import RunFolder
from baton.run_results import RUN
from serving.loading import LoadedRun

__all__ = ["EVERY_SECONDS", "Loader", "fingerprint"]

_LOG = logging.getLogger("baton.serving")
EVERY_SECONDS = 2.0
"""How often a loader looks whether there is a newer run or champion."""


class Loader:
    """Loads in the background, so that the service is alive before it is ready and answers while it loads anew.

    Parameters
    ----------
    load : callable
        Returns the loaded run.
    fingerprint : callable, optional
        Returns what the run is loaded from, as something that changes when that does. A change is acted on once it has
        stood still from one look to the next. Without it the run is loaded once.
    every_seconds : float, optional
        From one look to the next; ``EVERY_SECONDS`` if not given.
    """

    def __init__(
        self,
        load: Callable[[], LoadedRun],
        fingerprint: Callable[[], Hashable] | None = None,
        *,
        every_seconds: float | None = None,
    ) -> None:
        self._load = load
        self._fingerprint = fingerprint
        self._run: LoadedRun | None = None
        self._fault: BatonError | None = None
        self._refused: str = ""
        self._first = threading.Event()
        # the thread must not keep a service alive that nobody else knows any more
        arguments = (weakref.ref(self), EVERY_SECONDS if every_seconds is None else every_seconds)
        self._thread = threading.Thread(target=_work, args=arguments, name="baton-loading", daemon=True)

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def wait(self, seconds: float, /) -> LoadedRun:
        """Return the run when it is loaded.

        Raises
        ------
        ArtefactError
            If it cannot be loaded, or not in time.
        """
        self._first.wait(seconds)
        found = self.run
        if found is None:
            raise ArtefactError(f"the run is not loaded after {seconds:g} s; try again")
        return found

    @property
    def run(self) -> LoadedRun | None:
        """The run, or None as long as it is being loaded for the first time.

        Raises
        ------
        BatonError
            If it cannot be loaded, and none was before.
        """
        if self._run is None and self._fault is not None:
            raise self._fault
        return self._run

    @property
    def refused(self) -> str:
        """Why what is newer is not served, while what was there before still is; empty where all is well."""
        return self._refused

    def made_from(self) -> Hashable:
        """Return the fingerprint of what there is to load now."""
        return None if self._fingerprint is None else self._fingerprint()

    @property
    def watches(self) -> bool:
        """Whether it loads again."""
        return self._fingerprint is not None

    def load(self) -> None:
        """Load what there is; a fault leaves the run before in its place."""
        try:
            self._run, self._fault, self._refused = self._load(), None, ""
        except BatonError as error:
            _LOG.error("the run cannot be served: %s", error)
            self._keep(error)
        except Exception as error:
            _LOG.exception("a defect while the run was being loaded")
            what = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            self._keep(ArtefactError(f"the run cannot be loaded, by a defect ({what}); the service's log says more"))
        self._first.set()

    def _keep(self, error: BatonError, /) -> None:
        self._fault = error
        if self._run is not None:
            self._refused = f"what is newer cannot be served, so what was there before answers: {error}"


def _work(reference: weakref.ref[Loader], every_seconds: float, /) -> None:
    loader = reference()
    if loader is None:
        return
    loaded = seen = loader.made_from()
    loader.load()
    watches = loader.watches
    del loader
    while watches:
        time.sleep(every_seconds)
        loader = reference()
        if loader is None:
            return
        found = loader.made_from()
        if loaded != found == seen:
            loaded = found
            loader.load()
        seen = found
        del loader


def fingerprint(company: Company, folder: RunFolder, /) -> Hashable:
    """Return what changes with a run and its champions: ``run.json`` is written last, the registry at promotions."""
    from models.registry.champions import registry_folder

    places = (folder.file(RUN), registry_folder(company) / "mlflow.db")
    return tuple((place.name, *_stamp(place)) for place in places)


def _stamp(place: Path, /) -> tuple[int, int]:
    try:
        found = place.stat()
    except OSError:  # gone in the meantime
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
