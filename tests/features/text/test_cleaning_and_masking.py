"""What a text loses before it is stored: markup, quoted replies, signatures, personal data; and what it keeps."""

from __future__ import annotations

import pytest

from features.text.chunks import chunks
from features.text.cleaning import clean
from features.text.language import detect
from features.text.masking import mask
from features.text.preparing import prepare


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<html><body><p>No signal.</p><p>Since <b>Monday</b></p></body></html>", "No signal.\nSince Monday"),
        ("a < b and b > c", "a < b and b > c"),
        ("It&#39;s broken &amp; late", "It's broken & late"),
        ("Still waiting.\n> We will call you.\n> Soon.", "Still waiting."),
        ("Still waiting.\n\nFrom: service@firm.example\nWe will call you.", "Still waiting."),
        ("还是没修好。\n\n发件人：客服中心\n我们会尽快处理。", "还是没修好。"),
        ("No refund yet.\n--\nAnn\nHead of nothing", "No refund yet."),
        ("No refund yet.\n\nSent from my iPhone", "No refund yet."),
        ("一直没人处理。\n此致\n敬礼", "一直没人处理。"),
        ("nul\x00l and \u202eoverride", "null and override"),
        ("编号：１２３ＡＢ，退款没到。", "编号：123AB，退款没到。"),
        ("> all of it is a quotation", "> all of it is a quotation"),
        ("", ""),
    ],
)
def test_what_is_not_the_customers_own_message_goes(raw: str, expected: str) -> None:
    assert clean(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ring 020 7946 0958 please", "ring [phone] please"),
        ("ring +86 138-1234-5678 please", "ring [phone] please"),
        ("手机13812345678打不通", "手机[phone]打不通"),
        ("电话是一三八一二三四五六七八", "电话是[phone]"),
        ("mail ann.lee@example.co.uk today", "mail [email] today"),
        ("paid with 4111 1111 1111 1111", "paid with [card]"),
        ("IBAN DE89 3704 0044 0532 0130 00 is mine", "IBAN [account] is mine"),
        ("身份证110101199003074514请核实", "身份证[id]请核实"),
        ("order AB12-99X4-KK is late", "order [id] is late"),
        ("see https://firm.example/track?id=99 now", "see [link] now"),
        ("@SomeAirline you lost it", "[handle] you lost it"),
        ("My name is Ann Lee and I wait", "My name is [name] and I wait"),
        ("I spoke to Mr. Smith again", "I spoke to Mr. [name] again"),
        ("我叫王小明，宽带断了", "我叫[name]，宽带断了"),
        ("张经理说会回电", "[name]经理说会回电"),
        ("车牌京A12345被贴条", "车牌[plate]被贴条"),
    ],
)
def test_personal_data_are_masked(raw: str, expected: str) -> None:
    assert mask(raw) == expected


@pytest.mark.parametrize(
    "text",
    [
        "charged 1,299.00 EUR on 2025-03-01",
        "I pay for 500 Mbit and get 20",
        "flight UA1234 left 3 hours late",
        "the 5G router restarts every 10 minutes",
        "办的是500兆，实际只有20兆，多扣了199元",
        "2025年3月1日以后就没有网络",
        "My name was spelt wrong on the bill",
        "This is not acceptable",
    ],
)
def test_amounts_dates_and_plain_words_stay(text: str) -> None:
    assert mask(text) == text


def test_masking_twice_changes_nothing() -> None:
    once = mask("Mr. Smith, 13812345678, a@b.co, @firm, https://x.example/a, AB12-99X4-KK")
    assert mask(once) == once


@pytest.mark.parametrize("shape", ["a", "1 ", "a1", "<p>", "> ", "王先生", "a1-", "a@", "((", "on wrote:\n", "--\n"])
@pytest.mark.timeout(200)
def test_a_megabyte_takes_no_longer_than_its_length(shape: str) -> None:
    text = shape * (1_000_000 // len(shape))
    assert isinstance(mask(clean(text)), str)


@pytest.mark.parametrize(
    ("text", "language", "mixed"),
    [
        ("The line is down again and nobody calls back.", "en", False),
        ("宽带又断了，没有人回电话。", "zh", False),
        ("宽带又断了，没有人管，the router is dead again，什么时候修？", "zh", True),
        ("ルーターが壊れています", "ja", False),
        ("الخط مقطوع منذ ثلاثة أيام", "ar", False),
        ("O pedido não chegou e ninguém responde ao meu contato", "pt", False),
        ("13812345678 !!!", "und", False),
        ("", "und", False),
    ],
)
def test_the_language_of_each_text_is_reported(text: str, language: str, mixed: bool) -> None:
    assert detect(text) == (language, mixed)


def test_long_texts_are_cut_where_sentences_end_and_nothing_is_lost() -> None:
    text = "第一句。第二句！Third one. " * 50 + "x" * 500
    pieces = chunks(text, 100)
    assert "".join(pieces) == text and max(map(len, pieces)) <= 100
    assert all(piece.rstrip()[-1] in "。！." for piece in pieces[:10])


def test_prepared_texts_come_in_order_with_empties_reported() -> None:
    ready = prepare(["Hello there my friend", None, "  ", "😡", "Hello there my friend"])
    assert ready["text"].tolist() == ["Hello there my friend", "", "", "😡", "Hello there my friend"]
    assert ready["empty"].tolist() == [False, True, True, True, False]


def test_markup_in_full_width_is_taken_off_as_any_other() -> None:
    assert clean("＜ｐ＞Ｔｈｅ ｒｏｕｔｅｒ ｉｓ ＜ｂ＞ｄｅａｄ＜／ｂ＞．＜／ｐ＞") == clean(
        "<p>The router is <b>dead</b>.</p>"
    )
    assert clean("1 ＜ 2, ＜3") == "1 < 2, <3"
