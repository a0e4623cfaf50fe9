"""The event log of support's cases: who did what, when it began and when it was done."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.scenarios.product.story import ProductStory
from simulation.scenarios.product.teams import team_name

__all__ = ["case_steps"]

_DAY = np.timedelta64(86_400_000_000, "us")
_HANDED_OVER = ("defect_report", "data_repair")


def case_steps(story: ProductStory, cases: pd.DataFrame, seed: int, /) -> pd.DataFrame:
    """Return the path of every case, with a column ``lifecycle`` (start, complete) as event logs have it.

    A case is received, sorted, answered, worked on, checked and closed. A defect that support cannot mend waits for the
    product team that owns the function, works there, and comes back; a reopened case is worked on a second time.

    Parameters
    ----------
    cases : pandas.DataFrame
        As ``records.cases`` gives them; nothing here lies beyond their times.

    Returns
    -------
    pandas.DataFrame
        case_id, at, activity, team_id, employee_id, lifecycle.
    """
    rng = np.random.default_rng([seed, 27])
    count = len(cases)
    opened = cases["opened_at"].to_numpy("datetime64[us]")
    closed = cases["closed_at"].to_numpy("datetime64[us]")
    end = story.calendar.times(np.array([float(story.calendar.observed_days[1])])).astype("datetime64[us]")[0]
    # the path of a case that is not over yet is laid out as if it took ten days, and cut where observation ends
    over = np.where(np.isnat(closed), opened + 10 * _DAY, closed)
    responded = cases["responded_at"].to_numpy("datetime64[us]")
    known = ~np.isnat(responded) & (responded > opened) & (responded < over)
    answered = np.where(known, responded, opened + ((over - opened) * 0.2).astype("timedelta64[us]"))
    owner = _owners(story, cases, rng)
    handed = cases["process"].isin(_HANDED_OVER).to_numpy() & ~cases["resolved_first"].fillna(True).to_numpy(bool)
    again = (cases["reopened"].fillna(0) > 0).to_numpy()
    everyone = np.ones(count, bool)
    inside = over - answered
    cuts = np.sort(rng.random((6, count)), axis=0)
    # the wait for the product team is the longest part
    cuts[2] = cuts[1] + 0.6 * (cuts[3] - cuts[1])
    back = cuts[3] + 0.3 * (cuts[4] - cuts[3])

    def before(share: np.ndarray) -> np.ndarray:
        return opened + ((answered - opened) * share).astype("timedelta64[us]")

    def after(share: np.ndarray) -> np.ndarray:
        return answered + (inside * share).astype("timedelta64[us]")

    begun = before(0.75 + 0.2 * rng.random(count))
    path = [
        ("receive", "complete", opened, everyone, "none"),
        ("sort", "start", before(0.1 + 0.1 * rng.random(count)), everyone, "team"),
        ("sort", "complete", before(0.3 + 0.1 * rng.random(count)), everyone, "team"),
        ("answer", "start", begun, everyone, "person"),
        ("answer", "complete", answered, everyone, "person"),
        ("mend in product team", "start", after(cuts[2]), handed, "product"),
        ("mend in product team", "complete", after(cuts[3]), handed, "product"),
        ("work on", "start", after(np.where(handed, back, cuts[0])), everyone, "person"),
        ("work on", "complete", after(cuts[4]), everyone, "person"),
        ("work on", "start", after(0.5 * (cuts[4] + cuts[5])), again, "person"),
        ("work on", "complete", after(cuts[5]), again, "person"),
        ("close", "complete", over, everyone, "person"),
    ]
    frames = []
    for place, (activity, lifecycle, at, happened, who) in enumerate(path):
        rows = happened & (at < end) & ~((activity == "close") & np.isnat(closed))
        frames.append(
            pd.DataFrame(
                {
                    "case_id": cases["case_id"].to_numpy()[rows],
                    "at": at[rows].astype("datetime64[s]"),
                    "activity": activity,
                    "team_id": _of(who, owner, cases["team_id"].to_numpy(object))[rows],
                    "employee_id": cases["employee_id"].to_numpy(object)[rows] if who == "person" else None,
                    "lifecycle": lifecycle,
                    "place": place,
                }
            )
        )
    log = pd.concat(frames, ignore_index=True).sort_values(["case_id", "at", "place"], kind="stable")
    return log.drop(columns="place").astype({"team_id": "str", "employee_id": "str"}).reset_index(drop=True)


def _of(who: str, owner: np.ndarray, support: np.ndarray, /) -> np.ndarray:
    if who == "none":
        return np.full(support.size, None, object)
    return owner if who == "product" else support


def _owners(story: ProductStory, cases: pd.DataFrame, rng: np.random.Generator, /) -> np.ndarray:
    """Choose the product team whose function each case is about: one of those that the account uses, by its use."""
    accounts = story.accounts
    account = cases["customer_id"].str[1:].astype(int).to_numpy() - 1
    ends = np.cumsum(np.bincount(accounts.account, minlength=accounts.customers.count))
    before = np.concatenate([[0.0], np.cumsum(accounts.share)])
    first = np.concatenate([[0], ends[:-1]])[account]
    target = before[first] + rng.random(account.size) * (before[ends[account]] - before[first])
    pair = np.clip(np.searchsorted(before, target, side="right") - 1, first, ends[account] - 1)
    return np.array([team_name(number) for number in range(story.teams.count)], object)[accounts.team[pair]]
