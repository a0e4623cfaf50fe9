"""Webhooks and e-mails as they arrive, and what receivers and settings can do wrong."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from baton.alerts.settings import Alerts, Email, Rule, address_fault
from baton.company import Company, load_company
from baton.errors import CompanyFileError
from serving.alerts.channel import Undelivered
from serving.alerts.channels import EmailChannel, WebhookChannel, open_channels
from serving.alerts.measures import require_measures
from serving.alerts.outbox import new_id
from serving.alerts.signature import key_of
from serving.alerts.times import due_at
from serving.state.schema import Alert
from tests.serving.alerts.receivers import mail_server, receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_782_900_000
MOMENT = datetime(2026, 7, 1, 9)


class Sent:
    """A message about some customers."""

    def __init__(self, *customers: str, to: str = "lin") -> None:
        self.id, self.recipient = new_id(), to
        content = {"measure": "churn", "threshold": 0.5, "when": "above", "as_of": "2026-07-01T00:00:00Z"}
        self.alerts = tuple(
            Alert(
                number=place, rule="leaving", about="customer", subject=name, team_id="t1",
                value=0.6 + place / 1000, content={**content, "customer_id": name}, at=MOMENT,
            )
            for place, name in enumerate(customers)
        )  # fmt: skip


def webhook(url: str, **more: Any) -> WebhookChannel:
    return WebhookChannel("desk", Company(), url, key_of(SECRET, "DESK"), clock=lambda: NOW, **more)


def documented_check(checkout: Path) -> Any:
    """The check that the page shows receivers."""
    page = (checkout / "docs" / "alerts.md").read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code.group(1), names)
    return names["check"]


def test_the_documented_check_takes_a_message_once_and_refuses_replays(checkout: Path) -> None:
    check, seen = documented_check(checkout), set[str]()
    with receiver() as desk:
        webhook(desk.url).send(Sent("c1"))
        headers, body = desk.came[0]
    check(SECRET, headers, body, seen, NOW + 1)
    with pytest.raises(ValueError, match="taken already"):
        check(SECRET, headers, body, seen, NOW + 1)
    for late in (301, -301):
        with pytest.raises(ValueError, match="replay"):
            check(SECRET, headers, body, set(), NOW + late)
    changes = [{"webhook-id": "msg_other"}, {"webhook-timestamp": str(NOW + 200)}]
    for change in changes:  # a replay that was made to look new
        with pytest.raises(ValueError, match="not signed"):
            check(SECRET, {**headers, **change}, body, set(), NOW + 200)
    with pytest.raises(ValueError, match="not signed"):
        check(SECRET, headers, body.replace(b"c1", b"c2"), set(), NOW)


def test_a_message_lists_the_furthest_and_counts_the_rest() -> None:
    company = Company(alerts=Alerts(max_listed=2))
    channel = WebhookChannel("desk", company, "", key_of(SECRET, "DESK"))
    with receiver() as desk:
        WebhookChannel("desk", company, desk.url, channel.key).send(Sent("c1", "c2", "c3"))
        import json

        data = json.loads(desk.came[0][1])["data"]
    assert ([alert["customer_id"] for alert in data["alerts"]], data["more"]) == (["c3", "c2"], 1)
    assert "c3" in data["alerts"][0]["text"]["zh"]


@pytest.mark.parametrize(("code", "why"), [(404, "answered 404"), (500, "answered 500"), (302, "redirects")])
def test_what_a_receiver_does_not_take_is_undelivered(code: int, why: str) -> None:
    with receiver() as desk:
        desk.codes, desk.headers = [code], {"retry-after": "90", "location": desk.url}
        with pytest.raises(Undelivered, match=why) as refused:
            webhook(desk.url).send(Sent("c1"))
        assert len(desk.came) == 1
    assert not refused.value.is_final
    assert refused.value.wait == timedelta(seconds=90 if code != 302 else 0)


def test_a_slow_receiver_and_one_that_is_gone_are_undelivered_and_the_address_is_not_shown() -> None:
    with receiver() as desk:
        desk.delay = 1.0
        with pytest.raises(Undelivered, match="did not answer within"):
            webhook(desk.url, seconds=0.1).send(Sent("c1"))
    with pytest.raises(Undelivered, match="cannot be reached") as refused:
        webhook(desk.url + "?token=secret").send(Sent("c1"))
    assert "secret" not in str(refused.value)


def mailed(company: Company, message: Sent, refusal: str = "") -> tuple[Any, list[str]]:
    with mail_server() as box:
        box.refusal = refusal
        email = Email(
            host="127.0.0.1", port=box.port, security="none", sender="baton@example.com",
            addresses={"lin": "lin@example.com"},
        )  # fmt: skip
        EmailChannel(company, email).send(message)
        return box.mails[0], box.recipients


def test_names_put_no_header_into_an_email() -> None:
    nasty = "Evil\r\nBcc: all@example.com\u2028X:\x1b 1"
    company = Company.model_validate({"company": {"name": nasty}})
    mail, recipients = mailed(company, Sent(nasty))
    assert recipients == ["lin@example.com"]
    assert "bcc" not in {name.lower() for name in mail.keys()}  # noqa: SIM118
    assert mail["subject"] == "Baton: 1 alert · Evil Bcc: all@example.com X: 1"
    assert "客户 Evil Bcc" in mail.get_content()


def test_a_mail_server_that_refuses_or_is_not_there_is_undelivered() -> None:
    with pytest.raises(Undelivered, match=r"refuses the recipient \(550\)"):
        mailed(Company(), Sent("c1"), "550 no")
    with pytest.raises(Undelivered, match="has none of 'mara'") as nobody:
        mailed(Company(), Sent("c1", to="mara"))
    assert nobody.value.is_final
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    email = Email(host="127.0.0.1", port=port, security="none", sender="b@example.com", addresses={"lin": "l@e.com"})
    with pytest.raises(Undelivered, match="cannot be used"):
        EmailChannel(Company(), email).send(Sent("c1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example/",
        "https://user:word@desk.example/",
        "https://169.254.169.254/latest",
        "https://[::ffff:169.254.169.254]/",
        "https://[fe80::1]/",
        "ftp://127.0.0.1/",
        "https://desk.example/a\nb",
        "https:///x",
        "nonsense",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    assert address_fault(url)


def test_addresses_inside_the_companys_network_are_its_own_affair() -> None:
    assert address_fault("https://10.1.2.3/hook") == address_fault("http://localhost:8080/hook") == ""


def written(folder: Path, text: str) -> Company:
    (folder / "company.toml").write_text(f'[company]\nname = "Hafen"\n{text}', encoding="utf-8")
    return load_company(folder)


HOOK = '[[alerts.webhook]]\nname = "desk"\nurl = "https://desk.example/"\nsecret = "${BATON_TEST_DESK}"\n'
LEAVING = '[[alerts.rule]]\nname = "r"\nabout = "customer"\nmeasure = "churn"\nthreshold = 0.5\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[alerts]\ntimezone = "Mars/North"\n', "no time zone"),
        ('[alerts]\nquiet = "20:00"\n', "no span"),
        ('[alerts]\nquiet = "25:00-07:00"\n', "no time of day"),
        (LEAVING, "no way"),
        (HOOK.replace("https", "http"), "must begin with https"),
        (HOOK.replace("${BATON_TEST_DESK}", "whsec_in_the_file"), "secret"),
        (HOOK + LEAVING.replace('"churn"', '"chrun"'), "did you mean 'churn'"),
        (HOOK + LEAVING + 'channels = ["dsk"]\n', "did you mean 'desk'"),
        (HOOK + LEAVING + 'urgent = true\ndigest = "day"\n', "cannot wait"),
        (HOOK + HOOK, "is there twice"),
        ('[alerts.email]\nhost = "m"\nsender = "b@e.com\\nBcc: x@e.com"\n', "no e-mail address"),
        ('[alerts.email]\nhost="m"\nsecurity="none"\nuser="u"\npassword="${P}"\nsender="b@e.com"\n', "encrypted"),
    ],
)
def test_settings_that_cannot_be_are_named(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(CompanyFileError, match=why):
        written(tmp_path, text)


def test_a_missing_or_wrong_secret_is_named_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    company = written(tmp_path, HOOK + LEAVING)
    with pytest.raises(CompanyFileError, match="BATON_TEST_DESK is not set"):
        open_channels(company)
    monkeypatch.setenv("BATON_TEST_DESK", "swordfish")
    with pytest.raises(CompanyFileError, match="BATON_TEST_DESK holds no secret") as refused:
        open_channels(company)
    assert "swordfish" not in str(refused.value)
    monkeypatch.setenv("BATON_TEST_DESK", SECRET)
    assert list(open_channels(company)) == ["desk"]
    assert "MfKQ" not in repr(open_channels(company)["desk"])


def test_rules_about_a_kpi_or_window_that_there_is_not_are_named(tmp_path: Path) -> None:
    about = LEAVING.replace("customer", "team")
    with pytest.raises(CompanyFileError, match="no such KPI; did you mean 'csat'"):
        require_measures(written(tmp_path, HOOK + about.replace("churn", "csta")))
    with pytest.raises(CompanyFileError, match="no such window"):
        require_measures(written(tmp_path, HOOK + about.replace("churn", "csat__8d")))


def held_until(quiet: str, now: str, zone: str = "Europe/Berlin", **more: Any) -> str:
    rule = Rule(name="r", about="customer", measure="churn", threshold=0.5, **more)
    moment = datetime.fromisoformat(now).astimezone(UTC).replace(tzinfo=None)
    return due_at(Alerts(quiet=quiet, timezone=zone), rule, moment).isoformat(timespec="minutes")


def test_quiet_hours_over_midnight_and_when_clocks_change() -> None:
    assert held_until("20:00-07:00", "2026-07-01T23:00+02:00") == "2026-07-02T05:00"
    assert held_until("20:00-07:00", "2026-07-02T06:59+02:00") == "2026-07-02T05:00"
    assert held_until("20:00-07:00", "2026-07-02T07:00+02:00") == "2026-07-02T05:00"
    assert held_until("20:00-07:00", "2026-10-24T23:00+02:00") == "2026-10-25T06:00"  # the night has one hour more
    assert held_until("20:00-07:00", "2027-03-27T23:00+01:00") == "2027-03-28T05:00"  # and one less
    assert held_until("22:00-02:30", "2027-03-27T23:00+01:00") == "2027-03-28T01:30"  # half past two is skipped
    assert held_until("22:00-02:30", "2026-10-24T23:00+02:00") == "2026-10-25T00:30"  # comes twice: the first
    assert held_until("12:00-13:00", "2026-07-01T12:30+02:00") == "2026-07-01T11:00"


def test_digests_wait_for_their_time_and_for_the_end_of_quiet_hours() -> None:
    assert held_until("", "2026-07-01T10:20+02:00", digest="hour") == "2026-07-01T09:00"
    assert held_until("", "2026-07-01T10:20+02:00", digest="day") == "2026-07-02T06:00"
    assert held_until("07:30-09:00", "2026-07-01T10:20+02:00", digest="day") == "2026-07-02T07:00"
    assert held_until("20:00-07:00", "2026-07-01T23:00+02:00", urgent=True) == "2026-07-01T21:00"
