"""Complaints and conversations over HTTP: answers, limits, and what does not fit."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

CRITICAL = [
    {"speaker": "customer", "text": "This is the third time I ask about my refund, your service is a disgrace."},
    {"speaker": "agent", "text": "I am sorry, it is being processed."},
    {
        "speaker": "customer",
        "text": "You promised it two weeks ago and nothing arrived. I am cancelling my contract today.",
    },
]


def post(client: Any, path: str, body: Any, code: int = 200) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == code, answer.text
    return answer.json()


def test_texts_are_answered_in_order_with_cause_and_language(client: Any) -> None:
    texts = ["my bag is lost since 40 days", "flight delayed 31 hours", "", None]
    answer = post(client, "/classify_complaints", {"texts": texts})
    assert answer["model"] == "root_cause/run"
    assert [row["cause"] for row in answer["rows"][:2]] == ["Lost Luggage", "Late Flight"]
    assert [row["main_cause"] for row in answer["rows"][:2]] == ["loss_damage", "delivery_delay"]
    assert [row["language"] for row in answer["rows"][:2]] == ["en", "en"]
    assert all(row["abstained"] and row["reason"] == "empty" for row in answer["rows"][2:])


@pytest.mark.parametrize(
    "text", ["\x00\x00 late \x00", "\u202eمرحبا الخط مقطوع", "😡" * 50, "x" * 100_000, "<b>late</b>"]
)
def test_strange_texts_are_answered(client: Any, text: str) -> None:
    row = post(client, "/classify_complaints", {"texts": [text]})["rows"][0]
    assert set(row) == {"cause", "main_cause", "probability", "abstained", "second_cause", "language", "reason"}


def test_a_language_that_nothing_was_learned_from_is_not_answered_as_if_it_were(client: Any) -> None:
    row = post(client, "/classify_complaints", {"texts": ["飞机晚点三个小时没有人管"]})["rows"][0]
    assert (row["abstained"], row["language"], row["reason"]) == (True, "zh", "language")


@pytest.mark.parametrize(
    ("path", "body", "field", "refusal"),
    [
        ("/classify_complaints", {"texts": ["late"] * 10_000}, "texts", "1000"),
        ("/classify_complaints", {"texts": ["late", 3]}, "texts[1]", "string"),
        ("/classify_complaints", {"texts": ["x" * 100_000] * 6}, "texts", "at most 500,000"),
        ("/classify_complaints", {"texts": ["x" * 100_001]}, "texts[0]", "100000"),
        (
            "/assess_conversation",
            {"turns": [{"speaker": "customer", "text": "a" * 20_000}] * 3},
            "turns",
            "60,000 characters together, at most 40,000",
        ),
        ("/classify_complaints", {"text": "late"}, "texts", "required"),
        ("/assess_conversation", {"turns": []}, "turns", "empty"),
        (
            "/assess_conversation",
            {"turns": [{"speaker": "dog", "text": "wau"}]},
            "turns[0].speaker",
            "customer or employee",
        ),
        ("/assess_conversation", {"turns": [{"speaker": "customer", "text": "hi"}] * 300}, "turns", "200"),
        ("/assess_conversation", {"turns": [{"speaker": "customer", "text": "a" * 30_000}]}, "turns[0].text", "20000"),
        ("/assess_conversation", {"turns": [{"speaker": "customer"}]}, "turns[0].text", "required"),
    ],
)
def test_what_does_not_fit_is_refused_with_field_and_limit(
    client: Any, path: str, body: Any, field: str, refusal: str
) -> None:
    error = post(client, path, body, 400)["error"]
    assert error["field"] == field
    assert refusal.lower() in error["message"].lower()


def test_a_conversation_that_goes_wrong_is_critical_and_says_why(client: Any) -> None:
    answer = post(client, "/assess_conversation", {"turns": CRITICAL})
    signals = {each["signal"]: each for each in answer["signals"]}
    assert {"threat_to_leave", "promise_broken", "repeated_contact"} <= set(signals)
    assert signals["threat_to_leave"]["turn"] == 2 and signals["repeated_contact"]["turn"] == 0
    assert (answer["level"], answer["mended"]) == ("critical", False)
    assert answer["risk"] > 0.7 and answer["advice"][0]["zh"]


@pytest.mark.parametrize(
    ("speaker", "side"),
    [
        *(
            (word, "customer")
            for word in ("客戶", "客戶：", "顧客", "Ｃｕｓｔｏｍｅｒ", "Customer:", "旅客", "會員", "Visitor 2")
        ),
        *(
            (word, "employee")
            for word in ("客服01", "坐席", "座席", "代理", "專員", "[Agent]", "agent_2", "服務人員", "ＢＯＴ")
        ),
    ],
)
def test_speakers_are_known_in_either_script_and_width(speaker: str, side: str) -> None:
    from serving.answering.payloads_texts import SaidTurn

    assert SaidTurn.model_validate({"speaker": speaker, "text": "hi"}).speaker == side


def test_a_calm_conversation_is_low(client: Any) -> None:
    turns = [{"speaker": "customer", "text": "When does my contract end?"}, {"speaker": "employee", "text": "In June."}]
    answer = post(client, "/assess_conversation", {"turns": turns})
    assert (answer["level"], answer["signals"]) == ("low", [])
    assert answer["risk"] == 0


def test_the_employees_words_are_never_scored(client: Any) -> None:
    turns = [{"speaker": "employee", "text": turn["text"]} for turn in CRITICAL]
    answer = post(client, "/assess_conversation", {"turns": turns})
    assert (answer["level"], answer["signals"]) == ("low", [])


def test_a_known_customers_probability_of_leaving_counts_and_an_unknown_one_is_reported(client: Any) -> None:
    plain = post(client, "/assess_conversation", {"turns": CRITICAL})
    known = post(client, "/assess_conversation", {"turns": CRITICAL, "customer_id": "c1"})
    probability = post(client, "/predict_churn", {"rows": [{"customer_id": "c1"}]})["rows"][0]["probability"]
    assert known["customer"]["churn_probability"] == probability
    assert known["risk"] == pytest.approx(1 - (1 - plain["risk"]) * (1 - 0.5 * probability), abs=2e-4)
    stranger = post(client, "/assess_conversation", {"turns": CRITICAL, "customer_id": "nobody"})
    assert stranger["customer"]["error"] and stranger["risk"] == plain["risk"]


def test_quotes_are_masked_and_nothing_of_a_text_is_logged(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    secret = "13812345678"
    with caplog.at_level(logging.DEBUG):
        turns = [{"speaker": "customer", "text": f"I am cancelling today, this is a disgrace, ring me on {secret}"}]
        answer = post(client, "/assess_conversation", {"turns": turns})
        post(client, "/classify_complaints", {"texts": [f"flight late, ring {secret}"]})
    assert "[phone]" in answer["signals"][0]["quote"]
    assert secret not in json.dumps(answer) and secret not in caplog.text


def test_answers_do_not_depend_on_what_was_asked_before(client: Any) -> None:
    from models.conversations.assessment import Reader

    turns = [(turn["speaker"] == "customer", turn["text"]) for turn in CRITICAL]
    warm = Reader()
    for end in range(1, 4):
        warm.assess(turns[:end])
    assert warm.assess(turns) == Reader().assess(turns)
