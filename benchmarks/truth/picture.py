"""A picture of regret by world and rule."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["SHOWN", "draw"]

SHOWN = (
    "Baton", "fair plain rule", "single cases", "person fixed effects", "signed SHAP", "mean |SHAP|", "LMG",
    "absolute correlation", "equal", "today's card",
)  # fmt: skip


def draw(results: Iterable[dict[str, Any]], file: Path) -> None:
    """Draw mean regret, worlds as rows and rules as columns, one panel per size.

    Parameters
    ----------
    results : iterable of dict
        Lines of the results.
    file : Path
        Its ending says the format: ``.svg`` or ``.png``.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    valued = [row for row in results if row.get("regret")]
    sizes = list(dict.fromkeys(row["size"] for row in valued))
    worlds = list(dict.fromkeys(row["world"] for row in valued))
    figure, panels = plt.subplots(
        1, len(sizes), figsize=(1 + 6.5 * len(sizes), 1.8 + 0.32 * len(worlds)), squeeze=False, sharey=True
    )
    for panel, size in zip(panels[0], sizes, strict=True):
        grid = np.array([[_mean(valued, size, world, rule) for rule in SHOWN] for world in worlds])
        panel.imshow(grid, cmap="RdYlGn_r", vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(grid):
            if np.isfinite(value):
                panel.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8)
        panel.set_xticks(range(len(SHOWN)), SHOWN, rotation=40, ha="right", fontsize=8)
        panel.set_yticks(range(len(worlds)), worlds, fontsize=8)
        panel.set_title(f"Regret, {size}: 0 the true optimum, 1 worthless", fontsize=10)
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)
    plt.close(figure)


def _mean(rows: list[dict[str, Any]], size: str, world: str, rule: str, /) -> float:
    values = [row["regret"][rule] for row in rows if row["size"] == size and row["world"] == world]
    return float(np.mean(values)) if values else float("nan")
