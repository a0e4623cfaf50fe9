"""Texts of cases become a set to learn from: labels in one spelling, weights, groups of repeated text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company, Text, load_company
from baton.errors import CompanyFileError
from features.staging.stage import open_warehouse, stage
from features.staging.warehouse import Warehouse
from features.text.reading import read_texts
from features.text.repeats import group_of, groups_of
from features.text.spelling import join_spellings
from features.text.text_set import TextSet

MakeWarehouse = Callable[..., Warehouse]
AT = datetime(2024, 3, 1, 8)


def read(make: MakeWarehouse, *cases: dict[str, Any], **settings: Any) -> TextSet:
    rows = [{"case_id": str(place), "opened_at": AT} | case for place, case in enumerate(cases)]
    texts = read_texts(Company(path=Path("company.toml"), text=Text(**settings)), make({"cases": rows}))
    assert texts is not None
    return texts


def test_each_case_with_a_text_is_a_row(make_warehouse: MakeWarehouse) -> None:
    texts = read(
        make_warehouse,
        {"text": "the bill is wrong again", "root_cause": "billing"},
        {"text": None, "root_cause": "billing"},
        {"text": "宽带又断了，没人来修", "root_cause": None},
    )
    frame = texts.frame
    assert frame["text_id"].tolist() == ["0", "2"]
    assert frame["language"].tolist() == ["en", "zh"]
    assert frame["label"].tolist() == ["billing", None] and frame["weight"].tolist() == [1.0, 1.0]
    assert pd.Timestamp(frame["at"][0]) == pd.Timestamp(AT)


def test_cases_without_texts_give_no_set(make_warehouse: MakeWarehouse) -> None:
    company = Company(path=Path("company.toml"))
    assert read_texts(company, make_warehouse({"cases": [{"case_id": "1", "opened_at": AT}]})) is None
    assert read_texts(company, make_warehouse({"cases": [{"case_id": "1", "opened_at": AT, "text": None}]})) is None
    assert read_texts(company, make_warehouse({"customers": [{"customer_id": "1"}]})) is None


def test_a_label_in_two_spellings_is_one_and_the_note_names_both(make_warehouse: MakeWarehouse) -> None:
    spelt = ["Late Flight", "late_flight", "Late Flight", "Lost", "Lost"]
    texts = read(make_warehouse, *({"text": f"text {label}", "root_cause": label} for label in spelt))
    assert texts.labels.tolist() == ["Late Flight"] * 3 + ["Lost"] * 2
    assert any("'Late Flight' is also spelt 'late_flight'" in note.text for note in texts.notes)


def test_a_label_seen_once_is_reported(make_warehouse: MakeWarehouse) -> None:
    texts = read(make_warehouse, *({"text": "x", "root_cause": label} for label in ("a", "a", "rare")))
    notes = [note.text for note in texts.notes]
    assert any("seen once" in note and "'rare'" in note and "'a'" not in note for note in notes)


def test_notes_show_no_personal_data_though_free_text_was_named_as_labels(make_warehouse: MakeWarehouse) -> None:
    written = "My name is Ann Lee, ring 020 7946 0018, and this goes on for much longer than any label would"
    texts = read(
        make_warehouse, {"text": "x", "remark": written}, {"text": "y", "remark": written.upper()}, labels="remark"
    )
    notes = " ".join(note.text for note in texts.notes)
    assert "Lee" not in notes and "7946" not in notes and len(notes) < 400


def test_no_confidence_counts_full_and_zero_counts_nothing(make_warehouse: MakeWarehouse) -> None:
    cases = [{"text": "x", "root_cause": "a", "sure": sure} for sure in (0.4, None, 0.0)]
    assert read(make_warehouse, *cases, confidence="sure").weights.tolist() == [0.4, 1.0, 0.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels": "reson"}, "text.labels: .*'reson'.*did you mean 'reason'"),
        ({"confidence": "sur"}, "text.confidence: .*'sur'.*did you mean 'sure'"),
        ({"known_at": "writen_at"}, "text.known_at: .*'writen_at'"),
        ({"confidence": "sure"}, "'sure' has values outside 0..1"),
    ],
)
def test_a_column_that_does_not_fit_is_refused(
    make_warehouse: MakeWarehouse, settings: dict[str, str], message: str
) -> None:
    with pytest.raises(CompanyFileError, match=message):
        read(make_warehouse, {"text": "x", "reason": "a", "sure": 70.0}, **settings)


def test_no_recorded_causes_is_no_fault(make_warehouse: MakeWarehouse) -> None:
    assert read(make_warehouse, {"text": "the line is down"}).labels.tolist() == [None]


def test_repeated_texts_share_a_group_and_others_do_not() -> None:
    assert group_of("@ann The bill is WRONG!!! 129") == group_of("the bill is wrong, 99")
    assert group_of("the bill is wrong") != group_of("the bill is late")
    assert group_of("123") != group_of("456")


def test_texts_that_nearly_repeat_each_other_share_a_group() -> None:
    texts = [
        "You lost my bag in Boston and nobody has called me back since Monday",
        "RT @ann: You lost my bag in Boston and nobody has called me back since Monday!!",
        "You lost my bag in Boston and nobody has called me back since Sunday, thanks",
        "You cancelled my flight in Boston and nobody at the desk could tell me when the next one leaves",
        "小区门口的路灯坏了三个多月一直没有人来修晚上老人出门非常危险请尽快处理谢谢",
        "小区门口的路灯坏了三个多月一直没有人来修晚上老人出门非常危险请尽快派人处理谢谢",
        "Lost my bag",
    ]
    groups = groups_of(texts)
    assert groups[0] == groups[1] == groups[2] and groups[4] == groups[5]
    assert len(set(groups)) == 4


def test_blank_labels_are_none_and_order_is_kept() -> None:
    notes = ["b", " ", None, "B ", "b", "计费", "计费", "计 费"]
    assert join_spellings(notes)[0] == ["b", None, None, "b", "b", "计费", "计费", "计费"]


def test_no_personal_data_reach_the_staged_table(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(
        "case_id,opened_at,text\n"
        '1,2024-01-01,"<p>My name is Ann Lee, ring 020 7946 0018</p>"\n'
        "2,2024-01-02,我叫王小明，手机13812345678\n"
        "3,2024-01-03,\n",
        encoding="utf-8",
    )
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n', encoding="utf-8")
    stage(load_company(tmp_path), Catalogue((), ()), tmp_path / "staged")
    texts = open_warehouse(tmp_path / "staged")["cases"].order_by("case_id").execute()["text"]
    assert texts.iloc[:2].tolist() == ["My name is [name], ring [phone]", "我叫[name]，手机[phone]"]
    assert pd.isna(texts.iloc[2])
