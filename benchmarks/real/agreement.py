"""How far two pieces of advice agree, and what is advised by chance, over many trials."""

from __future__ import annotations

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from benchmarks.real.advised import Advised, rank_correlation

__all__ = ["agreement", "by_chance", "share"]

WITHIN = 1.645
"""Standard errors of a difference that nine of ten pairs stay within if errors are as they are said to be."""


def agreement(pairs: list[tuple[Advised, Advised]], /) -> dict[str, str]:
    """Say over several pairs how far the two agree.

    Parameters
    ----------
    pairs : list of (Advised, Advised)

    Returns
    -------
    dict of str to str
        both significant, one, neither: pairs by their joint tests; sign: effects of one sign in both; within error:
        effects that differ by no more than their errors say nine of ten do; rank: mean rank correlation of effects
        (three levers at least); points: mean absolute difference of the points asked for; same verdict on made-up
        cards, and opposite: what one raises and the other lowers.
    """
    passed = [sum(each.p_value <= 0.05 for each in pair) for pair in pairs]
    signs, within, ranks, points, same, opposite = [], [], [], [], [], []
    for one, two in pairs:
        ranks.append(rank_correlation(one.effects, two.effects))
        for lever in one.effects.index.intersection(two.effects.index):
            signs.append(one.effects[lever] * two.effects[lever] > 0)
            error = np.hypot(one.error[lever], two.error[lever])
            within.append(abs(one.effects[lever] - two.effects[lever]) <= WITHIN * error)
        for lever in one.targets.index.intersection(two.targets.index):
            points.append(abs(one.targets[lever] - two.targets[lever]))
        for lever in sorted(set(one.verdicts) | set(two.verdicts)):
            verdicts = (one.verdicts.get(lever, "kept"), two.verdicts.get(lever, "kept"))
            same.append(verdicts[0] == verdicts[1])
            opposite.append(set(verdicts) == {"up", "down"})
    return {
        "pairs": f"{len(pairs)}",
        "joint test significant in both, one, neither": ", ".join(str(passed.count(many)) for many in (2, 1, 0)),
        "effects of one sign": share(sum(signs), len(signs)),
        "effects within their error": share(sum(within), len(within)),
        "rank correlation of effects": _mean(ranks),
        "difference in points": _mean(points),
        "same verdict": share(sum(same), len(same)),
        "opposite verdict": share(sum(opposite), len(opposite)),
        "sketched cards": str([(one.sketched, two.sketched) for one, two in pairs]),
    }


def by_chance(trials: list[Advised], /) -> dict[str, str]:
    """Say in how many trials something was significant or advised.

    Parameters
    ----------
    trials : list of Advised
        On permuted outcomes.
    """
    count = len(trials)
    return {
        "joint test significant": share(sum(t.p_value <= 0.05 for t in trials), count),
        "a card sketched": share(sum(t.sketched > 0 for t in trials), count),
        "a made-up card moved": share(sum(t.moved > 0 for t in trials), count),
        "help offered": share(sum(t.coached > 0 for t in trials), count),
        "cards solved": str(sum(len(t.targets) > 0 for t in trials)),
    }


def share(hits: int, trials: int, /) -> str:
    """Write a share with its 95 % interval (Wilson).

    Examples
    --------
    >>> share(3, 100), share(0, 0)
    ('3 of 100 (0.01 to 0.08)', 'none')
    """
    if trials == 0:
        return "none"
    low, high = proportion_confint(hits, trials, method="wilson")
    return f"{hits} of {trials} ({low:.2f} to {high:.2f})"


def _mean(values: list[float], /) -> str:
    known = [value for value in values if value == value]
    return f"{np.mean(known):.2f} (over {len(known)})" if known else "none"
