"""Pages made from the code are as the code is; errors are drawn; nothing is undocumented."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from baton import errors
from baton.company import Policy


@pytest.fixture(scope="module")
def generator(checkout: Path) -> ModuleType:
    """The script that writes the pages."""
    spec = importlib.util.spec_from_file_location("generate", checkout / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(generator: ModuleType) -> dict[str, str]:
    """The pages as the script would write them now."""
    return generator.pages()


@pytest.mark.parametrize(
    "page",
    [
        "cli.md",
        "company-file.md",
        "kpi-library.md",
        "kpi-library-b2b.md",
        "kpi-library-desk.md",
        "kpi-library-internal.md",
        "kpi-library-product.md",
        "kpi-library-subscriptions.md",
        "result-tables.md",
        "tables.md",
        "tables.zh.md",
    ],
)
def test_the_page_is_what_the_code_says(page: str, pages: dict[str, str], checkout: Path) -> None:
    written = (checkout / "docs" / page).read_text("utf-8")
    assert written == pages[page], "run: python docs/generate.py"


def test_every_command_and_its_example_is_on_the_page(generator: ModuleType) -> None:
    page = generator.command_page()
    for command in (
        "init",
        "simulate",
        "validate",
        "kpis",
        "diagnose",
        "run",
        "train",
        "score",
        "recommend",
        "export",
        "serve",
    ):
        assert f"## `baton {command}`" in page
    for command in ("list", "promote", "rollback"):
        assert f"`baton models {command}`" in page
    for command in ("log", "verify", "export", "erase"):
        assert f"`baton audit {command}`" in page
    assert page.count("Example:") >= 12


def test_a_setting_without_words_is_reported(generator: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {**Policy.model_fields, "new_limit": Policy.model_fields["step"]}
    monkeypatch.setattr(Policy, "__pydantic_fields__", fields)
    with pytest.raises(KeyError, match="policy.new_limit"):
        generator.company_page()


def test_the_error_tree_is_drawn_and_rooted() -> None:
    drawn = errors.__doc__ or ""
    for name in errors.__all__:
        assert name in drawn
        assert issubclass(getattr(errors, name), errors.BatonError)
