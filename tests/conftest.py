"""Where things lie: the checkout, and the real data that are no part of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent


SLOW_FIXTURES = frozenset({"small_run", "browser", "postgres"})
SLOW_FOLDERS = ("tests/notebooks", "tests/examples", "tests/simulation")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out browsers, notebooks, examples and whole runs")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--fast"):
        return
    left_out = [item for item in items if _is_slow(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not _is_slow(item)]


def _is_slow(item: pytest.Item) -> bool:
    folder = item.path.relative_to(ROOT).as_posix()
    asked = SLOW_FIXTURES & set(getattr(item, "fixturenames", ()))
    return bool(asked) or folder.startswith(SLOW_FOLDERS) or item.get_closest_marker("slow") is not None


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


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small simulated company of known truth, made once for all workers; leave it as it is."""
    return _made_once(tmp_path_factory, "company", _simulate)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, small_company: Path) -> Path:
    """The folder of a whole run on the small company, made once for all workers; leave it as it is."""

    def make(folder: Path) -> None:
        from baton.company import load_company
        from baton.files import RunFolder
        from pipelines.run import run

        run(load_company(small_company), RunFolder(folder))

    return _made_once(tmp_path_factory, "run", make)


def _simulate(folder: Path) -> None:
    from pipelines.simulate import simulate

    simulate(folder, customers=3000, months=12, seed=11, employees=60)


def _made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    root = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        root = root.parent  # what the workers have in common
    folder, done = root / f"small-{name}", root / f"small-{name}.done"
    with FileLock(root / f"small-{name}.lock"):
        if not done.exists():
            make(folder)
            done.touch()
    return folder
