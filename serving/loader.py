"""Loads a run in the background, and keeps what went wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from baton.errors import ArtefactError, BatonError
from serving.loading import LoadedRun

__all__ = ["Loader"]

_LOG = logging.getLogger("baton.serving")


class Loader:
    """Loads once, in the background, so that the service is alive before it is ready.

    Parameters
    ----------
    load : callable
        Returns the loaded run.
    """

    def __init__(self, load: Callable[[], LoadedRun]) -> None:
        self._load = load
        self._run: LoadedRun | None = None
        self._fault: BatonError | None = None
        self._thread = threading.Thread(target=self._work, name="baton-loading", daemon=True)

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
        self._thread.join(seconds)
        found = self.run
        if found is None:
            raise ArtefactError(f"the run is not loaded after {seconds:g} s; try again")
        return found

    @property
    def run(self) -> LoadedRun | None:
        """The run, or None as long as it is being loaded.

        Raises
        ------
        BatonError
            If it cannot be loaded.
        """
        if self._fault is not None:
            raise self._fault
        return self._run

    def _work(self) -> None:
        try:
            self._run = self._load()
        except BatonError as error:
            _LOG.error("the run cannot be served: %s", error)
            self._fault = error
        except Exception as error:
            _LOG.exception("a defect while the run was being loaded")
            what = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            self._fault = ArtefactError(f"the run cannot be loaded, by a defect ({what}); the service's log says more")
