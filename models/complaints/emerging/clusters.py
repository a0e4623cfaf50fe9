"""New causes: texts that are like each other and like nothing that was written before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from baton.contract.results import cast
from features.text.text_set import TextSet
from models.complaints.emerging.cluster_words import own_words
from models.complaints.emerging.significance import WINDOWS_WEEKS, Crowd, min_p_values
from models.encoders.encoders import Encoder
from models.encoders.hashed import word_table, word_vectors

__all__ = ["Writers", "find_emerging"]

_LEARNING_WEEKS = 8
_REFERENCE_WEEKS = 26
_MAX_A_WEEK = 500
_LEVEL = 0.2 / 52.0
_TEXTS_NAMED_AGAINST = 2000
_MIN_TEXTS = 100
_EXAMPLES = 5
_PAIRS = 200_000
_NEAR_SHARES = (0.98, 0.995)
_MIN_NEAR = 0.25


@dataclass
class _Raised:
    week: int
    core: np.ndarray
    radius: float
    p_value: float
    holds: np.ndarray
    terms: np.ndarray | None


@dataclass(frozen=True)
class _Week:
    week: np.ndarray
    team: np.ndarray
    now: int
    late: np.ndarray
    begin: int
    tests: int


@dataclass(frozen=True)
class Writers:
    """Whom texts are by, and whom they reached.

    Parameters
    ----------
    teams : pandas.Series
        Team of each text, by text id; may be empty.
    customers : pandas.Series, optional
        Customer of each text, by text id: what one customer repeats within a week counts once.
    """

    teams: pd.Series
    customers: pd.Series | None = None


def find_emerging(
    texts: TextSet,
    answers: pd.DataFrame,
    writers: Writers,
    encoder: Encoder | None,
    seed: int,
    /,
    *,
    min_group: int = 5,
) -> pd.DataFrame:
    """Find what customers began to write of, week by week, each week judged by itself and the weeks before.

    Words (in the company), and each text's surroundings, the texts near it (in the company and in the text's team), are
    counted in the last one, two and four weeks against the half year before. Where there is more than chance explains,
    the texts are raised once: those of such words together, those of surroundings parted into groups (HDBSCAN). The
    level is such that all tests of a year together raise a false alarm in one year of five.

    Parameters
    ----------
    texts : TextSet
        With times; texts without are left aside.
    answers : pandas.DataFrame
        ``text_id`` (or ``case_id``), ``cause``, ``abstained``: how the texts were read; for what a new cause is taken.
    encoder : Encoder, optional
        Reads how near texts are, in all its languages together; without one, by rare words, language by language.
    min_group : int
        Fewer texts are not raised, and a word of fewer texts names nothing.

    Returns
    -------
    pandas.DataFrame
        One row per new cause, the first raised first: ``cause`` (``new_1`` …), ``name`` and ``words`` (its own),
        ``language`` (of most texts), ``first_week`` (the first week with texts of it within four weeks before the
        alarm), ``raised_at`` (end of the week whose texts raised it), ``texts`` behind it until now and their ``share``
        since the first week, ``teams`` (at least ``min_group`` texts each), ``p_value`` (times all tests of its week),
        ``examples`` (text ids), ``nearest_cause`` (what most were taken for), ``abstained_share``.

    Source
    ------
    Kulldorff 2001 (prospective scan), with texts' surroundings in the place of regions; Campello, Moulavi & Sander
    2013 (HDBSCAN).
    """
    frame = _timely(texts.frame, writers, seed)
    learning = frame["week"].to_numpy() < _LEARNING_WEEKS
    if learning.all() or len(frame) < _MIN_TEXTS or learning.sum() < _MIN_TEXTS // 2:
        return _table([])
    written = frame["text"].tolist()
    words = word_table(written)
    vectors = encoder.embed(written) if encoder is not None else word_vectors(words, learning, seed)
    vectors[np.linalg.norm(vectors, axis=1) < 0.5] = 0.0
    raised = _watch(frame, vectors, words, _radii(vectors[learning], seed), min_group)
    answered = answers.rename(columns={"case_id": "text_id"}).set_index("text_id")
    observed = _Observed(frame, vectors, answered, min_group, seed)
    rows = [observed.row(number, one) for number, one in enumerate(raised, start=1)]
    return _table(rows)


def _timely(frame: pd.DataFrame, writers: Writers, seed: int, /) -> pd.DataFrame:
    """Return the texts in their order, with week and team; of a big week a sample, so that the work stays bounded."""
    teams, customers = writers.teams, writers.customers
    timely = frame[frame["at"].notna() & frame["text"].str.strip().ne("")].copy()
    if timely.empty:
        return timely.assign(week=0, team="")
    begin = timely["at"].min().normalize()
    timely["week"] = ((timely["at"] - begin).dt.days // 7).astype("int64")
    timely["ends"] = begin + pd.to_timedelta((timely["week"] + 1) * 7, unit="D")
    timely["team"] = timely["text_id"].map(teams).astype("str").fillna("") if len(teams) else ""
    if customers is not None:
        timely["whose"] = timely["text_id"].map(customers).fillna(timely["text_id"])
        timely = timely.drop_duplicates(["week", "whose", "group"])
    shuffled = timely.iloc[np.random.default_rng([seed, 3]).permutation(len(timely))]
    kept = shuffled[shuffled.groupby("week").cumcount() < _MAX_A_WEEK]
    return kept.sort_values(["week", "at", "text_id"], ignore_index=True)


def _radii(vectors: np.ndarray, seed: int, /) -> list[float]:
    """Return how alike near texts are: as 2 %, and 0.5 %, of the pairs of texts are."""
    generator = np.random.default_rng([seed, 5])
    one, other = generator.integers(0, len(vectors), (2, _PAIRS))
    known = (one != other) & vectors[one].any(axis=1) & vectors[other].any(axis=1)
    alike = np.einsum("ij,ij->i", vectors[one[known]], vectors[other[known]])
    if not len(alike):
        return [_MIN_NEAR]
    return sorted({float(np.clip(np.quantile(alike, share), _MIN_NEAR, 0.9)) for share in _NEAR_SHARES})


def _watch(
    frame: pd.DataFrame, vectors: np.ndarray, words: sparse.csr_matrix, radii: list[float], min_group: int, /
) -> list[_Raised]:
    week = frame["week"].to_numpy()
    team = pd.factorize(frame["team"])[0].astype(np.int64)
    # a team that nobody knows is no team
    team[frame["team"].eq("").to_numpy()] = -1
    found: list[_Raised] = []
    explained = np.zeros(len(frame), bool)
    for now in range(_LEARNING_WEEKS, int(week.max()) + 1):
        begin, end = np.searchsorted(week, [now - _REFERENCE_WEEKS - max(WINDOWS_WEEKS) + 1, now + 1])
        centres = np.flatnonzero((week == now) & ~explained & vectors.any(axis=1))
        if not len(centres):
            continue
        late = (week[begin:end] > now - max(WINDOWS_WEEKS)) & ~explained[begin:end]
        around = words[begin:end]
        answered = np.flatnonzero(np.asarray(around[late].sum(axis=0)).ravel() >= min_group)
        tests = len(WINDOWS_WEEKS) * (2 * len(radii) * len(centres) + len(answered))
        weekly = _Week(week[begin:end], team[begin:end], now, late, begin, tests)
        raised = _by_words(sparse.csr_matrix(around[:, answered].T), weekly, min_group)
        raised = raised or _by_surroundings(vectors, centres, team[centres], weekly, radii, min_group)
        for one in raised:
            # what comes to be near it later is explained too; nothing later decides what is raised now
            near = (vectors @ vectors[one.core].T > one.radius).any(axis=1)
            one.holds = near  # pyright: ignore[reportAttributeAccessIssue]
            if len(answered) and one.terms is not None:
                one.holds |= np.asarray(words[:, answered[one.terms]].sum(axis=1)).ravel() > 0
            explained |= one.holds
        found.extend(raised)
    return found


def _by_words(holds: Any, weekly: _Week, min_group: int, /) -> list[_Raised]:
    """Raise the texts that hold words (words, texts) which nobody, or hardly anybody, wrote before."""
    if not holds.shape[0]:
        return []
    unknown = np.full(holds.shape[0], -1)
    crowd = Crowd(weekly.week, weekly.team, weekly.now, unknown)
    p_values = min_p_values(holds, crowd, min_group) * weekly.tests
    flagged = np.flatnonzero(p_values < _LEVEL)
    core = np.flatnonzero((np.asarray(holds[flagged].sum(axis=0)).ravel() > 0) & weekly.late)
    if len(core) < min_group:
        return []
    nothing = np.zeros(0, bool)
    return [_Raised(weekly.now, core + weekly.begin, 0.9, float(p_values[flagged].min()), nothing, flagged)]


def _by_surroundings(
    vectors: np.ndarray, centres: np.ndarray, team: np.ndarray, weekly: _Week, radii: list[float], min_group: int, /
) -> list[_Raised]:
    """Raise the texts that have more near them of late than before, in the company or in a team."""
    begin = weekly.begin
    alike = vectors[centres] @ vectors[begin : begin + len(weekly.week)].T
    alike[np.arange(len(centres)), centres - begin] = 0.0
    crowd = Crowd(weekly.week, weekly.team, weekly.now, team)
    found: list[_Raised] = []
    for radius in reversed(radii):
        p_values = min_p_values(alike > radius, crowd, min_group) * weekly.tests
        flagged = np.flatnonzero(p_values < _LEVEL)
        if not len(flagged):
            continue
        near = np.flatnonzero((alike[flagged] > radius).any(axis=0) & weekly.late) + begin
        for core in _parted(vectors, np.union1d(centres[flagged], near), min_group):
            inside = np.isin(centres[flagged], core)
            if inside.any():
                minimum = float(p_values[flagged][inside].min())
                found.append(_Raised(weekly.now, core, radius, minimum, np.zeros(0, bool), None))
        break
    return found


def _parted(vectors: np.ndarray, members: np.ndarray, min_group: int, /) -> list[np.ndarray]:
    """Return the groups among flagged texts; all of them as one where no groups stand out."""
    from sklearn.cluster import HDBSCAN

    size = max(min_group, 3)
    if len(members) < 2 * size:
        return [members]
    distances = np.clip(1.0 - vectors[members] @ vectors[members].T, 0.0, 2.0).astype(np.float64)
    labels = HDBSCAN(min_cluster_size=size, min_samples=2, metric="precomputed", copy=True).fit(distances).labels_
    groups = [members[labels == label] for label in np.unique(labels[labels >= 0])]
    return groups or [members]


@dataclass(frozen=True)
class _Observed:
    """The texts that were watched, and how they were read."""

    frame: pd.DataFrame
    vectors: np.ndarray
    answered: pd.DataFrame
    min_group: int
    seed: int

    def row(self, number: int, one: _Raised, /) -> dict[str, object]:
        frame, vectors, min_group = self.frame, self.vectors, self.min_group
        first = int(frame["week"].iloc[one.core].min())
        since = np.flatnonzero(frame["week"].to_numpy() >= first)
        inside = frame.iloc[np.union1d(since[one.holds[since]], one.core)]
        language = str(inside["language"].mode().iloc[0])
        others = frame[(frame["language"] == language) & ~frame["text_id"].isin(inside["text_id"])]
        others = others.iloc[np.random.default_rng([self.seed, 7]).permutation(len(others))[:_TEXTS_NAMED_AGAINST]]
        spoken = inside[inside["language"] == language]["text"].tolist()
        words = own_words(spoken, others["text"].tolist(), min_texts=min_group)
        by_team = inside["team"].value_counts()
        read = self.answered.reindex(inside["text_id"])
        taken = read["cause"].dropna()
        middle = vectors[one.core] @ vectors[one.core].mean(axis=0)
        examples = frame["text_id"].to_numpy()[one.core[np.argsort(-middle, kind="stable")][:_EXAMPLES]]
        return {
            "cause": f"new_{number}",
            "name": ", ".join(words[:3]),
            "words": words,
            "language": language,
            "first_week": frame["ends"].iloc[one.core].min() - pd.Timedelta(days=7),
            "raised_at": frame.loc[frame["week"] == one.week, "ends"].iloc[0],
            "texts": len(inside),
            "share": len(inside) / len(since),
            "teams": sorted(team for team, count in by_team.items() if team != "" and count >= min_group),
            "p_value": min(one.p_value, 1.0),
            "examples": [str(text) for text in examples],
            "nearest_cause": str(taken.mode().iloc[0]) if len(taken) else None,
            "abstained_share": float(read["abstained"].astype("float64").mean()),
        }


def _table(rows: list[dict[str, object]], /) -> pd.DataFrame:
    return cast("emerging_causes", rows)
