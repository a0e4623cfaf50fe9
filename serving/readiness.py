"""What ``/readyz`` answers: which models, or why not."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from baton.errors import BatonError
from serving.decisions.refused import RunLoading, RunNotReady
from serving.loader import Loader
from serving.loading import LoadedRun
from serving.refusals import Message, Scope, Send, error_body

__all__ = ["LOADING", "Readiness", "required"]

LOADING = "the run is still being loaded; come back in a second"


def required(run: Callable[[], LoadedRun | None], /) -> LoadedRun:
    """Return the loaded run.

    Parameters
    ----------
    run : callable
        Returns it, None while it is being loaded; raises if it cannot be.

    Raises
    ------
    RunLoading
        If there is none yet.
    RunNotReady
        If it cannot be loaded.
    """
    try:
        found = run()
    except BatonError as error:
        raise RunNotReady(error.message) from None
    if found is None:
        raise RunLoading(LOADING)
    return found


@dataclass
class Readiness:
    """Whether a service can answer.

    Parameters
    ----------
    loader : Loader or None
        What loads its run; None before it has begun.
    announce : callable
        Takes what the one who started the service is to know.
    alerts : callable
        Returns what waits to be sent; empty where there are no alerts.
    begun : callable
        Called when it has begun to load.
    warm : callable
        Takes a run that is loaded, before it answers.
    """

    loader: Loader | None = None
    announce: Callable[[str], None] = lambda _: None
    alerts: Callable[[], Mapping[str, Any]] = dict
    begun: Callable[[], None] = lambda: None
    warm: Callable[[LoadedRun], None] = lambda _: None

    def begin(self, load: Callable[[], LoadedRun], fingerprint: Callable[[], Hashable] | None = None, /) -> Loader:
        """Begin to load a run, and return what loads it, and loads it again when its fingerprint is another."""

        def announced() -> LoadedRun:
            run = load()
            self.warm(run)
            for model in run.models():
                if "note" in model:
                    self.announce(f"{model['note']}.")
            self.announce(
                f"Ready: {', '.join(row['model'] for row in run.models()) or 'advice, without a prediction'}."
            )
            return run

        self.loader = Loader(announced, fingerprint)
        self.loader.start()
        self.begun()
        return self.loader

    def run(self) -> LoadedRun | None:
        """Return the run; None as long as it is being loaded.

        Raises
        ------
        BatonError
            If it cannot be loaded.
        """
        return None if self.loader is None else self.loader.run

    def state(self) -> tuple[int, dict[str, Any]]:
        """Return code and body: 200 with the models, or 503 with the sentence that says why not."""
        try:
            run = self.run()
        except BatonError as error:
            return 503, {"ready": False, **error_body("", str(error))}
        if run is None:
            return 503, {"ready": False, **error_body("", LOADING)}
        refused = "" if self.loader is None else self.loader.refused
        alerts = self.alerts()
        body = {"ready": True, "models": run.models(), **({"note": refused} if refused else {})}
        return 200, {**body, **({"alerts": alerts} if alerts else {})}

    def with_reasons(self, scope: Scope, send: Send, /) -> Send:
        """Return what sends an answer: that to ``/readyz`` with a body, which the library behind leaves empty."""
        if scope["type"] != "http" or scope["path"] != "/readyz":
            return send
        content: bytes | None = None

        async def sent(message: Message) -> None:
            nonlocal content
            if message["type"] == "http.response.start" and message["status"] in (200, 503):
                code, body = self.state()
                content = json.dumps(body, ensure_ascii=False).encode()
                length = str(len(content)).encode()
                headers = [(b"content-type", b"application/json"), (b"content-length", length)]
                await send({"type": "http.response.start", "status": code, "headers": headers})
            elif message["type"] == "http.response.body" and content is not None:
                if not message.get("more_body", False):
                    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})
            else:
                await send(message)

        return sent
