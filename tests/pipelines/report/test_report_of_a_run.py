from __future__ import annotations

import re
from pathlib import Path

import pandas as pd


def test_the_page_of_a_run_names_nobody_who_works_there(small_run: Path) -> None:
    page = (small_run / "report.html").read_text(encoding="utf-8")
    people = set(pd.read_parquet(small_run / "staged" / "employees.parquet")["employee_id"])
    assert people
    assert people.isdisjoint(re.findall(r"[\w-]+", page))


def test_the_page_of_a_run_holds_every_section_in_both_languages(small_run: Path) -> None:
    page = (small_run / "report.html").read_text(encoding="utf-8")
    for section in ("now", "risk", "why", "journey", "support", "trust", "method"):
        assert f'<section id="{section}"' in page
    assert page.count('lang="en"') > 100
    assert page.count('class="t" lang="en"') == page.count('class="t" lang="zh"')
    assert not re.search(r"\b(nan|None|NaT|inf)\b", re.sub(r"<(style|script).*?</\1>", "", page, flags=re.S))
