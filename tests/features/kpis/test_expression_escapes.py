"""No expression of a catalogue reaches a file: every kind of part that SQL has is tried, with what would escape in it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from baton.catalogue.expressions import checked
from baton.catalogue.sql_parts import PARTS
from baton.errors import ExpressionError, SourceError
from features.ingest.locked import lock, one_query

CANARY = "canary-7f3a"
# what DuckDB's own parser may find in what was allowed
CLASSES = {
    "BETWEEN",
    "CASE",
    "CAST",
    "COLUMN_REF",
    "COMPARISON",
    "CONJUNCTION",
    "CONSTANT",
    "FUNCTION",
    "OPERATOR",
    "TYPE",
}
FUNCTIONS = set(
    """
    ~~ ~~* !~~ !~~* + - * / // % || abs ceil concat contains date_diff date_part day ends_with epoch exp floor greatest
    hour least left length ln log lower minute month nullif power quarter regexp_matches replace right round sign sqrt
    starts_with substring to_days to_hours to_microseconds to_milliseconds to_minutes to_months to_quarters to_seconds
    to_weeks to_years trim trunc upper year ltrim rtrim
    """.split()
)
TYPES = set("BIGINT BOOLEAN DATE DECIMAL DOUBLE FLOAT INTEGER SMALLINT TEXT TIMESTAMP TINYINT VARCHAR".split())
COLUMNS = ("a", "b", "at", "closed")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine that is not locked, beside a file that nothing may read: the first wall must hold alone."""
    (tmp_path / "canary.txt").write_text(CANARY)
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as connection:
        connection.execute("SET autoinstall_known_extensions=false")
        connection.execute("SET autoload_known_extensions=false")
        connection.execute('CREATE TABLE rows (a DOUBLE, b VARCHAR, "at" TIMESTAMP, closed TIMESTAMP)')
        connection.execute("INSERT INTO rows VALUES (2, 'x', '2024-01-01', '2024-01-03')")
        yield connection


ESCAPES = (
    "(SELECT content FROM read_text('canary.txt'))",
    "a) FROM rows; COPY (SELECT 1) TO 'written.csv'; SELECT (1",
    "day FROM at) , (SELECT content FROM read_text('canary.txt')) , extract(day",
    "day from now()), (select 1",
    "x' || (SELECT content FROM read_text('canary.txt')) || '",
    "x\" || (SELECT content FROM read_text('canary.txt')) || \"",
    "INT); ATTACH 'other.db'; SELECT (1",
    "--",
    "/*",
    "'",
    '"',
    "\\",
    "",
    "DAY",
)

# where an escape is put into text as a catalogue has it
SLOTS = (
    "{0}",
    'EXTRACT("{0}" FROM at)',
    "EXTRACT('{0}' FROM at)",
    "EXTRACT({0} FROM at)",
    "date_diff('{0}', at, closed)",
    'date_diff("{0}", at, closed)',
    "date_diff({0}, at, closed)",
    "date_part('{0}', at)",
    "date_trunc('{0}', at)",
    "at + INTERVAL 1 {0}",
    'at + INTERVAL 1 "{0}"',
    "at + INTERVAL '1 {0}'",
    "at + INTERVAL ('{0}') DAY",
    "CAST(a AS {0})",
    'CAST(a AS "{0}")',
    "CAST(a AS DECIMAL({0}, 2))",
    "CAST(a AS VARCHAR COLLATE {0})",
    "a::{0}",
    'b COLLATE "{0}"',
    "trim({0} 'x' FROM b)",
    "regexp_matches(b, 'x', '{0}')",
    "b LIKE 'x' ESCAPE '{0}'",
    'a AT TIME ZONE "{0}"',
    '"{0}"',
    "'{0}'",
    "$${0}$$",
    "e'{0}'",
    "1{0}",
    "a IN ({0})",
    "coalesce(a, {0})",
    "CASE WHEN {0} THEN 1 END",
    "concat(b, '{0}')",
    "ceil(a TO {0})",
    "{0}(a)",
    '"{0}"(a)',
    "a.{0}",
    "a[{0}]",
    "{{'{0}': 1}}",
    "a => {0}",
    "strptime(b, '{0}')",
    "try_cast(b AS {0})",
    "replace(b, 'x', '{0}')",
)


def kinds() -> list[type[Any]]:
    """Every kind of part that sqlglot knows."""
    found = {kind for kind in vars(exp).values() if isinstance(kind, type) and issubclass(kind, exp.Expr)}
    return sorted(found, key=lambda kind: kind.__name__)


def leaf(chance: random.Random, /) -> Any:
    """A part with nothing inside: harmless, or with an escape where sqlglot prints what it is given."""
    evil = chance.choice(ESCAPES)
    return chance.choice(
        [
            lambda: exp.column(chance.choice(COLUMNS)),
            lambda: exp.column(chance.choice(COLUMNS)),
            lambda: exp.Literal.number(1),
            lambda: exp.Literal.string("x"),
            lambda: exp.Literal(this=evil, is_string=chance.random() < 0.5),
            lambda: exp.Var(this=chance.choice(["DAY", evil])),
            lambda: exp.Identifier(this=evil, quoted=False),
            lambda: exp.Identifier(this=evil, quoted=True),
            lambda: exp.Column(this=exp.Identifier(this=evil, quoted=False)),
            lambda: exp.Anonymous(this="read_text", expressions=[exp.Literal.string("canary.txt")]),
            lambda: exp.Table(this=exp.Literal.string("canary.txt")),
            lambda: exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=evil),
            lambda: exp.DataType.build("DOUBLE"),
            lambda: exp.Boolean(this=True),
            lambda: evil,
            lambda: True,
        ]
    )()


def tree_of(kind: type[Any], chance: random.Random, depth: int = 0, /) -> Any:
    """A tree with this kind of part on top; its arguments are filled as its grammar says, or are not."""
    filled: dict[str, Any] = {}
    for name, needed in kind.arg_types.items():
        if not needed and chance.random() < 0.6:
            continue
        deeper = depth < 2 and chance.random() < 0.3
        inner = [leaf(chance) for _ in range(chance.randint(1, 2))] if not deeper else [
            tree_of(getattr(exp, chance.choice(sorted(PARTS))), chance, depth + 1)
        ]  # fmt: skip
        filled[name] = inner if name in {"expressions", "ifs", "joins", "laterals"} else inner[0]
    return kind(**filled)


def generated() -> Iterator[str]:
    """Expressions as text, each the same in every run."""
    chance = random.Random(7)
    for slot in SLOTS:
        for escape in ESCAPES:
            yield slot.format(escape)
            yield slot.format(escape).replace("read_text", "READ_TEXT")
    allowed = [kind for kind in kinds() if kind.__name__ in PARTS]
    for kind in [*kinds(), *allowed * 25]:
        try:
            yield tree_of(kind, chance).sql(dialect="duckdb")
        except Exception:  # a tree that cannot be printed is no text that a catalogue may hold
            continue


def parts_in(value: Any, /) -> Iterator[dict[str, Any]]:
    """Every expression and table in what DuckDB's own parser says."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from parts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts_in(inner)


def escapes_of(engine: duckdb.DuckDBPyConnection, sql: str, /) -> str | None:
    """Say how a query gets out, as DuckDB itself reads it, or None."""
    if len(duckdb.extract_statements(sql)) != 1:
        return "more than one statement"
    read = json.loads(engine.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0][0])
    if read["error"] or len(read["statements"]) != 1:
        return None if read["error"] else "more than one statement"
    node = read["statements"][0]["node"]
    if len(node["select_list"]) != 1:
        return "more than one column"
    for part in parts_in(node["select_list"]):
        if "class" in part and part["class"] not in CLASSES:
            return f"holds {part['class']}"
        if part.get("class") == "FUNCTION" and part["function_name"].lower() not in FUNCTIONS:
            return f"calls {part['function_name']}"
        if part.get("class") == "TYPE" and part["type_name"].upper() not in TYPES:
            return f"casts to {part['type_name']}"
    return None


def test_no_generated_expression_gets_out(engine: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tried = refused = ran = 0
    for text in generated():
        tried += 1
        try:
            printed = checked(text).sql(dialect="duckdb", identify=True)
        except ExpressionError:
            refused += 1
            continue
        sql = f"SELECT {printed} FROM rows"
        try:
            assert escapes_of(engine, sql) is None, (text, sql)
            found = engine.execute(sql).fetchall()
        except duckdb.Error:
            continue
        ran += 1
        assert CANARY not in str(found), (text, sql)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["canary.txt"]
    # the test shows nothing if all are refused, or if none gets as far as the engine
    assert tried > 3000
    assert refused > 1000
    assert ran > 150


@pytest.mark.parametrize(
    "expr",
    [
        "EXTRACT(\"day FROM at), (SELECT content FROM read_text('canary.txt')), extract(day\" FROM at)",
        "date_diff(\"day', at, at), (SELECT content FROM read_text('canary.txt')), date_diff('day\", at, closed)",
        "at + INTERVAL 1 \"DAY) FROM rows; COPY (SELECT 1) TO 'written.csv'; SELECT (1\"",
        "CEIL(a TO \"x), (SELECT 1\")",
        "CAST(a AS \"x\"); SELECT (1)",
        "1e5) , (SELECT 1",
    ],
)  # fmt: skip
def test_the_known_ways_out_are_closed(expr: str) -> None:
    with pytest.raises(ExpressionError):
        checked(expr)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT content FROM read_text('canary.txt')",
        "SELECT * FROM read_csv('canary.txt')",
        "SELECT * FROM 'canary.txt'",
        "SELECT * FROM glob('*')",
        "COPY (SELECT 1) TO 'written.csv'",
        "ATTACH 'other.db'",
        "EXPORT DATABASE 'there'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access=true",
        "SET allowed_directories=['/']",
        "RESET lock_configuration",
        "SET temp_directory='elsewhere'",
        "PRAGMA enable_profiling='json'",
        "PRAGMA profiling_output='written.json'",
        "CREATE PERSISTENT SECRET s (TYPE s3)",
        "SET VARIABLE x = (SELECT content FROM read_text('canary.txt'))",
    ],
)
def test_a_locked_engine_reaches_nothing(engine: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str) -> None:
    lock(engine.execute)
    with pytest.raises(duckdb.Error):
        engine.execute(sql)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["canary.txt"]


def test_a_locked_engine_reads_what_is_listed_whatever_its_name(tmp_path: Path) -> None:
    inside = tmp_path / "工单 [1]* 'a'.parquet"
    (tmp_path / "out").mkdir()
    with duckdb.connect() as connection:
        connection.execute("COPY (SELECT 1 AS a) TO '" + str(inside).replace("'", "''") + "'")
        from features.ingest.sql_text import path_literal

        lock(connection.execute, files=[inside], folders=[tmp_path / "out"])
        read = f"SELECT a FROM read_parquet([{path_literal(inside)}])"
        assert connection.execute(read).fetchall() == [(1,)]
        connection.execute(f"COPY ({read}) TO '{tmp_path}/out/b.parquet'")
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"COPY ({read}) TO '{tmp_path}/out/../b.parquet'")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "raw; COPY (SELECT 1) TO 'x'",
        "COPY (SELECT 1) TO 'x'",
        "DESCRIBE raw",
        "summarize raw",
        "SHOW TABLES",
        "SELECT 1) ; COPY (SELECT 1) TO 'x'; SELECT * FROM (SELECT 1",
    ],
)
def test_the_sql_of_a_table_is_one_query(sql: str) -> None:
    with pytest.raises(SourceError, match=r"tables\.cases\.sql: .*(write a single SELECT|correct the SQL)"):
        one_query(sql, "tables.cases.sql")


@pytest.mark.parametrize("sql", ["SELECT 1;", "WITH a AS (SELECT 1) SELECT * FROM a -- all", "FROM raw", "VALUES (1)"])
def test_one_query_stays_as_it_is(sql: str) -> None:
    assert one_query(sql, "tables.cases.sql") == sql.rstrip(";")
