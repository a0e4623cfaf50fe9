"""One's own months beside the middle of colleagues: never of fewer than min_group, and never anybody by themselves."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from serving.access.principal import Principal
from serving.access.sight import Sight
from serving.pages.asked import Asked, Shown
from serving.pages.frame import page_response
from serving.pages.own import show_own
from serving.pages.reading.months import Months
from serving.pages.reading.of_run import OfRun
from tests.serving.pages.test_customers import run_of

MONTHS = pd.date_range("2025-01-01", periods=6, freq="MS")
REASON = {"en": "Why not.", "zh": "有何不可。"}


def panel(people: int, kpi: str = "csat") -> pa.Table:
    """Values of people p0, p1, … by month: the number of the person and a tenth of the month."""
    rows = [
        {"unit": "employee", "unit_id": f"p{person}", "kpi": kpi, "from": month, "value": person + place / 10}
        for person in range(people)
        for place, month in enumerate(MONTHS)
    ]
    return pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)


def months_of(table: pa.Table, roles: dict[str, str]) -> Months:
    run: Any = SimpleNamespace(table={"advice/panel": table}.get, members=SimpleNamespace(role_of=roles))
    return Months(run)


def test_the_middle_is_that_of_others_of_the_same_role() -> None:
    roles = {f"p{person}": "agent" if person < 6 else "expert" for person in range(9)}
    course = months_of(panel(9), roles).of_person("p5", "csat", 5)
    assert course is not None and course.months[0] == "2025-01"
    np.testing.assert_allclose(course.own, 5 + np.arange(6) / 10)
    np.testing.assert_allclose(course.middle, 2 + np.arange(6) / 10)  # of p0 to p4, without oneself
    assert set(course.others) == {5}


@pytest.mark.parametrize(("people", "shown"), [(5, False), (6, True)])
def test_fewer_colleagues_than_the_minimum_group_are_not_shown(people: int, shown: bool) -> None:
    course = months_of(panel(people), {f"p{person}": "agent" for person in range(people)}).of_person("p0", "csat", 5)
    assert course is not None and course.has_middle is shown


def test_a_month_in_which_too_few_have_a_figure_has_no_middle() -> None:
    table = panel(6).to_pandas()
    table.loc[(table["unit_id"] == "p3") & (table["from"] == MONTHS[2]), "value"] = np.nan
    found = months_of(pa.Table.from_pandas(table), dict.fromkeys(map("p{}".format, range(6)), "agent"))
    course = found.of_person("p0", "csat", 5)
    assert course is not None
    assert list(np.isnan(course.middle)) == [False, False, True, False, False, False]


def test_without_a_role_or_a_course_there_is_nothing_to_compare() -> None:
    course = months_of(panel(9), {}).of_person("p5", "csat", 5)
    assert course is not None and not course.has_middle
    months = months_of(panel(9), {})
    assert months.of_person("p99", "csat", 5) is None and months.of_person("p5", "nps", 5) is None
    few = pa.Table.from_pandas(panel(9).to_pandas().query("unit_id != 'p5' or `from` < '2025-03-01'"))
    assert months_of(few, {}).of_person("p5", "csat", 5) is None


def own_page(tmp_path: Any, people: int, language: str = "en") -> str:
    row = {
        "team_id": "t1", "role": "agent", "kpi": "csat", "current_weight": 40.0, "recommended_weight": 52.5,
        "reason": REASON, "verdict": "raise", "rises": None, "falls": None,
    }  # fmt: skip
    run = run_of(tmp_path, {"advice/panel": panel(people)})
    roles = {f"p{person}": "agent" for person in range(people)}
    run.members.role_of, run.members.team_of = roles, dict.fromkeys(roles, "t1")
    run.members.on_card = lambda me, team, role: True
    run.all_rows = lambda name: [row] if name == "weights" else []
    run.results = type("Results", (), {"evaluation": {}, "__contains__": lambda self, name: False})()
    read = OfRun(run)
    of: Any = SimpleNamespace(
        read=lambda: read, cards=lambda: read.cards, sight=lambda who, run: Sight(who, run.members, 5),
        loaded=lambda: run, store=SimpleNamespace(find=lambda who, question: {"rows": []}),
        keeper=SimpleNamespace(audit=None),
    )  # fmt: skip
    asked = Asked(Principal("local", "local", employee="p0"), "/pages/mine", language=language)  # type: ignore[arg-type]
    shown = show_own(asked, of)
    assert isinstance(shown, Shown)
    return bytes(page_response(asked, shown, is_set_up=False).body).decode()


def test_the_page_says_what_is_more_and_whom_it_does_not_show(tmp_path: Any) -> None:
    page = own_page(tmp_path, 9)
    assert "+12.5" in page and "the middle of colleagues: 5." in page and "<svg" in page
    few = own_page(tmp_path, 4)
    assert "Fewer than 5 comparable colleagues" in few and "middle of colleagues:" not in few
    assert "可比同事不足 5 人" in own_page(tmp_path, 4, "zh")
    assert not re.search(r"\bp[1-8]\b", page)
