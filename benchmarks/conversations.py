"""How well signals in conversations are recognised, on conversations that neither rules nor model have seen.

``python -m benchmarks.conversations``            precision and recall on ``conversations/held/``, beside key words
``python -m benchmarks.conversations --visible``  the same, cross-fitted on the conversations that the model learns from
``python -m benchmarks.conversations --train``    fits the model that ships and writes it
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from models.conversations import signals as fitting
from models.conversations.assessment import LEVELS, Reader
from models.conversations.signals import SIGNALS, Labelled, read_labelled
from models.encoders.find import find_encoder

ROOT = Path(__file__).resolve().parents[1]
VISIBLE = ROOT / "models" / "conversations" / "visible"
HELD = Path(__file__).resolve().parent / "conversations" / "held"
SHIPPED = ROOT / "models" / "conversations" / "signals.json"
LANGUAGES = ("en", "zh")
_URGENT = LEVELS.index("high")

# what somebody would write down in five minutes
KEY_WORDS = {
    "strong_dissatisfaction": (
        "terrible|awful|worst|disgrace|unacceptable|ridiculous|angry|disappointed"
        "|垃圾|太差|失望|气死|离谱|差劲|无法接受|过分"
    ),
    "threat_to_leave": (
        "cancel|leave|switch|close my account|terminate|competitor|销户|注销|退订|取消|换一家|解约|不续"
    ),
    "repeated_contact": "again|third time|second time|already called|still|又|再次|第三次|多次|已经.{0,4}打|还是",
    "promise_broken": "promise|guarantee|was told|assured|said you would|答应|承诺|保证|说好",
    "legal_or_press_threat": (
        "lawyer|court|sue|ombudsman|regulator|police|press|twitter|律师|法院|起诉|投诉到|12315|曝光|媒体|报警"
    ),
    "vulnerable_customer": (
        "ill|sick|disabled|elderly|hospital|lost my job|can't pay|died|生病|残疾|老人|住院|失业|去世|困难"
    ),
}


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--visible", action="store_true")
    arguments = parser.parse_args()
    conversations = _read(VISIBLE)
    if arguments.train:
        model = fitting.fit_signals(conversations, _remembering())
        SHIPPED.write_text(json.dumps(model.to_json(), separators=(",", ":")) + "\n", encoding="utf-8")
        print(f"wrote {SHIPPED.relative_to(ROOT)} from {len(conversations)} conversations")
    elif arguments.visible:
        probability = fitting.cross_fitted(conversations, _remembering())
        predicted = probability >= fitting.shipped_signals().threshold
        print("# Visible conversations, cross-fitted (cues were written with these in sight: flattering)\n")
        _table(conversations, predicted)
    else:
        _held()


def _held() -> None:
    conversations = _read(HELD)
    reader = Reader()
    found = [reader.assess([(turn.customer, turn.text) for turn in row.turns]) for row in conversations]
    predicted = np.array([[signal in {each.signal for each in one.signals} for signal in SIGNALS] for one in found])
    print(f"# {len(conversations)} conversations kept apart\n")
    _table(conversations, predicted)
    late = [
        each.turn - row.signals[each.signal]
        for row, one in zip(conversations, found, strict=True)
        for each in one.signals
        if each.signal in row.signals
    ]
    at_once, later = np.mean(np.array(late) == 0), np.mean(np.array(late) > 0)
    print(f"\nTold in the turn that first shows it: {at_once:.0%}; later: {later:.0%}")
    pairs = [(LEVELS.index(row.level), LEVELS.index(one.level)) for row, one in zip(conversations, found, strict=True)]
    true, predicted_level = np.array(pairs).T
    distance = abs(true - predicted_level)
    print(f"Level: same {np.mean(distance == 0):.0%}, at most one off {np.mean(distance <= 1):.0%}")
    for language in LANGUAGES:
        here = np.array([row.language == language for row in conversations])
        urgent, raised = here & (true >= _URGENT), here & (predicted_level >= _URGENT)
        precision, recall = _share(urgent & raised, raised), _share(urgent & raised, urgent)
        print(f"High or critical, {language}: precision {precision}, recall {recall}")


def _read(folder: Path) -> list[Labelled]:
    return [row for language in LANGUAGES for row in read_labelled(folder / f"{language}.jsonl")]


def _remembering() -> Callable[[Sequence[str]], np.ndarray]:
    encoder = find_encoder("auto", LANGUAGES)
    known: dict[str, np.ndarray] = {}

    def embed(texts: Sequence[str]) -> np.ndarray:
        for text in texts:
            if text not in known:
                known[text] = np.asarray(encoder.embed([text]))[0]
        return np.array([known[text] for text in texts])

    return embed


def _table(conversations: list[Labelled], predicted: np.ndarray) -> None:
    print("| signal | language | n | precision | recall | F1 | key words: precision | recall | F1 |")
    print("|---|---|---|---|---|---|---|---|---|")
    means = []
    for number, signal in enumerate(SIGNALS):
        pattern = re.compile(KEY_WORDS[signal], re.IGNORECASE)
        texts = [[turn.text for turn in row.turns if turn.customer] for row in conversations]
        listed = np.array([any(pattern.search(text) for text in one) for one in texts])
        truth = np.array([signal in row.signals for row in conversations])
        for language in LANGUAGES:
            here = np.array([row.language == language for row in conversations])
            ours, words = _metrics(predicted[here, number], truth[here]), _metrics(listed[here], truth[here])
            means.append((ours[2], words[2]))
            cells = [*ours[:2], f"{ours[2]:.2f}", *words[:2], f"{words[2]:.2f}"]
            print(f"| {signal} | {language} | {int(truth[here].sum())} | {' | '.join(cells)} |")
    both = np.mean(means, axis=0)
    print(f"| mean | | | | | {both[0]:.2f} | | | {both[1]:.2f} |")


def _metrics(predicted: np.ndarray, truth: np.ndarray) -> tuple[str, str, float]:
    hit = predicted & truth
    return _share(hit, predicted), _share(hit, truth), 2 * hit.sum() / max(predicted.sum() + truth.sum(), 1)


def _share(part: np.ndarray, whole: np.ndarray) -> str:
    """A share with Wilson's 90 % interval."""
    n = int(whole.sum())
    if n == 0:
        return "–"
    low, high = proportion_confint(part.sum(), n, alpha=0.1, method="wilson")
    return f"{part.sum() / n:.2f} ({low:.2f}–{high:.2f})"


if __name__ == "__main__":
    main()
