"""Five made-up companies that have little: what somebody brings who wants to see something before asking IT for more."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["cases_and_employees", "flat_customers", "kpi_table", "one_workbook", "texts_alone"]

START = datetime(2024, 1, 2, 9)
_ROWS = 400


def cases_and_employees(folder: Path, /) -> None:
    """Write cases and employees: who served, when, and how it was rated; nothing of customers."""
    random = np.random.default_rng(3)
    who = random.integers(0, 12, _ROWS)
    good = (who % 4 + random.normal(0, 1, _ROWS)) > 1
    opened = [START + timedelta(hours=24 * 365 * at / _ROWS) for at in range(_ROWS)]
    waits = np.where(good, 20, 90) + random.integers(0, 60, _ROWS)
    pd.DataFrame(
        {
            "case_id": [f"k{at:03}" for at in range(_ROWS)],
            "opened_at": opened,
            "responded_at": [at + timedelta(minutes=int(wait)) for at, wait in zip(opened, waits, strict=True)],
            "closed_at": [at + timedelta(minutes=int(wait) * 5) for at, wait in zip(opened, waits, strict=True)],
            "rated_at": [at + timedelta(days=1) for at in opened],
            "employee_id": [f"e{at:02}" for at in who],
            "team_id": [f"t{at % 3}" for at in who],
            "channel": random.choice(["phone", "mail"], _ROWS),
            "csat": np.clip(np.where(good, 4, 2) + random.integers(-1, 2, _ROWS), 1, 5),
            "resolved_first": good.astype(int),
        }
    ).to_csv(folder / "cases.csv", index=False)
    pd.DataFrame(
        {
            "employee_id": [f"e{at:02}" for at in range(12)],
            "team_id": [f"t{at % 3}" for at in range(12)],
            "role": "agent",
            "hired_at": [START - timedelta(days=60 * at + 40) for at in range(12)],
        }
    ).to_csv(folder / "employees.csv", index=False)


def flat_customers(folder: Path, /) -> None:
    """Write one flat table of customers, as a CRM exports it: columns, and whether they left."""
    random = np.random.default_rng(5)
    complaints, months = random.poisson(1.0, _ROWS), random.integers(1, 60, _ROWS)
    left = random.random(_ROWS) < 1 / (1 + np.exp(2.2 - 1.1 * complaints + months / 30))
    pd.DataFrame(
        {
            "customer_id": [f"c{at:03}" for at in range(_ROWS)],
            "churned": left.astype(int),
            "complaints": complaints,
            "months": months,
            "plan": random.choice(["basic", "plus"], _ROWS),
        }
    ).to_csv(folder / "snapshots.csv", index=False)


_WROTE = {
    "billing": ["the invoice shows a wrong amount", "charged twice this month", "my bill has a fee nobody explained"],
    "delivery": ["the parcel has not arrived", "delivery came three days late", "the courier left my box outside"],
    "defect": ["the router keeps restarting", "the screen was broken", "the device does not switch on any more"],
}


def texts_alone(folder: Path, /) -> None:
    """Write what customers wrote, and when; a third is labelled."""
    random = np.random.default_rng(7)
    causes = random.choice(list(_WROTE), 300)
    openings = ["hello,", "good morning,", "to whom it may concern:", "hi team,", "again:"]
    texts = [
        f"{random.choice(openings)} {random.choice(_WROTE[cause])}, order {random.integers(100, 999)} please help"
        for cause in causes
    ]
    pd.DataFrame(
        {
            "case_id": [f"k{at:03}" for at in range(300)],
            "opened_at": [START + timedelta(hours=20 * at) for at in range(300)],
            "text": texts,
            "root_cause": [cause if at % 3 == 0 else None for at, cause in enumerate(causes)],
        }
    ).to_csv(folder / "cases.csv", index=False)


def kpi_table(folder: Path, /) -> None:
    """Write KPIs per team and month, as a controller's sheet holds them: some teams get worse every other half-year."""
    random = np.random.default_rng(9)
    months = pd.date_range("2023-01-01", periods=19, freq="MS")
    rows = [
        {
            "unit": "team", "unit_id": f"t{team:02}", "from": first, "to": last, "kpi": kpi,
            "value": round(float(level - fall * (at % 6) * (team % 2) + random.normal(0, noise)), 3), "n": 40,
        }
        for team in range(10)
        for at, (first, last) in enumerate(zip(months[:-1], months[1:], strict=True))
        for kpi, level, fall, noise in (("csat", 4.4, 0.12, 0.15), ("first_contact_resolution", 0.7, 0.04, 0.06))
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "measures.csv", index=False)


def one_workbook(place: Path, /) -> None:
    """Write one workbook of tickets with the headings of a service desk."""
    random = np.random.default_rng(11)
    agents = random.choice([f"Agent {letter}" for letter in "ABCDEFGH"], _ROWS)
    opened = [START + timedelta(hours=24 * 300 * at / _ROWS) for at in range(_ROWS)]
    hours = random.integers(1, 72, _ROWS)
    pd.DataFrame(
        {
            "Ticket ID": [f"T-{at:04}" for at in range(_ROWS)],
            "Created": opened,
            "Resolved": [at + timedelta(hours=int(one)) for at, one in zip(opened, hours, strict=True)],
            "Assignee": agents,
            "Group": [f"Group {'AB'[ord(agent[-1]) % 2]}" for agent in agents],
            "Priority": random.choice(["low", "high"], _ROWS),
            "Satisfaction score": np.clip(5 - hours // 24 + random.integers(-1, 2, _ROWS), 1, 5),
        }
    ).to_excel(place, index=False)
