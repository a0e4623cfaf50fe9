"""Everything that is installed has a licence that somebody has read: docs/licences.md lists them."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

# licences under which anybody may use, change and pass on Baton with what it stands on
PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "BSL-1.0",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "ZPL-2.1",
    "Zlib",
}
# those that ask for more, and the only packages that may have them
COPYLEFT = {"LGPL-3.0-only": {"psycopg", "psycopg-binary"}, "MPL-2.0": {"certifi", "hypothesis", "pathspec", "tqdm"}}
# what packages write instead of the names of spdx.org
SPELT = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0 License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "DFSG approved AND MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# said in a file alone, which was read
READ = {"huey": "MIT", "skops": "MIT"}


def name_of(package: str, /) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def licence_of(package: str, /) -> str | None:
    """Return the licence that an installed package says it has; None if it is not installed on this system."""
    try:
        about = metadata(package)
    except PackageNotFoundError:
        return None
    expression = about.get("License-Expression")
    if expression is None:
        classified = [entry for entry in about.get_all("Classifier") or [] if entry.startswith("License ::")]
        expression = " AND ".join(sorted(entry.split("::")[-1].strip() for entry in classified))
        if expression in {"", "OSI Approved"}:
            expression = READ.get(name_of(package)) or (about.get("License") or "").split("\n")[0].strip()
    return SPELT.get(expression, expression)


def pinned(checkout: Path, /) -> list[str]:
    texts = [lock.read_text("utf-8") for lock in sorted(checkout.glob("requirements*.lock"))]
    return sorted({name_of(name) for text in texts for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)})


@pytest.fixture(scope="module")
def listed(checkout: Path) -> dict[str, str]:
    """Licence by package, as the page has them."""
    rows = re.findall(r"^\| ([a-z0-9-]+) \| ([^|]+) \|", (checkout / "docs" / "licences.md").read_text("utf-8"), re.M)
    return {name: licence.strip() for name, licence in rows}


def test_every_package_of_the_locks_is_listed_and_nothing_else(checkout: Path, listed: dict[str, str]) -> None:
    packages = pinned(checkout)
    assert len(packages) > 200
    new = [f"| {package} | {licence_of(package)} |" for package in packages if package not in listed]
    assert not new, "read the licence, then add to docs/licences.md: " + ", ".join(new)
    assert not listed.keys() - {*packages, "torch", "uv"}, "no longer installed: take it out of docs/licences.md"


def test_the_list_says_what_the_packages_say(checkout: Path, listed: dict[str, str]) -> None:
    found = {package: licence_of(package) for package in pinned(checkout)}
    other = {name: (listed[name], licence) for name, licence in found.items() if licence not in (None, listed[name])}
    assert not other, "the licence has changed (listed, now); read it again"
    assert sum(licence is not None for licence in found.values()) > 200


def test_no_licence_asks_for_more_than_baton_gives(listed: dict[str, str]) -> None:
    for package, licence in listed.items():
        for part in re.split(r" AND | OR ", licence.strip("()")):
            assert part in PERMISSIVE or package in COPYLEFT.get(part, set()), (
                f"{package}: {part}; see docs/licences.md"
            )


@pytest.mark.parametrize(
    "licence", ["AGPL-3.0-only", "GPL-3.0-or-later", "LGPL-3.0-only", "SSPL-1.0", "Proprietary", ""]
)
def test_another_licence_fails(licence: str) -> None:
    with pytest.raises(AssertionError, match="something"):
        test_no_licence_asks_for_more_than_baton_gives({"something": licence})


def test_every_pin_of_every_lock_has_a_hash(checkout: Path) -> None:
    for lock in sorted(checkout.glob("requirements*.lock")):
        entries = re.split(r"\n(?=\S)", lock.read_text("utf-8").strip())
        bare = [entry.split()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry]
        assert not bare, f"{lock.name}: write it again with: python start.py lock"
