"""``baton export``: the sheets of a run, in people's words."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pipelines.workbook
from baton.company import Company
from baton.contract.results import result_tables
from baton.errors import ArtefactError, CompanyFileError, OutputError
from baton.files import RunFolder, write_json
from baton.sheets.cells import sheet_name
from pipelines.workbook.columns import shown_columns
from pipelines.workbook.export import export, languages_of
from pipelines.workbook.names import Names
from pipelines.workbook.tables import EXPORTED
from pipelines.workbook.words import heading_of, headings, words
from tests.pipelines.report.conftest import AS_OF, NASTY, company, evaluation, tables
from tests.pipelines.workbook.conftest import Read

__all__ = ["company"]  # the fixture

COLUMNS = [(table, column) for table in EXPORTED for column in result_tables()[table].columns]


def written(folder: RunFolder, settings: Company, read_back: Callable[[Path], Read], **options: object) -> Read:
    path = folder.path.parent / "advice.xlsx"
    export(settings, folder, path, **options)  # type: ignore[arg-type]
    return read_back(path)


def test_every_table_for_people_has_a_sheet() -> None:
    internal = {name for name in result_tables() if "/" in name} | {"effect_draws", "explanations", "churn_curve"}
    assert set(EXPORTED) | internal == set(result_tables())
    titles = [entry[language] for entry in words()["sheet"].values() for language in ("en", "zh")]
    assert [sheet_name(title, set()) for title in titles] == titles  # none is cut or lacks a letter
    assert set(words()["sheet"]) == set(words()["about"]) == set(EXPORTED)


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table}.{column.name}" for table, column in COLUMNS])
def test_every_column_has_a_heading_in_both_languages(table: str, column) -> None:  # noqa: ANN001
    heading = heading_of(table, column.name)
    assert re.search("[A-Za-z]", heading.en)
    assert re.search("[\u4e00-\u9fff]", heading.zh)
    assert column.unit in words()["unit"]


def test_no_heading_is_for_a_column_that_is_not_there() -> None:
    for table, columns in headings().items():
        of = EXPORTED if table == "any" else (table,)
        known = {name for each in of for name in result_tables()[each].names}
        assert set(columns) <= known, table


def test_headings_of_a_sheet_differ(company: Company) -> None:
    from baton.catalogue.load import load_catalogue
    from pipelines.report.data.results import Results
    from pipelines.workbook.columns import Outcomes

    names = Names(Results(company, load_catalogue(company)), "en")
    for table in EXPORTED:
        contract = result_tables()[table]
        shown = shown_columns(contract, contract.names, names, ("en", "zh"), Outcomes())
        found = [each.column.heading for each in shown]
        assert len({heading[0] for heading in found}) == len({heading[1] for heading in found}) == len(found), table


@pytest.mark.parametrize(
    ("served", "heading"),
    [
        ("churn", ("Customers kept (a cycle)", "多留住的客户（每周期）")),
        ("worth", ("Expected gain (EUR a cycle)", "预期收益（每周期，EUR）")),
        (
            "driver:csat",
            ("Expected gain (in the outcome, over the cases of a cycle)", "预期改善（结果指标，按一个周期的工单合计）"),
        ),
    ],
)
def test_what_coaching_gains_is_called_customers_only_where_weights_serve_their_staying(
    company: Company, served: str, heading: tuple[str, str]
) -> None:
    from baton.catalogue.load import load_catalogue
    from pipelines.report.data.results import Results
    from pipelines.workbook.columns import Outcomes

    names = Names(Results(company, load_catalogue(company)), "en")
    shown = shown_columns(
        result_tables()["coaching"], ["expected_effect"], names, ("en", "zh"), Outcomes(served=served)
    )
    assert heading in [each.column.heading for each in shown]


def test_every_word_has_both_languages_and_the_same_blanks() -> None:
    for section, entries in words().items():
        for name, entry in entries.items():
            assert set(entry) == {"en", "zh"}, (section, name)
            assert set(re.findall(r"{\w+}", entry["en"])) == set(re.findall(r"{\w+}", entry["zh"])), (section, name)


@pytest.mark.parametrize(
    ("section", "table", "column"),
    [
        ("verdict", "weights", "verdict"),
        ("basis", "weights", "expected_basis"),
        ("impact", "weights", "impact"),
        ("alignment", "diagnosis", "alignment"),
        ("alignment", "cause_diagnosis", "alignment"),
        ("role", "diagnosis", "kpi_role"),
        ("role", "effects", "role"),
        ("clear", "effects", "clear"),
        ("level", "coaching", "level"),
        ("kind", "cause_trends", "level"),
        ("abstained", "root_causes", "reason"),
        ("figure_by", "figures", "by"),
        ("figure_unit", "figures", "unit"),
    ],
)
def test_every_key_that_the_contract_names_has_words(section: str, table: str, column: str) -> None:
    meaning = next(each.meaning for each in result_tables()[table].columns if each.name == column)
    listed = meaning.split(": ")[-1 if table == "root_causes" else 0].split(";")[0]
    keys = [key for part in listed.split(", ") for key in part.split(" or ")]
    assert len(keys) >= 2
    assert set(keys) <= set(words()[section])


def test_the_package_carries_its_words() -> None:
    project = tomllib.loads((Path(pipelines.workbook.__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert "workbook/*.toml" in project["tool"]["setuptools"]["package-data"]["pipelines"]


def test_weights_are_in_words_with_names_beside_ids(finished_run, company, read_back) -> None:  # noqa: ANN001
    found = written(finished_run(), company, read_back)
    assert found.column("Weights", "Team\n团队") == ["Day shift"] * 8 + [NASTY] * 8
    assert found.column("Weights", "Team (id)") == ["t1"] * 8 + ["t2"] * 8
    assert found.column("Weights", "KPI\n")[:2] == ["Handling time", "Cost per case"]
    assert found.column("Weights", "KPI (id)")[:2] == ["handle_seconds", "cost_per_case"]
    assert found.column("Weights", "Change\n变化")[:5] == ["lower", "lower", "keep", "raise", "add"]
    assert found.column("Weights", "Weight next cycle (points)\n下周期建议权重（分）")[:2] == [20.0, 15.0]
    assert found.column("Weights", "Why (English)")[0] == "Reason for handle_seconds."
    assert found.column("Weights", "Why (中文)")[0] == "理由：handle_seconds。"
    assert found.column("Weights", "Fairness: smallest")[0] == ""


def test_the_other_language_goes_first_where_it_is_asked_for(finished_run, company, read_back) -> None:  # noqa: ANN001
    found = written(finished_run(), company, read_back, language="zh")
    assert list(found.sheets)[:3] == ["说明", "权重建议", "辅导建议"]
    assert found.column("权重建议", "变化\nChange")[:2] == ["降低", "降低"]
    assert found.column("权重建议", "指标\nKPI")[0] == "处理时长"


def test_a_company_of_one_language_gets_that_alone(finished_run, company, read_back) -> None:  # noqa: ANN001
    profile = company.company.model_copy(update={"languages": ("zh",)})
    found = written(finished_run(), company.model_copy(update={"company": profile}), read_back)
    assert "理由" in found.sheets["权重建议"][0]
    assert not any("\n" in str(heading) for rows in found.sheets.values() for heading in rows[0])


def test_what_moves_a_prediction_is_readable(finished_run, company, read_back) -> None:  # noqa: ANN001
    drivers = [
        [
            {"kpi": "first_contact_resolution", "value": 0.62, "label": None, "attribution": 0.31},
            {"kpi": "attribute__segment", "value": None, "label": "=premium", "attribution": -0.2},
        ]
    ]
    churn = pd.DataFrame(
        {
            "customer_id": ["=c1", "c2"],
            "as_of": AS_OF,
            "probability": [0.1, 0.4],
            "value_at_risk": [np.nan, 20.0],
            "drivers": [drivers[0], []],
        }
    )
    found = written(finished_run(churn=churn), company, read_back)
    assert found.column("Customers at risk", "Customer\n") == ["c2", "=c1"]  # most at stake first
    assert found.column("Customers at risk", "What moves")[1] == (
        "First-contact resolution 0.62 (+0.31)\nSegment =premium (-0.20)"
    )
    assert found.column("Customers at risk", "Value at risk (EUR a year)") == [20.0, ""]
    assert [str(day) for day in found.column("Customers at risk", "As of")] == ["2025-12-01"] * 2


def formats_of(found: Read, sheet: int, column: str) -> set[str]:
    """The number formats of a column below its heading."""
    styles = found.xml["xl/styles.xml"]
    own = dict(re.findall(r'<numFmt numFmtId="(\d+)" formatCode="([^"]*)"', styles))
    own |= {"10": "0.00%", "3": "#,##0", "0": ""}
    used = [re.search(r'numFmtId="(\d+)"', xf).group(1) for xf in re.findall("<xf [^>]*>", styles.split("<cellXfs")[1])]  # type: ignore[union-attr]
    cells = re.findall(rf'<c r="{column}(?!1")\d+" s="(\d+)"', found.xml[f"xl/worksheets/sheet{sheet}.xml"])
    return {own[used[int(style)]] for style in cells}


def test_shares_are_shown_as_per_cent_and_money_without_cents(finished_run, company, read_back) -> None:  # noqa: ANN001
    found = written(finished_run(), company, read_back)
    place = list(found.sheets).index("Customers at risk") + 1
    assert formats_of(found, place, "C") == {"0.0%"}
    assert formats_of(found, place, "F") == {"#,##0"}
    place = list(found.sheets).index("Effects") + 1
    assert formats_of(found, place, "F") == {"0.00%"}  # on leaving: a chance


def test_effects_on_numbers_are_no_per_cent(finished_run, company, read_back) -> None:  # noqa: ANN001
    effects = tables()["effects"].assign(outcome="driver:csat")
    found = written(finished_run(effects=effects), company, read_back)
    assert formats_of(found, list(found.sheets).index("Effects") + 1, "F") == {"0.000"}
    assert found.column("Effects", "Outcome\n")[0] == "Service rating per case"


def test_why_there_is_no_effect_is_reported_in_each_language(finished_run, company, read_back) -> None:  # noqa: ANN001
    effects = tables()["effects"].assign(
        effect=None, low=None, high=None, method="not measured: it never differs", why_key="not_measured.constant",
        why_values="{}",
    )  # fmt: skip
    found = written(finished_run(effects=effects), company, read_back)
    assert set(found.column("Effects", "Why there is no effect (English)")) == {"not measured: it never differs"}
    assert set(found.column("Effects", "Why there is no effect (中文)")) == {"未衡量：该指标的数值从无差异"}
    assert set(found.column("Effects", "Estimated by")) == {""}


def test_groups_that_are_too_small_are_left_out(finished_run, company, read_back) -> None:  # noqa: ANN001
    found = written(finished_run(), company, read_back)
    for sheet in ("Weights", "Diagnosis", "Decline", "Coaching"):
        assert "tiny" not in [cell for row in found.sheets[sheet] for cell in row], sheet
    assert "fewer than 5 people" in found.words


def test_rows_about_single_people_are_in_only_where_asked_for(finished_run, company, read_back) -> None:  # noqa: ANN001
    folder = finished_run()
    found = written(folder, company, read_back)
    assert found.column("Decline", "Kind of unit") == ["team", "team"]
    assert found.column("Coaching", "Whose matter") == ["team"]
    assert "Coaching: rows about single people are left out" in found.words
    found = written(folder, company, read_back, people=True, overwrite=True)
    assert "person" in found.column("Decline", "Kind of unit")
    assert found.column("Coaching", "Whose matter").count("person") == 9
    assert "Coaching: rows about single people are in" in found.words


def test_predictions_that_are_guesses_are_not_listed(finished_run, company, read_back) -> None:  # noqa: ANN001
    folder = finished_run(churn=tables()["churn"].assign(informative=False))
    given = evaluation()
    given["churn"]["intervals"]["auc"] = [0.4, 0.6]  # type: ignore[index]
    given["churn"]["auc"] = 0.5  # type: ignore[index]
    write_json(folder.file("evaluation.json"), given)
    found = written(folder, company, read_back)
    assert not {"Customers at risk", "Attributions by team"} & set(found.sheets)
    page = found.sheets["Read me"]
    assert next(row for row in page if row[0] == "Customers at risk")[2].startswith("Tested on data")  # type: ignore[union-attr]


def test_the_first_sheet_says_what_the_workbook_is(finished_run, company, read_back) -> None:  # noqa: ANN001
    found = written(finished_run(), company, read_back)
    page = found.sheets["Read me"]
    assert page[0][0] == "Fixture & Söhne: the advice of Baton"
    assert "2026-01-02T03:04:05+00:00" in page[2]
    listed = {str(row[0]): row[1] for row in page}
    for name, rows in list(found.sheets.items())[1:]:
        assert listed[name] == len(rows) - 1
    assert "cases: 3 rows <dropped>" in found.words
    assert "The latest snapshot / 最近一次快照" in listed


def test_no_run_no_folder_no_language_each_has_a_sentence(company: Company, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with pytest.raises(ArtefactError, match="there is no such folder"):
        export(company, RunFolder(tmp_path / "none"), path)
    with pytest.raises(ArtefactError, match=r"run\.json: not there; `baton run COMPANY"):
        export(company, RunFolder(tmp_path), path)
    with pytest.raises(CompanyFileError, match="--language fr: not known; choose from en, zh"):
        languages_of(company, "fr")
    assert not path.exists()


def test_a_workbook_that_is_there_stays_unless_forced(finished_run, company: Company, tmp_path: Path) -> None:  # noqa: ANN001
    path = tmp_path / "a.xlsx"
    path.write_text("edited by hand")
    with pytest.raises(OutputError, match="--force"):
        export(company, finished_run(), path)
    assert path.read_text() == "edited by hand"
    assert export(company, RunFolder(tmp_path / "out"), path, overwrite=True).rows["weights"] == 16


def test_the_command_writes_it(finished_run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN001
    from typer.testing import CliRunner

    from baton.cli import app

    finished_run()
    (tmp_path / "company.toml").write_text('[company]\nname = "A"\n[tables]\ncases = { path = "cases.csv" }\n')
    done = CliRunner().invoke(app, ["export", str(tmp_path), "--xlsx", str(tmp_path / "a.xlsx"), "--json"])
    assert done.exit_code == 0, done.output
    given = json.loads(done.stdout)
    assert given["path"] == str(tmp_path / "a.xlsx")
    assert given["rows"]["weights"] == 16
    assert given["left_out"]["flows"] == "absent"
