"""How much of what names a person is hidden, and how much else goes with it, on snippets that were written for it.

Rules were fitted on every other snippet (the first, the third …); the figures asked here are those of the others.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from features.text.masking import mask

SPAN = re.compile(r"\{(\w+)\|([^}]+)\}")
TOKEN = re.compile(r"\[([a-z]+)\]")


@dataclass
class Counts:
    """Counts per kind."""

    spans: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    quiet: int = 0
    touched: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def recall(self, kind: str | None = None) -> float:
        kinds = [kind] if kind else list(self.spans)
        return sum(self.hidden[each] for each in kinds) / sum(self.spans[each] for each in kinds)

    def precision(self, kind: str | None = None) -> float:
        kinds = [kind] if kind else list(self.given)
        return sum(self.right[each] for each in kinds) / max(sum(self.given[each] for each in kinds), 1)


def snippets(language: str, half: int) -> list[str]:
    lines = (Path(__file__).parent / f"masking_{language}.txt").read_text("utf-8").splitlines()
    written = [line for line in lines if line and not line.startswith("#")]
    personal = [line for line in written if SPAN.search(line)]
    return [*personal[half::2], *[line for line in written if not SPAN.search(line)][half::2]]


def measure(language: str, half: int) -> Counts:
    """A span is hidden if none of its words of two or more characters is left; a token is right if one of its kind is due."""
    counts = Counts()
    for snippet in snippets(language, half):
        spans = SPAN.findall(snippet)
        raw = SPAN.sub(lambda found: found.group(2), snippet)
        masked = mask(raw)
        left = TOKEN.sub(" ", masked)
        rest = SPAN.sub(" ", snippet)
        due, given = Counter(kind for kind, _ in spans), Counter(TOKEN.findall(masked))
        counts.given.update(given)
        counts.right.update(due & given)
        for kind, named in spans:
            counts.spans[kind] += 1
            pieces = [piece for piece in re.split(r"[\s\-/.,]+", named) if len(piece) > 1] or [named]
            if all(left.count(piece) <= rest.count(piece) for piece in pieces):
                counts.hidden[kind] += 1
            else:
                counts.missed.append(f"{snippet} -> {masked}")
        if not spans:
            counts.quiet += 1
            if masked != raw:
                counts.touched.append(f"{raw} -> {masked}")
    return counts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_enough_snippets_of_both_sorts(language: str) -> None:
    for half in (0, 1):
        counts = measure(language, half)
        assert sum(counts.spans.values()) >= 75 and counts.quiet >= 75


@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_the_half_held_out_nearly_all_is_hidden_and_little_else_goes(language: str) -> None:
    counts = measure(language, half=1)
    assert counts.recall() >= 0.95, counts.missed
    assert counts.precision() >= 0.95
    assert len(counts.touched) <= 0.03 * counts.quiet, counts.touched


@pytest.mark.parametrize("kind", ["phone", "email", "card", "account"])
def test_what_identifies_by_itself_never_stays(kind: str) -> None:
    for language in ("en", "zh"):
        counts = measure(language, half=1)
        assert counts.hidden[kind] == counts.spans[kind], counts.missed
