"""What customers write: causes ranked by what they cost, how they move, whose they are, and how they sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from baton.catalogue.schema import Text
from baton.charts.drawing import Scale, element
from baton.evidence.unclear import MAX_UNCLEAR
from baton.wording.cause_results import CauseResults
from baton.wording.wording import Bilingual, listed, money, number, percent, ranged, say, translated, verbatim

__all__ = ["CauseRow", "CausesSection", "causes_section"]

_MAX_ROWS = 15
_MAX_QUOTED = 6
_MAX_LEVEL = 3
_MAX_UNITS = 40
_MIN_TEXTS = 20
_MIN_MONTHS, _MAX_MONTHS = 3, 24
_BAR_WIDTH = 120


@dataclass(frozen=True)
class CauseRow:
    """One cause, or what is unclear: its name, its bar, the line of its months, and what else is known of it.

    Parameters
    ----------
    cause : str
        Empty for what is none: the others together, and what is unclear.
    """

    name: Bilingual
    main: Bilingual | None
    bar: Markup
    drawing: Markup
    move: Bilingual | None
    cells: tuple[Bilingual, ...]
    cause: str = ""


@dataclass(frozen=True)
class CausesSection:
    """The section."""

    findings: tuple[Bilingual, ...]
    heading: Bilingual
    header: tuple[Bilingual, ...]
    rows: tuple[CauseRow, ...]
    note: Bilingual
    emerging: tuple[tuple[Bilingual, tuple[str, ...]], ...] | None
    examples: tuple[tuple[Bilingual, tuple[str, ...]], ...]
    units: tuple[tuple[Bilingual, list[Bilingual], list[list[Bilingual]]], ...]
    notes: tuple[Bilingual, ...]


def causes_section(results: CauseResults, /) -> CausesSection | None:
    """Return the section, or None where the run read no texts.

    Parameters
    ----------
    results : Results
        With the table ``root_causes``; ``cause_trends``, ``cause_prices`` and ``emerging_causes`` where they are there.
    """
    answers, trends = results.get("root_causes"), results.get("cause_trends")
    if answers is None or trends is None:
        return None
    shares = _shares(results, answers)
    prices = results.get("cause_prices")
    counts = _texts_of(shares)
    whole = trends[trends["level"] == "company"]
    min_group = results.company.policy.min_group
    enough = {*whole["cause"].astype(str), *counts.index[counts >= min_group].astype(str)}
    shown = [cause for cause in _ranked(counts, prices) if cause in enough][:_MAX_ROWS]
    priced = None if prices is None else prices.set_index("cause")
    return CausesSection(
        findings=tuple(_findings(results, shares, priced, whole)),
        heading=say("causes.table_most" if priced is None else "causes.table"),
        header=tuple(_header(results, priced)),
        rows=(
            *(_row(results, cause, shares, priced, whole[whole["cause"] == cause]) for cause in shown),
            *_others_row(results, shares, priced, shown),
            *_unclear_row(results, shares, priced),
        ),
        note=say("causes.table_note_plain" if priced is None else "causes.table_note"),
        emerging=_emerging(results),
        examples=tuple(_quoted(results, shown)),
        units=tuple(_units(results, trends)),
        notes=tuple(_notes(results, shares)),
    )


def _ranked(counts: pd.Series, prices: pd.DataFrame | None, /) -> list[str]:
    dearest = [] if prices is None else prices["cause"].astype(str).tolist()
    return list(dict.fromkeys([*dearest, *counts.index.astype(str)]))


def _shares(results: CauseResults, answers: pd.DataFrame, /) -> pd.DataFrame:
    """Return shares of all texts by cause, ``""`` for what is unclear; only counted where a run has estimated none."""
    shares = results.get("cause_shares")
    if shares is None:
        causes = answers["cause"].where(~answers["abstained"].astype(bool)).fillna("").astype("str")
        named = causes.value_counts()
        shares = pd.DataFrame({"cause": named.index, "named": named.to_numpy(), "texts": len(answers)})
        shares["named_share"] = shares["named"] / max(len(answers), 1)
        shares[["share", "share_low", "share_high"]] = np.nan
    return shares.assign(cause=shares["cause"].fillna("").astype("str")).set_index("cause")


def _texts_of(shares: pd.DataFrame, /) -> pd.Series:
    """Return the texts about each cause, estimated where that is known: a cause may be frequent and never predicted."""
    causes = shares.drop("", errors="ignore")
    counts = (causes["share"] * causes["texts"]).fillna(causes["named"])
    return counts[counts > 0].sort_values(ascending=False, kind="stable")


def _unclear_share(shares: pd.DataFrame, /) -> float:
    return float(shares["named_share"].get("", 0.0))


def _most_frequent(results: CauseResults, shares: pd.DataFrame, /) -> Iterator[Bilingual]:
    """Say what customers write of most, as far as it can be said."""
    causes = shares.drop("", errors="ignore")
    by = "share" if causes["share"].notna().any() else "named_share"
    ranked = causes.sort_values(by, ascending=False, kind="stable")
    first = ranked.iloc[0]
    if by == "named_share":
        yield say("causes.lead_counted", cause=results.cause_name(str(ranked.index[0])), share=percent(first[by]))
        return
    share = ranged(*(percent(float(first[f"share{end}"])) for end in ("", "_low", "_high")))
    level = ranked[ranked["share_high"] >= first["share_low"]].index
    names = listed([results.cause_name(str(cause)) for cause in level[:_MAX_LEVEL]])
    if len(level) > _MAX_LEVEL:
        yield say("causes.lead_many", n=len(level), causes=names, share=share)
    elif len(level) > 1:
        yield say("causes.lead_level", causes=names, share=share)
    else:
        name = results.cause_name(str(ranked.index[0]))
        yield say("causes.lead_most", cause=name, share=share)


def _findings(
    results: CauseResults, shares: pd.DataFrame, priced: pd.DataFrame | None, whole: pd.DataFrame, /
) -> Iterator[Bilingual]:
    unclear = _unclear_share(shares)
    if unclear > MAX_UNCLEAR or not shares["named"].drop("", errors="ignore").sum():
        yield say("causes.lead_unclear", share=percent(unclear), n=number(float(shares["texts"].iloc[0])))
        return
    if results.evaluation.get("root_cause", {}).get("representative") is False:
        yield say("causes.lead_unlike", n=number(float(results.evaluation["root_cause"]["unlabelled_texts"])))
        return
    counts = shares["named"]
    if priced is not None and len(priced):
        first = priced.iloc[0]
        if _known(first.get("value_at_risk")) and first["value_at_risk"] > 0:
            sum_ = money(float(first["value_at_risk"]), results.company.company.currency)
            yield say("causes.lead_value", cause=results.cause_name(str(priced.index[0])), money=sum_)
        else:
            leaving = say("word.customers", n=round(float(first["expected_leavers"])))
            yield say("causes.lead_priced", cause=results.cause_name(str(priced.index[0])), customers=leaving)
    yield from _most_frequent(results, shares)
    growing = [str(cause) for cause in whole.loc[whole["growing"].astype(bool), "cause"].unique()]
    growing = sorted(growing, key=lambda cause: -int(counts.get(cause, 0)))
    if growing:
        yield say("causes.growing", causes=listed([results.cause_name(cause) for cause in growing]))
    elif whole["growth"].notna().any():
        yield say("causes.none_growing")
    for cause in growing:
        known = results.causes.get(cause, {})
        if known.get("measured") == []:
            name, owner = results.cause_name(cause), known.get("owner")
            if owner:
                yield say("causes.unmeasured", cause=name, owner=translated(Text(**owner)))
            else:
                yield say("causes.unmeasured_plain", cause=name)


def _header(results: CauseResults, priced: pd.DataFrame | None, /) -> Iterator[Bilingual]:
    yield from (say("causes.cause"), say("causes.bar"), say("causes.trend"), say("causes.cases"), say("causes.share"))
    yield say("causes.estimated")
    if priced is not None:
        yield say("causes.customers", days=max(results.company.snapshots.windows_days))
        yield say("causes.leaving")
        if _has_value(priced):
            yield say("causes.value")
    yield from (say("causes.stage"), say("causes.owner"), say("causes.measured"))


def _row(
    results: CauseResults, cause: str, shares: pd.DataFrame, priced: pd.DataFrame | None, months: pd.DataFrame, /
) -> CauseRow:
    known = results.causes.get(cause, {})
    cells = _counted(shares, cause)
    if priced is not None:
        price = priced.loc[cause] if cause in priced.index else None
        cells.append(number(float(price["customers"])) if price is not None else _dash())
        cells.append(_ranged(results, price, "expected_leavers"))
        if _has_value(priced):
            cells.append(_ranged(results, price, "value_at_risk"))
    stages = {stage.id: translated(stage.name) for stage in results.catalogue.stages}
    cells.append(stages.get(known.get("stage") or "", _dash()))
    cells.append(translated(Text(**known["owner"])) if known.get("owner") else _dash())
    cells.append(_measured(results, known))
    main = known.get("main")
    upper = translated(Text(en=main["en"], zh=main["zh"])) if main and main["en"] != known.get("en") else None
    name = results.cause_name(cause)
    return CauseRow(name, upper, _bar(shares, cause), _line(months), _move(months), tuple(cells), cause)


def _counted(shares: pd.DataFrame, cause: str, /) -> list[Bilingual]:
    """Return how many texts were given the cause, their share of all, and the share that is estimated."""
    if cause not in shares.index:
        return [number(0), percent(0.0), _dash()]
    row = shares.loc[cause]
    value, low, high = (float(row[name]) for name in ("share", "share_low", "share_high"))
    known = ranged(percent(value), percent(low), percent(high))
    return [number(int(row["named"])), percent(float(row["named_share"])), known if _known(value) else _dash()]


def _others_row(
    results: CauseResults, shares: pd.DataFrame, priced: pd.DataFrame | None, shown: Sequence[str], /
) -> Iterator[CauseRow]:
    """Count the texts of causes that have no row: without them the table would hide most texts of many causes."""
    others = shares.drop(["", *shown], errors="ignore")
    others = others[(others["named"] > 0) | (others["share"] > 0)]
    if others["named"].sum() < max(results.company.policy.min_group, 1):
        return
    summed = pd.DataFrame([{**others[["named", "named_share"]].sum(), "share": np.nan}], index=["others"])
    summed[["share_low", "share_high"]] = np.nan
    cells = _counted(summed, "others")
    rest = [_dash()] * (len(list(_header(results, priced))) - 3 - len(cells))
    name = say("causes.others_row", n=len(others))
    yield CauseRow(name, None, _bar(summed, "others"), Markup(""), None, (*cells, *rest))


def _unclear_row(results: CauseResults, shares: pd.DataFrame, priced: pd.DataFrame | None, /) -> Iterator[CauseRow]:
    if "" in shares.index and shares.loc["", "named"] > 0:
        cells = _counted(shares, "")
        # all columns but the name, the bar and the line
        rest = [_dash()] * (len(list(_header(results, priced))) - 3 - len(cells))
        yield CauseRow(say("causes.unclear_row"), None, _bar(shares, "", "unclear"), Markup(""), None, (*cells, *rest))


def _bar(shares: pd.DataFrame, cause: str, tone: str = "plain", /) -> Markup:
    share = float(shares["named_share"].get(cause, 0.0))
    track = element("rect", x=0, y=2, width=_BAR_WIDTH, height=10, class_="track")
    bar = element("rect", x=0, y=2, width=max(_BAR_WIDTH * share, 0.5), height=10, class_=f"bar {tone}")
    view = f"0 0 {_BAR_WIDTH} 14"
    return element("svg", track, bar, class_="spark", viewBox=view, aria_hidden="true", focusable="false")


def _measured(results: CauseResults, known: dict[str, object], /) -> Bilingual:
    kpis = known.get("measured")
    if kpis is None:
        return say("causes.no_cards") if "scorecards" not in results.staged else _dash()
    names = [results.kpi_name(str(kpi)) for kpi in kpis] if isinstance(kpis, list) else []
    return listed(names) if names else say("causes.not_measured")


def _ranged(results: CauseResults, price: pd.Series | None, name: str, /) -> Bilingual:
    if price is None or not _known(price.get(name)):
        return _dash()

    def written(value: float) -> Bilingual:
        return money(value, results.company.company.currency) if name == "value_at_risk" else number(value)

    return ranged(*(written(float(price[f"{name}{end}"])) for end in ("", "_low", "_high")))


def _move(months: pd.DataFrame, /) -> Bilingual | None:
    if months["growing"].astype(bool).any():
        return say("causes.up")
    high = months["growth_high"].iloc[0] if len(months) else np.nan
    return say("causes.falling") if _known(high) and high < 1 else None


def _line(months: pd.DataFrame, /) -> Markup:
    ordered = months.sort_values("month").tail(_MAX_MONTHS)
    share = ordered["share"].to_numpy(dtype=np.float64)
    if len(share) < _MIN_MONTHS:
        return Markup("")
    x, y = Scale(0, len(share) - 1, 3, 117), Scale(0, float(share.max()) or 1.0, 32, 4)
    points = " ".join(f"{x(index):.1f},{y(float(value)):.1f}" for index, value in enumerate(share))
    line = element("polyline", points=points, class_="line own")
    end = element("circle", cx=x(len(share) - 1), cy=y(float(share[-1])), r=3.0, class_="end-dot")
    return element("svg", line, end, class_="spark", viewBox="0 0 120 36", aria_hidden="true", focusable="false")


def _emerging(results: CauseResults, /) -> tuple[tuple[Bilingual, tuple[str, ...]], ...] | None:
    if "emerging_causes" not in results.looked:
        return None
    found = results.get("emerging_causes")
    if found is None:
        return ()
    quoted = []
    for row in found.to_dict("records"):
        sentence = say(
            "causes.emerging_one",
            week=f"{pd.Timestamp(row['first_week']):%Y-%m-%d}",
            texts=say("causes.count", n=int(row["texts"])),
            words=verbatim(row["name"]),
        )
        quotes = [results.cause_texts[case] for case in row.get("examples", ()) if case in results.cause_texts]
        quoted.append((sentence, tuple(quotes[:3])))
    return tuple(quoted)


def _quoted(results: CauseResults, shown: list[str], /) -> Iterator[tuple[Bilingual, tuple[str, ...]]]:
    for cause in shown[:_MAX_QUOTED]:
        quotes = results.cause_examples.get(cause, ())
        if quotes:
            yield results.cause_name(cause), tuple(quotes)


def _units(
    results: CauseResults, trends: pd.DataFrame, /
) -> Iterator[tuple[Bilingual, list[Bilingual], list[list[Bilingual]]]]:
    stages = {stage.id: translated(stage.name) for stage in results.catalogue.stages}
    for level in ("team", "stage"):
        rows = []
        part = trends[trends["level"] == level]
        for unit, group in part.groupby("unit_id", observed=True):
            texts = int(group.drop_duplicates("month")["texts"].sum())
            if texts < max(_MIN_TEXTS, results.company.policy.min_group) or results.too_small(unit):
                continue
            top = group.groupby("cause", observed=True)["n"].sum().sort_values(ascending=False).head(3)
            name = results.team_name(unit) if level == "team" else stages.get(str(unit), verbatim(unit))
            named = [
                say("causes.named_share", cause=results.cause_name(str(cause)), share=percent(n / texts))
                for cause, n in top.items()
            ]
            rows.append((texts, [name, number(texts), *named, *[_dash()] * (3 - len(named))]))
        if rows:
            rows.sort(key=lambda pair: -pair[0])
            names = (level, "texts", "first", "second", "third")
            yield say(f"causes.by_{level}"), [say(f"causes.{n}") for n in names], [row for _, row in rows[:_MAX_UNITS]]


def _notes(results: CauseResults, shares: pd.DataFrame, /) -> Iterator[Bilingual]:
    entry = results.evaluation.get("root_cause", {})
    right = entry.get("accuracy_of_answers", entry.get("accuracy"))
    if right is not None:
        tested = number(float(entry.get("rows") or 0))
        yield say("causes.right", share=percent(float(right)), n=tested)
        if entry.get("unlabelled_texts"):
            unlike = entry.get("representative") is False
            others = int(entry["unlabelled_texts"])
            yield say("causes.right_unlike" if unlike else "causes.right_others", n=others)
            known = list(dict.fromkeys(results.cause_name(str(cause)) for cause in entry.get("causes", {})))
            yield say("causes.only", causes=listed(known)) if known else say("causes.only_labels")
    corrected = entry.get("corrections") or {}
    if corrected.get("used"):
        yield say("causes.corrected", n=int(corrected["used"]), conflicts=int(corrected["conflicts"]))
    yield say("causes.unclear", share=percent(_unclear_share(shares)))
    if shares["share"].notna().any():
        yield say("causes.how_estimated")
    doubtful = results.get("suspicious_labels")
    if doubtful is not None:
        yield say("causes.doubtful", n=len(doubtful))
    yield say("causes.few_teams")


def _has_value(priced: pd.DataFrame, /) -> bool:
    return "value_at_risk" in priced and bool(priced["value_at_risk"].notna().any())


def _known(value: object, /) -> bool:
    return isinstance(value, int | float | np.number) and not np.isnan(float(value))


def _dash() -> Bilingual:
    return Bilingual(escape("\N{EN DASH}"), escape("\N{EN DASH}"))
