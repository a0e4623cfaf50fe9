"""All companies of a size in one table: worlds as rows, figures as columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from benchmarks.truth.rivals import ECONML, PLAIN_RULES
from benchmarks.truth.worlds import SIZES

__all__ = ["BINS", "against", "paired", "table"]

BINS = ((0.8, 0.9), (0.9, 0.95), (0.95, 1.01))
NOTHING = 1e-9
_COLUMNS = (
    "world", "seeds", "regret", "better plain rule", "difference (SE)", "recommended", "rank", "misaligned P", "R",
    "coverage", "moved", "worse", "right at 80–90", "90–95", "> 95 %", "near random",
    "coached uselessly", "same advice", "s",
)  # fmt: skip


def table(results: Iterable[dict[str, Any]], size: str, roles: str) -> str:
    """Write one size's table as Markdown."""
    asked = [row for row in results if row["size"] == size and row["roles"] == roles]
    mine = [row for row in asked if "regret" in row]
    played = [row for row in asked if "leaving_today" in row]
    if not mine:
        return "\n".join(_gaming(played)) + "\n"
    form = SIZES[size]
    title = f"### {size}: {form.people} people × {form.months} months, roles {roles}"
    lines = [title, "", "| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    worlds = list(dict.fromkeys(row["world"] for row in mine))
    for world in worlds:
        lines.append(_line(world, [row for row in mine if row["world"] == world]))
    lines += ["", *_rules(worlds, mine), "", *_beside_econml(worlds, mine)]
    lines += ["", *_calibration([row for row in mine if row["regret"]])]
    return "\n".join([*lines, "", *_gaming(played)]) + "\n"


def paired(rows: list[dict[str, Any]], /) -> tuple[str, float, float, float]:
    """Return the plain rule that does better over these seeds, its regret, the paired difference and its SE."""
    best = min(PLAIN_RULES, key=lambda rule: np.mean([row["regret"][rule] for row in rows]))
    return best, *against(rows, best)


def against(rows: list[dict[str, Any]], rule: str, /) -> tuple[float, float, float]:
    """Return a rule's mean regret, Baton's minus its on the same companies, and the SE of that."""
    difference = [row["regret"]["Baton"] - row["regret"][rule] for row in rows]
    error = float(np.std(difference, ddof=1) / np.sqrt(len(rows))) if len(rows) > 1 else float("nan")
    return float(np.mean([row["regret"][rule] for row in rows])), float(np.mean(difference)), error


def _line(world: str, rows: list[dict[str, Any]], /) -> str:
    valued = [row for row in rows if row["regret"]]
    cells = [world, str(len(rows))]
    if valued:
        own = [row["regret"]["Baton"] for row in valued]
        best, plain, difference, error = paired(valued)
        advised = np.mean([row["regret"]["recommended"] for row in valued])
        cells += [f"{np.mean(own):.3f} ({max(own):.2f})", f"{plain:.3f} {best}", f"{difference:+.3f} ({error:.3f})"]
        cells += [f"{advised:.2f}", _mean([row["rank"] for row in valued])]
    else:
        cells += ["–"] * 5
    right = sum(len(set(row["flagged"]) & set(row["harmful"])) for row in rows)
    cells += [_share(right, sum(len(row["flagged"]) for row in rows))]
    cells += [_share(right, sum(len(row["harmful"]) for row in rows))]
    cells += [_share(sum(row["covered"] for row in rows), sum(row["measured"] for row in rows))]
    cells += [_share(sum(row["moved"] for row in rows), len(rows))]
    cells += [_share(sum(row["gain"] < -1e-9 for row in rows), len(rows))]
    moves = [move for row in rows for move in row["moves"]]
    for low, high in BINS:
        inside = [move for move in moves if low <= move[2] < high]
        cells.append(_share(sum(move[3] for move in inside), len(inside)))
    cells += [_share(sum(row["near_random"] for row in rows), len(rows))]
    cells += [
        _share(sum(any(row["effects"].get(kpi, [0.0])[0] >= 0 for kpi in row["coached"]) for row in rows), len(rows))
    ]
    cells += [_mean([row.get("same") for row in rows])]
    cells += [f"{np.mean([sum(row['seconds'].values()) for row in rows]):.1f}"]
    return "| " + " | ".join(cells) + " |"


def _rules(worlds: list[str], rows: list[dict[str, Any]], /) -> list[str]:
    """Regret of every rule, worlds as rows."""
    names = list(dict.fromkeys(name for row in rows for name in row["regret"]))
    lines = [
        "| regret | " + " | ".join(name.replace("|", "\\|") for name in names) + " |",
        "|" + "---|" * (len(names) + 1),
    ]
    for world in worlds:
        mine = [row["regret"] for row in rows if row["world"] == world and row["regret"]]
        if mine:
            values = [_known([each[name] for each in mine if name in each], len(mine)) for name in names]
            lines.append(f"| {world} | " + " | ".join(values) + " |")
    return lines


def _known(values: list[float], companies: int, /) -> str:
    """A mean, and of how many companies where a rule was not asked in all."""
    if not values:
        return "–"
    return f"{np.mean(values):.3f}" + (f" ({len(values)} of {companies})" if len(values) < companies else "")


def _beside_econml(worlds: list[str], rows: list[dict[str, Any]], /) -> list[str]:
    """Baton and EconML on the same companies, or where EconML would come from."""
    asked = [row for row in rows if ECONML in row["regret"]]
    if not asked:
        return ["EconML was not asked: `--econml-python` names the Python of an environment that has it."]
    lines = ["| same companies | seeds | Baton | " + ECONML + " | difference (SE) |", "|" + "---|" * 5]
    for world in worlds:
        mine = [row for row in asked if row["world"] == world]
        if mine:
            theirs, difference, error = against(mine, ECONML)
            own = np.mean([row["regret"]["Baton"] for row in mine])
            lines.append(f"| {world} | {len(mine)} | {own:.3f} | {theirs:.3f} | {difference:+.3f} ({error:.3f}) |")
    return lines


def _calibration(rows: list[dict[str, Any]], /) -> list[str]:
    """Over all worlds in which some lever matters: of directions given with such a probability, how many are right.

    Of moves, and of all levers, moved or not. The interval is that of companies as clusters, since the levers of one
    company are right or wrong together, or Wilson's where that is wider.
    """
    lines = ["| probability given | moves that are right | directions that are right |", "|---|---|---|"]
    for low, high in BINS:
        cells = [_clustered([[m[3] for m in row["moves"] if low <= m[2] < high] for row in rows])]
        cells += [_clustered([[d[2] for d in row["directions"] if low <= d[1] < high] for row in rows])]
        lines.append(f"| {100 * low:.0f}–{min(100 * high, 100):.0f} % | " + " | ".join(cells) + " |")
    return lines


def _clustered(companies: list[list[bool]], /) -> str:
    hits, trials = np.array([sum(each) for each in companies]), np.array([len(each) for each in companies])
    if trials.sum() == 0:
        return "–"
    share = hits.sum() / trials.sum()
    error = 1.96 * np.sqrt(((hits - share * trials) ** 2).sum()) / trials.sum()
    low, high = proportion_confint(int(hits.sum()), int(trials.sum()), method="wilson")
    return f"{share:.2f} (± {max(error, (high - low) / 2):.2f}; {trials.sum()})"


def _gaming(rows: list[dict[str, Any]], /) -> list[str]:
    """After four cycles in which people answer to their card: leaving under the advice and under today's card."""
    if not rows:
        return []
    lost = [row["leaving_advised"] - row["leaving_today"] for row in rows]
    kept = _share(sum(change <= NOTHING for change in lost), len(rows))
    today = np.mean([row["leaving_today"] for row in rows])
    moved = _share(sum(row["moved"] for row in rows), len(rows))
    seconds = np.mean([row["seconds"]["play"] for row in rows])
    return [
        "| four cycles | seeds | leaving, today's card | change by the advice (worst) | not worse | moved | s |",
        "|---|---|---|---|---|---|---|",
        f"| gaming, {rows[0]['size']} | {len(rows)} | {today:.4f} | {np.mean(lost):+.4f} ({max(lost):+.4f}) | {kept} | "
        f"{moved} | {seconds:.1f} |",
    ]


def _mean(values: list[float | None], /) -> str:
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.2f}" if known else "–"


def _share(hits: int, trials: int, /) -> str:
    """Write a share with its 95 % interval (Wilson)."""
    if trials == 0:
        return "–"
    low, high = proportion_confint(hits, trials, method="wilson")
    return f"{hits / trials:.2f} ({low:.2f}–{high:.2f})"
