"""The house of the tests of access, with passwords, and a browser that keeps cookies and fills in forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pandas as pd
import pytest

from serving.access.granting import give_password
from tests.filled_results import write_filled
from tests.serving.access.conftest import House, approvable, empty, house

__all__ = ["PASSWORD", "Browser", "browser", "empty", "house", "served"]

PASSWORD = "correct horse battery staple"
HERE = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}


class Browser:
    """As much of a browser as forms need."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.page: Any = None

    def open(self, path: str, **headers: str) -> Any:
        headers = {"accept": "text/html", **headers}
        self.page = self.client.get(path, headers=headers, follow_redirects=False)
        return self.page

    def hidden(self, action: str) -> dict[str, str]:
        """The hidden fields of the form of the last page that goes to a path."""
        form = next(
            text
            for text in re.findall(r"<form.*?</form>", self.page.text, re.S)
            if f'action="{action}"' in unescape(text)
        )
        return {
            name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
        }

    def send(self, action: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Any:
        """Fill in a form of the last page and send it."""
        data = {**self.hidden(action), **fields}
        self.page = self.client.post(action, data=data, headers=headers or HERE, follow_redirects=False)
        return self.page

    def sign_in(self, name: str, password: str = PASSWORD) -> Any:
        self.client.cookies.clear()
        self.open("/pages/sign-in")
        return self.send("/pages/sign-in", {"name": name, "password": password})


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashes of the same kind that take little time and memory."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.access.passwords._argon2", lambda: cheap)
        yield


def write_causes(house: House) -> None:
    """Causes in the texts of all teams; t4 has one person."""
    months = pd.date_range("2025-01-01", periods=4, freq="MS")
    trends = pd.DataFrame(
        [
            {"level": level, "unit_id": unit, "cause": cause, "month": month, "n": n, "texts": 30, "share": n / 30}
            for level, unit in (("company", ""), *(("team", f"t{number}") for number in range(1, 5)))
            for cause, n in (("late", 20), ("bill", 10))
            for month in months
        ]
    )
    cases = [f"k{number}" for number in range(120)]
    answers = pd.DataFrame({"case_id": cases, "cause": ["late"] * 80 + ["bill"] * 40, "probability": 0.9})
    shares = pd.DataFrame({"cause": ["late", "bill"], "named": [80, 40], "texts": 120, "named_share": [2 / 3, 1 / 3]})
    examples = pd.DataFrame({"cause": ["late"], "case_id": ["k3"], "text": ["where is my parcel [phone] <b>"]})
    tables = {"cause_trends": trends, "root_causes": answers, "cause_shares": shares, "texts/examples": examples}
    known = {
        "growing": True,
        "stage": "support",
        "kpis": ["csat", "outage_minutes"],
        "measured_by": [],
        "alignment": "unmeasured",
    }
    tables["cause_diagnosis"] = pd.DataFrame([{"cause": cause, **known} for cause in ("late", "bill")])
    (house.folder.path / "texts").mkdir(exist_ok=True)
    for name, table in tables.items():
        write_filled(house.folder, name, table)


@pytest.fixture(scope="module")
def with_passwords(house: House) -> House:
    house = approvable(house)
    write_causes(house)
    for name in ("ana", "lin", "mara", "emil", "aud"):
        give_password(house.company, name, PASSWORD)
    return house


@pytest.fixture(scope="module")
def served(open_on: Callable[..., Any], with_passwords: House) -> Iterator[Any]:
    """The service of the house."""
    with open_on(with_passwords.company, with_passwords.folder) as opened:
        yield opened


@pytest.fixture
def browser(served: Any, with_passwords: House) -> Iterator[Browser]:
    served.cookies.clear()
    yield Browser(served)
    served.cookies.clear()
