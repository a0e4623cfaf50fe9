"""What the pages of the first hour print is what the commands say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest


@pytest.mark.slow  # simulates 2,500 customers, and looks at their exports as a user would
def test_the_service_desk_page_prints_what_init_and_validate_say(checkout: Path, tmp_path: Path) -> None:
    script = runpy.run_path(str(checkout / "docs" / "first_hour.py"))
    script["write_exports"]("service-desk", tmp_path / "exports")
    guessed = script["said"](tmp_path, "init", "mycompany", "--from", "exports", "--yes")
    assert "Nothing stops a run." in guessed
    shown = script["tables_of"](script["said"](tmp_path, "validate", "mycompany"))
    for page in ("service-desk.md", "service-desk.zh.md"):
        text = (checkout / "docs" / "first-hour" / page).read_text("utf-8")
        printed = re.search(r"```text\n(.*?)\n```", text, re.DOTALL)
        assert printed is not None
        assert printed[1] == shown, "run: python docs/first_hour.py service-desk"


@pytest.mark.parametrize("kind", ["service-desk", "shop", "saas", "b2b"])
def test_the_pictures_of_each_kind_are_there_and_small(kind: str, checkout: Path) -> None:
    for name in (f"first-hour-{kind}.png", f"first-hour-{kind}-zh.png", f"first-hour-{kind}-init.svg"):
        assert (checkout / "docs" / "images" / name).stat().st_size < 150_000
