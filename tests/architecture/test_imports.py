"""Who imports whom, and what an import costs."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOMS = ("baton", "features", "models", "pipelines", "serving", "simulation")
HEAVY = ("lightgbm", "shap", "mlflow", "bentoml", "sklearn", "statsmodels", "matplotlib", "transformers")
# an import that writes, connects or starts something says so to the audit hook
PROBE = """
import builtins, importlib, json, os, sys
allowed = json.loads(sys.argv[1])
deeds = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        deeds.append(f"opens {arguments[0]} for writing")
    elif event in ("socket.connect", "socket.getaddrinfo", "os.mkdir", "os.remove", "os.rename", "subprocess.Popen"):
        deeds.append(f"{event} {arguments[0]}")
import numpy, pandas, ibis, pydantic  # what every room may import; their own deeds are not ours
before = set(sys.modules)
environment = dict(os.environ)
sys.addaudithook(watch)
for name in allowed["modules"]:
    importlib.import_module(name)
print(json.dumps({
    "deeds": deeds,
    "heavy": sorted(set(allowed["heavy"]) & set(sys.modules)),
    "environment": sorted(key for key in os.environ if os.environ[key] != environment.get(key)),
}))
"""


def modules(rooms: tuple[str, ...]) -> list[str]:
    """Names of all modules of some rooms."""
    found: list[str] = []
    for room in rooms:
        package = __import__(room)
        found.append(room)
        found += [entry.name for entry in pkgutil.walk_packages(package.__path__, f"{room}.")]
    return found


def probe(names: list[str], checkout: Path, heavy: tuple[str, ...] = HEAVY) -> dict[str, list[str]]:
    """Import modules in a fresh Python and return what that did."""
    asked = json.dumps({"modules": names, "heavy": heavy})
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, asked], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_data_walk_through_the_rooms_in_one_direction(checkout: Path) -> None:
    lint = Path(sys.executable).with_name("lint-imports" + (".exe" if os.name == "nt" else ""))
    done = subprocess.run([str(lint), "--no-cache"], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_the_packages_imported_are_ours(room: str, checkout: Path) -> None:
    assert Path(__import__(room).__file__ or "").is_relative_to(checkout)


def test_importing_any_module_touches_no_disk_no_network_and_no_environment(checkout: Path) -> None:
    found = probe(modules(ROOMS), checkout)
    assert found["deeds"] == []
    assert found["environment"] == []


def test_importing_any_module_but_the_service_imports_no_heavy_library(checkout: Path) -> None:
    names = [name for name in modules(ROOMS) if name != "serving.service"]
    assert probe(names, checkout)["heavy"] == []


def test_the_probe_sees_what_it_looks_for(checkout: Path) -> None:
    assert probe(["baton.contract.sources"], checkout, heavy=("pandas",))["heavy"] == ["pandas"]


def cycles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, by whatever way round."""
    sorter = TopologicalSorter(imports)
    try:
        sorter.prepare()
    except CycleError as error:
        return [error.args[1]]
    return []


def test_no_modules_import_each_other_not_even_inside_functions() -> None:
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    assert cycles({name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}) == []


def test_the_search_for_cycles_finds_one() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}})
