"""How a command ends when it is asked to by a signal: in one sentence, as after an error."""

from __future__ import annotations

import os
import signal
import sys
import threading

__all__ = ["end_when_terminated"]

_CODE = 143
_SECONDS_BEFORE_AGAIN = 0.05  # enough for the finalizer that swallowed the exit to return


def end_when_terminated() -> None:
    """From now on, end on SIGTERM: what was being written is removed, and locks are let go.

    Python swallows an exception that is raised within a finalizer, an exit as well; the signal is then given again.
    """
    signal.signal(signal.SIGTERM, _first)


def _first(*_: object) -> None:
    from baton.terminal.progress import log_end

    log_end(
        _CODE, "baton: stopped by a signal (SIGTERM); what is finished is kept, the same command goes on from there"
    )
    sys.unraisablehook = _swallowed
    signal.signal(signal.SIGTERM, _again)
    _again()


def _again(*_: object) -> None:
    raise SystemExit(_CODE)


def _swallowed(unraisable: sys.UnraisableHookArgs, /) -> None:
    """Say nothing of finalizers that were interrupted, and end after those that swallowed the exit."""
    if isinstance(unraisable.exc_value, SystemExit):
        timer = threading.Timer(_SECONDS_BEFORE_AGAIN, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        timer.start()
