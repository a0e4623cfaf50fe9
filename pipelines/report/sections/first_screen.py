"""The first screen: the answer in a sentence, four figures, and what, why, how sure, what next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from baton.catalogue.schema import CONTEXT
from baton.contract.brings import next_tables
from baton.informative import is_informative
from baton.outcomes import CASE_TABLE, Kind, Outcome, first_of_kind, kind_of
from baton.wording.leaving import guessed_range
from baton.wording.wording import Bilingual, listed, number, percent, say, translated_message
from pipelines.report.data.left_out import weights_missing
from pipelines.report.data.objective import Objective, objective_of, turned_effects
from pipelines.report.data.results import Results
from pipelines.report.sections.cards import Card
from pipelines.report.sections.customers import sign_shares
from pipelines.report.sections.tiles import Tile, tiles_of
from pipelines.report.sections.units import prone_units

__all__ = ["FirstScreen", "first_screen", "misaligned_kpis", "with_more"]

_NO_EFFECT = ("estimate.nothing", "estimate.nothing_because")


@dataclass(frozen=True)
class FirstScreen:
    """What a manager in a hurry reads."""

    headline: Bilingual
    tiles: tuple[Tile, ...]
    answers: tuple[tuple[Bilingual, tuple[Bilingual, ...]], ...]


def first_screen(results: Results, cards: Sequence[Card], hidden: int, /) -> FirstScreen:
    """Put together what matters most."""
    wrong = misaligned_kpis(results)
    objective = objective_of(results)
    answers = (
        (say("answer.what"), _what(results, cards)),
        (say("answer.why"), _why(results, cards, objective)),
        (say("answer.sure"), _sure(results, cards)),
        (say("answer.next"), _next(results, cards)),
        (say("little.more"), with_more(results)),
    )
    answered = tuple((question, sentences) for question, sentences in answers if sentences)
    return FirstScreen(_headline(results, cards, wrong, objective), tiles_of(results, cards, hidden, wrong), answered)


def with_more(results: Results, /) -> tuple[Bilingual, ...]:
    """Return what the page could show next, and with which table or column."""
    return tuple(translated_message(line) for line in next_tables(results.columns)) if results.columns else ()


def misaligned_kpis(results: Results, /) -> list[str]:
    """Return the KPIs that some scorecard pays for and that point away from the customer, by points paid."""
    diagnosis = results.get("diagnosis")
    if diagnosis is None:
        return []
    rows = diagnosis[(diagnosis["alignment"] == "misaligned") & (diagnosis["weight"].fillna(0) > 0)]
    paid = rows.groupby("kpi")["weight"].sum().sort_values(ascending=False, kind="stable")
    return [str(kpi) for kpi in paid.index]


def _names(results: Results, kpis: Sequence[str], /) -> Bilingual:
    return listed([say("word.quoted", text=results.kpi_name(kpi)) for kpi in kpis[:3]])


def _headline(results: Results, cards: Sequence[Card], wrong: list[str], objective: Objective | None, /) -> Bilingual:
    moved = [card for card in cards if card.moved]
    other = "" if objective is None or objective.kind == "churn" else "_other"
    counts = {"n": len(moved), "total": len(cards)}
    lowered = [row.kpi for card in moved for row in card.rows if row.tone == "bad"]
    blamed = [kpi for kpi in wrong if kpi in lowered]
    if cards and moved and all(card.hypothetical for card in cards):
        return say("headline.hypothetical", total=len(cards))
    guess = results.guessed("churn") or results.guessed("case")
    if guess is not None and not moved:
        return say("headline.guessed" if guess == "churn" else "headline.guessed_cases")
    if moved and blamed:
        return say(f"headline.misaligned{other}", kpis=_names(results, blamed[:2]), **counts)
    if moved:
        return say(f"headline.moved{other}", **counts)
    if cards:
        sketches = all(card.hypothetical for card in cards)
        return say("headline.hypothetical_unsure" if sketches else "headline.keep")
    churn, cases = results.get("churn"), results.get(CASE_TABLE)
    if churn is not None:
        return _of_churn(results, churn)
    if cases is not None and "probability" in cases and cases["probability"].notna().any():
        return say("headline.cases", share=percent(float(cases["probability"].mean())))
    if cases is not None and results.company.outcomes.case is not None:
        return _of_number(results, results.company.outcomes.case.metric, objective)
    return _of_decline(results)


def _of_churn(results: Results, churn: pd.DataFrame, /) -> Bilingual:
    leaving, total = round(float(churn["probability"].sum())), len(churn)
    if not results.flat:
        return say("headline.churn", n=leaving, total=total, days=results.company.snapshots.horizon_days)
    signs = _leaned_on(results) or _signs(results)
    if not signs:
        return say("little.flat_plain", n=leaving, total=total)
    return say("headline.churn_flat", kpis=_names(results, signs))


def _signs(results: Results, /) -> list[str]:
    """The columns of a flat table that predictions look at most: they are no KPIs, so attributions do not name them."""
    return [str(name) for name in sign_shares(results).index[:3]] if results.flat else []


def _of_number(results: Results, metric: str, objective: Objective | None, /) -> Bilingual:
    """Say what moves the number that cases end with, else what goes with it."""
    name = results.kpi_name(metric)
    if objective is not None:
        effects = turned_effects(results, objective)
        clear = effects[effects["tone"] != "unclear"]
        if len(clear):
            first = clear.loc[clear["effect"].abs().idxmax()]
            return say(f"little.clear_{first['tone']}", kpi=_names(results, [str(first["kpi"])]), metric=name)
    others = [kpi for kpi in _leaned_on(results) if kpi != metric]
    if others:
        return say("little.goes_with_number", kpis=_names(results, others[:2]), metric=name)
    return say("headline.cases_number", metric=name)


def _of_decline(results: Results, /) -> Bilingual:
    if results.get("decline") is None:
        return say("headline.nothing")
    guessed = [name for name in results.evaluation if kind_of(name) == "decline"]
    if prone_units(results) or not guessed:
        return say("headline.decline")
    return say("little.decline_guessed", metric=results.kpi_name(Outcome.parse(guessed[0]).metric))


def _what(results: Results, cards: Sequence[Card], /) -> tuple[Bilingual, ...]:
    if not cards and (results.guessed("churn") or results.guessed("case")):
        return (say("answer.what_guessed"),)
    if not cards:
        key = "what_none" if results.get("churn") is None else "what_flat" if results.flat else "what_churn"
        return (say(f"answer.{key}"),)
    if all(card.hypothetical for card in cards):
        return (say("answer.what_sketch"),)
    up, down = _moves(cards, "good"), _moves(cards, "bad")
    if up and down:
        return (say("answer.what_moved", up=_names(results, up), down=_names(results, down)),)
    if up:
        return (say("answer.what_up", up=_names(results, up)),)
    return (say("answer.what_down", down=_names(results, down)) if down else say("answer.what_keep"),)


def _moves(cards: Sequence[Card], tone: str, /) -> list[str]:
    """KPIs that go up (or down) on the cards, by points in all."""
    points: dict[str, float] = {}
    for card in cards:
        for row in card.rows:
            if row.tone == tone:
                points[row.kpi] = points.get(row.kpi, 0.0) + row.moved
    return sorted(points, key=lambda kpi: -points[kpi])


def _why(results: Results, cards: Sequence[Card], objective: Objective | None, /) -> tuple[Bilingual, ...]:
    if objective is None:
        if results.withheld:
            return (say("answer.why_guessed"),)
        if results.get("attributions") is None:
            return (say("answer.why_keep"),) if cards else (weights_missing(results),)
        largest = _leaned_on(results) or _signs(results)
        return (say("answer.why_churn", kpis=_names(results, largest)) if largest else say("answer.why_keep"),)
    effects = turned_effects(results, objective).set_index("kpi")
    sentences = []
    known = [str(kpi) for kpi in effects.index]  # without a card, whatever is clear is worth saying
    for tone, kpis in (
        ("bad", _moves(cards, "bad") if cards else known),
        ("good", _moves(cards, "good") if cards else known),
    ):
        clear = [kpi for kpi in kpis if kpi in effects.index and effects.loc[kpi, "tone"] == tone]
        clear.sort(key=lambda kpi: -abs(float(effects.loc[kpi, "effect"])))  # type: ignore[arg-type]
        sentences += [_one_step(results, objective, kpi, effects.loc[kpi]) for kpi in clear[:1]]
    return (*sentences, say("answer.one_step")) if sentences else (say("answer.why_keep"),)


def _leaned_on(results: Results, /) -> list[str]:
    """The KPIs that the prediction looks at most."""
    attributions = results.get("attributions")
    if attributions is None:
        return []
    size = attributions["mean_abs_attribution"] * attributions["n"]
    sizes = size.groupby(attributions["kpi"]).sum().drop(CONTEXT, errors="ignore")
    return [str(kpi) for kpi in sizes[sizes > 0].sort_values(ascending=False, kind="stable").index[:3]]


def _one_step(results: Results, objective: Objective, kpi: str, row: Any, /) -> Bilingual:
    harm, name = row["tone"] == "bad", say("word.quoted", text=results.kpi_name(kpi))
    if objective.kind == "churn":
        effect = say("answer.kept_fewer" if harm else "answer.kept_more", n=objective.bare(row["effect"]))
        days = results.company.snapshots.horizon_days
        return say("answer.why_harm" if harm else "answer.why_help", kpi=name, effect=effect, days=days)
    if objective.kind == "money":
        values = {"n": objective.bare(row["effect"]), "currency": objective.metric, "kpi": name}
        return say("answer.worth_less" if harm else "answer.worth_more", **values)
    if objective.kind == "low":
        key = "answer.poor_more" if harm else "answer.poor_fewer"
        effect = say(key, n=objective.bare(row["effect"]), metric=objective.metric)
    else:
        effect = say("answer.number_moves", n=objective.in_words(row["effect"]), metric=objective.metric)
    return say("answer.why_harm_other" if harm else "answer.why_help_other", kpi=name, effect=effect)


def _sure(results: Results, cards: Sequence[Card], /) -> tuple[Bilingual, ...]:
    sentences = []
    weights, policy = results.get("weights"), results.company.policy
    if weights is not None and any(card.moved and not card.hypothetical for card in cards):
        moving = weights[weights["verdict"].isin(["raise", "lower", "add", "drop"])]
        lowest = moving["confidence"].min()
        if pd.notna(lowest):
            low = percent(min(float(lowest), 0.99))
            sentences.append(say("answer.sure_moves", low=low, limit=percent(policy.confidence)))
        sentences.append(say("answer.sure_joint"))
    elif cards and results.by_chance and results.joint_p_value is not None:
        sentences.append(say("answer.sure_chance", p=number(results.joint_p_value, 2)))
    elif cards:
        sentences += [
            say("answer.sure_unmeasured", why=translated_message(message)) for message in results.warned(*_NO_EFFECT)
        ]
    sentences += _sure_of_prediction(results) or ([] if sentences else _sure_of_decline(results))
    return tuple(sentences) or (say("answer.sure_none"),)


def _sure_of_prediction(results: Results, /) -> list[Bilingual]:
    """Say how good the prediction of leaving is, else that of cases' outcomes."""
    kinds: tuple[tuple[Kind, str], ...] = (("churn", "answer.sure_model"), ("case", "answer.sure_model_cases"))
    for kind, key in kinds:
        entry = results.evaluation.get(first_of_kind(results.evaluation, kind) or "")
        if entry is None:
            continue
        if not is_informative(entry):
            return [guessed_range(entry)]
        if entry.get("auc") is not None:
            return [say(key, n=round(100 * entry["auc"]))]
        wanted = results.company.outcomes.case
        if kind == "case" and wanted is not None and entry.get("r2") is not None:
            metric, share = results.kpi_name(wanted.metric), percent(float(entry["r2"]))
            return [say("little.sure_number", n=int(entry["rows"]), share=share, metric=metric)]
    return []


def _sure_of_decline(results: Results, /) -> list[Bilingual]:
    """Say how good the first prediction of declines is that is better than guessing, else that none is."""
    declines = {name: entry for name, entry in results.evaluation.items() if kind_of(name) == "decline"}
    for name, entry in declines.items():
        if is_informative(entry) and entry.get("auc") is not None:
            metric = results.kpi_name(Outcome.parse(name).metric)
            return [say("answer.sure_model_decline", metric=metric, n=round(100 * entry["auc"]))]
    return [guessed_range(entry) for entry in list(declines.values())[:1] if not is_informative(entry)]


def _next(results: Results, cards: Sequence[Card], /) -> tuple[Bilingual, ...]:
    days = results.company.policy.cycle_days
    changing = [card for card in cards if card.moved and not card.hypothetical]
    if changing:
        needs = changing[0].needs[:3]
        shadow = say("answer.next_shadow", days=days)
        return (shadow, say("answer.next_needs", needs=listed(needs))) if needs else (shadow,)
    if results.withheld:
        return (say("answer.next_guessed"),)
    sentences = [say("answer.next_evidence")] if cards else []
    return (*sentences, say("answer.next_help")) if prone_units(results) else tuple(sentences)
