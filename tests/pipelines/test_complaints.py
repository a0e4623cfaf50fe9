"""A run reads what customers write: files, KPIs, what is kept, and what is said when texts cannot be learned from."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pandas as pd
import pytest

from baton.company import Company, load_company
from baton.errors import ArtefactError, CompanyFileError, TableError
from baton.files import RunFolder, read_json
from baton.retraining.corrections import Corrected, corrections_file, write_corrections
from pipelines.run import Chain, RunSummary, run

WORDS = {
    "late delivery": ("parcel", "late", "tracking", "courier", "waiting", "delivery"),
    "billing": ("invoice", "charged", "twice", "refund", "amount", "bill"),
    "rude staff": ("agent", "rude", "shouted", "hung", "phone", "attitude"),
}
SETTINGS = (
    '[tables]\ncases = { path = "cases.csv" }\n[text]\nmodel = "tfidf"\n[kpis]\npresets = []\n[policy]\nmin_group = 3\n'
)


def cases(count: int = 240, seed: int = 3) -> pd.DataFrame:
    """Complaints of three kinds in four months, each text of its own words and a number."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        label = list(WORDS)[number % 3]
        words = chance.choices(WORDS[label], k=4) + chance.choices(("please", "help", "today", "again", "my"), k=4)
        chance.shuffle(words)
        rows.append(
            {
                "case_id": f"n{number}",
                "customer_id": f"c{number % 60}",
                "opened_at": pd.Timestamp("2025-01-01") + pd.Timedelta(hours=12 * number),
                "team_id": ("north", "south")[number % 2],
                "text": " ".join(words),
                "root_cause": label,
            }
        )
    return pd.DataFrame(rows)


def company(folder: Path, rows: pd.DataFrame, settings: str = SETTINGS) -> Company:
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_csv(folder / "cases.csv", index=False)
    (folder / "company.toml").write_text(settings, encoding="utf-8")
    return load_company(folder)


def read(made: Company, folder: Path, *, keep_model: bool = False) -> RunSummary:
    """Only the steps up to the texts."""
    chain = Chain(made, RunFolder(folder).create())
    chain.stage()
    chain.texts(keep_model=keep_model)
    return chain.finish()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Path]:
    """A whole run of a company with nothing but texts; leave it as it is."""
    folder = tmp_path_factory.mktemp("texts")
    rows = cases()
    rows.loc[5, "root_cause"] = "billing"  # a text of rude staff
    made = company(folder / "company", rows)
    run(made, RunFolder(folder / "out"))
    return made, folder / "out"


def test_a_company_with_nothing_but_texts_gets_causes_and_a_report(whole: tuple[Company, Path]) -> None:
    _, out = whole
    answers = pd.read_parquet(out / "root_causes.parquet")
    assert list(answers.columns[:6]) == ["case_id", "cause", "probability", "abstained", "second_cause", "language"]
    assert len(answers) == 240
    assert set(answers["cause"]) <= set(WORDS)
    assert answers["probability"].between(0, 1).all()
    entry = read_json(out / "evaluation.json")["root_cause"]
    assert entry["macro_f1"] > 0.9
    page = (out / "report.html").read_text(encoding="utf-8")
    assert 'id="causes"' in page and "客户在说什么" in page


def test_the_page_names_causes_in_both_languages_and_quotes_customers(whole: tuple[Company, Path]) -> None:
    made, out = whole
    page = (out / "report.html").read_text(encoding="utf-8")
    quoted = pd.read_parquet(out / "texts" / "examples.parquet")
    assert quoted.groupby("cause").size().max() <= 3
    assert quoted["text"].iloc[0] in page
    assert "no scorecards known" in page and "没有计分卡数据" in page
    assert made.company.name in page


def test_causes_become_kpis_of_the_catalogue(whole: tuple[Company, Path]) -> None:
    from pipelines.analysis import Results

    made, out = whole
    results = Results(made, RunFolder(out))
    assert {"cause_billing", "cause_late_delivery", "cause_rude_staff"} <= set(results.catalogue)
    assert len(results.causes) == 240
    assert results.outcomes == ()


def test_an_unchanged_run_keeps_the_causes(whole: tuple[Company, Path], tmp_path: Path) -> None:
    made, out = whole
    copy = shutil.copytree(out, tmp_path / "out")
    again = run(made, RunFolder(copy))
    assert {step.name: step.reused for step in again.steps}["texts"]
    (copy / "root_causes.parquet").unlink()
    third = read(made, copy)
    assert [step.name for step in third.steps if not step.reused] == ["texts"]


def test_scoring_keeps_the_model_and_answers_new_cases(whole: tuple[Company, Path], tmp_path: Path) -> None:
    _, out = whole
    copy = shutil.copytree(out, tmp_path / "out")
    rows = cases()
    fresh = rows.tail(1).assign(
        case_id="fresh", text="the courier is late and tracking the parcel delivery", root_cause=""
    )
    made = company(tmp_path / "company", pd.concat([rows, fresh]))
    before = (copy / "models" / "root_cause" / "root_cause.json").read_bytes()
    read(made, copy, keep_model=True)
    assert (copy / "models" / "root_cause" / "root_cause.json").read_bytes() == before
    answers = pd.read_parquet(copy / "root_causes.parquet").set_index("case_id")
    assert answers.loc["fresh", "cause"] == "late delivery"


def test_a_damaged_model_that_should_be_kept_is_refused_by_name(whole: tuple[Company, Path], tmp_path: Path) -> None:
    _, out = whole
    copy = shutil.copytree(out, tmp_path / "out")
    (copy / "models" / "root_cause" / "root_cause.json").write_text("{", encoding="utf-8")
    made = company(tmp_path / "company", cases(200))
    with pytest.raises(ArtefactError, match=r"root_cause\.json"):
        read(made, copy, keep_model=True)


def test_without_texts_the_run_says_what_would_bring_causes(tmp_path: Path) -> None:
    made = company(tmp_path, cases(20).drop(columns="text"))
    with pytest.raises(TableError, match=r"root_cause: no case has a text; give cases\.text \(what customers wrote\)"):
        read(made, tmp_path / "out")


def test_labels_that_are_all_one_leave_the_causes_out_and_say_why(tmp_path: Path) -> None:
    reason = "1 label has two different texts or more"
    rows = cases(60).assign(root_cause="billing", csat=[number % 5 + 1 for number in range(60)])
    settings = SETTINGS.replace("presets = []", 'presets = ["service"]') + '[outcomes.case]\nmetric = "csat"\n'
    made = company(tmp_path, rows, settings)
    assert reason in read(made, tmp_path / "out").skipped["root_cause"]
    assert not (tmp_path / "out" / "root_causes.parquet").exists()
    made = company(tmp_path / "nothing_else", rows)
    with pytest.raises(TableError, match=f"root_cause: texts: {reason}"):
        run(made, RunFolder(tmp_path / "whole"))


def test_a_label_seen_once_and_two_spellings_are_reported(tmp_path: Path) -> None:
    rows = cases(150)
    rows.loc[4, "root_cause"] = "once only"
    rows.loc[rows.index % 6 == 0, "root_cause"] = "Late_Delivery"
    found = read(company(tmp_path, rows), tmp_path / "out")
    notes = " ".join(found.warnings)
    assert "Late_Delivery" in notes or "late delivery" in notes
    assert "once only" in notes
    assert not {"Late_Delivery", "late delivery"} <= set(
        pd.read_parquet(tmp_path / "out" / "root_causes.parquet")["cause"]
    )


def test_a_column_of_labels_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    made = company(tmp_path, cases(20), SETTINGS.replace('"tfidf"\n', '"tfidf"\nlabels = "root_cuase"\n'))
    with pytest.raises(CompanyFileError, match="root_cause"):
        read(made, tmp_path / "out")


def test_a_time_that_the_cases_do_not_have_is_refused_with_the_nearest(tmp_path: Path) -> None:
    made = company(tmp_path, cases(20), SETTINGS.replace('"tfidf"\n', '"tfidf"\nknown_at = "rated"\n'))
    with pytest.raises(CompanyFileError, match="rated_at"):
        read(made, tmp_path / "out")


def test_causes_that_shall_be_no_kpis_are_reported_all_the_same(tmp_path: Path) -> None:
    made = company(tmp_path, cases(150), SETTINGS.replace('"tfidf"\n', '"tfidf"\nkpis = false\n'))
    read(made, tmp_path / "out")
    assert (tmp_path / "out" / "root_causes.parquet").exists()
    assert not (tmp_path / "out" / "texts" / "causes.json").exists()
    assert not (tmp_path / "out" / "texts" / "cases.parquet").exists()


@pytest.mark.parametrize("key", ["model", "encoder"])
def test_a_folder_is_looked_for_beside_the_company_file(tmp_path: Path, key: str) -> None:
    settings = SETTINGS.replace(
        'model = "tfidf"', 'model = "encoder"\nencoder = "own"' if key == "encoder" else 'model = "own"'
    )
    made = company(tmp_path, cases(40), settings)
    with pytest.raises(CompanyFileError, match=rf"text\.{key}: there is no folder 'own'"):
        read(made, tmp_path / "out")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "pytorch_model.bin").write_bytes(b"\x80\x04N.")
    (tmp_path / "own" / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ArtefactError, match=r"own.*can carry code"):
        read(made, tmp_path / "out")


def test_a_misspelt_model_is_refused_with_the_nearest(tmp_path: Path) -> None:
    made = company(tmp_path, cases(40), SETTINGS.replace('"tfidf"', '"tfdif"'))
    with pytest.raises(CompanyFileError, match="did you mean 'tfidf'"):
        read(made, tmp_path / "out")


def test_corrected_labels_are_learned_in_the_place_of_the_sources_own(tmp_path: Path) -> None:
    rows = cases(90)
    rows.loc[3, "root_cause"] = None
    made = company(tmp_path / "company", rows)
    plain = read(made, tmp_path / "out")
    assert not any("corrected" in str(warning) for warning in plain.warnings)
    wrong = {"n0": "billing", "n3": "rude staff", "n1": rows.loc[1, "root_cause"], "gone": "billing"}
    write_corrections(made, [Corrected(case, cause, n) for n, (case, cause) in enumerate(wrong.items(), start=5)])
    summary = read(made, tmp_path / "out")
    assert any("3 labels are those that people have corrected" in str(warning) for warning in summary.warnings)
    assert any("1 corrected labels are of cases that are not there" in str(warning) for warning in summary.warnings)
    entry = read_json(tmp_path / "out" / "texts" / "evaluation.json")
    assert entry["corrections"] == {"used": 3, "conflicts": 1, "gone": 1, "newest": 8}
    doubtful = pd.read_parquet(tmp_path / "out" / "suspicious_labels.parquet").set_index("case_id")
    assert doubtful.loc["n0", "label"] == "billing" and doubtful.loc["n0", "likely"] == rows.loc[0, "root_cause"]
    corrections_file(made).write_text('{"format": "baton.corrections/1", "labels": [{"case_id": 3}]}', encoding="utf-8")
    with pytest.raises(ArtefactError, match=r"labels.json: these are not the labels that people have corrected"):
        read(made, tmp_path / "out")
