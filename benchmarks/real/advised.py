"""What one set of cases leads to: effects, the joint test, and cards; nothing that advice does not need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from features.cases.table import CaseTable, Organisation
from models.advice.advise import Evidence, evidence
from models.advice.inputs import AdviceInputs
from models.advice.settings import Settings
from models.advice.weights import recommend

__all__ = ["Advised", "Question", "rank_correlation"]

MOVED = 1e-6
"""Points: less is an error of arithmetic."""


@dataclass(frozen=True)
class Advised:
    """What one set of cases leads to.

    Parameters
    ----------
    effects, error : pandas.Series
        Per lever of the outcome that weights serve, and the standard deviation of its draws; helpful is positive.
    p_value : float
        Of the joint test, as the advice uses it; NaN where nothing could be tested.
    targets : pandas.Series
        Per lever the points that the evidence asks for, the mean over all cards; empty where no card was solved.
    sketched : int
        Cards that are filled where none is known.
    moved : int
        Cards that change if every team's card shared its points equally among the levers.
    verdicts : mapping of str to str
        Per lever: up, down, both or kept on these made-up cards.
    coached : int
        Offers of help.
    """

    effects: pd.Series
    error: pd.Series
    p_value: float
    targets: pd.Series
    sketched: int
    moved: int
    verdicts: Mapping[str, str]
    coached: int

    @property
    def summary(self) -> str:
        """One line."""
        effects = ", ".join(f"{kpi} {self.effects[kpi]:+.4f} (SD {self.error[kpi]:.4f})" for kpi in self.effects.index)
        targets = ", ".join(f"{kpi} {points:.0f}" for kpi, points in self.targets.items())
        return (
            f"p {self.p_value:.3f}; helpful effects: {effects or 'none'}; points asked for: {targets or 'none'}; "
            f"{self.sketched} cards sketched; {self.moved} made-up cards moved {dict(self.verdicts)}; "
            f"{self.coached} offers of help"
        )


@dataclass(frozen=True)
class Question:
    """Whose advice is asked for; the same for every set of its cases.

    Parameters
    ----------
    cards : int
        How many teams' cards are solved at most: from the smallest team to the largest. They differ by little else.
    """

    company: Company
    catalogue: Catalogue
    cards: int = 12

    def ask(
        self, cases: CaseTable, organisation: Organisation, /, *, solve: bool = True, chance: float = 0.05
    ) -> Advised:
        """Run effects and coaching; cards too if they are asked for or the joint test is significant.

        Parameters
        ----------
        solve : bool
            Whether cards are solved even where the joint test is not significant and none could move on evidence.
        chance : float
            Up to which the joint test is significant.
        """
        settings = Settings.of(self.company, learners=False)
        seen = evidence(cases, organisation, self.catalogue, settings)
        found = seen.effects.primary
        values = errors = pd.Series(dtype="float64")
        if found is not None:
            levers = list(found.levers)
            values = pd.Series(found.helpful * found.point, index=levers, dtype="float64")
            errors = pd.Series(found.draws.std(axis=0), index=levers, dtype="float64")
        known = seen.effects.table["joint_p"].dropna()
        asked = Advised(
            effects=values, error=errors, p_value=float(known.min()) if len(known) else float("nan"),
            targets=pd.Series(dtype="float64"), sketched=0, moved=0, verdicts={}, coached=len(seen.coaching),
        )  # fmt: skip
        return self._with_cards(asked, seen) if solve or asked.p_value <= chance else asked

    def _with_cards(self, asked: Advised, seen: Evidence, /) -> Advised:
        policy = self.company.policy
        inputs = self._of_some_teams(seen.inputs)
        sketch = recommend(inputs, policy)
        made_up = replace(inputs, cards=_equal_cards(sketch, tuple(asked.effects.index)))
        moved = recommend(made_up, policy) if len(made_up.cards) else sketch.iloc[:0]
        change = (moved["recommended_weight"] - moved["current_weight"]).fillna(0.0)
        filled = sketch[sketch["current_weight"].isna() & (sketch["recommended_weight"].fillna(0) > 0)]
        return replace(
            asked,
            targets=sketch.groupby("kpi")["target_weight"].mean().reindex(asked.effects.index).fillna(0.0),
            sketched=len(filled[["team_id", "role"]].drop_duplicates()),
            moved=len(moved.loc[change.abs() > MOVED, ["team_id", "role"]].drop_duplicates()),
            verdicts={str(kpi): _turn(part) for kpi, part in change.groupby(moved["kpi"])},
        )

    def _of_some_teams(self, inputs: AdviceInputs, /) -> AdviceInputs:
        teams = inputs.headcounts.groupby("team_id")["share"].sum().sort_values(kind="stable").index
        kept = teams[np.unique(np.linspace(0, len(teams) - 1, self.cards).round().astype(int))] if len(teams) else teams
        some = inputs.headcounts["team_id"].isin(kept)
        return replace(
            inputs, headcounts=inputs.headcounts[some], cards=inputs.cards[inputs.cards["team_id"].isin(kept)]
        )


def _equal_cards(sketch: pd.DataFrame, levers: tuple[str, ...], /) -> pd.DataFrame:
    teams = sketch[["team_id", "role"]].drop_duplicates()
    lines = pd.DataFrame({"kpi": list(levers), "weight": 100.0 / max(len(levers), 1)})
    return teams.merge(lines, how="cross") if len(levers) > 1 else sketch.iloc[:0][["team_id", "role", "kpi"]]


def _turn(change: pd.Series, /) -> str:
    up, down = bool((change > MOVED).any()), bool((change < -MOVED).any())
    return "both" if up and down else "up" if up else "down" if down else "kept"


def rank_correlation(one: pd.Series, two: pd.Series, /) -> float:
    """Spearman's, over what both have; NaN for fewer than three.

    Examples
    --------
    >>> rank_correlation(pd.Series({"a": 1.0, "b": 2.0, "c": 4.0}), pd.Series({"a": 0.1, "b": 0.2, "c": 0.3}))
    1.0
    """
    both = pd.concat([one, two], axis=1, join="inner").dropna()
    if len(both) < 3:
        return float("nan")
    return float(np.round(both.rank().corr().iloc[0, 1], 12))
