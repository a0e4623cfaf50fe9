"""A made-up set of 77 causes in English or Chinese, in words that several causes share: nobody's texts, no model's.

    python -m benchmarks.text_intents FOLDER --language zh

writes a company of nothing but cases with texts (``company.toml``, ``cases.csv``), for ``baton run FOLDER``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["intents", "write_company"]

_WRONG_LABELS = 0.04
_TYPING_ERRORS = 0.02
_EACH = 130
# causes are what and how: 11 by 7, so that every word of a cause is shared with others
_WHAT = {
    "card": (["my card", "the card", "my debit card", "the plastic"], ["银行卡", "我的卡", "借记卡", "这张卡"]),
    "transfer": (
        ["my transfer", "the money I sent", "a bank transfer", "my payment to a friend"],
        ["转账", "汇出去的钱", "给朋友的转账", "这笔汇款"],
    ),
    "top_up": (
        ["my top-up", "adding money", "the money I put in", "loading my balance"],
        ["充值", "存进去的钱", "给余额充的钱", "这笔充值"],
    ),
    "cash": (
        ["the cash machine", "my withdrawal", "taking out cash", "the ATM"],
        ["取款机", "取现", "取钱", "这次提现"],
    ),
    "account": (["my account", "the account", "my profile", "my login"], ["账户", "我的账号", "个人资料", "登录"]),
    "fee": (
        ["the fee", "a charge on my statement", "what you charge", "the commission"],
        ["手续费", "账单上的收费", "你们收的费", "佣金"],
    ),
    "exchange": (
        ["the exchange rate", "paying abroad", "my foreign currency", "the conversion"],
        ["汇率", "境外付款", "外币", "换汇"],
    ),
    "loan": (["my loan", "the instalments", "what I borrowed", "the credit"], ["贷款", "分期", "借的钱", "这笔信贷"]),
    "debit": (
        ["the direct debit", "my standing order", "the monthly payment", "a regular payment"],
        ["自动扣款", "定期转账", "每月付款", "代扣"],
    ),
    "statement": (
        ["my statement", "the list of payments", "the monthly report", "my receipt"],
        ["对账单", "付款明细", "月度报告", "回单"],
    ),
    "refund": (
        ["my refund", "the money I should get back", "a returned payment", "the reimbursement"],
        ["退款", "该退给我的钱", "退回的付款", "报销款"],
    ),
}
_HOW = {
    "late": (
        ["has still not arrived", "takes far too long", "is pending for days", "has been delayed"],
        ["一直没到", "太慢了", "好几天还在处理", "被推迟了"],
    ),
    "failed": (
        ["does not work", "was declined", "failed again", "shows an error"],
        ["用不了", "被拒绝了", "又失败了", "显示出错"],
    ),
    "twice": (
        ["was taken twice", "appears two times", "is doubled", "came up again"],
        ["扣了两次", "出现了两遍", "重复了", "又来一次"],
    ),
    "wrong": (
        ["is the wrong amount", "does not match", "is higher than you said", "is incorrect"],
        ["金额不对", "对不上", "比说的高", "有错误"],
    ),
    "stop": (
        ["must be cancelled", "needs to be stopped at once", "should be closed", "I want to undo it"],
        ["要取消", "请马上停止", "应该关掉", "我想撤销"],
    ),
    "unknown": (
        ["is not mine", "I do not recognise it", "was made by somebody else", "looks like fraud"],
        ["不是我的", "我不认识这笔", "是别人弄的", "像是诈骗"],
    ),
    "how": (
        ["how does it work", "where can I find it", "can you explain it", "what do I have to do"],
        ["怎么操作", "在哪里能找到", "能解释一下吗", "我该怎么办"],
    ),
}
_BEFORE = (
    [
        "Hello,",
        "Hi there.",
        "Good morning,",
        "I have been a customer for years.",
        "Please help me.",
        "This is urgent:",
        "Last week I called already.",
        "",
    ],
    ["你好，", "您好。", "早上好，", "我是老客户了。", "请帮帮我。", "很急：", "上周我已经打过电话。", ""],
)
_AFTER = (
    [
        "Thank you.",
        "I am very disappointed.",
        "Nobody answers my messages.",
        "What now?",
        "I need this today.",
        "It is always the same with you.",
        "",
    ],
    ["谢谢。", "我很失望。", "没有人回我。", "现在怎么办？", "我今天就要。", "你们总是这样。", ""],
)
_LANGUAGES = ("en", "zh")
_ASIDE = 0.3


def intents(language: str, each: int = _EACH, seed: int = 77) -> pd.DataFrame:
    """Return texts with their causes.

    Parameters
    ----------
    language : {"en", "zh"}
    each : int
        Texts of a cause on average; some causes have a quarter of it, some nearly twice as many.

    Returns
    -------
    pandas.DataFrame
        ``text``, ``cause`` (of 77), in random order. Three texts in ten name a second thing beside, one label in 25 is
        another's.
    """
    draw, tongue = np.random.default_rng(seed), _LANGUAGES.index(language)
    pairs = [(what, how) for what in _WHAT for how in _HOW]
    share = draw.uniform(0.25, 1.75, len(pairs))
    rows = []
    for (what, how), part in zip(pairs, share, strict=True):
        rows += [(_text(what, how, tongue, draw), f"{what}_{how}") for _ in range(max(2, round(each * part)))]
    found = pd.DataFrame(rows, columns=["text", "cause"]).iloc[draw.permutation(len(rows))].reset_index(drop=True)
    wrong = draw.random(len(found)) < _WRONG_LABELS
    found.loc[wrong, "cause"] = draw.permutation(found["cause"].to_numpy())[wrong]
    return found


def _text(what: str, how: str, tongue: int, draw: np.random.Generator, /) -> str:
    def one(some: Sequence[str]) -> str:
        return str(draw.choice(np.array(some)))

    parts = [one(_BEFORE[tongue]), f"{one(_WHAT[what][tongue])}{'' if tongue else ' '}{one(_HOW[how][tongue])}"]
    if draw.random() < _ASIDE:
        other = one(_WHAT[str(draw.choice(np.array(list(_WHAT))))][tongue])
        parts.append(f"，和{other}没关系，" if tongue else f"(it is not about {other})")
    parts.append(one(_AFTER[tongue]))
    text = ("" if tongue else " ").join(part for part in parts if part)
    letters = list(text)
    for place in np.flatnonzero(draw.random(len(letters)) < _TYPING_ERRORS / (4 if tongue else 1)):
        letters[place] = "" if draw.random() < 0.5 else letters[place] * 2
    return "".join(letters)


def write_company(folder: Path, language: str, each: int = _EACH, seed: int = 77) -> None:
    """Write a company of cases with texts over a year, and nothing else."""
    draw, cases = np.random.default_rng(seed), intents(language, each, seed)
    folder.mkdir(parents=True, exist_ok=True)
    days = np.sort(draw.integers(0, 364, len(cases)))
    table = pd.DataFrame(
        {
            "case_id": [f"C{number:05d}" for number in range(len(cases))],
            "opened_at": pd.Timestamp("2025-01-01") + pd.to_timedelta(days, "D"),
            "team_id": [f"T{number}" for number in draw.integers(1, 7, len(cases))],
            "text": cases["text"],
            "cause": cases["cause"],
        }
    )
    table.to_csv(folder / "cases.csv", index=False)
    (folder / "company.toml").write_text(
        f'[company]\nname = "77 causes"\nscenario = "service"\nseed = 7\nlanguages = ["{language}"]\n\n'
        '[tables.cases]\npath = "cases.csv"\n\n[text]\nlabels = "cause"\n\n[kpis]\npresets = []\n',
        encoding="utf-8",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the company."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--language", choices=_LANGUAGES, default="en")
    parser.add_argument("--each", type=int, default=_EACH)
    chosen = parser.parse_args(arguments)
    write_company(chosen.folder, chosen.language, chosen.each)


if __name__ == "__main__":
    main()
