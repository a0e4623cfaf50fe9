"""BentoML's own commands: a Bento is built from code alone, and served under the same rules."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from baton.company import Company
from tests.serving.access.conftest import House, house

__all__ = ["house"]

BENTOML = [str(Path(sys.executable).with_name("bentoml"))]
CODE = {"baton", "features", "models", "pipelines", "serving", "simulation", "bentofile.yaml", "requirements.in",
        "requirements-training.in", "requirements-spark.in", "requirements.lock", "pyproject.toml", "README.md", "LICENSE"}  # fmt: skip


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "BATON_TOKEN")}
    return {**kept, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1", **more}


@pytest.fixture(scope="module")
def home(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where BentoML keeps the one Bento that was built."""
    place = tmp_path_factory.mktemp("bentoml")
    done = subprocess.run(
        [*BENTOML, "build"], cwd=checkout, env=environment(place), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return place


@contextmanager
def serving(home: Path, **variables: str) -> Iterator[str]:
    """Serve the Bento from another folder than the code's; the address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [*BENTOML, "serve", "baton:latest", "--host", "127.0.0.1", "--port", str(port)],
        cwd=home, env=environment(home, **variables), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def ask(address: str, path: str, content: Any = None, **headers: str) -> tuple[int, Any]:
    data = None if content is None else json.dumps(content).encode()
    asked = urllib.request.Request(address + path, data, {"content-type": "application/json", **headers})
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())
    except OSError:
        return 0, None


def wait_for(address: str, code: int) -> Any:
    end = time.monotonic() + 240
    while True:
        found, body = ask(address, "/readyz")
        if found == code and "still being loaded" not in str(body):
            return body
        assert time.monotonic() < end, (found, body)
        time.sleep(0.3)


def test_a_bento_holds_code_and_neither_data_nor_secrets(home: Path) -> None:
    (source,) = home.glob("bentos/baton/*/src")
    assert {place.name for place in source.iterdir()} <= CODE
    kinds = {place.suffix for place in source.rglob("*") if place.is_file()}
    assert not kinds & {".parquet", ".csv", ".db", ".key", ".pem", ".pyc"}
    assert not [place for place in source.rglob("*") if place.name in (".baton", "out", "employees.key")]


def test_it_is_served_under_the_same_rules(home: Path, house: House) -> None:
    with serving(home, BATON_COMPANY=str(house.company.folder), BATON_HOSTS="baton.example") as address:
        wait_for(address, 200)
        body = {"rows": [{"customer_id": "c1"}, {"customer_id": "c3"}]}
        assert ask(address, "/predict_churn", body)[0] == 401
        code, answer = ask(address, "/predict_churn", body, **house.headers("lin"))
        assert code == 200
        assert [row["probability"] is None for row in answer["rows"]] == [False, True]
        assert ask(address, "/predict_churn", body, **house.headers("ana"), host="evil.example")[0] == 421
        assert ask(address, "/predict_churn", body, **house.headers("ana"), host="baton.example")[0] == 200
        assert ask(address, "/decisions/x", **house.headers("ana"))[0] == 404
        assert ask(address, "/nothing", **house.headers("ana"))[0] == 404


def test_without_access_or_a_company_it_answers_nothing(home: Path, company: Company) -> None:
    with serving(home, BATON_COMPANY=str(company.folder)) as address:
        assert "baton access grant" in wait_for(address, 503)["error"]["message"]
        assert ask(address, "/predict_churn", {"rows": []})[0] == 503
        assert ask(address, "/docs.json")[0] == 503
