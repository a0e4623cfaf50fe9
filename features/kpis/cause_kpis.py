"""Causes as KPIs: what customers write about, as metrics like any other.

The step ``texts`` gives each case with a text a cause; its code then stands beside the case's own columns as
``text_cause``, and each of the most frequent causes becomes a KPI ``cause_<code>``: the share of cases about it, among
those whose text could be classified. It reports what the customer met, so its role is ``outcome``: it feeds predictions
and attributions, and moves no weight.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from baton.catalogue.schema import Catalogue, Kpi, Text
from baton.files import read_json, write_json
from features.kpis.evaluate import feature_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CAUSE_COLUMN",
    "MAX_CAUSES",
    "OTHER",
    "CauseKpi",
    "cause_codes",
    "cause_kpis",
    "learned_features",
    "load_causes",
    "longest_only",
    "save_causes",
    "with_causes",
]

CAUSE_COLUMN = "text_cause"
"""The column of ``cases`` with the code of what the customer wrote about."""

MAX_CAUSES = 15
"""Causes beyond the most frequent ones are summed under ``other``."""

OTHER = "other"
_MIN_CASES_OF_A_CAUSE = 30
_CODE = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
_OTHER_NAME = Text(en="Other causes", zh="其他原因")


@dataclass(frozen=True)
class CauseKpi:
    """A cause that is a KPI.

    Parameters
    ----------
    code : str
        As in the column ``text_cause`` of the cases; the KPI is called ``cause_<code>``.
    cause : str
        The company's own label, or the taxonomy's id.
    en, zh : str
        Its name.
    stage : str
        Of the journey, or ``any``.
    known_at : str
        Time column of ``cases`` at which the customer had written.
    """

    code: str
    cause: str
    en: str
    zh: str
    stage: str = "any"
    known_at: str = "opened_at"

    @property
    def kpi(self) -> str:
        """The id of its KPI."""
        return f"cause_{self.code}"


def cause_kpis(
    causes: pd.Series,
    describe: Callable[[str], tuple[Text, str]],
    /,
    taken: Sequence[str] = (),
    known_at: str = "opened_at",
) -> list[CauseKpi]:
    """Choose the causes that become KPIs: the most frequent, and one for the rest.

    Parameters
    ----------
    causes : pandas.Series
        Cause per case; null where the text could not be classified.
    describe : callable
        From a cause to its name and its stage of the journey.
    taken : sequence of str
        Ids of KPIs that are there already.
    known_at : str
        Time column of ``cases`` at which the customer had written.

    Returns
    -------
    list of CauseKpi
        Most frequent first; a cause with fewer than 30 cases counts as ``other``.

    Examples
    --------
    >>> import pandas as pd
    >>> named = pd.Series(["Billing error"] * 40 + ["等待"] * 35 + ["rare"] * 2 + [None])
    >>> found = cause_kpis(named, lambda cause: (Text(en=cause, zh=cause), "any"))
    >>> [(one.kpi, one.en) for one in found]
    [('cause_billing_error', 'Billing error'), ('cause_c_4c66c64d', '等待'), ('cause_other', 'Other causes')]
    """
    counts = causes.dropna().astype("str").value_counts()
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")  # equal counts in the order of their names
    frequent = [str(cause) for cause in counts.index[:MAX_CAUSES] if counts[cause] >= _MIN_CASES_OF_A_CAUSE]
    found: list[CauseKpi] = []
    used = {OTHER, *(kpi.removeprefix("cause_") for kpi in taken if kpi.startswith("cause_"))}
    for cause in frequent:
        name, stage = describe(cause)
        code = _code(cause)
        if code == OTHER:
            continue  # the company's own word for the rest
        if code in used:
            code = _digest(cause)
        used.add(code)
        found.append(CauseKpi(code, cause, name.en, name.zh, stage, known_at))
    if len(found) < len(counts) and found:
        code = OTHER if f"cause_{OTHER}" not in taken else _digest(OTHER)
        found.append(CauseKpi(code, OTHER, _OTHER_NAME.en, _OTHER_NAME.zh, known_at=known_at))
    return found


def cause_codes(causes: pd.Series, chosen: Sequence[CauseKpi], /) -> pd.Series:
    """Return each case's code; what was not chosen is ``other``, what could not be classified stays null."""
    known = {one.cause: one.code for one in chosen}
    rest = known.get(OTHER)
    named = causes.astype("object").where(causes.notna(), None)
    return named.map(lambda cause: None if cause is None else known.get(str(cause), rest)).astype("str")


def with_causes(catalogue: Catalogue, causes: Sequence[CauseKpi], /) -> Catalogue:
    """Return the catalogue with a KPI per cause.

    Parameters
    ----------
    causes : sequence of CauseKpi
    """
    if not causes:
        return catalogue
    stages = {stage.id for stage in catalogue.stages}
    kpis = tuple(
        Kpi(
            id=one.kpi,
            name=Text(en=f"Cases about: {one.en}", zh=f"客户所述原因：{one.zh}"),
            description=Text(
                en="Share of the cases whose text could be classified in which the customer writes about this.",
                zh="在文本含义可判断的工单中，客户谈及该原因的占比。",
            ),
            layer="operational",
            perspective="customer",
            stage=one.stage if one.stage in stages else "any",
            source="cases",
            expr=f"{CAUSE_COLUMN} = '{one.code}'",
            known_at=one.known_at,
            aggregate="share",
            grains=("customer", "team", "stage", "process"),
            better="lower",
            unit="share",
            role="outcome",
        )
        for one in causes
        if one.kpi not in catalogue
    )
    return Catalogue((*catalogue.values(), *kpis), catalogue.stages, catalogue.actions, catalogue.notes)


def save_causes(place: Path, causes: Sequence[CauseKpi], /) -> None:
    """Write which causes are KPIs."""
    write_json(place, [asdict(one) for one in causes])


def load_causes(place: Path, /) -> list[CauseKpi]:
    """Read which causes are KPIs; none where the file is absent."""
    return [CauseKpi(**entry) for entry in read_json(place)] if place.exists() else []


def _code(cause: str, /) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", cause.casefold().replace("'", "")).strip("_")
    readable = _CODE.fullmatch(plain) is not None and cause.isascii()
    return plain if readable else _digest(cause)


def _digest(cause: str, /) -> str:
    return f"c_{hashlib.blake2b(cause.encode(), digest_size=4).hexdigest()}"


def longest_only(kpis: Iterable[Kpi], /) -> frozenset[str]:
    """Return the KPIs whose longest window alone is learned from: causes.

    A customer writes of one cause a few times a year: shorter windows, trends and counts of fifteen causes are nearly
    always empty; they made training slower by far and added no information.
    """
    return frozenset(kpi.id for kpi in kpis if CAUSE_COLUMN in (kpi.expr or ""))


def learned_features(kpi: Kpi, windows_days: Sequence[int], /) -> tuple[str, ...]:
    """Return the names of a KPI's features that are learned from: of a cause the longest window alone, else all."""
    if longest_only([kpi]):
        return (feature_names(kpi.id, windows_days)[len(windows_days) - 1],)
    return tuple(feature_names(kpi.id, windows_days))
