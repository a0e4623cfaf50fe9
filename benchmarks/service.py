"""What Baton's door costs: one row and a hundred, beside bare BentoML and ``mlflow models serve`` with the same model.

``OMP_NUM_THREADS=1 python -m benchmarks.service [--requests 400]``

All servers run at once, each in a process of its own; requests go to one after the other in turn, by clients that keep
their connections. Bare BentoML is what somebody writes in ten lines: a method that takes the same request and calls the
same answer, served by uvicorn. MLflow gives no drivers. Probabilities of all are compared before anything is measured.
Processor time is a server's own, with all its processes; what it makes ready after its start is over before.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from benchmarks import service_rivals

FEATURES = 60
ROWS = 4000
AT_ONCE = 16
WARM = 10  # requests that do not count
SETTLED = 10.0  # seconds after the start
PROCESSES: dict[str, psutil.Process] = {}
SERVERS = ("baton", "bare", "mlflow")
JSON: dict[str, str] = {"content-type": "application/json"}


def main() -> None:
    """Measure and print, or serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument(
        "--open", action="store_true", help="Without access set up; by default each request has a token."
    )
    parser.add_argument("--serve", nargs=3, metavar=("SERVER", "FOLDER", "PORT"))
    options = parser.parse_args()
    if options.serve:
        name, folder, port = options.serve
        serve_one(name, Path(folder), int(port))
        return
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder))
        if not options.open:
            JSON["authorization"] = f"Bearer {granted(Path(folder))}"
        with ExitStack() as stack:
            ports = {name: stack.enter_context(started(Path(folder), name)) for name in SERVERS}
            measure(ports, options.requests)


def train(folder: Path) -> None:
    """Leave a run's folder with a churn model of many features."""
    from baton.files import RunFolder
    from baton.outcomes import outcome_folder
    from baton.run_results import RUN, RunResults
    from features.training.table import TrainingTable
    from models.prediction.churn import ChurnPredictor

    (folder / "company.toml").write_text(
        '[company]\nname = "Speed"\n[tables]\ncases = { path = "c.csv" }\n'
        "[access]\nservice_requests_per_minute = 100000000\n",
        "utf-8",
    )
    rng = np.random.default_rng(3)
    names = tuple(f"metric_{number}__90d" for number in range(FEATURES))
    values = rng.normal(size=(ROWS, FEATURES))
    score = values[:, :10] @ rng.normal(size=10)
    frame = pd.DataFrame(values, columns=list(names)).assign(
        unit_id=[f"c{number}" for number in range(ROWS)],
        as_of=pd.Timestamp("2025-01-01"),
        label=(rng.random(ROWS) < 1 / (1 + np.exp(-score))).astype(float),
        group=[f"c{number}" for number in range(ROWS)],
    )
    kpi_of = {name: name.split("__")[0] for name in names}
    table = TrainingTable("churn", "probability", "customer", frame, names, kpi_of, None, temporal=False)
    run = RunFolder(folder / "out").create()
    table.save(outcome_folder(run.training, "churn"))
    ChurnPredictor.fit(table, 1).save(outcome_folder(run.models, "churn"))
    RunResults(run).write_document(RUN, {})


def granted(folder: Path) -> str:
    """Set access up, and return a token; the bare service takes no notice of it."""
    from baton.company import load_company
    from serving.access.granting import Request, give

    return give(load_company(folder), Request("benchmark", "service")).token


def serve_one(name: str, folder: Path, port: int) -> None:
    """Serve until stopped."""
    from baton.company import load_company
    from baton.files import RunFolder
    from serving.serve import serve

    company, run = load_company(folder), RunFolder(folder / "out")
    if name == "baton":
        serve(company, run, port=port)
        return
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.environ.setdefault("BENTOML_HOME", str(folder / "bentoml"))
    import uvicorn

    uvicorn.run(bare_service(company, run).to_asgi(), port=port, log_level="warning", access_log=False)


def bare_service(company: Any, run: Any) -> Any:
    """Return BentoML around the same answer, and nothing else."""
    import bentoml

    from serving.access.principal import LOCAL
    from serving.access.sight import Sight
    from serving.answering.predictions import answer_churn
    from serving.loading import load_run
    from serving.metrics import count_in_one_process

    globals().update(_requests())
    count_in_one_process()

    @bentoml.service(name="bare", threads=4)
    class Bare:
        def __init__(self) -> None:
            self.run = load_run(company, run)

        @bentoml.api
        def predict_churn(self, request: ChurnRequest, /) -> dict[str, Any]:  # type: ignore[name-defined]  # noqa: F821
            return answer_churn(self.run, request, Sight(LOCAL, self.run.members, 5))

    return Bare


def _requests() -> dict[str, Any]:
    # BentoML looks annotations up in the module
    from serving.answering.payloads import ChurnRequest

    return {"ChurnRequest": ChurnRequest}


@contextmanager
def started(folder: Path, name: str) -> Iterator[int]:
    """Start a server in a process of its own; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.service", "--serve", name, str(folder), str(port)]
    process = service_rivals.start(folder, port) if name == "mlflow" else subprocess.Popen(command)
    try:
        end = time.monotonic() + 300
        while _post(None, port, name, 1) is None:
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{name} did not start")
            time.sleep(0.2)
        PROCESSES[name] = psutil.Process(process.pid)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def features(rows: int) -> list[dict[str, float]]:
    """Return so many rows."""
    rng = np.random.default_rng(rows)
    values = rng.normal(size=(rows, FEATURES)).round(3).tolist()
    return [{f"metric_{place}__90d": value for place, value in enumerate(row)} for row in values]


@cache
def body(rows: int, name: str = "baton", explain: bool = False) -> bytes:
    """Return a request of so many rows, as a server takes it."""
    if name == "mlflow":
        return service_rivals.body(features(rows))
    return json.dumps({"rows": [{"features": each} for each in features(rows)], "explain": explain}).encode()


def _post(connection: http.client.HTTPConnection | None, port: int, name: str, rows: int, explain: bool = False) -> Any:
    path = service_rivals.PATH if name == "mlflow" else "/predict_churn"
    try:
        kept = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        kept.request("POST", path, body(rows, name, explain), JSON)
        answer = kept.getresponse()
        text = answer.read()
    except OSError:
        return None
    return json.loads(text) if answer.status == 200 else None


def _probabilities(name: str, answer: Any) -> list[float]:
    return service_rivals.probabilities(answer) if name == "mlflow" else [row["probability"] for row in answer["rows"]]


def measure(ports: dict[str, int], requests: int) -> None:
    """Print the times of all and their ratios."""
    answers = {name: _probabilities(name, _post(None, port, name, 100)) for name, port in ports.items()}
    assert answers["baton"] == answers["bare"], "Baton and bare BentoML answer differently"
    assert np.allclose(answers["baton"], answers["mlflow"], rtol=0, atol=1e-12), "MLflow answers differently"
    time.sleep(SETTLED)
    print("| | server | p50 ms | p99 ms | requests/s | Baton's rate to it | processor ms | Baton's rate to it |")
    print("|---|---|---|---|---|---|---|---|")
    for label, rows, explain, number in (
        ("one row", 1, False, requests),
        ("100 rows", 100, False, max(requests // 2, 20)),
        ("100 rows, drivers", 100, True, max(requests // 4, 20)),
    ):
        asked = {name: port for name, port in ports.items() if not (explain and name == "mlflow")}
        before = {name: processor_seconds(name) for name in asked}
        times = in_turn(asked, rows, explain, number)
        spent = {name: 1000 * (processor_seconds(name) - before[name]) / (number + WARM) for name in asked}
        for name, taken in times.items():
            p50, p99 = np.percentile(taken, [50, 99])
            ratio = sum(taken) / sum(times["baton"])
            clock = f"{p50:.2f} | {p99:.2f} | {1000 / np.mean(taken):.1f} | {ratio:.2f}"
            print(
                f"| {label} | {name} | {clock} | {spent[name]:.2f} | {spent[name] / spent['baton']:.2f} |", flush=True
            )
    in_two = one_by_one({name: ports[name] for name in ("baton", "bare")}, requests // 4, True)
    print(f"head and body in two packets, p50 ms: {in_two}", flush=True)
    rates = side_by_side(ports, requests)
    print(f"100 rows, {AT_ONCE} at once, requests/s: {rates}", flush=True)


def processor_seconds(name: str) -> float:
    """Return the processor time of a server and of the processes that it has started."""
    own = PROCESSES[name]
    return sum(sum(each.cpu_times()[:2]) for each in (own, *own.children(recursive=True)))


def in_turn(ports: dict[str, int], rows: int, explain: bool, requests: int) -> dict[str, list[float]]:
    """Return the milliseconds of each request, the servers in turn."""
    opened = {name: http.client.HTTPConnection("127.0.0.1", port, timeout=120) for name, port in ports.items()}
    times: dict[str, list[float]] = {name: [] for name in ports}
    contents = {name: body(rows, name, explain) for name in ports}
    for number in range(requests + WARM):
        for name, connection in opened.items():
            begun = time.perf_counter()
            answer = _asked(connection, name, contents[name])
            if answer is None:  # it had closed the connection while the others answered
                connection.close()
                begun = time.perf_counter()
                answer = _asked(connection, name, contents[name])
            if answer is None or answer.status != 200:
                raise SystemExit(f"{name} did not answer")
            if number >= WARM:
                times[name].append(1000 * (time.perf_counter() - begun))
    return times


def _asked(connection: http.client.HTTPConnection, name: str, content: bytes) -> http.client.HTTPResponse | None:
    path = service_rivals.PATH if name == "mlflow" else "/predict_churn"
    try:
        connection.request("POST", path, content, JSON)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return None
    return answer


def one_by_one(ports: dict[str, int], requests: int, in_two_parts: bool) -> dict[str, float]:
    """Return the median milliseconds of one row, the servers in turn."""
    content = body(1)
    head = (
        f"POST /predict_churn HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(content)}\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in JSON.items())
        + "\r\n"
    ).encode()
    opened = {name: socket.create_connection(("127.0.0.1", port)) for name, port in ports.items()}
    times: dict[str, list[float]] = {name: [] for name in ports}
    for number in range(requests + 20):
        for name, connection in opened.items():
            begun = time.perf_counter()
            for part in (head, content) if in_two_parts else (head + content,):
                connection.sendall(part)
            _read_answer(connection)
            if number >= 20:
                times[name].append(1000 * (time.perf_counter() - begun))
    for connection in opened.values():
        connection.close()
    return {name: float(np.median(values)) for name, values in times.items()}


def _read_answer(connection: socket.socket) -> None:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"answered with {answer.status}")


def side_by_side(ports: dict[str, int], requests: int) -> dict[str, float]:
    """Return the requests a second of a hundred rows each, the best of three rounds per server, in turn."""
    best = dict.fromkeys(ports, 0.0)
    for _ in range(3):
        for name, port in ports.items():
            best[name] = max(best[name], _rate(name, port, max(requests // AT_ONCE, 2)))
    return best


def _rate(name: str, port: int, each: int) -> float:
    def work(_: int) -> int:
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        return sum(_post(kept, port, name, 100) is not None for _ in range(each))

    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answered = sum(pool.map(work, range(AT_ONCE)))
    if answered != each * AT_ONCE:
        raise SystemExit(f"{each * AT_ONCE - answered} requests were not answered")
    return answered / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
