"""A run that is asked to end says so, leaves nothing half written, and the next one goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from baton.company import load_company
from baton.files import RunFolder
from pipelines.run import Chain

STOPPED = """
import os, signal, sys
from baton import cli
from baton.files import write_atomically
from pipelines.run import Chain

def stopped(self):
    with write_atomically(self.folder.file("evaluation.json")) as temporary:
        temporary.write_text("half")
        os.kill(os.getpid(), signal.SIGTERM)
        while True:
            pass

Chain.train = stopped
sys.argv = ["baton", "run", sys.argv[1]]
cli.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM there")
def test_a_run_ended_by_a_signal_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    rows = range(120)
    flat = {"customer_id": [f"c{at}" for at in rows], "churned": [at % 3 // 2 for at in rows]}
    pd.DataFrame(flat | {"usage": [at * 7 % 11 for at in rows]}).to_csv(tmp_path / "flat.csv", index=False)
    (tmp_path / "company.toml").write_text('[tables]\nsnapshots = { path = "flat.csv" }\n')
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, str(tmp_path)], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 128 + signal.SIGTERM == 143
    assert "stopped by a signal (SIGTERM); what is finished is kept, the same command goes on" in done.stderr
    assert "Traceback" not in done.stderr
    out = tmp_path / "out"
    assert not [path for path in out.rglob("*") if path.name.endswith((".part", ".tmp"))]
    assert not (out / "evaluation.json").exists() and not (out / "run.json").exists()
    chain = Chain(load_company(tmp_path), RunFolder(out))
    with chain.ledger.locked():  # the lock of the run that ended is let go
        for step in (chain.stage, chain.texts, chain.features):
            step()
    assert {record.name: record.reused for record in chain.ledger.records} == dict.fromkeys(
        ("stage", "texts", "features"), True
    )
