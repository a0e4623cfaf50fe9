"""Which causes stand beside a weight; nothing else is imported, since pages are written anew whenever this changes."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["strongest"]

MAX_CAUSES = 2  # more is a list beside a reason that nobody reads
VERDICTS = ("supports", "contradicted", "watch", "costly")
"""In the order in which they are read."""


def strongest(evidence: pd.DataFrame, team_id: str, kpi: str, /) -> list[dict[str, Any]]:
    """Return what stands beside one weight: a team's own texts before the company's, evidence for it first.

    Returns
    -------
    list of dict
        Rows of ``cause_evidence``, at most two.
    """
    rows = evidence[(evidence["kpi"] == kpi) & evidence["verdict"].isin(VERDICTS)]
    # a share that has not risen at the ends of its months would be said as growth against what can be seen
    rows = rows[(rows["verdict"] == "costly") | (rows["share"] > rows["share_before"])]
    own = rows[rows["team_id"] == team_id]
    rest = rows[rows["team_id"].isna() & ~rows["cause"].isin(own["cause"])]
    order = {verdict: at for at, verdict in enumerate(VERDICTS)}
    both = pd.concat([own, rest]) if len(own) else rest
    both = both.assign(order=both["verdict"].map(order), excess=both["excess_customers"].fillna(0.0))
    return both.sort_values(["order", "excess"], ascending=[True, False], kind="stable").head(MAX_CAUSES).to_dict(
        "records"
    )  # fmt: skip
