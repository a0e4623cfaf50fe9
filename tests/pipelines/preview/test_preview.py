"""``baton preview``: each table as it is read, with nothing shown that a run would not show."""

from __future__ import annotations

import json
import re
import stat
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pipelines.preview
from baton.cli import app
from baton.company import load_company
from baton.errors import OutputError
from pipelines.preview.look import preview
from pipelines.preview.page import render, write_page
from pipelines.preview.tables import Preview, TablePreview

CASES = """Call Id,opened_at,customer_id,employee_id,csat,note,text
k1,03/01/2024 08:00,c1,anna,5,fine,"Call me on +49 170 1234567, it is about the broken line at home"
k2,14/01/2024 09:00,c2,bert,4,\x1b[31mred,write to ann.lee@example.com
k3,15/01/2024 10:00,c9,anna,,fine,
k4,16/01/2024 11:00,,anna,3,<b>bad</b>,
"""
CUSTOMERS = "customer_id,joined_at\nc1,2023-01-01\nc2,2023-02-01\n"
EMPLOYEES = "employee_id,name,gender,birth_year\nanna,Anna Lee,f,1980\nbert,Bert Ray,m,1990\n"
SETTINGS = """[company]
name = "Shop & <Söhne>"
[tables]
cases = { path = "cases.csv", columns = { case_id = "Call Id" } }
customers = { path = "customers.csv" }
employees = { path = "employees.csv" }
"""


def write(folder: Path) -> Path:
    files = {"cases.csv": CASES, "customers.csv": CUSTOMERS, "employees.csv": EMPLOYEES, "company.toml": SETTINGS}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def company(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Preview:
    """The company's preview, made once."""
    folder = write(tmp_path_factory.mktemp("seen"))
    before = {path.name for path in folder.iterdir()}
    found = preview(load_company(folder / "company.toml"))
    assert {path.name for path in folder.iterdir()} == before  # no key is made, and nothing else either
    return found


@pytest.fixture(scope="module")
def found(seen: Preview) -> dict[str, TablePreview]:
    return {table.name: table for table in seen.tables}


def look(folder: Path) -> dict[str, TablePreview]:
    return {table.name: table for table in preview(load_company(folder / "company.toml")).tables}


def test_columns_are_reported_as_they_are_read(found: dict[str, TablePreview]) -> None:
    cases = found["cases"]
    assert (cases.source, cases.rows) == ("cases.csv", 4)
    columns = {column.name: column for column in cases.columns}
    opened, csat, note = columns["opened_at"], columns["csat"], columns["note"]
    assert (opened.type, opened.first, opened.last) == ("time", "2024-01-03 08:00:00", "2024-01-16 11:00:00")
    assert (csat.type, csat.share_known, csat.first, csat.last, csat.unique) == ("number", 0.75, "3", "5", 3)
    assert (note.contract, note.type, note.known, note.unique, note.examples) == (
        False,
        "text",
        4,
        3,
        ("fine", "[31mred", "<b>bad</b>"),
    )
    assert (columns["case_id"].source_name, columns["case_id"].examples) == ("Call Id", ("k1", "k2", "k3"))
    assert "closed_at" in cases.absent
    assert "cases.opened_at: dates are read day first" in " ".join(note.text for note in cases.notes)


def test_keys_are_matched_with_the_table_they_refer_to(found: dict[str, TablePreview]) -> None:
    keys = {key.column: key for key in found["cases"].keys}
    assert (keys["customer_id"].table, keys["customer_id"].known) == ("customers", 3)
    assert keys["customer_id"].share_matched == pytest.approx(2 / 3)
    assert keys["employee_id"].share_matched == 1


def test_a_key_of_a_table_that_is_not_given_cannot_be_reported(company: Path) -> None:
    (company / "company.toml").write_text(SETTINGS.replace('customers = { path = "customers.csv" }\n', ""))
    assert {key.column: key for key in look(company)["cases"].keys}["customer_id"].share_matched is None


def test_nothing_tells_who_somebody_is(found: dict[str, TablePreview]) -> None:
    shown = repr(found)
    for secret in ("anna", "bert", "Anna", "Lee", "1234567", "example.com", "1980", "'f'"):
        assert secret not in shown, secret
    cases = {column.name: column for column in found["cases"].columns}
    assert all(re.fullmatch(r"p-[a-z2-7]{16}", name) for name in cases["employee_id"].examples)
    assert "[phone]" in cases["text"].examples[0]
    assert "[email]" in cases["text"].examples[1]
    assert all(len(text) <= 40 for column in cases.values() for text in column.examples)
    employees = {column.name: column for column in found["employees"].columns}
    assert employees["name"].private
    assert employees["gender"].private
    assert (employees["birth_year"].private, employees["birth_year"].first) == (True, "")
    # the same person is the same in every table
    assert employees["employee_id"].examples == cases["employee_id"].examples


def test_the_company_s_key_is_used_where_there_is_one(company: Path) -> None:
    from features.staging.pseudonyms import load_key, pseudonym

    key = load_key(company / load_company(company / "company.toml").privacy.key)
    examples = next(column for column in look(company)["employees"].columns if column.name == "employee_id").examples
    assert examples == (pseudonym(key, "anna"), pseudonym(key, "bert"))


def test_a_table_that_cannot_be_read_says_why(company: Path) -> None:
    (company / "customers.csv").unlink()
    found = look(company)
    assert "customers.csv" in found["customers"].unreadable
    assert found["cases"].rows == 4


def test_an_empty_table_has_columns_and_no_values(company: Path) -> None:
    (company / "customers.csv").write_text("customer_id,joined_at\n")
    found = look(company)["customers"]
    assert found.rows == 0
    assert [(column.share_known, column.examples) for column in found.columns] == [(None, ())] * 2


def test_the_page_holds_the_same_and_runs_nothing_of_the_data_s(seen: Preview) -> None:
    page = render(seen)
    assert "<b>bad</b>" not in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page
    assert "Shop &amp; &lt;Söhne&gt;" in page
    assert "66.7% of 3 rows with customer_id have it in customers." in page
    assert "有 customer_id 的 3 行中，66.7% 可在 customers 中找到。" in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert page.count("<script>") == 1
    assert "default-src &#39;none&#39;" in page


def test_the_page_is_the_owner_s_and_stays_unless_forced(tmp_path: Path) -> None:
    found = Preview("A", ("zh",), (TablePreview("cases", "a case", "cases.csv", unreadable="broken <file>"),))
    write_page(found, tmp_path / "a.html")
    assert stat.S_IMODE((tmp_path / "a.html").stat().st_mode) == 0o600
    assert "无法读取：broken &lt;file&gt;" in (tmp_path / "a.html").read_text("utf-8")
    with pytest.raises(OutputError, match="--force"):
        write_page(found, tmp_path / "a.html")
    write_page(found, tmp_path / "a.html", overwrite=True)


def test_the_command_shows_tables_or_a_document(company: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["preview", str(company)])
    assert done.exit_code == 0, done.output
    assert "customer_id found in customers: 66.7% of 3" in done.stdout
    assert "note (own)" in done.stdout
    done = runner.invoke(app, ["preview", str(company), "--json", "--page", str(company / "p.html")])
    given = json.loads(done.stdout)
    assert given["written"] == str(company / "p.html")
    assert given["tables"][0]["columns"][0]["source_name"] == "Call Id"


def test_words_are_in_both_languages_and_packed() -> None:
    folder = Path(pipelines.preview.__file__).parent
    for key, entry in tomllib.loads((folder / "words.toml").read_text("utf-8")).items():
        assert set(entry) == {"en", "zh"}, key
        assert set(re.findall(r"{\w+}", entry["en"])) == set(re.findall(r"{\w+}", entry["zh"])), key
    project = tomllib.loads((folder.parents[1] / "pyproject.toml").read_text("utf-8"))
    assert "preview/*" in project["tool"]["setuptools"]["package-data"]["pipelines"]
