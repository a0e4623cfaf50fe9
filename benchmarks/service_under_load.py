"""Bounded minutes of load with trouble in them: nothing decided may be lost or doubled, and no answer may be wrong.

``OMP_NUM_THREADS=1 python -m benchmarks.service_under_load [--minutes 10] [--postgres]``

A service with access on is asked for predictions by two clients and for decisions by one, without a pause. After a
quarter of the time a new model becomes champion; after a half the service is killed (SIGKILL) and started again; after
three quarters the database is locked against writing for ten seconds by somebody else; with ``--postgres`` its server
is stopped in the middle of what it does, and started again after ten seconds. Every probability is compared
with that of the model that the answer names. At the end the decisions are read back and compared with those that were
answered with 201.
"""

from __future__ import annotations

import argparse
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from baton.client.errors import ServiceError
from baton.client.service import Client
from baton.company import load_company
from baton.files import RunFolder
from baton.outcomes import outcome_folder
from benchmarks.service import ROWS, features, train
from models.prediction.predictor import load_predictor
from models.registry.champions import Registry
from models.registry.promotion import Origin
from serving.access.granting import Request, give
from tests.filled_results import write_filled
from tests.serving.databases import Postgres

TEAMS = 2_000
LOCKED_SECONDS = 10.0
WORDS = {"en": "Waits are long.", "zh": "等待时间长。"}


class Load:
    """What clients do and what they count, until they are stopped."""

    def __init__(self, port: int, tokens: dict[str, str], expected: dict[str, list[float]]) -> None:
        self.port, self.tokens, self.expected = port, tokens, expected
        self.stop = threading.Event()
        self.codes: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.wrong = 0
        self.made: list[str] = []

    def client(self, user: str) -> Client:
        """Return a client that asks once, so that whatever is refused is counted."""
        return Client(f"http://127.0.0.1:{self.port}", self.tokens[user], seconds=30, tries=1)

    def predict(self) -> None:
        """Ask for predictions, and compare each with that of the model which the answer names."""
        rows = [{"features": each} for each in features(20)]
        with self.client("service") as client:
            while not self.stop.is_set():
                answer = self._tried("predictions", lambda: client.predict_churn(rows))
                if answer is not None:
                    self.answers[answer["model"]] += 1
                    self.wrong += [row["probability"] for row in answer["rows"]] != self.expected[answer["model"]]

    def decide(self) -> None:
        """Decide on one team's card after the other."""
        with self.client("manager") as client:
            for number in range(TEAMS):
                if self.stop.is_set():
                    return
                self._decided(client, f"t{number}")

    def _decided(self, client: Client, team: str) -> None:
        """Dismiss a team's card, with one key, until it is answered."""

        def decide() -> Any:
            seen = client.advice("weights", team_id=team, role="agent")
            return client.propose(seen, "dismiss", "load", key=f"key-{team}")

        while not self.stop.is_set():
            made = self._tried("decisions", decide)
            if made is not None:
                self.made.append(made["id"])
                return

    def _tried(self, what: str, ask: Any) -> Any:
        try:
            answer = ask()
        except ServiceError as error:
            self.codes[f"{what}: {error.code} {error.reason[:60]}"] += 1
            time.sleep(0.2)
            return None
        self.codes[f"{what}: answered"] += 1
        return answer


def main() -> None:
    """Prepare, load, trouble, count, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--postgres", action="store_true", help="Keep the state in a PostgreSQL server of its own.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        server = stack.enter_context(postgres()) if options.postgres else None
        run(Path(place), 60 * options.minutes, server)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a PostgreSQL server, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="baton-load-", ignore_cleanup_errors=True) as folder:
        server = Postgres(folder)
        try:
            yield server
        finally:
            server.stop()
            server.server.cleanup()


def prepare(place: Path, server: Postgres | None) -> tuple[Any, dict[str, str], dict[str, list[float]]]:
    """Leave a run with a card for each team, users, and a first champion; the challenger is kept beside."""
    train(place)
    company, folder = load_company(place), RunFolder(place / "out")
    settings = "requests_per_minute = 100000000\n"
    if server is not None:
        server.execute("CREATE DATABASE baton_load")
        settings += f'database = "{server.address("baton_load")}"\n'
    (place / "company.toml").write_text((place / "company.toml").read_text("utf-8") + settings, "utf-8")
    row = {"role": "agent", "kpi": "csat", "current_weight": 50.0, "recommended_weight": 60.0, "verdict": "raise"}
    cards = pd.DataFrame([{"team_id": f"t{number}", **row, "reason": WORDS} for number in range(TEAMS)])
    write_filled(folder, "weights", cards)
    teams = [f"t{number}" for number in range(TEAMS)]
    folder.staged.mkdir(exist_ok=True)
    pd.DataFrame({"employee_id": [f"p-{team}" for team in teams], "team_id": teams}).to_parquet(
        folder.staged / "employees.parquet"
    )
    registry = Registry(company, create=True)
    expected = {}
    first, second = outcome_folder(folder.models, "churn"), place / "challenger"
    fit_another(folder, second)
    for number, model in enumerate((first, second), 1):
        registry.log("churn", model, entry={"log_loss": 0.5}, origin=Origin({}), parameters={})
        frame = pd.DataFrame(features(20))
        expected[f"churn/{number}"] = [float(value) for value in load_predictor(model).predict(frame)]
    hierarchy = pd.DataFrame({"team_id": teams, "manager": "manager", "above": ""})
    hierarchy.to_csv(place / "hierarchy.csv", index=False)
    text = (place / "company.toml").read_text("utf-8")
    (place / "company.toml").write_text(text + 'hierarchy = "hierarchy.csv"\n', "utf-8")
    company = load_company(place)
    tokens = {role: give(company, Request(role, role)).token for role in ("service", "manager", "auditor")}
    return company, tokens, expected


def fit_another(folder: RunFolder, place: Path) -> None:
    """Fit a model that answers otherwise."""
    from dataclasses import replace

    from features.training.table import TrainingTable
    from models.prediction.churn import ChurnPredictor

    table = TrainingTable.load(outcome_folder(folder.training, "churn"))
    labels = np.random.default_rng(9).random(ROWS) < 0.3
    ChurnPredictor.fit(replace(table, frame=table.frame.assign(label=labels.astype(float))), 2).save(place)


def started(place: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the service and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.service", "--serve", "baton", str(place), str(port)],
        stderr=subprocess.DEVNULL,
    )
    with Client(f"http://127.0.0.1:{port}") as client:
        while True:
            try:
                client.ready()
                return process
            except ServiceError:
                time.sleep(0.2)


def run(place: Path, seconds: float, server: Postgres | None) -> None:
    """Load a service for some seconds, and print what was counted."""
    company, tokens, expected = prepare(place, server)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = started(place, port)
    load = Load(port, tokens, expected)
    threads = [threading.Thread(target=each) for each in (load.predict, load.predict, load.decide)]
    memory = []
    for thread in threads:
        thread.start()
    time.sleep(min(10.0, seconds / 8))
    memory.append(("start", megabytes(process)))
    time.sleep(seconds / 4 - min(10.0, seconds / 8))
    Registry(company).promote("churn", 2, force=True)
    time.sleep(seconds / 4)
    memory.append(("before it is killed", megabytes(process)))
    process.kill()
    process.wait(30)
    begun = time.monotonic()
    process = started(place, port)
    ready = time.monotonic() - begun
    time.sleep(seconds / 4)
    memory.append(("after the restart", megabytes(process)))
    locked(place) if server is None else away(server)
    time.sleep(seconds / 4)
    memory.append(("end", megabytes(process)))
    load.stop.set()
    for thread in threads:
        thread.join(60)
    report(load, kept(port, tokens), memory, ready)
    process.terminate()
    process.wait(30)


def locked(place: Path) -> None:
    """Lock the database against writing for a while, as somebody else's process might."""
    with sqlite3.connect(place / ".baton" / "state.db", isolation_level=None, timeout=30) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_SECONDS)
        connection.execute("ROLLBACK")


def away(server: Postgres) -> None:
    """End the server of the database at once, and start it again after a while."""
    server.stop()
    time.sleep(LOCKED_SECONDS)
    server.start()


def kept(port: int, tokens: dict[str, str]) -> list[str]:
    """Return the ids of all decisions that the service has."""
    found: list[str] = []
    with Client(f"http://127.0.0.1:{port}", tokens["auditor"], tries=10) as client:
        page, pages = 1, 1
        while page <= pages:
            answer = client.decisions(page=page)
            pages, page = answer["pages"], page + 1
            found += [row["id"] for row in answer["rows"]]
    return found


def megabytes(process: subprocess.Popen[bytes]) -> int:
    """Return what a process holds in memory."""
    return round(psutil.Process(process.pid).memory_info().rss / 2**20)


def report(load: Load, kept_ids: list[str], memory: list[tuple[str, int]], ready: float) -> None:
    """Print what was counted."""
    lost = set(load.made) - set(kept_ids)
    doubled = len(kept_ids) - len(set(kept_ids)) + max(0, len(set(kept_ids)) - len(set(load.made)) - 1)
    print(f"decisions answered with 201: {len(load.made)}, lost: {len(lost)}, doubled: {doubled}")
    print(f"wrong answers: {load.wrong} of {load.answers.total()} ({dict(load.answers)})")
    print(f"ready again after {ready:.1f} s; memory in MB: {memory}")
    for what, count in sorted(load.codes.items()):
        print(f"  {count:7d}  {what}")


if __name__ == "__main__":
    main()
