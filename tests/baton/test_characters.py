"""What reads alike is alike, whatever keyboard or script it was written with."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.characters import normalise

WRITTEN = st.text(
    st.sampled_from(
        "aZé9 ,，!！:：;；()（）~～「」請请麼么著着後后帳的カ가１Ａ＠－\u200b\ufe0f\u00a0\u0301👍🏽［’'-–\n"
    ),
    max_size=24,
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("請把我的帳戶註銷", "请把我的账户注销"),
        ("裏面沒有著落，麵包裡有頭髮", "里面没有着落，面包里有头发"),
        ("他說「很快」，結果呢？", "他说“很快”，结果呢？"),
        ("你好!為什麼(真的)?１，０００元,好嗎", "你好！为什么（真的）？1,000元，好吗"),
        ("時間１４：０５", "时间14:05"),
        ("好的:)", "好的:)"),
        ("Ｉ　ｗｉｌｌ　ｃａｎｃｅｌ！", "I will cancel!"),
        ("𝐈 𝐪𝐮𝐢𝐭 𝟐𝟎𝟐𝟓 ﬁnally", "I quit 2025 finally"),
        ("I can’t and I won´t", "I can't and I won't"),
        ("cafe\u0301", "café"),
        ("can\u200bcel\ufeff my\u00a0con\u00adtract", "cancel my contract"),
        ("❤️👍🏽", "❤👍"),
        ("٠١٢٣", "0123"),
        ("020‑7946–0958", "020-7946-0958"),
        ("100㎡, 5 m², ½", "100㎡, 5 m², ½"),
    ],
)
def test_characters_take_their_usual_form(written: str, normal: str) -> None:
    assert normalise(written) == normal


@pytest.mark.parametrize(
    "text",
    [
        "什么时候能修好？这样合法么？",
        "他的著作很著名，疗效显著，李福乾说的",
        "皇后在后面，干净的面条，一只鸡，里程",
        "請求書を見ました。「はい」",
        "안녕하세요, 요금이 잘못됐어요!",
        "The bill (all of it) is wrong, isn't it?",
        "Straße, naïve, São Paulo, œuvre",
    ],
)
def test_simplified_japanese_korean_and_latin_texts_stay_as_they_are(text: str) -> None:
    assert normalise(text) == text


@given(WRITTEN)
@settings(max_examples=300, deadline=None)
def test_twice_is_once_and_composed_is_decomposed(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert normalise(unicodedata.normalize("NFD", text)) == once
