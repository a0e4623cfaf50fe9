"""TOML files that people write, read with hints for what goes wrong most often."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from baton.errors import BatonError

__all__ = ["read_toml"]

MAX_BYTES = 4 << 20  # a company's file has a few kilobytes; more is no settings file, and fills the memory


def read_toml(path: Path, kind: type[BatonError], /, *, missing: str) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    kind : type of BatonError
        The error to raise.
    missing : str
        What to say after the path if there is no such file.

    Raises
    ------
    BatonError
        Of the kind given: the file is missing, no regular file, not in UTF-8, or no TOML.
    """
    try:
        if path.exists() and not path.is_file():
            raise kind(f"{path}: it is no ordinary file; give a TOML file")
        if path.stat().st_size > MAX_BYTES:
            raise kind(f"{path}: it is larger than {MAX_BYTES >> 20} MB; give a TOML file with settings")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise kind(f"{path}: {missing}") from None
    except UnicodeDecodeError as error:
        raise kind(
            f"{path}: it is not in UTF-8 (byte {error.start + 1:,}); save it as UTF-8, in most editors under Save as"
        ) from error
    except BatonError:
        raise
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise kind(f"{path}: cannot be read ({why}); give a TOML file in UTF-8") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise kind(f"{path}: no valid TOML: {error}{_hint(text, str(error))}") from error
    except RecursionError:
        raise kind(f"{path}: its lists or tables lie too deeply in each other; write it more plainly") from None


def _hint(text: str, message: str, /) -> str:
    """Return what to do, where the line at fault shows what was meant."""
    found = re.search(r"line (\d+)", message)
    lines = text.splitlines()
    line = lines[int(found.group(1)) - 1] if found and int(found.group(1)) <= len(lines) else ""
    if re.search(r'"[^"]*\\[^"\\]*', line) and (
        "escape" in message or "hex" in message.lower() or "unicode" in message.lower()
    ):
        return (
            "; a backslash in double quotes begins an escape: write Windows paths in single quotes "
            "('C:\\data\\cases.csv') "
            'or with forward slashes ("C:/data/cases.csv")'
        )
    if "inline table" in message or ("{" in line and "}" not in line):
        return (
            "; a table in { } must stand on one line: put it there, or write a section, such as [tables.cases], "
            "with one key per line"
        )
    return ""
