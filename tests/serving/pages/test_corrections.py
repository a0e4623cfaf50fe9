"""Labels that people correct: who may, of which texts, what is counted, what the log keeps, what the next run gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text as sql

from baton.company import load_company
from baton.errors import OutputError
from baton.retraining.corrections import Corrected, corrections_file, read_corrections
from serving.access.keeper import Keeper
from serving.access.principal import LOCAL, Principal
from serving.audit.erase import erase
from serving.audit.log import AuditLog
from serving.audit.verify import verify
from serving.corrections.store import Corrections, NewCorrection
from serving.decisions.refused import DecisionRefused
from serving.state.schema import User
from serving.state.store import State
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import HERE, Browser

ANA = Principal("ana", "analyst")


@pytest.fixture
def kept(state: State, tmp_path: Path) -> Corrections:
    (tmp_path / "company.toml").write_text('[company]\nname = "Hafen"\n', encoding="utf-8")
    return Corrections(load_company(tmp_path), AuditLog(state))


def correction(case: str, cause: str, once: str = "k1", shown: str = "late") -> NewCorrection:
    return NewCorrection(case, "t1", cause, shown, once)


def test_the_newest_counts_once_and_the_log_names_no_case(kept: Corrections, state: State, tmp_path: Path) -> None:
    for case, cause, once in (
        ("Ada-1", "bill", "a"),
        ("Ada-1", "bill", "a"),
        ("k2", "late", "b"),
        ("Ada-1", "rude", "c"),
    ):
        kept.keep(ANA, correction(case, cause, once))
    assert kept.of_cases() == {"k2": "late", "Ada-1": "rude"}
    found = kept.since(0)
    assert found is not None and (found.read, found.agreed, found.corrected) == (2, 1, 1)
    assert found.low < 0.5 < found.high
    newer = kept.since(2)
    assert newer is not None and (newer.read, newer.agreed) == (1, 0)
    assert kept.since(3) is None
    company = load_company(tmp_path)
    assert read_corrections(company) == (Corrected("k2", "late", 2), Corrected("Ada-1", "rude", 3))
    assert "ana" not in corrections_file(company).read_text("utf-8")
    with state.reading() as session:
        rows = session.execute(sql("SELECT action, subject, detail FROM audit_log ORDER BY number")).all()
    assert [row.action for row in rows] == ["label.correct"] * 3
    assert "Ada" not in str(rows) and '"rude"' in rows[-1].detail


@pytest.mark.parametrize("unfit", [correction("k1", ""), correction("k1", "bill", ""), correction("k1", "x" * 301)])
def test_what_does_not_fit_is_refused_and_nothing_is_handed_on(kept: Corrections, unfit: NewCorrection) -> None:
    with pytest.raises(DecisionRefused):
        kept.keep(ANA, unfit)
    assert kept.of_cases() == {}


def test_what_could_not_be_handed_on_is_when_it_is_sent_again(kept: Corrections, tmp_path: Path) -> None:
    blocked = tmp_path / ".baton" / "corrections"
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match="corrections: cannot be made"):
        kept.keep(ANA, correction("k1", "bill"))
    blocked.unlink()
    kept.keep(ANA, correction("k1", "bill"))
    assert [row.number for row in read_corrections(load_company(tmp_path))] == [1]


def test_who_corrected_is_erased_and_what_was_learned_stays(kept: Corrections, state: State) -> None:
    log = AuditLog(state)
    with state.writing() as session:
        session.add(User(name="lin", role="manager", teams=[], employee="p-9", created_at=log.now()))
    lin = Principal("lin", "manager")
    for case in ("k1", "k2"):
        kept.keep(lin, correction(case, "bill"))
    erase(log, "p-9", actor=LOCAL)
    with state.reading() as session:
        rows = session.execute(sql('SELECT "by", cause FROM label_corrections')).all()
    assert {row.cause for row in rows} == {"bill"} and all(row.by.startswith("erased-") for row in rows)
    assert verify(state).sound
    with state.writing() as session:
        session.execute(sql("UPDATE label_corrections SET cause = 'rude' WHERE number = 2"))
    assert [(fault.kind, fault.number) for fault in verify(state).faults] == [("correction_changed", 2)]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE label_corrections SET cause = 'rude' WHERE number = 2", ("correction_changed", 2)),
        ("UPDATE label_corrections SET shown = 'rude' WHERE number = 1", ("correction_changed", 1)),
        ("UPDATE label_corrections SET case_id = 'k9' WHERE number = 2", ("correction_changed", 2)),
        ("UPDATE label_corrections SET \"by\" = 'mei' WHERE number = 1", ("correction_changed", 1)),
        ("UPDATE label_corrections SET \"by\" = 'erased-x' WHERE number = 1", ("correction_changed", 1)),
        ("DELETE FROM label_corrections WHERE number = 1", ("correction_missing", 1)),
        (
            "INSERT INTO label_corrections SELECT 7, case_id, team_id, \"by\", cause, shown, 'x', at "
            "FROM label_corrections WHERE number = 1",
            ("correction_unlogged", None),
        ),
    ],
)
def test_a_correction_that_is_not_as_it_was_logged_is_named(
    kept: Corrections, state: State, statement: str, found: tuple[str, int | None]
) -> None:
    for case in ("k1", "k2"):
        kept.keep(ANA, correction(case, "bill", case))
    assert verify(state).sound
    with state.writing() as session:
        session.execute(sql(statement))
    faults = verify(state).faults
    assert [(fault.kind, fault.number) for fault in faults] == [found]
    assert "orrection" in faults[0].message.text


def test_who_sees_a_text_corrects_its_label_and_it_is_counted(browser: Browser, with_passwords: House) -> None:
    browser.sign_in("mara")
    page = browser.open("/pages/causes")
    assert "where is my parcel" in page.text and "No text was read again" in page.text
    refused = browser.send("/pages/causes", {"cause": ""})
    assert refused.status_code == 400 and "nothing was kept yet" in refused.text
    assert browser.send("/pages/causes", {"cause": "weather"}).status_code == 400
    kept = browser.send("/pages/causes", {"cause": "late"})
    assert kept.status_code == 303
    page = browser.open(kept.headers["location"])
    assert "The next run learns from it" in page.text and "Somebody has read it again: late" in page.text
    assert "0 corrections" in page.text and "Of 1 text that" in page.text and "100%" in page.text
    assert [row.cause for row in read_corrections(with_passwords.company)] == ["late"]
    browser.sign_in("lin")  # the text is of another team's case
    seen = browser.open("/pages/causes")
    assert "where is my parcel" not in seen.text
    form = {
        "key": browser.hidden("/pages/sign-out")["key"],
        "case": "k3",
        "shown": "late",
        "cause": "late",
        "once": "z",
    }
    refused = browser.client.post("/pages/causes", data=form, headers=HERE, follow_redirects=False)
    assert (
        refused.status_code == 404
        and len(Corrections(with_passwords.company, Keeper(with_passwords.company).audit).of_cases()) == 1
    )
    browser.sign_in("aud")
    assert browser.open("/pages/causes").status_code == 403
