"""How long the served route takes for a new turn of a chat of thirty.

``OMP_NUM_THREADS=1 python -m benchmarks.conversations_speed``

The service runs on its own (BentoML's application, no port), so that the time is that of a request: JSON in, JSON out.
Each chat is sent turn by turn, as a chat window would; a cold one is sent for the first time with all its turns.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from baton.company import load_company
from baton.files import RunFolder
from baton.run_results import RUN, RunResults
from models.conversations.signals import read_labelled

VISIBLE = Path(__file__).resolve().parents[1] / "models" / "conversations" / "visible"
TURNS = 30
CHATS = 12


def main() -> None:
    """Measure and print."""
    from starlette.testclient import TestClient

    from serving.service import application

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "company.toml").write_text(
            '[company]\nname = "Speed"\n[tables]\ncases = { path = "c.csv" }\n', "utf-8"
        )
        RunResults(place).write_document(RUN, {})
        with TestClient(application(load_company(place), RunFolder(place))) as client:
            while client.get("/readyz").status_code != 200:
                time.sleep(0.1)
            print("| a request | p50 ms | p95 ms | processor ms, mean |\n|---|---|---|---|")
            for name, times in (("new turn, 30th", _last_turns(client)), ("all 30 turns, never seen", _cold(client))):
                wall, own = np.array(times).T
                print(f"| {name} | {np.median(wall):.0f} | {np.quantile(wall, 0.95):.0f} | {own.mean():.0f} |")


def _chats(seed: int) -> list[list[dict[str, str]]]:
    rows = [row for language in ("en", "zh") for row in read_labelled(VISIBLE / f"{language}.jsonl")]
    texts = [
        {"speaker": "customer" if turn.customer else "employee", "text": turn.text}
        for row in rows
        for turn in row.turns
    ]
    rng = np.random.default_rng(seed)
    chats = []
    for number in range(CHATS):
        chosen = rng.choice(len(texts), TURNS, replace=False)
        # no two chats share a turn: what one has taught the cache helps no other
        chats.append(
            [{**texts[at], "text": f"{texts[at]['text']} ({seed}.{number}.{place})"} for place, at in enumerate(chosen)]
        )
    return chats


def _last_turns(client: Any) -> list[tuple[float, float]]:
    times = []
    for chat in _chats(1):
        for end in range(1, TURNS):
            client.post("/assess_conversation", json={"turns": chat[:end]})
        times.append(_timed(client, chat))
    return times


def _cold(client: Any) -> list[tuple[float, float]]:
    return [_timed(client, chat) for chat in _chats(2)]


def _timed(client: Any, chat: list[dict[str, str]]) -> tuple[float, float]:
    wall, own = time.perf_counter(), time.process_time()
    answer = client.post("/assess_conversation", json={"turns": chat})
    answer.raise_for_status()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - own)


if __name__ == "__main__":
    main()
