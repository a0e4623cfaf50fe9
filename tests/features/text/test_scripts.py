"""Traditional, full-width and decomposed texts are read, and masked, as the same texts written as usual."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from opencc import OpenCC

from features.text.cleaning import clean
from features.text.masking import mask
from features.text.preparing import prepare

WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000})

SPAN = re.compile(r"\{(\w+)\|([^}]+)\}")


@cache
def converter(name: str) -> OpenCC:
    return OpenCC(name)


WAYS: dict[str, Callable[[str], str]] = {
    **{name: (lambda text, name=name: converter(name).convert(text)) for name in ("s2t", "s2tw", "s2hk")},
    "wide": lambda text: text.translate(WIDE),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "wide Traditional": lambda text: converter("s2tw").convert(text).translate(WIDE),
    "zero width": "\u200b".join,
    "hard spaces": lambda text: text.replace(" ", "\u00a0"),
}


@cache
def sentences(checkout: Path, language: str) -> list[str]:
    lines = (checkout / "models" / "conversations" / "visible" / f"{language}.jsonl").read_text("utf-8").splitlines()
    return [turn["text"] for line in lines for turn in json.loads(line)["turns"]]


@cache
def snippets(language: str) -> list[str]:
    lines = (Path(__file__).parent / f"masking_{language}.txt").read_text("utf-8").splitlines()
    return [SPAN.sub(lambda found: found.group(2), line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_models_read_does_not_depend_on_how_it_was_written(checkout: Path, language: str, way: str) -> None:
    texts = sentences(checkout, language)
    plain, other = prepare(texts), prepare([WAYS[way](text) for text in texts])
    different = plain["text"] != other["text"]
    assert not different.any(), list(zip(plain["text"][different], other["text"][different], strict=True))[:5]
    assert plain["language"].equals(other["language"])
    assert plain["mixed"].equals(other["mixed"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_masked_does_not_depend_on_how_it_was_written(language: str, way: str) -> None:
    texts = snippets(language)
    wrong = [(text, mask(clean(text)), found) for text in texts
             if (found := mask(clean(WAYS[way](text)))) != mask(clean(text))]  # fmt: skip
    assert not wrong, wrong[:5]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("我叫陳小明，電話是０９１２－３４５－６７８", "我叫[name]，电话是[phone]"),
        ("我姓葉，帳單錯了", "我姓[name]，账单错了"),
        ("姓名：林美惠　地址：台北市信義區忠孝東路五段１２號３樓之２", "姓名：[name] 地址：[address]"),
        ("地址：新北市板橋區文化路一段188巷5弄3號4樓", "地址：[address]"),
        ("聯絡人：張志豪，手機 0912 345 678", "联络人：[name]，手机 [phone]"),
        ("電話9123 4567，身分證A123456789", "电话[phone]，身分证[id]"),
        ("香港身份證 Ａ１２３４５６（７）", "香港身份证 [id]"),
        ("ａｎｎ．ｌｅｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "[email]"),
        ("write to ann.lee＠example.com", "write to [email]"),
        ("卡號４１１１－１１１１－１１１１－１１１１", "卡号[card]"),
        ("業務員陳志明說會回電", "业务员[name]说会回电"),
        ("我是簡淑芬，名字叫做游智凱", "我是[name]，名字叫做[name]"),
        ("戶名：郭雅婷 帳號 012345678901", "户名：[name] 账号 [id]"),
        ("出生日期：民國75年3月1日", "出生日期：[id]"),
        ("ring 020‑7946–0958", "ring [phone]"),
        ("My\u00a0name\u00a0is Ann\u00a0Lee", "My name is [name]"),
        ("還沒修好。\n\n寄件者：客服中心\n我們會盡快處理。", "还没修好。"),
        ("還沒修好。\n\n從我的 iPhone 傳送", "还没修好。"),
    ],
)
def test_traditional_and_wide_forms_are_cleaned_and_masked(raw: str, expected: str) -> None:
    assert mask(clean(raw)) == expected
