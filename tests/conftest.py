"""Where things lie: the checkout, and the real data that are no part of it."""

from __future__ import annotations

import gc
import importlib.util
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent


SLOW_FIXTURES = frozenset({"small_run", "browser", "postgres"})
SLOW_FOLDERS = ("tests/notebooks", "tests/examples", "tests/simulation")
SLOW_TESTS = ROOT / "tests" / "slow.txt"
# of a processor, with the fixtures that a test asks for: the tests that need less pass within 90 s on two processors
MAX_FAST_SECONDS = 0.25


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out browsers, notebooks, whole runs and slow tests")
    parser.addoption("--record-slow", action="store_true", help="write down which tests --fast leaves out as slow")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record-slow"):
        config.pluginmanager.register(Recorder())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--fast"):
        return
    slow = frozenset(SLOW_TESTS.read_text("utf-8").splitlines())
    left_out = [item for item in items if is_slow(item, slow)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not is_slow(item, slow)]


def pytest_collection_finish() -> None:
    """Let Python look for unused objects seldom: it looked through thousands of collected tests each time."""
    gc.set_threshold(50_000, 20, 10)


def is_slow(item: pytest.Item, slow: frozenset[str]) -> bool:
    folder = item.path.relative_to(ROOT).as_posix()
    asked = SLOW_FIXTURES & set(getattr(item, "fixturenames", ()))
    if asked or folder.startswith(SLOW_FOLDERS) or item.get_closest_marker("slow") is not None:
        return True
    return function_of(item.nodeid) in slow


def function_of(nodeid: str) -> str:
    """The name of a test without its parameters: one slow case leaves out all."""
    return nodeid.split("[")[0]


class Recorder:
    """Notes the processor time of each test and of the fixtures that it asks for, whoever pays for them first."""

    def __init__(self) -> None:
        self.of_fixture: dict[int, float] = {}
        self.of_function: dict[str, float] = {}
        self.inner = [0.0]

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        before = cpu_seconds()
        self.inner.append(0.0)
        try:
            return (yield)
        finally:
            spent = cpu_seconds() - before
            self.of_fixture[id(fixturedef)] = spent - self.inner.pop()
            self.inner[-1] += spent

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        before = cpu_seconds()
        try:
            return (yield)
        finally:
            known = item._fixtureinfo.name2fixturedefs.values()
            fixtures = sum(self.of_fixture.get(id(fixture), 0.0) for fixtures in known for fixture in fixtures)
            item.user_properties.append(("cpu_seconds", cpu_seconds() - before + fixtures))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, seconds in report.user_properties if report.when == "call" else ():
            if name == "cpu_seconds":
                function = function_of(report.nodeid)
                self.of_function[function] = max(self.of_function.get(function, 0.0), seconds)

    def pytest_sessionfinish(self) -> None:
        if "PYTEST_XDIST_WORKER" not in os.environ:
            SLOW_TESTS.write_text("\n".join([*self.slow(), ""]), encoding="utf-8")

    def slow(self) -> list[str]:
        """The names of the tests that are left out, sorted."""
        slow = {name for name, seconds in self.of_function.items() if seconds > MAX_FAST_SECONDS}
        return sorted(name for name in slow if name.startswith("tests/"))  # no doctests: they are a second together


def cpu_seconds() -> float:
    """Processor time of this process and of those that it has waited for."""
    return sum(os.times()[:4])


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
def training() -> None:
    """What training a transformer takes; tests that ask for it skip where it is not installed."""
    missing = [name for name in ("torch", "accelerate", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"training transformers takes {', '.join(missing)}: `python start.py test` adds it, where it can")


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

    simulate(folder, customers=1600, months=12, seed=11, employees=40)


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
