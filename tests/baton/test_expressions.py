"""A KPI's SQL is one scalar expression over its source's columns, or it is refused with one sentence."""

from __future__ import annotations

import pytest

from baton.catalogue.expressions import check_expression, checked, columns_of
from baton.catalogue.schema import Kpi
from baton.errors import BatonError, CatalogueError, ExpressionError


def kpi(expr: str, **more: object) -> Kpi:
    described: dict[str, object] = {
        "id": "some_kpi",
        "name": "Some KPI",
        "layer": "role",
        "perspective": "process",
        "source": "cases",
        "better": "lower",
        "unit": "seconds",
        "role": "lever",
        "expr": expr,
    }
    return Kpi.model_validate(described | more)


@pytest.mark.parametrize(
    ("expr", "columns"),
    [
        ("resolved_first", {"resolved_first"}),
        ("date_diff('second', opened_at, responded_at)", {"opened_at", "responded_at"}),
        ("case when nps >= 9 then 100.0 when nps <= 6 then -100 else 0 end", {"nps"}),
        ("lower(priority) in ('high', '高')", {"priority"}),
        ("closed_at <= opened_at + interval 2 day", {"closed_at", "opened_at"}),
        ('"select" / nullif(cast(n as double), 0)', {"select", "n"}),
        ("满意度 > 3 and not 已转接", {"满意度", "已转接"}),
        ("1", set()),
    ],
)
def test_one_scalar_expression_passes_and_shows_its_columns(expr: str, columns: set[str]) -> None:
    assert columns_of(expr) == columns


@pytest.mark.parametrize(
    ("expr", "sentence"),
    [
        ("read_text('/etc/passwd')", "function read_text is not allowed"),
        ("read_csv('x.csv')", "not allowed"),
        ("getenv('HOME')", "function getenv is not allowed"),
        ("current_setting('home_directory')", "function current_setting is not allowed"),
        ("glob('*')", "not allowed"),
        ("query('select 1')", "function query is not allowed"),
        ("nextval('s')", "not allowed"),
        ("attach 'other.db'", "statement"),
        ("pragma database_list", "statement"),
        ("copy cases to 'x.csv'", "statement"),
        ("drop table cases", "statement"),
        ("delete from cases", "statement"),
        ("insert into cases values (1)", "statement"),
        ("update cases set csat = 5", "statement"),
        ("install httpfs", "not allowed"),
        ("set threads = 1", "statement"),
        ("csat; drop table cases", "without it"),
        ("csat;", "without it"),
        ("(select max(csat) from cases)", "query of its own"),
        ("exists (select 1)", "query of its own"),
        ("csat in (select csat from cases)", "query of its own"),
        ("select csat", "query of its own"),
        ("csat from 'https://example.org/x.csv'", "syntax error"),
        ("other.csat", "names a table"),
        ("*", "all columns"),
        ("columns('.*')", "all columns"),
        ("count(*)", "aggregates"),
        ("avg(csat)", "aggregates (avg)"),
        ("lag(csat) over (order by opened_at)", "other rows"),
        ("now()", "function now is not allowed"),
        ("random()", "not allowed"),
        ("current_date", "not allowed"),
        ("csat as rating", "the KPI's id is its name"),
        ("csat -- the rating", "comment"),
        ("csat /* ) from cases */ + 1", "comment"),
        ("$1", "placeholder"),
        ("cast(csat as json)", "type JSON is not allowed"),
        ("list_transform([1], x -> x)", "not allowed"),
        ("", "empty"),
        ("   ", "empty"),
        ("csat'", "no valid SQL"),
        ("csat + " * 400 + "1", "longer than 2,000"),
    ],
)
def test_anything_else_is_refused_in_one_line(expr: str, sentence: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        check_expression(kpi(expr))
    message = str(refusal.value)
    assert sentence in message
    assert message.startswith("KPI some_kpi, expr: ") or "some_kpi" in message
    assert "\n" not in message
    assert "\x1b" not in message


def test_a_syntax_error_names_the_position() -> None:
    with pytest.raises(ExpressionError, match=r"syntax error at character 10, near '\)'"):
        check_expression(kpi("csat + 1 ) * 2"))


def test_deep_nesting_is_refused_and_no_crash() -> None:
    assert columns_of("(" * 20 + "csat" + ")" * 20) == {"csat"}
    with pytest.raises(ExpressionError, match="nested too deeply"):
        columns_of("(" * 900 + "csat" + ")" * 900)


def test_the_denominator_is_read_like_the_expression() -> None:
    ratio = kpi("cost", aggregate="ratio", denominator="getenv('x')")
    with pytest.raises(ExpressionError, match="KPI some_kpi, denominator: function getenv"):
        check_expression(ratio)
    assert check_expression(kpi("cost", aggregate="ratio", denominator="handle_seconds")) == {"cost", "handle_seconds"}


def test_a_column_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(ExpressionError, match="cases has no column 'handel_seconds'; did you mean 'handle_seconds'"):
        check_expression(kpi("handel_seconds"), ["handle_seconds", "csat"])


def test_a_named_metric_has_no_expression_to_refuse() -> None:
    named = kpi("x").model_copy(update={"expr": None, "metric": "customer_lifetime_value"})
    assert check_expression(named) == frozenset()


def test_the_refusal_is_one_of_ours() -> None:
    assert issubclass(ExpressionError, CatalogueError)
    assert issubclass(ExpressionError, BatonError)


def test_a_part_of_a_time_may_stand_in_quotes_and_only_a_listed_one() -> None:
    assert str(checked("extract('hour' from opened_at) >= 17", "x")) == str(
        checked("extract(hour from opened_at) >= 17", "x")
    )
    for part in ("hour from now()) --", "hour\\n", "secret", ""):
        with pytest.raises(ExpressionError):
            checked(f"extract('{part}' from opened_at)", "x")
