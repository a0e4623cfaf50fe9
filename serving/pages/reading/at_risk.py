"""Customers of a run by what is at stake, with their signs and teams, as arrays: a page takes its rows at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from baton.informative import is_informative
from baton.wording.leaving import SIGNS
from serving.loading import LoadedRun, plain_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["AtRisk", "Wanted"]


@dataclass(frozen=True)
class Wanted:
    """Which customers are asked for.

    Parameters
    ----------
    team, sign : str
        A team that serves them, a KPI or feature that raises their chance; empty: any.
    at_least : float or None
        Money a year at stake.
    """

    team: str = ""
    sign: str = ""
    at_least: float | None = None


@dataclass(frozen=True)
class AtRisk:
    """Customers of a run, those with the most at stake first; by chance where no value is known.

    Parameters
    ----------
    table : pyarrow.Table
        ``churn``, in this order.
    chance, stake : ndarray of float
        NaN where a customer's value is not known.
    teams, signs : tuple of str
        Teams that serve customers; KPIs and features that raise chances.
    served_by, shown_by : tuple of ndarray of int
        Places of customers, and which team, or sign, each has.
    """

    table: pa.Table
    chance: NDArray[np.float64]
    stake: NDArray[np.float64]
    teams: tuple[str, ...]
    served_by: tuple[NDArray[np.int64], NDArray[np.int64]]
    signs: tuple[str, ...]
    shown_by: tuple[NDArray[np.int64], NDArray[np.int64]]

    @classmethod
    def of(cls, run: LoadedRun, /) -> AtRisk | None:
        """Return the customers of a run, None where it has no predictions better than guessing."""
        churn = run.table("churn")
        if churn is None or not churn.num_rows or not is_informative(run.results.evaluation.get("churn", {})):
            return None
        chance, stake = (
            churn[name].to_numpy(zero_copy_only=False).astype(float) for name in ("probability", "value_at_risk")
        )
        by = chance if np.isnan(stake).all() else stake
        ids = churn["customer_id"].to_numpy(zero_copy_only=False).astype(str)
        order = np.lexsort((ids, -np.nan_to_num(by, nan=-1.0)))
        churn = churn.take(order).combine_chunks()
        teams, served_by = _served(ids[order].tolist(), run)
        signs, shown_by = _signs(churn)
        return cls(churn, chance[order], stake[order], teams, served_by, signs, shown_by)

    @property
    def has_value(self) -> bool:
        """Whether it is known of anybody what is at stake."""
        return not bool(np.isnan(self.stake).all())

    @property
    def is_flat(self) -> bool:
        """Whether the predictions are of no moment in time."""
        return self.table["as_of"].null_count == self.table.num_rows

    def seen(self, may_see: Callable[[str], bool], /) -> NDArray[np.int64]:
        """Return the places of customers whom a team serves that may be seen."""
        customer, team = self.served_by
        allowed = np.array([may_see(each) for each in self.teams], dtype=bool)
        return np.unique(customer[allowed[team]]) if len(team) else np.empty(0, np.int64)

    def place_of(self, customer: str, /) -> NDArray[np.int64] | None:
        """Return the place of one customer; None where there is none of this id."""
        import pyarrow as pa
        import pyarrow.compute as pc

        ids = self.table["customer_id"].cast(pa.string())
        found = pc.index(ids, pa.scalar(customer, pa.string())).as_py()
        return None if found < 0 else np.array([found], dtype=np.int64)

    def named(self, places: NDArray[np.int64], begins: str, most: int, /) -> list[str]:
        """Return ids of some customers that begin with a text, in order; no more than asked for."""
        import pyarrow as pa
        import pyarrow.compute as pc

        ids = self.table["customer_id"].take(pa.array(places)).cast(pa.string())
        fits = pc.starts_with(ids, begins, ignore_case=True)
        return [str(name) for name in ids.filter(fits).slice(0, most).to_pylist()]

    def everybody(self) -> NDArray[np.int64]:
        """Return the places of all customers."""
        return np.arange(len(self.chance))

    def found(self, places: NDArray[np.int64], wanted: Wanted, /) -> NDArray[np.int64]:
        """Return those of some customers who are asked for, in order."""
        if wanted.team:
            places = np.intersect1d(places, _with(self.teams, self.served_by, wanted.team))
        if wanted.sign:
            places = np.intersect1d(places, _with(self.signs, self.shown_by, wanted.sign))
        return places if wanted.at_least is None else places[self.stake[places] >= wanted.at_least]  # NaN is not

    def signs_of(self, places: NDArray[np.int64], /) -> list[str]:
        """Return the signs of some customers, the most frequent first."""
        customer, sign = self.shown_by
        mask = np.zeros(len(self.chance), dtype=bool)
        mask[places] = True
        counts = np.bincount(sign[mask[customer]], minlength=len(self.signs))
        return [self.signs[each] for each in np.argsort(-counts, kind="stable") if counts[each]]

    def rows(self, places: NDArray[np.int64], /) -> list[dict[str, Any]]:
        """Return rows of ``churn``."""
        return plain_rows(self.table.take(places))


def _with(
    names: tuple[str, ...], having: tuple[NDArray[np.int64], NDArray[np.int64]], name: str, /
) -> NDArray[np.int64]:
    customer, which = having
    return customer[which == names.index(name)] if name in names else np.empty(0, np.int64)


def _served(ids: list[str], run: LoadedRun, /) -> tuple[tuple[str, ...], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    of_customer = run.members.teams_of_customer
    pairs = [(place, team) for place, each in enumerate(ids) for team in of_customer.get(each, ())]
    names = tuple(sorted({team for _, team in pairs}))
    number = {name: place for place, name in enumerate(names)}
    customers = np.array([place for place, _ in pairs], dtype=np.int64)
    return names, (customers, np.array([number[team] for _, team in pairs], dtype=np.int64))


def _signs(churn: pa.Table, /) -> tuple[tuple[str, ...], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the drivers that raise each customer's chance most, as ``baton.wording.leaving.raising`` does for one."""
    import pyarrow.compute as pc

    column = churn["drivers"].combine_chunks()
    customer = pc.list_parent_indices(column).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = pc.list_flatten(column)
    kpi = pc.struct_field(flat, "kpi").dictionary_encode()
    size = pc.struct_field(flat, "attribution").to_numpy(zero_copy_only=False)
    which = kpi.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    up = np.flatnonzero(size > 0)
    up = up[np.lexsort((-size[up], customer[up]))]
    first = np.searchsorted(customer[up], customer[up], side="left")
    up = up[np.arange(len(up)) - first < SIGNS]
    return tuple(str(name) for name in kpi.dictionary.to_pylist()), (customer[up], which[up])
