"""What is message about a fault beside what is wrong: the line of the company file, and words for the source's owner."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import features.quality
from baton.company import Company
from baton.messages.message import Message
from features.quality.faults import KINDS, Fault, Treatment, treatments
from features.quality.remedies import remedies, remedy_of, with_remedies


def fault(kind: str, treatment: str | None = None, column: str = "csat", table: str = "cases") -> Fault:
    treated: Treatment = treatment or KINDS[kind].default  # type: ignore[assignment]
    return Fault(table, column, kind, "warning", 1, (), treated, Message.verbatim("found"))


def as_company_file(line: str) -> Company:
    """Read a line as one would write it into a company file."""
    section, entry = re.fullmatch(r"\[(\w+)\] (.*)", line).groups()  # type: ignore[union-attr]
    return Company.model_validate(tomllib.loads(f"[{section}]\n" + entry.replace("…,", 'path = "cases.csv",')))


def test_every_kind_has_words_in_both_languages() -> None:
    assert set(remedies()) == set(KINDS)
    for kind, remedy in remedies().items():
        for texts in (remedy.words, remedy.source):
            assert set(texts) == {"en", "zh"}, kind
            assert re.search("[\u4e00-\u9fff]", texts["zh"]), kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stops", [False, True])
def test_every_line_is_what_a_company_file_can_say(kind: str, stops: bool) -> None:
    message = remedy_of(fault(kind, "stop" if stops else None, column='odd column\'s "name"'))
    for line in filter(None, re.sub(r" \([^()]*\)", "", message).split(" or [")):
        company = as_company_file(line if line.startswith("[") else f"[{line}")
        treatments(company.faults)
        if kind in company.faults and stops:
            assert company.faults[kind] != "stop"


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (fault("negative_duration"), '[faults] negative_duration = "null"'),
        (fault("negative_duration", "drop"), '[faults] negative_duration = "drop"'),
        (fault("negative_duration", "stop"), '[faults] negative_duration = "null"'),
        (fault("duplicate_key"), '[faults] duplicate_key = "drop"'),
        (fault("ambiguous_date", column="opened_at"), "[tables] cases = { …, day_first = true } (false: month first)"),
        (
            fault("misspelt_column", column="Opend at"),
            '[tables] cases = { …, columns = { opened_at = "Opend at" } } or [faults] misspelt_column = "keep"',
        ),
        (
            fault("percent_or_share", column="occupancy", table="work"),
            '[tables] work = { …, scales = { occupancy = [0, 100] } } or [faults] percent_or_share = "null"',
        ),
        (fault("off_scale"), '[faults] off_scale = "null"'),
        (fault("cannot_run", table="policy"), ""),
        (fault("unreadable_table"), ""),  # what it is, the sentence says: a path, a sheet, an encoding
        (fault("one_row"), ""),
    ],
)
def test_the_line_names_table_column_and_treatment(found: Fault, message: str) -> None:
    assert remedy_of(found) == message


def test_what_the_company_file_says_already_is_not_said_again() -> None:
    first, second = with_remedies(
        [fault("orphan"), fault("misspelt_column", column="cast")], {"orphan", "misspelt_column"}
    )
    assert first.setting == ""
    assert second.setting == '[tables] cases = { …, columns = { csat = "cast" } }'


def test_a_column_s_name_fills_no_other_blank() -> None:
    assert remedy_of(fault("percent_or_share", column="{table}")).startswith(
        '[tables] cases = { …, scales = { "{table}" ='
    )


def test_the_package_carries_the_words() -> None:
    project = tomllib.loads((Path(features.quality.__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert "quality/*.toml" in project["tool"]["setuptools"]["package-data"]["features"]
