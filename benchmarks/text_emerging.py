"""How often a quiet year raises a new cause, and how soon a planted one is found, on simulated texts.

``python -m benchmarks.text_emerging [years]``. Texts only, from the telecom's templates: causes as frequent as ever in
a quiet year; in the others one new cause from week 30 on. Simulated texts say how the alarm behaves, not how well real
texts are read.

``--tweets ../shared/data``: real texts instead, the airline tweets dealt at random over a year, each of the reasons in
turn held out until week 30 and then written in the share asked for. Their order is made up; what they say is not.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.text_sets import TextTask, load_task
from features.text.preparing import prepare
from features.text.text_set import TextSet
from models.complaints.emerging.clusters import Writers, find_emerging
from models.encoders.encoders import Encoder, read_once, shared
from models.encoders.find import find_encoder
from simulation.engine.texts import Planted, generate_texts

__all__ = ["measure", "measure_tweets", "year", "year_of_tweets"]

_WORLD = Path(__file__).resolve().parents[1] / "simulation" / "scenarios" / "service" / "worlds" / "new_cause.toml"
_PROCESSES = np.array(["billing", "complaint", "outage", "repair", "installation", "order", "contract_question"])
_WEEKS = 52
_FROM_WEEK = 30
_WRITTEN = 0.3


def year(seed: int, share: float, /, *, texts_a_week: int = 400) -> tuple[TextSet, pd.DataFrame, pd.Series, np.ndarray]:
    """Write a year of texts: the set, how they were read (as recorded), teams, and which are about the new cause."""
    generator = np.random.default_rng(seed)
    cases = int(texts_a_week * _WEEKS / _WRITTEN)
    day = np.sort(generator.uniform(0, 7 * _WEEKS, cases))
    process = generator.choice(_PROCESSES, cases)
    language = np.where(generator.random(cases) < 0.4, "zh", "en")
    new = tomllib.loads(_WORLD.read_text(encoding="utf-8"))["new_cause"]
    planted = None
    if share > 0:
        planted = Planted(new["name"], day >= 7 * _FROM_WEEK, share, {"en": new["en"], "zh": new["zh"]})
    generated = generate_texts(process, language, generator, planted=planted)
    rows = np.flatnonzero(generated.texts != np.array(None))
    prepared = prepare(list(generated.texts[rows]))
    names = np.char.add("K", rows.astype(str))
    frame = pd.DataFrame(
        {
            "text_id": names,
            "text": prepared["text"].to_numpy(),
            "language": prepared["language"].to_numpy(),
            "mixed": prepared["mixed"].to_numpy(),
            "label": generated.recorded[rows],
            "weight": 1.0,
            "at": pd.Timestamp("2025-01-06") + pd.to_timedelta(day[rows], unit="D"),
            "group": prepared["text"].str.casefold().to_numpy(),
        }
    )
    answers = pd.DataFrame({"text_id": names, "cause": generated.recorded[rows], "abstained": False})
    teams = pd.Series(np.char.add("T", generator.integers(0, 8, len(rows)).astype(str)), index=names)
    return TextSet(frame), answers, Writers(teams), generated.true[rows] == new["name"]


def year_of_tweets(
    task: TextTask, seed: int, share: float, hidden: str, /
) -> tuple[TextSet, pd.DataFrame, pd.Series, np.ndarray]:
    """Deal real texts over a year, one reason held out until week 30; as ``year``."""
    generator = np.random.default_rng(seed)
    frame = task.texts.frame.drop_duplicates("group").reset_index(drop=True)
    new = (frame["label"] == hidden).to_numpy()
    weekly = (~new).sum() / _WEEKS
    left = _WEEKS - _FROM_WEEK
    wanted = min(round(share / (1 - share) * weekly * left), int(new.sum())) if share > 0 else 0
    kept = np.concatenate([np.flatnonzero(~new), generator.permutation(np.flatnonzero(new))[:wanted]])
    frame, new = frame.iloc[kept].reset_index(drop=True), new[kept]
    day = np.where(new, generator.uniform(7 * _FROM_WEEK, 7 * _WEEKS, len(new)), 0.0)
    day[~new] = generator.uniform(0, 7 * _WEEKS, (~new).sum())
    frame["at"] = pd.Timestamp("2025-01-06") + pd.to_timedelta(day, unit="D")
    order = np.argsort(day, kind="stable")
    frame, new = frame.iloc[order].reset_index(drop=True), new[order]
    # how they were read: what was held out cannot have been known
    others = frame.loc[~new, "label"].to_numpy(dtype=object)
    taken = frame["label"].where(~new, pd.Series(generator.choice(others, len(new)), index=frame.index))
    answers = pd.DataFrame({"text_id": frame["text_id"], "cause": taken, "abstained": new})
    teams = pd.Series(np.char.add("T", generator.integers(0, 6, len(frame)).astype(str)), index=frame["text_id"])
    return TextSet(frame), answers, Writers(teams), new


def measure_tweets(task: TextTask, shares: Sequence[float], encoder: Encoder | None, /) -> list[dict[str, Any]]:
    """Return for each share and reason: alarms of something else, and after how many weeks it was found."""
    rows = []
    for share in shares:
        for seed, hidden in enumerate(sorted(task.words)):
            texts, answers, teams, new = year_of_tweets(task, seed, share, hidden)
            raised = find_emerging(texts, answers, Writers(teams), encoder, seed)
            mine = set(texts.frame["text_id"][new])
            right = np.array([len(mine & set(some)) > len(some) / 2 for some in raised["examples"]], dtype=bool)
            begun = pd.Timestamp("2025-01-06") + pd.Timedelta(weeks=_FROM_WEEK)
            when = raised["raised_at"][right]
            rows.append(
                {
                    "share": share,
                    "held out": hidden,
                    "texts of it": int(new.sum()),
                    "weekly": len(new) / _WEEKS,
                    "false_alarms": int((~right).sum()),
                    "weeks": (when.min() - begun).days / 7 if len(when) else None,
                    "named": raised["name"][right].iloc[0] if right.any() else "",
                }
            )
    return rows


def measure(years: int, shares: tuple[float, ...], texts_a_week: int, /) -> list[dict[str, float]]:
    """Return, for each share of the texts: false alarms, and the part found within two weeks with its interval."""
    from statsmodels.stats.proportion import proportion_confint

    rows = []
    for share in shares:
        alarms, found, waited = [], [], []
        for seed in range(years):
            texts, answers, teams, new = year(seed, share, texts_a_week=texts_a_week)
            raised = find_emerging(texts, answers, Writers(teams), None, seed)
            mine = set(texts.frame["text_id"][new])
            right = [len(mine & set(examples)) > len(examples) / 2 for examples in raised["examples"]]
            alarms.append(len(right) - sum(right))
            begun = pd.Timestamp("2025-01-06") + pd.Timedelta(weeks=_FROM_WEEK)
            when = raised["raised_at"][np.array(right, bool)]
            weeks = (when.min() - begun).days / 7 if len(when) else np.inf
            found.append(weeks <= 2)
            waited.append(weeks)
        hits = int(np.sum(found))
        low, high = proportion_confint(hits, years, alpha=0.1, method="beta")
        rows.append(
            {
                "share": share,
                "years": years,
                "false_alarms_a_year": float(np.mean(alarms)),
                "most_false_alarms": int(np.max(alarms)),
                "found_in_two_weeks": hits / years,
                "found_low": float(low),
                "found_high": float(high),
                "median_weeks": float(np.median(waited)),
            }
        )
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("years", nargs="?", type=int, default=20)
    parser.add_argument("--shares", nargs="*", type=float, default=[0.0, 0.01, 0.02, 0.03])
    parser.add_argument("--texts-a-week", type=int, default=400)
    parser.add_argument("--tweets", type=Path, help="the folder of public data: deal real texts instead")
    parser.add_argument("--encoder", help="with --tweets: what reads how near texts are; without, rare words count")
    options = parser.parse_args()
    if options.tweets:
        read = load_task("tweets_known", options.tweets)
        near = find_encoder(options.encoder, ["en"]) if options.encoder else None
        with read_once():
            for line in measure_tweets(read, options.shares, near and shared(near)):
                print(json.dumps(line), flush=True)
        raise SystemExit
    for part in options.shares:
        for line in measure(options.years, (part,), options.texts_a_week):
            print(json.dumps(line), flush=True)
