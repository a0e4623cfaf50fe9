"""Which code a step of a run stands on: what its modules import, so that other code may change and the step is kept.

A style sheet of the report, a template or a sentence in another language is code of the report alone; a change of the
advice trains nothing again.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pipelines.steps import Step

__all__ = ["ROOT", "digest_of", "files_used", "fingerprint_of"]

ROOT = Path(__file__).resolve().parent.parent
_ROOMS = ("baton", "features", "models", "pipelines")
_ONE_BY_ONE = frozenset({"baton", "pipelines"})
"""Packages whose modules count one by one; of any other the whole counts, since it may find its modules by name."""
_WORDS = ("baton/messages", "baton/catalogue/presets", "baton/contract/sources.toml", "baton/templates")
"""These data count for no step: sentences change no number, and presets count by the catalogue's digest."""
_OWN = ("run.py", "run_steps.py", "steps.py")
"""Modules of ``pipelines/`` that count for every step."""


@cache  # a file edited meanwhile is not the code that this process has loaded
def fingerprint_of(step: Step, /) -> str:
    """Return a fingerprint of the code that a step stands on: another one computes the step again."""
    return digest_of(files_used(step, ROOT), ROOT)


def files_used(step: Step, root: Path, /) -> list[Path]:
    """Return the files that a step stands on: modules and the data beside them.

    Parameters
    ----------
    step : Step
        Those of its ``code``, and what they import. Sentences of the catalogue count only for a step that writes some.
    root : Path
        The checkout.
    """
    waiting = list(step.code)
    modules: set[Path] = set()
    while waiting:
        path = _file_of(waiting.pop(), root)
        for found in _together(path, root) if path is not None else ():
            if found not in modules:
                modules.add(found)
                waiting += _imported(found)
    own = {root / "pipelines" / name for name in _OWN}
    sentences = (root / "baton" / "messages" / "texts").glob("*.toml") if step.writes_sentences else ()
    return sorted(modules | own | set(_data(modules, root)) | set(sentences))


def digest_of(files: list[Path], root: Path, /) -> str:
    """Return a fingerprint of files: their places below the root, and what is in them."""
    summary = hashlib.blake2b(digest_size=12)
    for path in files:
        summary.update(path.relative_to(root).as_posix().encode())
        summary.update(_content(path, path.stat().st_mtime_ns))
    return summary.hexdigest()


@cache  # most files are of several steps
def _content(path: Path, changed_ns: int, /) -> bytes:
    return hashlib.blake2b(path.read_bytes(), digest_size=12).digest()


@cache
def _file_of(module: str, root: Path, /) -> Path | None:
    """Return the file of one of our modules; a name of something in a module leads to the module."""
    parts = module.split(".")
    if parts[0] not in _ROOMS:
        return None
    for length in range(len(parts), 0, -1):
        place = root.joinpath(*parts[:length])
        if place.with_suffix(".py").is_file():
            return place.with_suffix(".py")
        if (place / "__init__.py").is_file():
            return place / "__init__.py"
    return None


@cache
def _together(path: Path, root: Path, /) -> list[Path]:
    """Return a module's file, or its whole folder where the folder counts as one."""
    if path.parent.relative_to(root).as_posix() in _ONE_BY_ONE:
        return [path]
    return sorted(path.parent.glob("*.py"))


def _imported(path: Path, /) -> tuple[str, ...]:
    return _imported_then(path, path.stat().st_mtime_ns)


@cache
def _imported_then(path: Path, changed_ns: int, /) -> tuple[str, ...]:
    """Return what a module imports, inside functions too; what it imports for types alone as well."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{name.name}" for name in node.names]
    return tuple(found)


def _data(modules: set[Path], root: Path, /) -> Iterator[Path]:
    """Yield the data that lie beside modules, and in folders below that hold no modules."""
    for folder in {path.parent for path in modules}:
        if folder.relative_to(root).as_posix() not in _ONE_BY_ONE:
            yield from _data_of(folder, root)


@cache
def _data_of(folder: Path, root: Path, /) -> tuple[Path, ...]:
    found = []
    for path in folder.rglob("*"):
        place = path.relative_to(root).as_posix()
        beside = path.parent == folder or not any(path.parent.glob("*.py"))
        if path.is_file() and beside and path.suffix not in {".py", ".pyc"} and not place.startswith(_WORDS):
            found.append(path)
    return tuple(found)
