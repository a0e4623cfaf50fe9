"""The commands: what waits, what arrives, and what is sent again."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from baton.cli import app
from serving.state.store import open_state
from tests.serving.alerts.office import everybody, office
from tests.serving.alerts.receivers import receiver
from tests.serving.databases import company_in

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["alerts", *arguments])
    return done.exit_code, done.stdout


def test_messages_are_listed_tried_and_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    company = company_in(tmp_path / "company")
    place = str(company.folder)
    state = open_state(company)
    of = office(state)
    of.look(0.6)
    claimed = of.deliveries.claim("desk", everybody)
    assert claimed is not None
    of.deliveries.failed(claimed, "the receiver answered 410", is_final=True)
    state.close()
    code, shown = run("list", place, "--state", "undelivered", "--json")
    assert code == 0 and "answered 410" in shown and '"c1"' not in shown
    assert run("retry", place) == (0, "Waiting to be sent again: 1.\n")
    assert '"state": "waiting"' in run("list", place, "--json")[1]
    monkeypatch.setenv("DESK", SECRET)
    with receiver() as desk:
        hook = f'[[alerts.webhook]]\nname = "desk"\nurl = "{desk.url}"\nsecret = "${{DESK}}"\n'
        file = company.folder / "company.toml"
        file.write_text(file.read_text("utf-8") + hook, encoding="utf-8")
        assert run("test", place) == (0, "desk: arrived\n")
        assert b'"type":"baton.test"' in desk.came[0][1]
    assert run("test", place)[0] == 2
    assert run("secret")[1].startswith("whsec_")
