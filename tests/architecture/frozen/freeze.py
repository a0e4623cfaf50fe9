"""Freezes what Baton computes: runs six small companies and keeps a digest of every column and of the report's figures.

Whoever moves code about runs it after each step (five minutes)::

    python tests/architecture/frozen/freeze.py WORK [--only NAME] [--renew]

It goes through the command line alone, so that no move of a module touches it. WORK keeps the companies and their
results; the digests stand beside this file. Numbers are rounded to seven digits that count, so that the order of a sum
does not matter. A step that changes words or a column on purpose renews the digests and says so in its commit.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("BATON_DATA", ROOT.parent / "shared" / "data"))
DIGESTS = Path(__file__).with_name("digests.json")
MAX_TEXTS = 1200
"""Texts of the hotline that are read: the whole set takes minutes."""

SIMULATED = {
    "service": ["--customers", "400", "--months", "14", "--seed", "5"],
    "product": ["--scenario", "product", "--customers", "300", "--months", "14", "--seed", "5"],
    "b2b": ["--scenario", "b2b", "--customers", "60", "--months", "36", "--seed", "5"],
    "internal": ["--world", "internal", "--customers", "300", "--months", "14", "--seed", "5"],
}
_NOT_RESULTS = {".baton", "partials", "models", "out", "data"}
"""What a run keeps for the next, models (their answers are frozen), and what is digested by itself."""
_KEY = "00" * 32
"""The key of pseudonyms, which a run would make by chance."""
REAL = {"texts": "zh_hotline", "flat": "telco"}


def main() -> int:
    """Run, compare, print what differs; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", action="append", choices=[*SIMULATED, *REAL])
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("--as-they-lie", action="store_true", help="digest what WORK holds, without running again")
    options = parser.parse_args()
    names = options.only or [*SIMULATED, *REAL]
    kept: dict[str, dict[str, str]] = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
    different = 0
    for name in names:
        print(f"{name} …", flush=True)
        found = digests_of(name, options.work.resolve() / name, anew=not options.as_they_lie)
        if options.renew:
            kept[name] = found
            continue
        before = kept.get(name, {})
        for key in sorted({*before, *found}):
            if before.get(key) != found.get(key):
                different += 1
                how = "is new" if key not in before else "is gone" if key not in found else "differs"
                print(f"  {key} {how}")
    if options.renew:
        DIGESTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    print(f"{different} differences" if not options.renew else f"{sum(map(len, kept.values()))} digests kept")
    return int(different > 0)


def digests_of(name: str, folder: Path, *, anew: bool = True) -> dict[str, str]:
    """Make the company in a fresh folder, run it, and return a digest per column of every file."""
    if anew:
        _make(name, folder)
    return dict(_tree(folder, "source")) | dict(_tree(folder / "out", "out"))


def _make(name: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if name in SIMULATED:
        _baton("simulate", str(folder), *SIMULATED[name])
    else:
        _real(name, folder)
    (folder / "employees.key").write_text(_KEY + "\n")
    (folder / "employees.key").chmod(0o600)
    _baton("run", str(folder), "--out", str(folder / "out"))


def _baton(*words: str) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [str(Path(sys.executable).with_name("baton")), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"baton {' '.join(words)}\n{done.stdout}{done.stderr}")


def _real(name: str, folder: Path) -> None:
    """Copy an example's company file, with its data beside it; of the texts only the first ones."""
    example = REAL[name]
    for path in (ROOT / "examples" / example).glob("*.toml"):
        text = path.read_text("utf-8").replace("${BATON_DATA:-../../../shared/data}", "data")
        (folder / path.name).write_text(text.replace('# model = "auto"', 'model = "tfidf"  #'), "utf-8")
    (folder / "leaky.toml").unlink(missing_ok=True)
    target = folder / "data" / example
    target.mkdir(parents=True)
    for path in (DATA / example).glob("*.csv"):
        if name == "texts":
            with path.open(newline="", encoding="utf-8") as source:
                rows = [row for _, row in zip(range(MAX_TEXTS + 1), csv.reader(source), strict=False)]
            with (target / path.name).open("w", newline="", encoding="utf-8") as out:
                csv.writer(out).writerows(rows)
        else:
            shutil.copyfile(path, target / path.name)


def _tree(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield a key and a digest for every result under a folder."""
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        name = f"{prefix}/{place.as_posix()}"
        if place.parts[0] in _NOT_RESULTS:
            continue
        if path.suffix == ".parquet" and len(place.parts) > 1:
            yield name, _short(json.dumps(_plain(pd.read_parquet(path).to_dict("list")), sort_keys=True))
        elif path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            yield f"{name}#rows", str(len(frame))
            for column in frame.columns:
                yield f"{name}:{column}", _short(json.dumps(_plain(frame[column].tolist()), sort_keys=True))
        elif path.name == "report.html":
            words = _Words(path.read_text("utf-8"))
            yield f"{name}#figures", _short("\n".join(re.findall(r"\d[\d.,]*", words.text)))
            yield f"{name}#words", _short(re.sub(r"\d[\d.,]*", "0", words.text))
        elif path.name == "run.json":
            yield f"{name}#warnings", _short(json.dumps(json.loads(path.read_text("utf-8"))["warnings"]))
        elif path.name in {"evaluation.json", "company.toml", "truth.json", "inputs.json"} or path.suffix == ".csv":
            yield name, _digest_of(path)


def _digest_of(path: Path) -> str:
    if path.suffix == ".json":
        return _short(json.dumps(_plain(json.loads(path.read_text("utf-8"))), sort_keys=True))
    return _short(path.read_text("utf-8"))


def _plain(value: Any) -> Any:
    """Return what JSON can say, with numbers rounded to seven digits that count."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value * (1 + 1e-11):.7g}")  # what lies half-way between two is always rounded up
    return value if isinstance(value, int | bool | str | None) else str(value)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Words(HTMLParser):
    """What a reader sees of a page, charts included."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._hidden = 0
        self._parts: list[str] = []
        self.feed(page)
        self.text = "\n".join(self._parts)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self._parts.append(data.strip())


if __name__ == "__main__":
    sys.exit(main())
