"""Where things lie: the checkout, and the real data that are no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_data(checkout: Path) -> Path:
    """The folder of the public data sets; tests that need them skip where it is absent."""
    folder = checkout.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip("the public data sets are no part of the project: shared/data beside the checkout is absent")
    return folder
