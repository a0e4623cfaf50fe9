"""A store of pilots in either engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from baton.company import Company
from serving.state.store import State
from tests.serving.databases import company_in
from tests.serving.pilots.trial import Trial


@pytest.fixture
def trial(tmp_path: Path, open_states: Callable[[Company], State]) -> Trial:
    return Trial(open_states(company_in(tmp_path / "state")))


@pytest.fixture
def any_trial(state: State) -> Trial:
    """The store in each engine."""
    return Trial(state)
