"""What recorded coaching has closed of people's gaps, beyond what comparable people's gaps closed without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.advice.coaching.belief import shipped
from models.advice.coaching.gaps import measurements
from models.effects.estimators.design import Design

__all__ = ["Closed", "Coached", "Record", "learn"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

MIN_COACHED = 12
"""With fewer coached people with a gap, seen before and after, the record shows next to nothing."""
MIN_COMPARABLE = 10
"""Uncoached people of the same time, without whom nobody knows what would have happened anyhow."""
MIN_GAP_SD = 0.25
"""Whoever lay hardly behind has no gap that could close."""
REWEIGHTINGS = 200
MAX_SHARE = 0.95
PLACEBO_Z = 1.96  # 5 %, two-sided
Z_90 = 1.645
BEFORE_CYCLES = 2.0
"""The time by which offers of help are made, so that who was chosen by it is compared by it."""
MIN_SEEN_CYCLES = 0.5


@dataclass(frozen=True)
class Coached:
    """What is needed beside the design to learn from a record of coaching.

    Parameters
    ----------
    log : pandas.DataFrame
        employee_id, kpi, started_at, ended_at, action.
    people : sequence of str
        Employees by the design's codes.
    team : array of int, shape (people,)
    opened : pandas.Series
        When each of the design's cases was opened.
    hired : array of datetime64, shape (people,)
        NaT unknown.
    cycle_days : int
    seed : int
    """

    log: pd.DataFrame
    people: Sequence[str]
    team: Codes
    opened: pd.Series
    hired: NDArray[np.datetime64]
    cycle_days: int
    seed: int


@dataclass(frozen=True)
class Closed:
    """How much of a gap coaching closes within a cycle.

    Parameters
    ----------
    share, low, high : float
        With its 90 % interval; 0 to 0.95.
    people : int
        Coached people behind it, with whatever action.
    """

    share: float
    low: float
    high: float
    people: int


@dataclass(frozen=True)
class Record:
    """What a record of coaching shows.

    Parameters
    ----------
    verdict : {"learned", "few", "differed"}
        ``few``: not enough evidence; ``differed``: the coached already moved otherwise before they were coached.
    people : int
        Coached people with a gap who were seen before and after.
    estimate, low, high : float
        The share closed by coaching, all actions together, by the record alone; NaN where there is none.
    placebo, placebo_error : float
        The same looked for before the coaching, where it must be none, and its standard error.
    """

    verdict: str
    people: int
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    placebo: float = float("nan")
    placebo_error: float = float("nan")
    actions: tuple[str, ...] = ()
    lift: tuple[float, ...] = ()
    variance: tuple[float, ...] = ()
    other: tuple[float, float] = (0.0, 0.0)

    def closed(self, action: str | None, new: bool, /) -> Closed:
        """Return what one action closes; an action that is not in the record takes what all have in common."""
        lift, variance = self.other
        if action in self.actions:
            at = self.actions.index(str(action))
            lift, variance = self.lift[at], self.variance[at]
        middle, reach = shipped().share(new) + lift, Z_90 * float(np.sqrt(variance))
        low, share, high = (float(np.clip(end, 0.0, MAX_SHARE)) for end in (middle - reach, middle, middle + reach))
        return Closed(share, low, high, self.people)


def learn(design: Design, coached: Coached, /) -> Record | None:
    """Estimate which share of a gap coaching closes, beyond what comparable people's gaps close without it.

    Coached and uncoached people of one month are compared by the gap that the same time before showed of both, each
    shrunk by its reliability, so that regression to the mean is the same for both; the line that uncoached people's
    later gaps follow is what the coached would have come to. Actions are pooled partially, towards each other and
    towards ``closing.toml``. The same is done on the time before that, which coaching cannot have changed.

    Returns
    -------
    Record or None
        None without a record of coaching towards these levers.

    Source
    ------
    Abadie 2005 and Chabé-Ferret 2015 (differences in differences conditional on the outcome before, and their bias by
    regression to the mean); Gelman & Hill 2007, chapter 12 (partial pooling).
    """
    episodes = _episodes(design, coached)
    if episodes.empty:
        return None
    parts = list(_cohorts(design, coached, episodes))
    if not parts:
        return Record("few", 0)
    rows = pd.concat(parts, ignore_index=True)
    helped = rows["coached"] & (rows["gap"] > MIN_GAP_SD) & rows["after"].notna()
    people = int(rows.loc[helped, "person"].nunique())
    checked = helped & rows["earlier"].notna()
    if people < MIN_COACHED or rows.loc[checked, "person"].nunique() < MIN_COACHED:
        return Record("few", people)
    rng = np.random.default_rng(coached.seed)
    weights = rng.exponential(size=(REWEIGHTINGS, len(coached.people)))
    before, before_draws, before_noise = _shares(rows, checked, "earlier", weights, ("",))
    before_error = float(np.sqrt(max(float(before_draws.var()), float(before_noise[0]))))
    whole, draws, noise = _shares(rows, helped, "after", weights, ("",))
    error = float(np.sqrt(max(float(draws.var()), float(noise[0]))))
    estimate = float(whole[0])
    record = Record(
        "differed" if abs(float(before[0])) > PLACEBO_Z * before_error else "learned",
        people, estimate, estimate - Z_90 * error, estimate + Z_90 * error, float(before[0]), before_error,
    )  # fmt: skip
    return _pooled(record, rows, helped, weights) if record.verdict == "learned" else record


def _episodes(design: Design, coached: Coached, /) -> pd.DataFrame:
    """The record as codes: person, lever, first day and month, and the action."""
    log = coached.log
    code = {name: at for at, name in enumerate(coached.people)}
    place = {lever: at for at, lever in enumerate(design.levers)}
    if log.empty:
        return pd.DataFrame()
    frame = pd.DataFrame(
        {
            "person": log["employee_id"].map(code),
            "lever": log["kpi"].map(place),
            "start": pd.to_datetime(log["started_at"]),
            "days": (pd.to_datetime(log["ended_at"]) - pd.to_datetime(log["started_at"])).dt.days,
            "action": log["action"].fillna("").astype(str),
        }
    ).dropna(subset=["person", "lever", "start"])
    frame["month"] = frame["start"].dt.to_period("M").dt.start_time
    return frame.astype({"person": np.int64, "lever": np.int64}).sort_values("start", ignore_index=True)


def _cohorts(design: Design, coached: Coached, episodes: pd.DataFrame, /) -> Iterator[pd.DataFrame]:
    """Per lever and month in which somebody's coaching began: who was coached and who was not, before and after."""
    cycle = pd.Timedelta(days=coached.cycle_days)
    days = episodes["days"].clip(0, coached.cycle_days).median()
    lag = pd.Timedelta(days=0 if np.isnan(days) else float(days))
    first, last = coached.opened.min(), coached.opened.max()
    count = len(coached.people)
    for (lever, month), begun in episodes.groupby(["lever", "month"]):
        begin, end = pd.Timestamp(month), pd.Timestamp(month) + pd.offsets.MonthBegin(1) + lag
        since = begin - BEFORE_CYCLES * cycle
        if begin - first < MIN_SEEN_CYCLES * cycle or last - end < MIN_SEEN_CYCLES * cycle:
            continue
        mine = episodes[episodes["lever"] == lever]
        busy = mine[(mine["start"] >= since) & (mine["start"] < end + cycle)]
        other = np.isin(np.arange(count), busy.loc[busy["month"] != month, "person"])
        now = begun.drop_duplicates("person").set_index("person")["action"]
        chosen = np.isin(np.arange(count), now.index)
        windows = {
            "before": (since, begin),
            "after": (end, end + cycle),
            "earlier": (since - BEFORE_CYCLES * cycle, since),
        }
        rows = _compared(design, coached, int(lever), windows, chosen)
        rows["new"] = (coached.hired > np.datetime64(begin - pd.Timedelta(days=183))).astype(float)
        rows["action"] = now.reindex(rows["person"]).to_numpy()
        rows["cohort"] = f"{lever} {month}"
        rows = rows[~other & rows["gap"].notna().to_numpy()]
        if int((~rows["coached"]).sum()) >= MIN_COMPARABLE and rows["coached"].any():
            yield rows


def _compared(
    design: Design,
    coached: Coached,
    lever: int,
    windows: dict[str, tuple[pd.Timestamp, pd.Timestamp]],
    chosen: Flags,
    /,
) -> pd.DataFrame:
    """Gaps of everybody in each window, in between-person standard deviations; positive is behind."""
    found = {}
    for name, (start, end) in windows.items():
        inside = ((coached.opened >= start) & (coached.opened < end)).to_numpy()
        found[name] = measurements(design, lever, coached.team, inside)
    before = found["before"]
    known = np.isfinite(before.value)
    # a gap is to all comparable people; where the others lie later is taken from the uncoached alone
    middle = float(before.value[known].mean()) if known.any() else np.nan
    spread = float(np.var(before.value[known]) - before.noise[known].mean()) if known.sum() > 1 else 0.0
    reliable = spread / (spread + before.noise) if spread > 0 else np.full(known.size, np.nan)
    scale = float(np.sqrt(spread)) if spread > 0 else np.nan
    return pd.DataFrame(
        {
            "person": np.arange(known.size),
            "coached": chosen,
            "gap": -reliable * (before.value - middle) / scale,
            "after": -found["after"].value / scale,
            "earlier": -found["earlier"].value / scale,
        }
    )


def _shares(
    rows: pd.DataFrame, helped: pd.Series, when: str, weights: Floats, actions: Sequence[str], /
) -> tuple[Floats, Floats, Floats]:
    """Share of the gap that is gone beyond what uncoached people's gaps show, per action (``""``: all together).

    Returns
    -------
    tuple of arrays
        Estimates (actions,), their draws by reweighting people (draws, actions), and the variance that single people's
        spread alone explains (actions,).
    """
    value = rows[when].to_numpy(float)
    gap, person = rows["gap"].to_numpy(float), rows["person"].to_numpy(np.int64)
    free = ~rows["coached"].to_numpy(bool) & np.isfinite(value)
    new = rows["new"].to_numpy(float)
    cohort = pd.get_dummies(rows["cohort"]).to_numpy(float)
    known = np.column_stack([cohort, gap, new, new * gap])
    treated = helped.to_numpy(bool)
    each = [treated & ((rows["action"] == action).to_numpy() | (action == "")) for action in actions]

    def share(weight: Floats) -> Floats:
        root = np.sqrt(weight)
        line = np.linalg.lstsq(known[free] * root[free, None], value[free] * root[free], rcond=None)[0]
        gone = known @ line - value
        return np.array([(weight * gap * gone)[of].sum() / (weight * gap**2)[of].sum() for of in each])

    line = np.linalg.lstsq(known[free], value[free], rcond=None)[0]
    estimate = share(np.ones(len(rows)))
    residual = (known @ line - value)[free]
    noise = np.array([float(np.mean(residual**2)) / float((gap[of] ** 2).sum()) for of in each])
    draws = np.array([share(drawn[person]) for drawn in weights])
    return estimate, draws, noise


def _pooled(record: Record, rows: pd.DataFrame, helped: pd.Series, weights: Floats, /) -> Record:
    """Pool actions partially: towards each other, and together towards what is believed beforehand."""
    belief = shipped()
    actions = tuple(sorted(rows.loc[helped, "action"].unique()))
    # "" would stand for all together; whoever recorded no action is one kind of coaching
    named = rows.assign(action=rows["action"].where(rows["action"] != "", "?"))
    keys = tuple(action or "?" for action in actions)
    estimate, draws, noise = _shares(named, helped, "after", weights, keys)
    believed = np.zeros(len(keys))
    for at, key in enumerate(keys):
        mine = named[helped & (named["action"] == key)]
        prior = np.where(mine["new"] > 0, belief.newcomer, belief.experienced)
        believed[at] = float((mine["gap"] ** 2 * prior).sum() / (mine["gap"] ** 2).sum())
    sampled = np.atleast_2d(np.cov(draws.T))
    np.fill_diagonal(sampled, np.maximum(np.diag(sampled), noise))
    common = belief.error**2
    prior = common + belief.between_actions**2 * np.eye(len(keys))
    gain = np.linalg.solve(prior + sampled, np.column_stack([estimate - believed, prior, np.full(len(keys), common)]))
    lift = prior @ gain[:, 0]
    variance = np.diag(prior - prior @ gain[:, 1:-1])
    other = common * float(gain[:, 0].sum())
    left = common + belief.between_actions**2 - common * float(gain[:, -1].sum())
    return Record(
        record.verdict, record.people, record.estimate, record.low, record.high, record.placebo, record.placebo_error,
        actions, tuple(map(float, lift)), tuple(map(float, variance)), (other, left),
    )  # fmt: skip
