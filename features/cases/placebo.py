"""The same cases with their outcomes permuted, or only half of them: what advice must do on these is known.

On permuted outcomes nothing may be advised; on either half of the customers, or of the people, the advice should agree.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.cases.exposures import ExposureTable
from features.cases.table import CaseTable
from features.kpis.columns import outcome_columns
from features.kpis.sampling import chosen

__all__ = ["halved", "permuted"]

_ALIKE = ("process", "period")


def permuted(cases: CaseTable, seed: int) -> CaseTable:
    """Return the cases with their outcomes permuted among cases of one process and month.

    All outcomes of a case travel together, and an unknown outcome travels like any other, so that shares, trends and
    differences between processes stay; what anybody did has nothing to do with what came after.

    Returns
    -------
    CaseTable
    """
    met = cases.exposures
    if met is not None:
        met = replace(met, frame=_permuted(met.frame, ("as_of",), seed))
    return replace(cases, frame=_permuted(cases.frame, _ALIKE, seed), exposures=met)


def halved(
    cases: CaseTable, seed: int, by: Literal["customer", "employee"] = "customer"
) -> tuple[CaseTable, CaseTable]:
    """Split the cases into two halves of whole customers, or of whole employees.

    Parameters
    ----------
    by : {"customer", "employee"}
        Cases of nobody known fall into either half one by one.

    Returns
    -------
    tuple of CaseTable
        Halves by customers stand for the whole company (``sampled_share`` says so); halves by employees are two
        companies of half the staff each.
    """
    frame = cases.frame
    if frame.empty and cases.exposures is None:
        return cases, cases
    owner = frame[f"{by}_id"].astype("str").where(frame[f"{by}_id"].notna(), frame["case_id"].astype("str"))
    first = owner.isin(set(chosen(owner.unique().tolist(), 0.5, seed)))
    share = cases.sampled_share / 2 if by == "customer" else cases.sampled_share
    one, two = (
        replace(cases, frame=frame[half].reset_index(drop=True), sampled_share=share) for half in (first, ~first)
    )
    if cases.exposures is not None and by == "customer":
        mine = cases.exposures.frame["customer_id"].isin(set(chosen(_names(cases), 0.5, seed)))
        one = replace(one, exposures=_some_rows(cases.exposures, mine.to_numpy()))
        two = replace(two, exposures=_some_rows(cases.exposures, ~mine.to_numpy()))
    return one, two


def _names(cases: CaseTable, /) -> list[str]:
    """Return the ids of the customers of cases and exposures."""
    names = set(cases.frame["customer_id"].dropna().astype("str"))
    return sorted(names | (set() if cases.exposures is None else set(cases.exposures.frame["customer_id"])))


def _some_rows(exposures: ExposureTable, kept: NDArray[np.bool_], /) -> ExposureTable:
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    shares = exposures.shares[kept[exposures.shares["row"].to_numpy()]]
    shares = shares.assign(row=place[shares["row"].to_numpy()]).reset_index(drop=True)
    return replace(exposures, frame=exposures.frame[kept].reset_index(drop=True), shares=shares)


def _permuted(frame: pd.DataFrame, alike: tuple[str, ...], seed: int, /) -> pd.DataFrame:
    outcomes = outcome_columns(frame.columns)
    if not outcomes:
        return frame
    keys = [key for key in alike if key in frame]
    codes = (
        frame.groupby(keys, dropna=False, observed=True, sort=False).ngroup().to_numpy()
        if keys
        else np.zeros(len(frame), dtype=np.int64)
    )
    source = _shuffled_within(codes, seed)
    return frame.assign(**{name: frame[name].to_numpy()[source] for name in outcomes})


def _shuffled_within(codes: NDArray[np.int64], seed: int, /) -> NDArray[np.int64]:
    """Return for each row the row of the same group whose outcome it takes."""
    shuffled = np.argsort(codes + np.random.default_rng(seed).random(len(codes)), kind="stable")
    source = np.empty(len(codes), dtype=np.int64)
    source[np.argsort(codes, kind="stable")] = shuffled
    return source
