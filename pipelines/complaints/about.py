"""What the report shows of each cause: name, place in the journey, owner, what measures it, and how it sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baton.contract.results import cast
from baton.files import RunFolder, write_json
from baton.run_results import RunResults

if TYPE_CHECKING:
    import pandas as pd

    from baton.taxonomy import Taxonomy
    from features.staging.warehouse import Warehouse
    from features.text.text_set import TextSet

__all__ = ["cause_diagnosis", "describe_causes", "write_examples"]

_PER_CAUSE = 3
_SHORTEST, _LONGEST = 20, 400
_SHOWN = 220


def describe_causes(
    folder: RunFolder, causes: list[str], taxonomy: Taxonomy, warehouse: Warehouse, /
) -> dict[str, dict[str, Any]]:
    """Return, and write to ``about.json``, what is known of each cause.

    Parameters
    ----------
    causes : list of str
    warehouse : Warehouse
        Its ``scorecards``, if there, say what is measured today.

    Returns
    -------
    dict of str to dict
        Per cause its name (``en``, ``zh``), upper cause (``main``), process, stage, owner, the KPIs that measure it,
        and those of them that are on any card (``measured``; None where no cards are known).
    """
    measured = _on_cards(warehouse)
    about: dict[str, Any] = {}
    for label in causes:
        known = taxonomy.find(label)
        if known is None:
            readable = label.replace("_", " ").strip() or label
            about[label] = {"en": readable, "zh": readable, "kpis": [], "measured": None}
            continue
        main = taxonomy.main(known.id)
        owner = known.owner or main.owner
        # the company's own word, where it is none of the taxonomy's, is what its people know
        own = label.casefold().replace("_", " ") not in {known.id.replace("_", " "), known.name.en.casefold()}
        about[label] = {
            "en": label if own and label.isascii() and " " in label else known.name.en,
            "zh": label if own and not label.isascii() else known.name.zh,
            "main": {"id": main.id, "en": main.name.en, "zh": main.name.zh},
            "process": known.process or main.process,
            "stage": known.stage or main.stage,
            "owner": None if owner is None else owner.model_dump(),
            "kpis": list(known.kpis or main.kpis),
            "measured": None if measured is None else sorted(measured & set(known.kpis or main.kpis)),
        }
    write_json(folder.texts / "about.json", about)
    return about


def cause_diagnosis(trends: pd.DataFrame, about: dict[str, dict[str, Any]], /) -> pd.DataFrame:
    """Return per cause whether it grows, whose it is, and whether any scorecard measures it.

    Returns
    -------
    pandas.DataFrame
        cause, growing, growth (factor of the odds a month) with growth_low and growth_high, process, stage, owner,
        kpis (that would measure it), measured_by (those of them on a card), alignment (``measured`` · ``unmeasured`` ·
        ``unknown``: no cards, or the taxonomy does not know the cause); those that grow unmeasured first.
    """
    whole = trends[trends["level"] == "company"].drop_duplicates("cause").set_index("cause")
    rows = []
    for cause, growth in whole[["growing", "growth", "growth_low", "growth_high"]].iterrows():
        known = about.get(str(cause), {})
        measured = known.get("measured")
        alignment = "unknown" if measured is None else "measured" if measured else "unmeasured"
        rows.append(
            {
                "cause": str(cause),
                **growth.to_dict(),
                "process": known.get("process"),
                "stage": known.get("stage"),
                "owner": (known.get("owner") or {}).get("en"),
                "kpis": known.get("kpis", []),
                "measured_by": measured or [],
                "alignment": alignment,
            }
        )
    found = cast("cause_diagnosis", rows)
    urgent = found["growing"] & (found["alignment"] == "unmeasured")
    return found.assign(urgent=urgent).sort_values(["urgent", "cause"], ascending=[False, True]).drop(columns="urgent")


def write_examples(folder: RunFolder, texts: TextSet, answers: pd.DataFrame, min_texts: int, /) -> None:
    """Write ``texts/examples.parquet``: up to three masked texts per cause that the model was sure of.

    Parameters
    ----------
    texts : TextSet
        Cleaned and masked.
    answers : pandas.DataFrame
        In the order of the texts.
    min_texts : int
        Causes of fewer texts are not shown.
    """
    frame = texts.frame[["text_id", "text", "group"]].reset_index(drop=True)
    frame = frame.join(answers[["cause", "probability", "abstained"]].reset_index(drop=True))
    frame = frame[~frame["abstained"].astype(bool) & frame["cause"].notna()]
    enough = frame["cause"].map(frame["cause"].value_counts()) >= min_texts
    length = frame["text"].str.len()
    frame = frame[enough & length.between(_SHORTEST, _LONGEST)]
    frame = frame.sort_values(["probability", "text_id"], ascending=[False, True]).drop_duplicates("group")
    frame = frame.groupby("cause", sort=False).head(_PER_CAUSE)
    cut = frame["text"].str.slice(0, _SHOWN)
    shown = cut.where(frame["text"].str.len() <= _SHOWN, cut + "…")
    rows = frame.assign(text=shown.astype("str"))[["cause", "text_id", "text"]].rename(columns={"text_id": "case_id"})
    RunResults(folder).write("texts/examples", rows)


def _on_cards(warehouse: Warehouse, /) -> set[str] | None:
    """Return the KPIs on today's scorecards; None where the company has given none."""
    if "scorecards" not in warehouse:
        return None
    import pandas as pd

    from features.cases.table import cards_in_force
    from features.training import snapshots

    cards = warehouse["scorecards"].to_pyarrow().to_pandas()
    latest = snapshots.latest(warehouse)
    if latest is not None:  # a company with nothing but texts and cards has no day to look from
        cards = cards_in_force(cards, pd.Timestamp(latest))
    return set(cards.loc[cards["weight"] > 0, "kpi"].astype(str))
