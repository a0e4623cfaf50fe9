"""The service on a real port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from baton.company import Company
from baton.errors import AccessError, ArtefactError, OutputError
from baton.files import RunFolder
from serving.access.granting import Request, give
from serving.serve import listen, serve


@pytest.fixture(scope="module")
def address(company: Company, run_folder: RunFolder, checkout: Path) -> Iterator[str]:
    """A server as `baton serve` starts it, in a process of its own on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "baton.cli", "serve", str(company.path), "--out", str(run_folder.path)]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=checkout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    place = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 600
        while not _ready(place):
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < end, "the server did not become ready"
            time.sleep(0.2)
        yield place
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(300)


def _ready(place: str) -> bool:
    try:
        return httpx.get(f"{place}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_real_server_predicts_shows_the_page_and_refuses(address: str) -> None:
    answer = httpx.post(f"{address}/predict_churn", json={"rows": [{"customer_id": "c1"}], "explain": True})
    assert answer.status_code == 200
    assert len(answer.json()["rows"][0]["drivers"]) == 2
    assert "Hafen" in httpx.get(address).text
    assert (
        httpx.post(f"{address}/predict_churn", content=b"{", headers={"content-type": "application/json"})
        .json()["error"]["message"]
        .startswith("the body is no JSON")
    )
    assert "bentoml_service_request_total" in httpx.get(f"{address}/metrics").text
    for path in ("/", "/metrics", "/readyz"):
        assert httpx.get(f"{address}{path}", headers={"host": "evil.example"}).status_code == 421


def test_where_it_listens_and_who_may_reach_it_is_reported(
    company: Company, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import uvicorn

    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    announced: list[str] = []
    serve(company, run_folder, port=0, announce=announced.append)
    assert announced == [
        "Serving on http://127.0.0.1:0, for this machine alone: nobody was granted access yet, and whoever sits here "
        "sees everything. Pages: http://127.0.0.1:0/pages/. `baton access grant` gives tokens.",
    ]


def test_beyond_this_machine_it_listens_only_once_access_is_set_up(
    company: Company, run_folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import uvicorn

    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    own = company.model_copy(update={"path": tmp_path / "company.toml"})
    announced: list[str] = []
    with pytest.raises(AccessError, match=r"--host 0\.0\.0\.0: nobody was granted access yet.*`baton access grant"):
        serve(own, run_folder, host="0.0.0.0", port=0, announce=announced.append)
    # what stands before it may be reached by anybody
    with pytest.raises(AccessError, match=r"--allowed-host baton\.example: nobody was granted access yet"):
        serve(own, run_folder, port=0, allowed_hosts=["baton.example"], announce=announced.append)
    give(own, Request("etl", "service"))
    serve(own, run_folder, host="0.0.0.0", port=0, allowed_hosts=["Baton.example"], announce=announced.append)
    assert announced == [
        "Serving on http://0.0.0.0:0, for users with a token; people sign in at http://0.0.0.0:0/pages/. It answers "
        "under 127.0.0.1, ::1, baton.example, localhost; --allowed-host adds a name."
    ]


def test_a_run_that_is_not_there_is_refused_before_a_port_is_opened(company: Company, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"run\.json: not there; `baton run"):
        serve(company, RunFolder(tmp_path), port=1)


def test_a_port_that_is_taken_is_reported(company: Company, run_folder: RunFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OutputError, match="choose another --port or --host"):
            serve(company, run_folder, port=port)


def test_an_address_that_is_none_is_reported() -> None:
    with pytest.raises(OutputError, match="cannot listen there"):
        listen("not an address", 3000)
