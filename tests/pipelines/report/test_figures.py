"""The section of plain figures shows what was measured, in both languages, and nothing that is hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.charts.drawing import Pen
from baton.charts.small import heat_map, month_line
from baton.company import Company, load_company
from baton.wording.wording import verbatim
from pipelines.figures.measure import plain_figures
from pipelines.report.data.results import Results
from pipelines.report.plain_page import render, write_page
from pipelines.report.sections.figures import FiguresSection, figure_value, figures_section

PEN = Pen(("en", "zh"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Two teams, one of two people; sixty cases in three months of opening hours in Shanghai."""
    folder = tmp_path_factory.mktemp("figures")
    opened = pd.date_range("2026-01-01 09:00", "2026-03-31 09:00", periods=60).floor("h")
    pd.DataFrame(
        {
            "case_id": range(60),
            "opened_at": opened,
            "closed_at": opened + pd.Timedelta(hours=2),
            "team_id": ["<b>North</b>"] * 40 + ["South"] * 20,
            "employee_id": [f"n{at % 6}" for at in range(40)] + [f"s{at % 2}" for at in range(20)],
            "csat": [4.0] * 40 + [1.0] * 20,
            "resolved_first": ["yes"] * 45 + ["no"] * 15,
        }
    ).to_csv(folder / "cases.csv", index=False)
    (folder / "company.toml").write_text(
        '[company]\nname = "Kiosk"\nlanguages = ["en", "zh"]\n[tables]\n'
        'cases = { path = "cases.csv", timezone = "Asia/Shanghai", observed_until = "2026-03-31" }\n',
        encoding="utf-8",
    )
    return load_company(folder)


@pytest.fixture(scope="module")
def page(company: Company) -> str:
    return render(company, plain_figures(company))


def shown(table: pd.DataFrame, company: Company) -> FiguresSection:
    section = figures_section(Results(company, Catalogue((), ()), tables={"figures": table}), PEN)
    assert section is not None
    return section


def test_a_figure_has_its_value_and_its_name_in_both_languages(company: Company) -> None:
    year = {
        str(name.zh): (str(name.en), str(value.en))
        for name, value, _ in shown(plain_figures(company).table, company).year
    }
    assert year["新开工单"] == ("cases opened", "60")
    assert year["结单时间（中位数）"] == ("time to close, median", "2 h")
    assert year["一次解决率"] == ("resolved at first contact", "75.0%")
    assert year["满意度评分（平均）"] == ("satisfaction rating, mean", "3.00")


def test_a_small_team_shows_its_volume_alone_and_names_are_escaped(company: Company) -> None:
    (teams,) = [group for group in shown(plain_figures(company).table, company).groups if group.title.en == "By team"]
    rows = {str(row[0].en): [str(cell.en) for cell in row[1:]] for row in teams.rows}
    assert rows["South"][0] == "20"
    assert set(rows["South"][1:]) == {"–"}
    # and the other one does not give it away
    assert set(rows["&lt;b&gt;North&lt;/b&gt;"][1:]) == {"–"}
    assert "5" in teams.note.en


def test_the_page_is_whole_and_loads_nothing(page: str) -> None:
    assert "Plain figures of Kiosk" in page
    assert "<b>North" not in page
    assert not re.search(r"(?:src|href)=[\"'](?!#)", page)
    assert "Asia/Shanghai" in page


def test_a_page_that_is_there_stays(company: Company, tmp_path: Path) -> None:
    place = tmp_path / "figures.html"
    place.write_text("mine", encoding="utf-8")
    with pytest.raises(Exception, match="is there already"):
        write_page(company, plain_figures(company), place)
    assert place.read_text(encoding="utf-8") == "mine"
    write_page(company, plain_figures(company), place, overwrite=True)
    assert "Kiosk" in place.read_text(encoding="utf-8")


def test_a_figure_that_few_cases_have_says_so(company: Company) -> None:
    table = plain_figures(company).table.assign(known_share=0.2)
    assert all(remark is not None and "20%" in remark.en for _, _, remark in shown(table, company).year)


@pytest.mark.parametrize(
    ("unit", "value", "written"),
    [("share", 0.126, "12.6%"), ("seconds", 5400.0, "1.5 h"), ("rating", 3.456, "3.46"), ("cases", 1234.0, "1,234"),
     ("points", -8.04, "−8.0"), ("money", 22.5, "EUR 22.50"), ("cases", float("nan"), "–")],
)  # fmt: skip
def test_values_are_written_by_their_unit(unit: str, value: float, written: str) -> None:
    assert str(figure_value(unit, value, "EUR").en) == written


def test_an_incomplete_month_is_dotted_and_an_unknown_one_is_a_gap() -> None:
    months = ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
    values = [1.0, 2.0, float("nan"), 3.0, 4.0, 5.0]
    drawn = str(month_line(pd.DataFrame({"group": months, "value": values, "partial": [True, *[False] * 5]})))
    assert drawn.count("line usual") == 1
    assert drawn.count("line own") == 2
    without = pd.DataFrame({"group": ["2026-01", "2026-04"], "value": [1.0, 2.0], "partial": False})
    assert "line" not in str(month_line(without)).replace("polyline", "")


def test_the_darkest_field_is_the_largest() -> None:
    grid = [[0.0] * 24 for _ in range(7)]
    grid[2][9], grid[4][15] = 10.0, 5.0
    wide, narrow = heat_map([verbatim(str(day)) for day in range(7)], grid, PEN, verbatim("hour"))
    assert re.findall(r'fill-opacity="([^"]+)"', str(wide)) == ["1", "0.54"]
    assert str(narrow).count("track") == 7 * 24


def test_there_is_no_section_without_figures(company: Company) -> None:
    assert figures_section(Results(company, Catalogue((), ())), PEN) is None


def test_a_company_without_any_figure_is_refused_in_words(tmp_path: Path, make_flat: Callable[[Path], Company]) -> None:
    with pytest.raises(Exception, match="no plain figures"):
        plain_figures(make_flat(tmp_path))


@pytest.fixture
def make_flat() -> Callable[[Path], Company]:
    def make(folder: Path) -> Company:
        people = {"customer_id": range(30), "churned": [0, 1] * 15, "visits": range(30), "as_of": datetime(2026, 1, 1)}
        pd.DataFrame(people).to_csv(folder / "snapshots.csv", index=False)
        (folder / "company.toml").write_text('[tables]\nsnapshots = { path = "snapshots.csv" }\n', encoding="utf-8")
        return load_company(folder)

    return make
