"""A foreign catalogue or a table's SQL reads and writes nothing but its own data, and hangs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.company import Company, load_company
from baton.errors import ExpressionError, SourceError
from features.ingest.intake import opened
from features.ingest.sources import open_source
from features.quality import kpi_dry_run
from features.quality.checks import check
from features.staging.stage import open_warehouse, stage

CASES = "case_id,opened_at,closed_at,csat\n1,2024-01-02,2024-01-03,4\n2,2024-01-03,2024-01-05,2\n"
KPI = """
[[kpi]]
id = "some_kpi"
name = "Some KPI"
layer = "role"
perspective = "process"
source = "cases"
better = "lower"
unit = "days"
role = "lever"
expr = '''{expr}'''
"""


def company(folder: Path, cases: str = 'path = "cases.csv"', expr: str | None = None) -> Company:
    folder.mkdir(exist_ok=True)
    (folder / "cases.csv").write_text(CASES)
    (folder / "canary.txt").write_text("canary-7f3a")
    (folder / "salaries.csv").write_text("who,pay\nE1,7000\n")
    kpis = "presets = []\nfiles = []\n"
    if expr is not None:
        (folder / "kpis.toml").write_text(KPI.format(expr=expr))
        kpis = 'presets = []\nfiles = ["kpis.toml"]\n'
    (folder / "company.toml").write_text(f"[tables]\ncases = {{ {cases} }}\n[kpis]\n{kpis}")
    return load_company(folder)


@pytest.mark.parametrize(
    "expr",
    [
        "EXTRACT(\"day FROM opened_at)), (SELECT content FROM read_text('{0}/canary.txt')), count(extract(day\" FROM closed_at)",
        "EXTRACT(\"day FROM opened_at)) FROM typed_cases; COPY (SELECT 1 AS a) TO '{0}/written.csv'; SELECT count(extract(day\" "
        "FROM closed_at)",
    ],
)
def test_a_foreign_catalogue_reads_and_writes_no_file(tmp_path: Path, expr: str) -> None:
    settings = company(tmp_path / "a", expr=expr.format(tmp_path))
    with pytest.raises(ExpressionError, match="KPI some_kpi, expr: .* is no part of a time"):
        load_catalogue(settings)
    assert not (tmp_path / "written.csv").exists()


@pytest.mark.parametrize(
    "expr",
    [
        "count(*)) FROM typed_cases; COPY (SELECT 1 AS a) TO '{0}/written.csv'; SELECT (count(1",
        "(SELECT max(content) FROM read_text('{0}/a/canary.txt'))",
    ],
)
def test_behind_the_check_the_trial_is_one_statement_in_a_locked_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expr: str
) -> None:
    monkeypatch.setattr(kpi_dry_run, "_quoted", lambda kpi, sql, table: sql)  # as if the check had a hole
    settings = company(tmp_path / "a", expr="csat")
    kpi = load_catalogue(settings)["some_kpi"].model_copy(update={"expr": expr.format(tmp_path)})
    faults = [fault for fault in check(settings, Catalogue((kpi,), ())).faults if fault.kind == "kpi_fails"]
    assert len(faults) == 1
    assert "canary-7f3a" not in faults[0].message
    assert not (tmp_path / "written.csv").exists()


def test_a_trial_that_takes_too_long_is_stopped_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kpi_dry_run, "MAX_SECONDS", 0.2)
    endless = "(SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b WHERE a.range = b.range + csat)"
    monkeypatch.setattr(kpi_dry_run, "_quoted", lambda kpi, sql, table: endless)
    settings = company(tmp_path / "a", expr="csat")
    faults = [fault for fault in check(settings, load_catalogue(settings)).faults if fault.kind == "kpi_fails"]
    assert "takes longer than 0.2 seconds over 2 rows" in faults[0].message


@pytest.mark.parametrize(
    ("expr", "refusal"),
    [
        ("repeat('a', 1000000000)", "function repeat is not allowed"),
        ("lpad(stage, 1000000000, 'x')", "function pad is not allowed"),
        ("a" * 1_000_000, "longer than 2,000 characters"),
        ("replace(replace(stage, 'a', '" + "a" * 50 + "'), 'a', '" + "a" * 50 + "')", "more than 100 times as long"),
        ("abs(" * 300 + "csat" + ")" * 300, "nested too deeply"),
        ("-(" * 400 + "csat" + ")" * 400, "nested too deeply"),
    ],
)
def test_what_would_fill_the_memory_or_the_stack_is_refused(expr: str, refusal: str) -> None:
    from baton.catalogue.expressions import columns_of

    with pytest.raises(ExpressionError, match=refusal):
        columns_of(expr)


def test_a_name_that_is_no_column_is_no_function_either(tmp_path: Path) -> None:
    settings = company(tmp_path / "a", expr='"current_date" > opened_at')
    faults = [fault for fault in check(settings, load_catalogue(settings)).faults if fault.kind == "kpi_fails"]
    assert "there is no column 'current_date'" in faults[0].message


@pytest.mark.parametrize(
    ("sql", "refusal"),
    [
        ("select who as case_id, pay as csat from read_csv('{0}/salaries.csv')", "disabled by configuration"),
        ("select content as case_id from read_text('{0}/canary.txt')", "disabled by configuration"),
        ("select * from raw; copy raw to '{0}/written.csv'", "write a single SELECT"),
        ("copy (select * from raw) to '{0}/written.csv'", "write a single SELECT"),
        ("attach '{0}/other.db'", "write a single SELECT"),
        ("raw; copy (select 1) to '{0}/written.csv'", "correct the SQL|write a single SELECT"),
    ],
)
def test_the_sql_of_a_table_reaches_its_own_file_alone(tmp_path: Path, sql: str, refusal: str) -> None:
    text = sql.format(tmp_path / "a").replace('"', '\\"')
    settings = company(tmp_path / "a", f'path = "cases.csv", sql = "{text}"')
    with pytest.raises(SourceError, match=refusal):
        open_source(settings, "cases")
    with opened(settings) as intake, pytest.raises(SourceError, match=refusal):
        intake.bring("cases")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "canary.txt",
        "cases.csv",
        "company.toml",
        "salaries.csv",
    ]


def test_the_sql_of_a_table_reads_its_file_as_raw(tmp_path: Path) -> None:
    settings = company(tmp_path / "a", 'path = "cases.csv", sql = "select case_id, opened_at from raw where csat = 4"')
    with opened(settings) as intake:
        assert intake.bring("cases").rows == 1


def test_the_warehouse_reads_staged_tables_alone(tmp_path: Path) -> None:
    import duckdb

    settings = company(tmp_path / "a", expr="csat")
    stage(settings, load_catalogue(settings), tmp_path / "staged")
    engine = open_warehouse(tmp_path / "staged", threads=1)["cases"].get_backend()
    assert engine.raw_sql("SELECT count(*) FROM cases").fetchall() == [(2,)]
    for sql in (f"SELECT * FROM read_text('{tmp_path}/a/canary.txt')", f"COPY (SELECT 1) TO '{tmp_path}/w.csv'"):
        with pytest.raises(duckdb.PermissionException):
            engine.raw_sql(sql).fetchall()
    with pytest.raises(duckdb.Error, match="locked"):
        engine.raw_sql("SET enable_external_access=true").fetchall()


def test_what_is_put_together_around_an_expression_is_checked_too(tmp_path: Path) -> None:
    from features.kpis.sql import add_expressions

    settings = company(tmp_path / "a", expr="csat")
    stage(settings, load_catalogue(settings), tmp_path / "staged")
    cases = open_warehouse(tmp_path / "staged", threads=1)["cases"]
    assert add_expressions(cases, ["case_id"], {"x": "csat * 2"}).order_by("case_id").execute()["x"].tolist() == [8, 4]
    for text in ("csat) FROM cases; SELECT (1", "read_text('x')", 'extract("a b" from opened_at)'):
        with pytest.raises(ExpressionError):
            add_expressions(cases, ["case_id"], {"x": text})
