"""What 1e10 events and 1e8 customers would take, computed from what was measured: ``python -m benchmarks.plan``.

Every input is listed with where it was measured; nothing is measured here. Work in proportion to rows is taken to stay
so (ten times the cases took 7.8 and 13.2 times as long: docs/results.md#speed), which no machine has shown at 1e10.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["INPUTS", "Input", "breaks", "document", "work"]

EVENTS, CUSTOMERS = 10**10, 10**8
MACHINE_GIB, MACHINE_CORES, NIGHT_HOURS = 24, 2, 8
CLUSTER_CORES = (64, 256)


@dataclass(frozen=True)
class Input:
    """One measured figure.

    Parameters
    ----------
    value : float
        In ``unit``.
    source : str
        Where it was measured, and on what.
    """

    value: float
    unit: str
    source: str


_SPEED = "[speed.md](speed.md#a-large-company)"
_PYTHON = 400 / 1024  # GiB that a process holds before it has read a row

INPUTS = {
    "staging": Input(40.9 / 9.24e6, "processor seconds a row", f"{_SPEED}: 40.9 s, 9.24 million cases and acts"),
    "features": Input(57.7 / 8.75e6, "processor seconds a row", f"{_SPEED}: 57.7 s, 18 months, 8.75 million"),
    "training": Input(87.3, "processor seconds", f"{_SPEED}; learned from 200,000 rows, however many there are"),
    "scoring": Input(17.7 / 1e5, "processor seconds a customer", f"{_SPEED}: 17.7 s, 100,000 customers"),
    "advice": Input(84.5, "processor seconds", f"{_SPEED}; learned from 300,000 cases, however many there are"),
    "memory of features": Input((2286 / 1024 - _PYTHON) / 1e5, "GiB a customer", f"{_SPEED}: 2,286 MiB, 400 Python's"),
    "memory of scoring": Input((1414 / 1024 - _PYTHON) / 1e5, "GiB a customer", f"{_SPEED}: 1,414 MiB, 400 Python's"),
    "staged event": Input(7.0, "bytes", "300 simulated customers, Parquet: 6.3 an act, 6.2 a step, 45 a case"),
    "exported event": Input(80.0, "bytes", "assumed: a line of CSV with two ids, a time and a kind"),
    "scratch": Input(2.0, "times what is staged", "assumed: what an engine spills while it sorts and joins"),
    "Spark": Input(1.0, "times DuckDB's processor seconds", "assumed, not measured: DuckDB is likely faster a core"),
}  # fmt: skip


def work() -> list[tuple[str, str, float, float]]:
    """Return each step, where it runs today, its core hours and the bytes that it leaves."""
    value = {name: found.value for name, found in INPUTS.items()}
    hour = 3600
    return [
        ("stage", "one machine", EVENTS * value["staging"] / hour, EVENTS * value["staged event"]),
        (
            "features",
            "Spark, or one machine",
            EVENTS * value["features"] * value["Spark"] / hour,
            CUSTOMERS * 200 * 8.0,
        ),
        ("train", "one machine", value["training"] / hour, 2e5 * 200 * 8),
        ("score", "one machine", CUSTOMERS * value["scoring"] / hour, CUSTOMERS * 100.0),
        ("advise", "one machine", value["advice"] / hour, 3e5 * 100 * 8),
    ]


def breaks() -> list[tuple[str, float, str]]:
    """Return each limit, at how many customers (100 events each) one machine meets it, and what follows."""
    value = {name: found.value for name, found in INPUTS.items()}
    free = MACHINE_GIB - _PYTHON
    seconds = NIGHT_HOURS * 3600 * MACHINE_CORES
    each = EVENTS / CUSTOMERS
    limits = [
        (
            "memory of features",
            free / value["memory of features"],
            "the training table is put together in memory, all customers of the last snapshot in it; on Spark too",
        ),
        (
            "memory of scoring",
            free / value["memory of scoring"],
            "all customers of the last snapshot are scored at once",
        ),
        ("a night of staging", seconds / (each * value["staging"]), "reading and checking do not leave the machine"),
        ("a night of features", seconds / (each * value["features"]), "more cores, or Spark"),
        ("a night of scoring", seconds / value["scoring"], "rows do not depend on each other: parts in parallel"),
    ]
    return sorted(limits, key=lambda limit: limit[1])


def document() -> str:
    """Return the plan's tables as Markdown."""
    lines = ["| input | value | where from |", "|---|---|---|"]
    lines += [f"| {name} | {_short(found.value)} {found.unit} | {found.source} |" for name, found in INPUTS.items()]
    cores = " | ".join(f"hours on {count} cores" for count in CLUSTER_CORES)
    lines += ["", f"| step | runs on | core hours | {cores} | leaves |", "|---|---|---|---|---|---|"]
    for step, where, hours, left in work():
        spread = " | ".join(_short(hours / count) if "Spark" in where else "–" for count in CLUSTER_CORES)
        lines.append(f"| {step} | {where} | {_short(hours)} | {spread} | {_bytes(left)} |")
    raw, staged = EVENTS * INPUTS["exported event"].value, EVENTS * INPUTS["staged event"].value
    lines += ["", "| on disk | |", "|---|---|", f"| exports as CSV | {_bytes(raw)} |", f"| staged | {_bytes(staged)} |"]
    lines.append(f"| scratch while it runs | {_bytes(staged * INPUTS['scratch'].value)} |")
    head = f"limit of one machine ({MACHINE_CORES} cores, {MACHINE_GIB} GiB, a night of {NIGHT_HOURS} hours)"
    lines += ["", f"| {head} | met at customers | what then |", "|---|---|---|"]
    lines += [f"| {name} | {_short(at)} | {then} |" for name, at, then in breaks()]
    return "\n".join(lines) + "\n"


def _short(value: float, /) -> str:
    if value >= 1e5:
        return f"{value / 1e6:.1f} million"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"  # two digits are more than such a plan knows


def _bytes(value: float, /) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} TB" if value < 10 else f"{value:.0f} TB"


if __name__ == "__main__":
    print(document(), end="")
