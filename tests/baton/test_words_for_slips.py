"""What people get wrong most often in TOML is answered with what to write instead."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.catalogue.schema import Kpi
from baton.company import load_company
from baton.errors import BatonError, CompanyFileError
from features.ingest.intake import opened
from features.staging.pseudonyms import load_key


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('[tables]\ncases = { path = "C:\\usage\\cases.csv" }', "write Windows paths in single quotes"),
        ('[tables]\ncases = { path = "C:\\data\\cases.csv" }', "write Windows paths in single quotes"),
        ('[tables]\ncases = {\n  path = "cases.csv",\n}', "must stand on one line"),
        ('[outcomes.decline]\nunit = "team"\nmetric = "csat"', r"write it with two brackets: \[\[outcomes.decline\]\]"),
        ('[[outcomes.churn]]\nrule = "left_at"', r"write it with one pair of brackets: \[outcomes.churn\]"),
        ("[[policy]]\nstep = 5", r"with one pair of brackets: \[policy\]"),
        ('[tables.cases.scales.csat]\npath = "x"', "tables.cases"),
        ("x = " + "[" * 3000, "too deeply|no valid TOML"),
        ('[sources]\ncrm = { url = "duckdb://x" }', "sources.crm"),
    ],
)
def test_a_slip_is_reported_with_what_to_write(tmp_path: Path, text: str, hint: str) -> None:
    (tmp_path / "company.toml").write_text(text)
    with pytest.raises(CompanyFileError, match=hint) as caught:
        load_company(tmp_path)
    assert not str(caught.value).endswith("known: ")
    assert "\n" not in str(caught.value).split("(at")[0]


def test_a_file_in_another_encoding_is_reported(tmp_path: Path) -> None:
    (tmp_path / "company.toml").write_bytes('[company]\nname = "Müller"'.encode("cp1252"))
    with pytest.raises(CompanyFileError, match="save it as UTF-8"):
        load_company(tmp_path)


def test_a_kpi_of_measures_is_the_value() -> None:
    fields = {"id": "k", "name": "K", "layer": "role", "perspective": "process", "better": "lower", "unit": "points"}
    assert Kpi.model_validate({**fields, "role": "lever", "source": "measures"}).expr == "value"
    with pytest.raises(ValueError, match="either expr or metric"):
        Kpi.model_validate({**fields, "role": "lever", "source": "cases"})


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    # the path of a socket is short everywhere: it is made in its own folder
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    other = path.with_name("other.csv")
    path.symlink_to(other)
    other.symlink_to(path)


@pytest.mark.timeout(300)
@pytest.mark.skipif(os.name == "nt", reason="no such files there")
@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (_pipe, "is no ordinary file"),
        (_socket, "is no ordinary file"),
        (_device, "is no ordinary file"),
        (_loop, "is a link that leads back to itself"),
    ],
)
@pytest.mark.parametrize("name", ["cases.csv", "cases.parquet", "cases.xlsx", "cases.csv.gz"])
def test_what_is_no_file_is_refused_as_a_table_and_waits_for_nobody(
    tmp_path: Path, make: Callable[[Path], None], hint: str, name: str
) -> None:
    make(tmp_path / name)
    (tmp_path / "company.toml").write_text(f'[tables]\ncases = {{ path = "{name}" }}\n')
    with opened(load_company(tmp_path)) as intake, pytest.raises(BatonError, match=hint):
        intake.bring("cases")


@pytest.mark.timeout(300)
def test_a_device_named_outright_is_refused(tmp_path: Path) -> None:
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "/dev/zero" }\n')
    with pytest.raises(BatonError) as refused, opened(load_company(tmp_path)) as intake:
        intake.bring("cases")
    assert "/dev/zero" in str(refused.value)


def test_a_file_that_is_no_key_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    table = tmp_path / "employees.csv"
    table.write_text("employee_id,team_id\nE1,A\nE2,B\nE3,C\nE4,D\n")
    with pytest.raises(CompanyFileError, match="is no key file"):
        load_key(table)
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * 10_000)
    with pytest.raises(CompanyFileError, match="is no key file"):
        load_key(large)
    with pytest.raises(CompanyFileError, match="is no key file"):
        load_key(tmp_path)
    assert table.read_text().startswith("employee_id")
    key = load_key(tmp_path / "made.key")
    assert load_key(tmp_path / "made.key") == key
