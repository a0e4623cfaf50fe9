"""A company file that is not there: the company of nearly the same name beside it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.company import load_company
from baton.errors import CompanyFileError


def test_the_company_beside_it_of_nearly_the_same_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "company.toml").touch()
    with pytest.raises(CompanyFileError, match=r"demoo: no such file; did you mean 'demo'\?"):
        load_company(tmp_path / "demoo")
    with pytest.raises(CompanyFileError, match=r"elsewhere: no such file; `baton init` writes one"):
        load_company(tmp_path / "elsewhere")
