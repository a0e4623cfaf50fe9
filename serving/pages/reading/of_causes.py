"""What a run has left on causes in texts, as far as one user may see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from baton.catalogue.schema import Catalogue, Text
from baton.company import Company
from baton.files import read_json
from baton.informative import is_informative
from baton.wording.causes import CausesSection, causes_section
from baton.wording.naming import Names
from baton.wording.wording import Bilingual, translated, verbatim
from serving.loading import LoadedRun

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CausesOf", "RunCauses", "TextShown"]

_TABLES = (
    "root_causes", "cause_shares", "cause_trends", "cause_diagnosis", "cause_prices", "emerging_causes",
    "suspicious_labels",
)  # fmt: skip
_SHOWN_CHARACTERS = 220
_MAX_KEPT = 50
_MAX_LOOKED = 500  # labels that are looked through for those of somebody's teams
_MAX_DOUBTFUL = 5


@dataclass(frozen=True)
class TextShown:
    """A masked text of a case, with what stands beside it.

    Parameters
    ----------
    case_id : str
    cause : str
        What stands beside it: the model's answer, or the label that looks wrong.
    text : str
        Masked, and not at length.
    team : str
        Whose case; empty where that is not known.
    likely : str
        Of a label that looks wrong, what it more likely is; else empty.
    """

    case_id: str
    cause: str
    text: str
    team: str
    likely: str = ""


class RunCauses:
    """What a run has left on causes, read once.

    Parameters
    ----------
    run : LoadedRun
        Whose texts were read.
    names : Names
        What KPIs are called.
    """

    def __init__(self, run: LoadedRun, names: Names, /) -> None:
        self.run = run
        self.names = names
        self._sections: dict[tuple[frozenset[str], bool], CausesSection | None] = {}

    def section(
        self, teams: frozenset[str], named: Callable[[str], str], /, *, with_texts: bool
    ) -> CausesSection | None:
        """Return the section as somebody sees it, made once for all who see the same; None where nothing was read."""
        key = (teams, with_texts)
        if key not in self._sections:
            if len(self._sections) >= _MAX_KEPT:
                self._sections.clear()
            self._sections[key] = causes_section(CausesOf(self, teams, with_texts, named))
        return self._sections[key]

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Result tables that are there, with or without rows."""
        found = {name: table.to_pandas() for name in _TABLES if (table := self.run.table(name)) is not None}
        if not is_informative(self.run.results.evaluation.get("churn", {})):
            found.pop("cause_prices", None)  # nothing is priced by what is no better than guessing
        return found

    @cached_property
    def about(self) -> Mapping[str, dict[str, Any]]:
        """What is known of each cause."""
        place = self.run.folder.texts / "about.json"
        return read_json(place) if place.exists() else {}

    @cached_property
    def staged(self) -> frozenset[str]:
        """Names of the source tables that the run had."""
        return frozenset(path.stem for path in self.run.folder.staged.glob("*.parquet"))

    @cached_property
    def examples(self) -> Mapping[str, tuple[str, ...]]:
        """Masked texts per cause."""
        table = self.run.table("texts/examples")
        if table is None:
            return {}
        return {str(cause): tuple(rows["text"]) for cause, rows in table.to_pandas().groupby("cause", observed=True)}

    @cached_property
    def new_texts(self) -> Mapping[str, str]:
        """Masked texts of the cases that new causes name as examples."""
        emerging, place = self.tables.get("emerging_causes"), self.run.folder.staged / "cases.parquet"
        wanted = sorted({str(case) for cases in (() if emerging is None else emerging["examples"]) for case in cases})
        if not wanted or not place.exists():
            return {}
        cases = pd.read_parquet(place, columns=["case_id", "text"], filters=[("case_id", "in", wanted)]).dropna()
        return dict(zip(cases["case_id"].astype(str), cases["text"].str.slice(0, _SHOWN_CHARACTERS), strict=True))

    @property
    def known(self) -> list[str]:
        """Every cause that a text can be given."""
        return sorted({*self.about, *(row.cause for row in self._texts), *(row.likely for row in self._texts)} - {""})

    def name_of(self, cause: str, /) -> Bilingual:
        """Return what people call a cause."""
        known = self.about.get(cause)
        return verbatim(cause) if known is None else translated(Text(en=known["en"], zh=known["zh"]))

    @cached_property
    def diagnosed(self) -> Mapping[str, dict[str, Any]]:
        """Rows of the diagnosis by cause: what can be decided on."""
        rows = self.run.all_rows("cause_diagnosis") if "cause_diagnosis" in self.tables else []
        return {row["cause"]: row for row in rows}

    def texts(self, teams: frozenset[str], /, *, all_texts: bool) -> list[TextShown]:
        """Return the texts that somebody may read: those of some teams or all; examples first, then doubtful labels."""
        seen = [row for row in self._texts if all_texts or row.team in teams]
        doubtful = [row for row in seen if row.likely]
        return [*(row for row in seen if not row.likely), *doubtful[:_MAX_DOUBTFUL]]

    @cached_property
    def _texts(self) -> list[TextShown]:
        examples, doubtful = self.run.table("texts/examples"), self.tables.get("suspicious_labels")
        found = [] if examples is None else examples.to_pandas().astype(str).to_dict("records")
        labels = [] if doubtful is None else doubtful.head(_MAX_LOOKED).to_dict("records")
        cases = self._cases({str(row["case_id"]) for row in (*found, *labels)})
        of_examples = [
            TextShown(row["case_id"], row["cause"], row["text"], cases.get(row["case_id"], ("", ""))[0])
            for row in found
        ]
        of_labels = [
            TextShown(str(row["case_id"]), str(row["label"]), text, team, str(row["likely"]))
            for row in labels
            if (known := cases.get(str(row["case_id"]))) is not None and (text := known[1])
            for team in (known[0],)
        ]
        return [*of_examples, *of_labels]

    def _cases(self, wanted: set[str], /) -> dict[str, tuple[str, str]]:
        """Return team and masked text by case; empty ones where they are not known."""
        import pyarrow.parquet as pq

        place = self.run.folder.staged / "cases.parquet"
        if not wanted or not place.exists():
            return {}
        there = pq.read_schema(place).names
        columns = [name for name in ("case_id", "team_id", "text") if name in there]
        cases = pd.read_parquet(place, columns=columns, filters=[("case_id", "in", sorted(wanted))])
        cases = cases.reindex(columns=["case_id", "team_id", "text"]).astype(object).where(cases.notna(), "")
        cases["text"] = cases["text"].astype(str).str.slice(0, _SHOWN_CHARACTERS)
        return {str(case): (str(team or ""), text) for case, team, text in cases.itertuples(index=False)}


@dataclass(frozen=True)
class CausesOf:
    """A run's causes as one user sees them: figures of their teams, and examples only for those who see texts.

    Parameters
    ----------
    read : RunCauses
        All that is there.
    teams : frozenset of str
        Teams whose figures are seen.
    with_texts : bool
        Whether masked examples are seen.
    named : callable
        Returns what people call a team.
    """

    read: RunCauses
    teams: frozenset[str]
    with_texts: bool
    named: Callable[[str], str] = field(repr=False)

    @property
    def company(self) -> Company:
        """Whose run it is."""
        return self.read.run.company

    @property
    def catalogue(self) -> Catalogue:
        """Has the journey's stages."""
        return self.read.names.catalogue

    @property
    def evaluation(self) -> Mapping[str, Any]:
        """How good predictions are."""
        return self.read.run.results.evaluation

    @property
    def staged(self) -> Collection[str]:
        """Names of the source tables."""
        return self.read.staged

    @property
    def looked(self) -> Collection[str]:
        """Result tables that the run has made."""
        return self.read.tables

    @property
    def causes(self) -> Mapping[str, dict[str, Any]]:
        """What is known of each cause."""
        return self.read.about

    @property
    def cause_examples(self) -> Mapping[str, tuple[str, ...]]:
        """Masked texts per cause, to those who see texts."""
        return self.read.examples if self.with_texts else {}

    @property
    def cause_texts(self) -> Mapping[str, str]:
        """Masked texts behind new causes, to those who see texts."""
        return self.read.new_texts if self.with_texts else {}

    def get(self, name: str, /) -> pd.DataFrame | None:
        """Return a table with its rows that are seen."""
        found = self.read.tables.get(name)
        if found is None or found.empty:
            return None
        if name == "cause_trends":
            return found[(found["level"] != "team") | found["unit_id"].isin(self.teams)]
        return found

    def cause_name(self, cause: str, /) -> Bilingual:
        """Return a cause's name."""
        return self.read.name_of(cause)

    def kpi_name(self, kpi: str, /) -> Bilingual:
        """Return a KPI's name."""
        return self.read.names.kpi(kpi)

    def team_name(self, team_id: object, /) -> Bilingual:
        """Return a team's name."""
        return verbatim(self.named(str(team_id)))

    def too_small(self, team_id: object, /) -> bool:
        """Whether a team's figures are hidden: those of ``teams`` are not."""
        return False
