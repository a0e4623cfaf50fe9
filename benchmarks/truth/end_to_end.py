"""Advice against the truth: simulated companies through the whole chain, beside the rules a user would pick instead.

Run from the checkout, for example ``python -m benchmarks.truth --end-to-end --worlds service null --seeds 5``, or with
``--worlds product product_null b2b b2b_null --size whole`` for companies whose levers belong to teams too. Printed
are figures of this run and nothing else; shares stand beside their 95 % interval (Wilson).

Regret of weights w on a card is ``1 − V(w)/V(w*)`` with ``V(w) = max(b·w, 0)² / (w'·D·w)``: b the true effects, helpful
positive, times c²; D the diagonal of c² + r·σ². Where a lever has no true weight, σ² is the run's own estimate.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from benchmarks.truth.judge import HARMFUL, regret
from features.kpis.columns import context_columns, kpi_column, outcome_column

SIZES = {"large": (20_000, 200, 12), "small": (6_000, 60, 10), "tiny": (2_500, 30, 8), "whole": (None, None, None)}
"""Customers, people, months; ``whole`` is what each scenario makes by default."""
SCENARIOS = ("product", "b2b")


@dataclass(frozen=True)
class Judged:
    """One simulated company: what was advised and what is true."""

    world: str
    seed: int
    seconds: float
    regrets: dict[str, float]
    rank: float
    flagged: frozenset[str]
    harmful: frozenset[str]
    covered: int
    measured: int
    moved: bool
    gain: float
    p_value: float
    near_random: bool


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", nargs="+", default=["service"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    chosen = parser.parse_args(arguments)
    for world in chosen.worlds:
        judged = []
        for company in companies(world, chosen.size, range(chosen.first_seed, chosen.first_seed + chosen.seeds)):
            judged.append(company)
            sys.stderr.write(
                f"{world} {company.seed}: {company.seconds:.0f} s, p {company.p_value:.3f}, moved {company.moved}\n"
            )
        sys.stdout.write(summary(world, chosen.size, judged) + "\n")
        sys.stdout.flush()


def companies(world: str, size: str, seeds: range, /) -> Iterator[Judged]:
    """Simulate, advise and judge one company per seed."""
    from pipelines.simulate import simulate

    customers, employees, months = SIZES[size]
    for seed in seeds:
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "company"
            scenario = next((name for name in SCENARIOS if world.split("_")[0] == name), "service")
            simulate(
                folder, scenario=scenario, customers=customers, employees=employees, months=months, seed=seed,
                world=world,
            )  # fmt: skip
            yield judge(folder, world, seed, begun)


def judge(folder: Path, world: str, seed: int, begun: float, /) -> Judged:
    """Advise one company and compare with its truth."""
    from baton.catalogue.load import load_catalogue
    from baton.company import load_company
    from features.cases import build as cases_built
    from features.staging import stage as staging
    from models.advice.advise import advise
    from models.advice.settings import Settings

    company = load_company(folder)
    catalogue = load_catalogue(company)
    staging.stage(company, catalogue, folder / "staged")
    cases, organisation = cases_built.build(company, catalogue, staging.open_warehouse(folder / "staged"))
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    advice = advise(cases, organisation, catalogue, Settings.of(company, learners=False))
    weights, found = advice.weights, advice.effects.outcomes["churn"]
    true = {row["kpi"]: row["effect"] for row in truth["effects"] if row["outcome"] == "churn"}
    inside = [found.low[at] <= true[kpi] <= found.high[at] for at, kpi in enumerate(found.levers) if kpi in true]
    cards = _cards(advice.inputs, company.policy, truth, true)
    most = max((abs(effect) for effect in true.values()), default=0.0)
    moved = weights["current_weight"].notna() & (weights["recommended_weight"] != weights["current_weight"])
    change = (weights["recommended_weight"] - weights["current_weight"]).fillna(0.0)
    return Judged(
        world=world,
        seed=seed,
        seconds=time.perf_counter() - begun,
        regrets=_regrets(cards, _rules(cases, catalogue, found)),
        rank=float(np.nanmean([_rank(card) for card in cards])) if cards else float("nan"),
        flagged=frozenset(weights.loc[weights["misaligned"], "kpi"]),
        harmful=frozenset(kpi for kpi, effect in true.items() if effect > HARMFUL * most > 0),
        covered=sum(inside),
        measured=len(inside),
        moved=bool(moved.any()),
        gain=float(sum(-true.get(kpi, 0.0) * points for kpi, points in zip(weights["kpi"], change, strict=True))),
        p_value=min(found.p_values.values(), default=1.0),
        near_random=found.routing.near_random,
    )


def _cards(inputs: Any, policy: Any, truth: dict[str, Any], true: dict[str, float], /) -> list[pd.DataFrame]:
    """Per card: kpi, target, current, true weight, b and D."""
    from models.advice.weights import target_card

    best = {(row["team_id"], row["role"], row["kpi"]): row["weight"] for row in truth["weights"]}
    control = truth["controllability"]
    cards = []
    for team, role in inputs.cards[["team_id", "role"]].drop_duplicates().itertuples(index=False, name=None):
        frame = target_card(inputs, policy, team, role).frame.set_index("kpi")
        # what is not this card's to move has no true weight on it
        levers = [kpi for kpi in control if kpi in true and best.get((team, role, kpi)) is not None]
        card = pd.DataFrame({"kpi": levers}, index=levers)
        card.attrs["of_team"] = role == ""
        card["target"] = frame["target"].reindex(levers).fillna(0.0)
        card["current"] = frame["current"].reindex(levers).fillna(0.0)
        card["best"] = [best.get((team, role, kpi)) for kpi in levers]
        if not levers or card["best"].sum() <= 0:
            continue
        card["c2"] = [control[kpi] ** 2 for kpi in levers]
        card["b"] = [-true[kpi] for kpi in levers] * card["c2"]
        own = card["c2"] + policy.risk_aversion * frame["noise"].reindex(levers).replace(np.inf, np.nan).fillna(0.0)
        # w* ∝ b / D up to the card's scale, which the levers with a true weight share
        scale = (card["b"] / card["best"]).where(card["best"] > 0.01)
        known = (scale / own).median()
        card["D"] = np.where(scale.notna(), scale / known, own)
        cards.append(card)
    return cards


def _regrets(cards: list[pd.DataFrame], rules: dict[str, dict[str, float]], /) -> dict[str, float]:
    """Mean regret over cards of the advice and of every rule."""
    found: dict[str, list[float]] = {}
    for card in cards:
        tried = {
            "Baton": card["target"].to_numpy(),
            "today's card": card["current"].to_numpy(),
            "equal": np.ones(len(card)),
        }
        if card.attrs["of_team"]:
            tried |= {f"{name}, cards of teams alone": weights for name, weights in tried.items()}
        for name, rule in rules.items():
            tried[name] = np.array([rule.get(kpi, 0.0) for kpi in card["kpi"]])
        for name, weights in tried.items():
            found.setdefault(name, []).append(regret(card, weights))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _rank(card: pd.DataFrame, /) -> float:
    if card["target"].nunique() < 2:
        return float("nan")
    return float(card["target"].corr(card["best"], method="spearman"))


def _rules(cases: Any, catalogue: Any, found: Any, /) -> dict[str, dict[str, float]]:
    """What a user would pick instead, for the same levers."""
    frame = cases.frame[cases.frame[outcome_column("churn")].notna()]
    levers = [kpi for kpi in found.levers if kpi_column(kpi) in frame and kpi not in found.teams.levers]
    if not levers:
        return {}
    table = frame[[kpi_column(kpi) for kpi in levers]].astype(float)
    means = table.assign(y=frame[outcome_column("churn")]).groupby(frame["employee_id"]).mean().dropna()
    counts = frame.groupby("employee_id")["case_id"].count().reindex(means.index).to_numpy(dtype=float)
    turned = means[table.columns] * [catalogue[kpi].sign for kpi in levers]
    spread = turned.std().replace(0.0, 1.0)
    design = np.column_stack([np.ones(len(turned)), (turned - turned.mean()) / spread])
    root = np.sqrt(counts)[:, None]
    plain = np.linalg.lstsq(design * root, means["y"].to_numpy() * root[:, 0], rcond=None)[0][1:]
    return {
        "absolute correlation": {
            kpi: abs(float(table[kpi_column(kpi)].corr(frame[outcome_column("churn")]))) for kpi in levers
        },
        "mean |SHAP|": _mean_shap(frame, table, levers),
        "plain employee means": {kpi: max(-float(slope), 0.0) for kpi, slope in zip(levers, plain, strict=True)},
    }


def _mean_shap(frame: pd.DataFrame, table: pd.DataFrame, levers: list[str], /) -> dict[str, float]:
    """Mean |SHAP| of a LightGBM model of leaving after a case, case mix in the model."""
    import lightgbm

    mix = frame[context_columns(frame)]
    mix = mix.assign(
        **{name: mix[name].astype("category") for name in mix if not pd.api.types.is_numeric_dtype(mix[name])}
    )
    features = pd.concat([table, mix, frame[["process", "priority", "channel"]].astype("category")], axis=1)
    features.columns = [f"f{at}" for at in range(features.shape[1])]
    settings = {
        "objective": "binary",
        "num_leaves": 15,
        "learning_rate": 0.05,
        "verbosity": -1,
        "num_threads": 1,
        "seed": 1,
    }
    model = lightgbm.train(settings, lightgbm.Dataset(features, frame[outcome_column("churn")]), num_boost_round=100)
    part = features.sample(min(len(features), 5000), random_state=1)
    shap = np.abs(np.asarray(model.predict(part, pred_contrib=True)))[:, : len(levers)].mean(axis=0)
    return dict(zip(levers, shap.tolist(), strict=True))


def summary(world: str, size: str, judged: list[Judged], /) -> str:
    """Write one world's figures as Markdown."""
    customers, employees, months = SIZES[size]
    lines = [
        f"### {world}, {size}"
        + (f" ({customers:,} customers, {employees} people, {months} months)" if customers else "")
        + f", {len(judged)} seeds",
        "",
        "| figure | value |",
        "|---|---|",
    ]
    names = list(dict.fromkeys(name for company in judged for name in company.regrets))
    for name in names:
        values = [company.regrets[name] for company in judged if name in company.regrets]
        lines.append(f"| regret, {name} | {np.mean(values):.3f} (worst {max(values):.3f}) |")
    ranks = [company.rank for company in judged if not np.isnan(company.rank)]
    if ranks:
        lines.append(f"| rank correlation with the true weights | {np.mean(ranks):.2f} |")
    right = sum(len(company.flagged & company.harmful) for company in judged)
    lines += [
        _share("misaligned KPIs, precision", right, sum(len(company.flagged) for company in judged)),
        _share("misaligned KPIs, recall", right, sum(len(company.harmful) for company in judged)),
        _share("90 % intervals that cover the truth", sum(c.covered for c in judged), sum(c.measured for c in judged)),
        _share("companies in which a card moves", sum(c.moved for c in judged), len(judged)),
        _share("companies that the next cycle's cards make worse", sum(c.gain < -1e-9 for c in judged), len(judged)),
        _share("companies whose routing is called near random", sum(c.near_random for c in judged), len(judged)),
        f"| seconds per company | {np.mean([company.seconds for company in judged]):.0f} |",
    ]
    return "\n".join(lines) + "\n"


def _share(name: str, hits: int, trials: int, /) -> str:
    if trials == 0:
        return f"| {name} | none to judge |"
    low, high = proportion_confint(hits, trials, method="wilson")
    return f"| {name} | {hits / trials:.2f} ({low:.2f}–{high:.2f}; {hits} of {trials}) |"


if __name__ == "__main__":
    main()
