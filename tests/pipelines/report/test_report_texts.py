from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from baton.charts.drawing import nice_ticks, wrapped
from baton.wording.wording import money, number, percent, say, signed, verbatim

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "baton" / "wording"
PLACES = (ROOT / "baton" / "charts", ROOT / "pipelines" / "report", ROOT / "serving" / "pages")
FILES = sorted(FOLDER.glob("texts*.toml"))
TEXTS = {key: texts for path in FILES for key, texts in tomllib.loads(path.read_text(encoding="utf-8")).items()}
KEYS = [(section, name) for section, texts in TEXTS.items() for name in texts]


@pytest.mark.parametrize(("section", "name"), KEYS)
def test_a_text_has_both_languages_with_the_same_blanks(section: str, name: str) -> None:
    entry = TEXTS[section][name]
    assert set(entry) in ({"en", "zh"}, {"en", "one", "zh"})
    blanks = {language: set(re.findall(r"{(\w+)}", text)) for language, text in entry.items()}
    assert len({frozenset(names) for names in blanks.values()}) == 1
    tags = {language: sorted(re.findall(r"</?\w+>", text)) for language, text in entry.items()}
    assert len({tuple(names) for names in tags.values()}) == 1


def test_every_text_that_the_code_asks_for_is_there() -> None:
    sources = [path for place in PLACES for kind in ("*.py", "*.jinja") for path in place.rglob(kind)]
    asked = {key for path in sources for key in re.findall(r'say\(\s*f?"(\w+\.\w+)"', path.read_text(encoding="utf-8"))}
    known = {f"{section}.{name}" for section, name in KEYS}
    assert len(asked) > 100
    assert asked - known == set()


def test_blanks_are_escaped() -> None:
    assert say("page.title", company="<b>&").en == "&lt;b&gt;&amp;: what to do next"


def test_one_has_its_own_english() -> None:
    assert str(say("word.customers", n=1).en) == "1 customer"
    assert str(say("word.customers", n=2).en) == "2 customers"


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (950.0, "EUR 950", "950 EUR"),
        (48_444.0, "EUR 48,400", "4.84 万 EUR"),
        (1_234_567.0, "EUR 1.23 million", "123 万 EUR"),
        (2_500_000_000.0, "EUR 2.50 billion", "25.0 亿 EUR"),
        (-1_234_567.0, "EUR −1.23 million", "−123 万 EUR"),
    ],
)
def test_money_is_reported_to_three_figures(value: float, english: str, chinese: str) -> None:
    assert (money(value, "EUR").en, money(value, "EUR").zh) == (english, chinese)


def test_nothing_has_no_sign() -> None:
    assert number(-0.001, 1).en == "0.0"
    assert signed(0.001, 1).en == "0.0"
    assert signed(-2.0).en == "−2"
    assert percent(0.0049).en == "0%"


def test_chinese_breaks_between_characters_and_english_between_words() -> None:
    assert wrapped("一次解决率与承诺", 10, 45) == ["一次解决", "率与承诺"]
    assert wrapped("a word", 10, 1000) == ["a word"]


def test_ticks_are_round_and_span_the_range() -> None:
    assert nice_ticks(0, 1, 4) == [0, 0.25, 0.5, 0.75, 1.0]
    assert nice_ticks(0, 0, 4)[0] == 0


def test_data_stay_as_they_are_in_both_languages() -> None:
    assert verbatim("{n} & co").zh == "{n} &amp; co"


JARGON = (
    r"\b(SHAP|AUC|regression|p-values?|confound\w*|posterior|Bonferroni|bootstrap|logit|log-odds|estimator|covariate)\b"
    "|置信区间|对数几率|混杂|显著性"
)


def test_what_managers_read_holds_no_statistics_words() -> None:
    for_analysts = {"method", "metric", "estimator", "baseline", "explained"}  # behind a fold
    found = [
        f"{section}.{name}: {match.group(0)}"
        for section, texts in TEXTS.items()
        if section not in for_analysts and section != "glossary"  # which explains them
        for name, entry in texts.items()
        for text in entry.values()
        if (match := re.search(JARGON, text))
    ]
    assert not found, found
