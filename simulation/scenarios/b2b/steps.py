"""The event log of deliveries, projects and go-lives: who did what, when it began and when it was done."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.scenarios.b2b.story import B2bStory

__all__ = ["case_steps"]

# step, share of the case's time at which it begins and ends, only if something went wrong
_PATHS: dict[str, tuple[tuple[str, float, float, bool], ...]] = {
    "supplier_delivery": (
        ("order confirmed", 0.00, 0.05, False), ("made", 0.20, 0.55, False), ("shipped", 0.60, 0.75, False),
        ("inspected", 0.80, 0.84, False), ("sent back", 0.85, 0.88, True), ("made", 0.89, 0.94, True),
        ("inspected", 0.95, 0.97, True), ("received", 0.98, 1.00, False),
    ),
    "joint_project": (
        ("kick-off", 0.00, 0.02, False), ("design", 0.04, 0.25, False), ("customer's approval", 0.26, 0.38, False),
        ("build", 0.45, 0.70, False), ("test", 0.72, 0.80, False), ("build", 0.82, 0.88, True),
        ("test", 0.89, 0.93, True), ("handover", 0.96, 1.00, False),
    ),
    "go_live": (
        ("rehearsal", 0.05, 0.20, False), ("switch over", 0.40, 0.45, False), ("roll back", 0.46, 0.50, True),
        ("switch over", 0.75, 0.80, True), ("acceptance", 0.90, 1.00, False),
    ),
}  # fmt: skip
_DAY = np.timedelta64(86_400_000_000, "us")


def case_steps(story: B2bStory, cases: pd.DataFrame, seed: int, /) -> pd.DataFrame:
    """Return the path of every delivery, project and go-live, with a column ``lifecycle`` (start, complete).

    A delivery with a defect is sent back and made again; a project that missed its goals is built and tested twice; a
    go-live that failed is rolled back.

    Parameters
    ----------
    cases : pandas.DataFrame
        As ``records.cases`` gives them.

    Returns
    -------
    pandas.DataFrame
        case_id, at, activity, team_id, employee_id, lifecycle.
    """
    rng = np.random.default_rng([seed, 39])
    end = story.calendar.times(np.array([float(story.calendar.observed_days[1])])).astype("datetime64[us]")[0]
    frames = []
    for process, path in _PATHS.items():
        chosen = cases[cases["process"] == process]
        opened, closed = (chosen[name].to_numpy("datetime64[us]") for name in ("opened_at", "closed_at"))
        # a case that is not over is laid out as if it took until it is due, and cut where observation ends
        expected = np.maximum(chosen["due_at"].to_numpy("datetime64[us]"), end + _DAY)
        length = np.where(np.isnat(closed), expected, closed) - opened
        if process == "supplier_delivery":
            wrong = (chosen["reopened"].fillna(0) > 0).to_numpy()
        else:
            wrong = ~chosen["resolved_first"].fillna(True).to_numpy(bool)
        stretch = rng.uniform(0.9, 1.0, len(chosen))
        for place, (step, begins, ends, only_wrong) in enumerate(path):
            for lifecycle, share in (("start", begins), ("complete", ends)):
                final = place == len(path) - 1 and lifecycle == "complete"
                at = opened + (length * (share if final else share * stretch)).astype("timedelta64[us]")
                rows = (wrong if only_wrong else np.ones(len(chosen), bool)) & (at < end)
                rows &= ~(np.isnat(closed) & final)
                frames.append(
                    pd.DataFrame(
                        {
                            "case_id": chosen["case_id"].to_numpy(object)[rows],
                            "at": at[rows].astype("datetime64[s]"),
                            "activity": step,
                            "team_id": chosen["team_id"].to_numpy(object)[rows],
                            "employee_id": chosen["employee_id"].to_numpy(object)[rows],
                            "lifecycle": lifecycle,
                            "place": 2 * place + (lifecycle == "complete"),
                        }
                    )
                )
    log = pd.concat(frames, ignore_index=True).sort_values(["case_id", "at", "place"], kind="stable")
    return log.drop(columns="place").astype({"team_id": "str", "employee_id": "str"}).reset_index(drop=True)
