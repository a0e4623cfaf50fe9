"""The page of common systems' exports: made-up files of their columns, and what the guesser makes of them."""

from __future__ import annotations

import csv
import hashlib
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

WORDS = Path(__file__).with_name("sources.toml")
START = datetime(2025, 1, 6, 8)
ROWS = 240
FIRST = "Ada Ben Cleo Dana Eli Finn Greta Hugo Iris Jon Kim Lea Max Nora Otto Pia".split()
LAST = "Abel Brandt Costa Duval Engel Fischer Grant Hale Ito Jansen Klein Lund Moor".split()
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高"
GIVEN = "伟芳娜敏静磊洋艳勇军杰娟涛明超霞"
TEXTS = (
    "The parcel has not arrived although it was promised for last week, and nobody called back",
    "I was charged twice for the same month and would like to have the amount paid back",
    "The device restarts every evening since the last update and then loses all its settings",
    "Please explain how two phones can share one tariff, the page says nothing about it",
)


def sources_page() -> str:
    """Return the page, with the mapping that the guesser finds."""
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    listed = " · ".join(f"[{system['name']}](#{_anchor(system['name'])})" for system in words["system"])
    parts = [words["introduction"].strip(), listed]
    for system in words["system"]:
        parts.append("\n".join(_section(system)))
    return "\n\n".join(parts) + "\n"


def systems() -> dict[str, Mapping[str, Any]]:
    """Return what is known of each system, by its name."""
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return {system["name"]: system for system in words["system"]}


def mapped(system: Mapping[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Return, by file and column, what becomes of it: table, column, and how sure that is."""
    from features.ingest.table_files import is_table_file
    from features.mapping.exports import locked_connection, looks_of_folder
    from features.mapping.plans import plans_for

    with tempfile.TemporaryDirectory(prefix="baton-docs-") as place:
        folder, scratch = Path(place) / "exports", Path(place) / "scratch"
        folder.mkdir()
        scratch.mkdir()
        for name, columns in system["files"].items():
            write(folder / f"{name}.csv", columns)
        connection = locked_connection([path for path in folder.iterdir() if is_table_file(path)], scratch)
        try:
            looks, trouble = looks_of_folder(folder, connection, scratch)
            plans = plans_for(looks, connection)
        finally:
            connection.close()
    assert not trouble, trouble
    found: dict[str, list[tuple[str, str, str]]] = {}
    for plan in plans:
        for line in plan.lines:
            file = Path(str(plan.look.place["path"])).stem
            is_own = line.source in system["files"][file]
            if is_own:
                found.setdefault(f"{file}.{line.source}", []).append((plan.table, line.column, line.certainty))
    return found


def write(path: Path, columns: Mapping[str, str]) -> None:
    """Write a file of made-up rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for number in range(ROWS):
            writer.writerow([value(name, look, number) for name, look in columns.items()])


def value(column: str, look: str, number: int) -> str:
    """Return a made-up value: the same for the same column and row."""
    kind, _, rest = look.partition(" ")
    chance = int.from_bytes(hashlib.sha256(f"{column} {number}".encode()).digest()[:6])
    at = START + timedelta(hours=5 * number, minutes=chance % 240)
    if kind == "one":
        choices = [word.strip() for word in rest.removeprefix("of ").split(",")]
        return choices[chance % len(choices)]
    if kind in {"time", "day", "rarely"}:
        hours = float(rest.removeprefix("+ ") or 0) * (0.3 + chance % 100 / 120) if kind == "time" else 0.0
        if kind == "day":
            at = START - timedelta(days=chance % 1500)
        if kind == "rarely":
            return "" if chance % 12 else f"{at:%Y-%m-%d}"
        return f"{at:%Y-%m-%d}" if kind == "day" else f"{START + timedelta(hours=5 * number + hours):%Y-%m-%d %H:%M}"
    many = {
        "number": lambda: str(10400 + 3 * number),
        "code": lambda: _code(rest, number, chance),
        "count": lambda: str(chance % (int(rest or 1) + 1) if int(rest or 1) != 5 else 1 + chance % 5),
        "person": lambda: _person(chance % int(rest)),
        "chinese": lambda: _chinese(chance % int(rest)),
        "name": lambda: f"{LAST[number % 13]} {FIRST[number // 13 % 16]} Ltd",
        "mail": lambda: f"{FIRST[chance % int(rest) % 16].lower()}.{chance % int(rest)}@example.com",
        "money": lambda: f"{chance % 900000 / 100 + 5:.2f}",
        "clock": lambda: f"{chance % 2:02}:{chance // 7 % 60:02}:{chance // 11 % 60:02}",
        "subject": lambda: " ".join(TEXTS[chance % 4].split()[:6]),
        "text": lambda: f"{TEXTS[chance % 4]} ({FIRST[chance // 5 % 16]}, {number})",
    }
    return many[kind]()


def _code(rest: str, number: int, chance: int) -> str:
    prefix, _, many = rest.rpartition(" ")
    return f"{prefix}{(chance % int(many) if int(many) else number) + 1000:05}"


def _person(number: int) -> str:
    return f"{FIRST[number % 16]} {LAST[number * 5 % 13]}"


def _chinese(number: int) -> str:
    return SURNAMES[number % 15] + GIVEN[(number + number // 15) % 16]


def _section(system: Mapping[str, Any]) -> Iterator[str]:
    found = mapped(system)
    yield f"## {system['name']}"
    yield ""
    link = f" ([the vendor's page]({system['help']}))" if "help" in system else ""
    yield f"*{system['kind']}.* **Export:** {system['export']}{link}"
    yield ""
    yield f"**What is missing:** {system['lacks']}"
    for name, columns in system["files"].items():
        yield ""
        yield f"| column of {name} | becomes | |"
        yield "|---|---|---|"
        for column in columns:
            yield _row(column, found.get(f"{name}.{column}", []))


def _row(column: str, becomes: list[tuple[str, str, str]]) -> str:
    said = {"sure": "", "likely": "check", "protected": "fairness audit alone"}
    kept = [(table, name, mark) for table, name, mark in becomes if mark != "left out"]
    if not kept:
        return f"| {column} | {'left out' if becomes else 'not used'} | |"
    targets = ", ".join(_target(table, name) for table, name, _ in kept)
    marks = ", ".join(dict.fromkeys(said[mark] for *_, mark in kept if said[mark]))
    return f"| {column} | {targets} | {marks} |"


def _target(table: str, name: str) -> str:
    from baton.contract.sources import TABLES

    return f"`{table}.{name}`" if name in TABLES[table].names else f"an attribute of {table}"


def _anchor(name: str) -> str:
    kept = "".join(letter for letter in name.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")
