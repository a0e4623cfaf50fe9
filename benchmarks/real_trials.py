"""Does the same come out on each half of the data, and is nothing advised where outcomes were permuted?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from features.cases.placebo import halved, permuted
from features.cases.table import CaseTable, Organisation
from features.kpis.sampling import chosen
from features.training.table import TrainingTable


@dataclass(frozen=True)
class Advised:
    """What one set of cases leads to.

    Parameters
    ----------
    effects : pandas.Series
        Per lever of the outcome that weights serve; helpful is positive.
    p_value : float
        Of the joint test; NaN where nothing could be tested.
    sketched : int
        Cards that are filled where none is known.
    moved : int
        Cards that change if every team's card shared its points equally among the levers.
    verdicts : dict of str to str
        Per lever: up, down, both or kept on these made-up cards.
    coached : int
        Offers of help.
    """

    effects: pd.Series
    p_value: float
    sketched: int
    moved: int
    verdicts: dict[str, str]
    coached: int


def advised(company: Company, catalogue: Catalogue, cases: CaseTable, organisation: Organisation, /) -> Advised:
    """Run effects, weights and coaching, and the same weights on made-up cards of equal points."""
    from models.advice.advise import advise
    from models.advice.settings import Settings
    from models.advice.weights import recommend

    advice = advise(cases, organisation, catalogue, Settings.of(company, learners=False))
    found, sketch = advice.effects.primary, advice.weights
    made_up = replace(advice.inputs, cards=_equal_cards(sketch, () if found is None else found.levers))
    moved = recommend(made_up, company.policy) if len(made_up.cards) else sketch.iloc[:0]
    change = (moved["recommended_weight"] - moved["current_weight"]).fillna(0.0)
    values = pd.Series(dtype="float64")
    if found is not None:
        values = pd.Series(found.helpful * found.point, index=list(found.levers), dtype="float64")
    filled = sketch[sketch["current_weight"].isna() & (sketch["recommended_weight"].fillna(0) > 0)]
    return Advised(
        effects=values,
        p_value=min(found.p_values.values(), default=float("nan")) if found is not None else float("nan"),
        sketched=len(filled[["team_id", "role"]].drop_duplicates()),
        moved=len(moved.loc[change.abs() > 1e-6, ["team_id", "role"]].drop_duplicates()),
        verdicts={str(kpi): _turn(part) for kpi, part in change.groupby(moved["kpi"])},
        coached=len(advice.coaching),
    )


def halves(
    company: Company, catalogue: Catalogue, cases: CaseTable, organisation: Organisation, seeds: range, /
) -> Iterator[tuple[str, int, Advised, Advised]]:
    """Advise each half: of the customers and, where they are known, of the employees."""
    ways = ["customer", *(["employee"] if cases.frame["employee_id"].notna().any() else [])]
    for by in ways:
        for seed in seeds:
            one, two = halved(cases, seed, by)  # type: ignore[arg-type]
            yield (
                by,
                seed,
                advised(company, catalogue, one, organisation),
                advised(company, catalogue, two, organisation),
            )


def permutations(
    company: Company, catalogue: Catalogue, cases: CaseTable, organisation: Organisation, seeds: range, /
) -> Iterator[tuple[int, Advised]]:
    """Advise where outcomes were permuted among cases of one process and month."""
    for seed in seeds:
        yield seed, advised(company, catalogue, permuted(cases, seed), organisation)


def rank_correlation(one: pd.Series, two: pd.Series, /) -> float:
    """Spearman's, over what both have; NaN for fewer than three."""
    both = pd.concat([one, two], axis=1, join="inner").dropna()
    if len(both) < 3:
        return float("nan")
    return float(both.rank().corr().iloc[0, 1])


def drivers_on_halves(table: TrainingTable, seed: int, /) -> tuple[pd.Series, pd.Series]:
    """Mean absolute attribution per KPI, learned on each half of the groups and computed on the other half's rows."""
    from models.prediction.attribution import per_kpi
    from models.prediction.predictor import BIAS, predictor_class

    rows = table.labelled
    first = rows["group"].isin(set(chosen(sorted(rows["group"].unique()), 0.5, seed)))
    attributed = []
    for mine in (first, ~first):
        predictor = predictor_class(table.outcome).fit(replace(table, frame=rows[mine]), seed)
        seen = predictor.contributions(rows.loc[~mine, list(table.features)].head(20_000))
        attributed.append(per_kpi(seen, table.kpi_of, name_context=True).drop(columns=BIAS).abs().mean())
    return attributed[0], attributed[1]


def _equal_cards(sketch: pd.DataFrame, levers: tuple[str, ...], /) -> pd.DataFrame:
    teams = sketch[["team_id", "role"]].drop_duplicates()
    lines = pd.DataFrame({"kpi": list(levers), "weight": 100.0 / max(len(levers), 1)})
    return teams.merge(lines, how="cross") if len(levers) > 1 else sketch.iloc[:0][["team_id", "role", "kpi"]]


def _turn(change: pd.Series, /) -> str:
    up, down = bool((change > 1e-6).any()), bool((change < -1e-6).any())
    return "both" if up and down else "up" if up else "down" if down else "kept"


def agreement(pairs: list[tuple[Advised, Advised]], /) -> dict[str, float]:
    """Say over several splits how far halves agree.

    Parameters
    ----------
    pairs : list of (Advised, Advised)

    Returns
    -------
    dict of str to float
        rank: mean rank correlation of effects (three levers at least); signs: share of levers of one sign in both;
        verdicts: share of levers with the same verdict in both; opposite: share that one half raises and the other
        lowers.
    """
    ranks, signs, same, opposite = [], [], [], []
    for one, two in pairs:
        ranks.append(rank_correlation(one.effects, two.effects))
        for lever in one.effects.index.intersection(two.effects.index):
            signs.append(float(one.effects[lever] * two.effects[lever] > 0))
        for lever in sorted(set(one.verdicts) | set(two.verdicts)):
            verdicts = (one.verdicts.get(lever, "kept"), two.verdicts.get(lever, "kept"))
            same.append(float(verdicts[0] == verdicts[1]))
            opposite.append(float(set(verdicts) == {"up", "down"}))
    known = [rank for rank in ranks if rank == rank]
    return {
        "rank": float(np.mean(known)) if known else float("nan"),
        "signs": float(np.mean(signs)) if signs else float("nan"),
        "verdicts": float(np.mean(same)) if same else float("nan"),
        "opposite": float(np.mean(opposite)) if opposite else float("nan"),
    }
