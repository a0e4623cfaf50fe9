"""Threads by kind of work, so that slow work keeps nobody waiting but its like, and stops when nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, TypeVar

from baton.errors import BatonError
from serving.refusals import Receive

__all__ = ["CLIENT", "Busy", "Check", "Lane", "Stopped"]

T = TypeVar("T")
Check = Callable[[], None]
"""Called between pieces of work; raises ``Stopped`` when nobody waits for it any more."""

CLIENT: ContextVar[Receive | None] = ContextVar("CLIENT", default=None)
"""Where the present request's client is heard to go."""


class Busy(BatonError):
    """More work of one kind waits than is worth waiting for, or it took too long."""


class Stopped(BatonError):
    """The work was given up, since nobody waits for it."""


class Lane:
    """Threads for one kind of work.

    Parameters
    ----------
    name : str
        What the work is about, for people: "conversations".
    threads : int
        At work at once.
    max_waiting : int
        Pieces of work that may be there at once, those at work included.
    max_seconds : float
        After which a piece of work is given up.
    """

    def __init__(self, name: str, *, threads: int, max_waiting: int, max_seconds: float) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(threads, f"baton-{name}")
        self._places = threading.Semaphore(max_waiting)
        self._max_seconds = max_seconds

    async def run(self, work: Callable[[Check], T], /) -> T:
        """Do a piece of work in one of the lane's threads.

        Raises
        ------
        Busy
            If too much is waiting, or it took too long.
        Stopped
            If the client has gone.
        """
        if not self._places.acquire(blocking=False):
            raise Busy(f"too many {self._name} at once; come back in a few seconds")
        stop = threading.Event()

        def check() -> None:
            if stop.is_set():
                raise Stopped("nobody waits for the answer any more")

        def begin() -> T:
            check()
            return work(check)

        future = self._pool.submit(begin)
        # the place is free when the thread is, not when somebody stops waiting
        future.add_done_callback(lambda _: self._places.release())
        try:
            return await self._outcome(future)
        finally:
            stop.set()

    async def _outcome(self, future: Future[T], /) -> T:
        done = asyncio.wrap_future(future)
        receive = CLIENT.get()
        waited: set[asyncio.Future[Any]] = {done}
        if receive is not None:
            waited.add(asyncio.ensure_future(_gone(receive)))
        try:
            await asyncio.wait(waited, timeout=self._max_seconds, return_when=asyncio.FIRST_COMPLETED)
            if done.done():
                return done.result()
            if any(each.done() for each in waited):
                raise Stopped("the client has gone")
            raise Busy(f"there was no time for these {self._name} within {self._max_seconds:g} s; try again later")
        finally:
            for each in waited:
                each.cancel()


async def _gone(receive: Receive, /) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
