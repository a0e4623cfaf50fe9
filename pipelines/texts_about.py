"""What the report tells of each cause: name, place in the journey, owner, what measures it, and how it sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baton.files import RunFolder, write_atomically, write_json

if TYPE_CHECKING:
    import pandas as pd

    from baton.taxonomy import Taxonomy
    from features.texts.text_set import TextSet
    from features.warehouse import Warehouse

__all__ = ["EXAMPLES", "describe_causes", "write_examples"]

EXAMPLES = "examples.parquet"
_PER_CAUSE = 3
_SHORTEST, _LONGEST = 20, 400
_SHOWN = 220


def describe_causes(folder: RunFolder, causes: list[str], taxonomy: Taxonomy, warehouse: Warehouse, /) -> None:
    """Write ``about.json``: per cause its name, upper cause, process, stage, owner, KPIs, and which cards measure it.

    Parameters
    ----------
    folder : RunFolder
    causes : list of str
    taxonomy : Taxonomy
    warehouse : Warehouse
        Its ``scorecards``, if there, say what is measured today.
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


def write_examples(folder: RunFolder, texts: TextSet, answers: pd.DataFrame, least: int, /) -> None:
    """Write ``examples.parquet``: up to three masked texts per cause that the model was sure of.

    Parameters
    ----------
    folder : RunFolder
    texts : TextSet
        Cleaned and masked.
    answers : pandas.DataFrame
        In the order of the texts.
    least : int
        Causes told by fewer texts are not shown.
    """
    frame = texts.frame[["text_id", "text", "group"]].reset_index(drop=True)
    frame = frame.join(answers[["cause", "probability", "abstained"]].reset_index(drop=True))
    frame = frame[~frame["abstained"].astype(bool) & frame["cause"].notna()]
    enough = frame["cause"].map(frame["cause"].value_counts()) >= least
    length = frame["text"].str.len()
    frame = frame[enough & length.between(_SHORTEST, _LONGEST)]
    frame = frame.sort_values(["probability", "text_id"], ascending=[False, True]).drop_duplicates("group")
    frame = frame.groupby("cause", sort=False).head(_PER_CAUSE)
    cut = frame["text"].str.slice(0, _SHOWN)
    shown = cut.where(frame["text"].str.len() <= _SHOWN, cut + "…")
    rows = frame.assign(text=shown.astype("str"))[["cause", "text_id", "text"]].rename(columns={"text_id": "case_id"})
    with write_atomically(folder.texts / EXAMPLES) as temporary:
        rows.to_parquet(temporary, index=False)


def _on_cards(warehouse: Warehouse, /) -> set[str] | None:
    """Return the KPIs on today's scorecards; None where the company has told none."""
    if "scorecards" not in warehouse:
        return None
    cards = warehouse["scorecards"].select("kpi", "weight").to_pyarrow().to_pandas()
    return set(cards.loc[cards["weight"] > 0, "kpi"].astype(str))
