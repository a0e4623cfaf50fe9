"""The root causes of what customers write: which, how sure, and when to abstain."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from baton.company import Text
from baton.errors import ArtefactError
from baton.files import read_json, write_atomically, write_json
from baton.messages.message import Message
from baton.progress import Progress, silent
from features.text.preparing import prepare
from features.text.text_set import TextSet
from models.complaints.abstention import SelectiveRule
from models.complaints.answers import ANSWER_COLUMNS, Read, answer_table
from models.complaints.classifiers.model_files import read_table, refuse_code
from models.complaints.classifiers.ngrams import counted_once
from models.complaints.classifiers.text_model import TextModel, load_text_model
from models.complaints.classifiers.zero_shot import ZeroShotModel
from models.complaints.cold_start import untested_entry, untested_rule, zero_shot
from models.complaints.cross_fitting import Crossed, cross_fitted, forgetting, refitting
from models.complaints.evaluation import Unseen
from models.complaints.label_noise import SUSPICIOUS_COLUMNS, suspicious_labels
from models.complaints.labelled import labelled_texts
from models.complaints.selection import choose_model
from models.complaints.shares import HeldAnswers, cause_shares
from models.complaints.trials import never_predicted, readable_languages, tried, where_it_holds, with_texts
from models.encoders.encoders import read_once
from models.integrity.manifest import verify_manifest, write_manifest

if TYPE_CHECKING:
    from baton.taxonomy import Taxonomy

__all__ = ["RootCauseModel"]

FORMAT = 1
_ABOUT_FILE = "root_cause.json"
_MODEL_FOLDER = "model"
_SEEN_FILE = "seen.parquet"
_SUSPICIOUS_FILE = "suspicious.parquet"
_HELD_FILE = "held.parquet"
_SEEN_COLUMNS = ("text_id", "digest", *ANSWER_COLUMNS)
_AT_A_TIME = 20_000


@dataclass(frozen=True)
class RootCauseModel:
    """A text model, the thresholds below which it does not answer, and what it says of the texts it learned from.

    Parameters
    ----------
    main_causes : dict of str to str or None
        The taxonomy's upper cause of each class.
    languages : frozenset of str
        Those that it has been seen to read; a text in another is not answered.
    evaluation : dict
        The entry ``root_cause`` of ``evaluation.json``.
    suspicious : pandas.DataFrame
        ``text_id``, ``label``, ``likely``, ``probability``: labels to be read again, the most doubtful first.
    seen : pandas.DataFrame
        ``text_id``, ``digest`` and the answer's columns: texts that it learned from, answered by models that did not.
    held : HeldAnswers, optional
        What such models say of labelled texts; None where nothing was tested.
    """

    model: TextModel
    rule: SelectiveRule
    main_causes: dict[str, str | None]
    languages: frozenset[str]
    evaluation: dict[str, Any]
    suspicious: pd.DataFrame
    seen: pd.DataFrame
    held: HeldAnswers | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The causes that it distinguishes."""
        return self.model.classes

    @classmethod
    def fit(
        cls, texts: TextSet, taxonomy: Taxonomy, settings: Text, seed: int, progress: Progress = silent
    ) -> RootCauseModel:
        """Learn from the labelled texts, or, where there are none, from what the taxonomy says of each cause.

        Returns
        -------
        RootCauseModel

        Raises
        ------
        TooLittleDataError
            If all labels are one.
        CompanyFileError
            If the encoder that ``[text]`` names is not there.
        """
        from threadpoolctl import threadpool_limits

        # sums of floats depend on how many threads share them
        with read_once(), counted_once(), threadpool_limits(1):
            learned = cls._learned(texts, taxonomy, settings, seed, progress)
        return replace(learned, model=forgetting(learned.model))

    @classmethod
    def _learned(
        cls, texts: TextSet, taxonomy: Taxonomy, settings: Text, seed: int, progress: Progress
    ) -> RootCauseModel:
        found = labelled_texts(texts, taxonomy, seed)
        texts, labelled, notes = found.texts, found.labelled, found.notes
        few = None
        if found.by_description:
            few = zero_shot(labelled, taxonomy, settings, seed, texts)
            if not few.testable:
                return cls._untested(few.model, texts, labelled, taxonomy, settings, notes)
        choice = choose_model(labelled, settings, seed, progress) if few is None else few.choice(labelled)
        fit = refitting(choice.model, settings, seed) if few is None else few.fit
        crossed = cross_fitted(choice, labelled, fit, seed, progress)
        tested = crossed.tested
        rule = SelectiveRule.fit(
            tested.probabilities, tested.texts.labels, tested.classes, settings.risk, groups=tested.groups
        )
        languages = readable_languages(choice.model, labelled, settings, seed)
        progress("testing the causes", 0, 1)
        evaluation = tried(choice, crossed, labelled, fit, settings, seed)
        evaluation["notes"] += [*notes, *never_predicted(rule, choice.model.classes)]
        if few is None:
            evaluation |= where_it_holds(texts, labelled, choice.model.classes, evaluation["notes"], seed)
        evaluation = with_texts(evaluation) | {"languages": sorted(languages)}
        progress("testing the causes", 1, 1)
        model = cls(
            choice.model,
            rule,
            _main_causes(choice.model.classes, taxonomy),
            languages,
            evaluation,
            suspicious_labels(crossed.unseen.texts, crossed.unseen.probabilities, crossed.unseen.classes),
            pd.DataFrame(),
            HeldAnswers(tested.classes, tested.texts.labels, tested.groups, tested.probabilities),
        )
        return replace(model, seen=model._seen(crossed, settings.risk))

    @classmethod
    def _untested(
        cls,
        model: ZeroShotModel,
        texts: TextSet,
        labelled: TextSet,
        taxonomy: Taxonomy,
        settings: Text,
        notes: Sequence[Message],
        /,
    ) -> RootCauseModel:
        """Return the model where nothing says how often it is right."""
        entry = untested_entry(texts, labelled, settings)
        entry["notes"] += notes
        languages = model.encoder.languages or frozenset({"en", "zh"})
        entry = with_texts(entry) | {"languages": sorted(languages)}
        mains = _main_causes(model.classes, taxonomy)
        suspicious = suspicious_labels(labelled.rows(np.zeros(0, dtype=np.int64)), np.zeros((0, 2)), model.classes)
        return cls(
            model,
            untested_rule(model, settings),
            mains,
            languages,
            entry,
            suspicious,
            pd.DataFrame(columns=list(_SEEN_COLUMNS)),
        )

    def classify(self, raw_texts: Sequence[str | None]) -> pd.DataFrame:
        """Say what texts are about, as customers wrote them.

        Parameters
        ----------
        raw_texts : sequence of str or None

        Returns
        -------
        pandas.DataFrame
            One row per text, in order: ``cause`` (best guess; null for an empty text), ``main_cause``,
            ``probability``, ``abstained``, ``second_cause``, ``language``, ``reason`` (why abstained: ``unclear``,
            ``language``, ``empty``; else ``""``).
        """
        ready = prepare(raw_texts)
        return self._answer(self._probabilities(ready["text"]), ready["language"], ready["empty"].to_numpy(dtype=bool))

    def answers(self, texts: TextSet) -> pd.DataFrame:
        """Say what prepared texts are about; those it learned from by models that had not seen them.

        Returns
        -------
        pandas.DataFrame
            One row per text, in order: ``text_id`` and the columns of ``classify``.
        """
        return self._read(texts)[0]

    def read(self, texts: TextSet, seed: int, /) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Say what prepared texts are about, one by one as ``answers`` does, and of each cause how many are in all.

        Returns
        -------
        tuple of pandas.DataFrame
            The answers, and ``cause_shares``: estimated where the model was tested on texts like the others.
        """
        answers, probabilities = self._read(texts)
        alike = self.evaluation.get("representative", True)
        return answers, cause_shares(answers, texts.labels, probabilities, self.held if alike else None, seed)

    def _read(self, texts: TextSet, /) -> tuple[pd.DataFrame, np.ndarray]:
        frame = texts.frame
        text = frame["text"].astype("str")
        row = self._row_seen(frame["text_id"].astype("str"), text)
        learned = np.isfinite(row)
        # what is answered by a model that had not seen the text, and counted by its label, need not be read again
        asked = ~learned | frame["label"].isna().to_numpy()
        probabilities = np.zeros((len(frame), len(self.classes)))
        probabilities[asked] = self._probabilities(text[asked])
        empty = ~text.str.contains(r"\w", regex=True).to_numpy(dtype=bool)
        answered = self._answer(probabilities, frame["language"], empty)
        answered.insert(0, "text_id", frame["text_id"].astype("str").to_numpy())
        for name in ANSWER_COLUMNS if learned.any() else ():
            values = answered[name].to_numpy(dtype=object).copy()
            values[learned] = self.seen[name].to_numpy(dtype=object)[row[learned].astype(np.int64)]
            answered[name] = pd.Series(values, index=answered.index).astype(answered[name].dtype)
        return answered, probabilities

    def _row_seen(self, ids: pd.Series, texts: pd.Series, /) -> np.ndarray:
        """Return where (texts,) in ``seen`` each text stands; NaN where it was not learned from."""
        if self.seen.empty:
            return np.full(len(texts), np.nan)
        keys = ids.to_numpy(dtype=object) + "|" + _digests(texts).to_numpy(dtype=object)
        place = pd.Series(np.arange(len(self.seen)), index=self.seen["text_id"] + "|" + self.seen["digest"])
        return place[~place.index.duplicated()].reindex(keys).to_numpy(dtype=np.float64, na_value=np.nan)

    def learn(
        self,
        corrections: pd.DataFrame,
        texts: TextSet,
        taxonomy: Taxonomy,
        settings: Text,
        seed: int,
        progress: Progress = silent,
    ) -> RootCauseModel:
        """Learn again after somebody has corrected answers.

        Parameters
        ----------
        corrections : pandas.DataFrame
            ``text`` (raw) and ``label``. The same text in ``texts`` takes the label; a new one is added.
        texts : TextSet
            What was learned from before.
        taxonomy, settings, seed, progress
            As for ``fit``.
        """
        from features.text.reading import group_of

        ready = prepare(corrections["text"].tolist())
        label_of = dict(zip(ready["text"], corrections["label"].astype("str"), strict=True))
        frame = texts.frame.copy()
        corrected = frame["text"].isin(label_of).to_numpy()
        frame["label"] = frame["label"].astype(object)
        frame.loc[corrected, "label"] = frame.loc[corrected, "text"].map(label_of)
        frame.loc[corrected, "weight"] = 1.0
        new = ready[~ready["text"].isin(set(frame["text"]))].drop_duplicates("text")
        added = pd.DataFrame(
            {
                "text_id": [f"correction-{number}" for number in range(len(new))],
                "text": new["text"].to_numpy(),
                "language": new["language"].to_numpy(),
                "mixed": new["mixed"].to_numpy(),
                "label": new["text"].map(label_of).to_numpy(dtype=object),
                "weight": 1.0,
                "at": pd.NaT,
                "group": [group_of(text) for text in new["text"]],
            }
        )
        added["at"] = added["at"].astype(frame["at"].dtype)
        whole = pd.concat([frame, added], ignore_index=True) if len(added) else frame
        return type(self).fit(TextSet(whole, texts.notes), taxonomy, settings, seed, progress)

    def save(self, folder: Path) -> None:
        """Write the model as JSON, Parquet and what the text model writes; never as a pickle."""
        self.model.save(folder / _MODEL_FOLDER)
        about = {
            "format": FORMAT,
            "rule": self.rule.to_json(),
            "main_causes": self.main_causes,
            "languages": sorted(self.languages),
            "evaluation": self.evaluation,
        }
        for name, table in ((_SEEN_FILE, self.seen), (_SUSPICIOUS_FILE, self.suspicious)):
            with write_atomically(folder / name) as temporary:
                table.to_parquet(temporary, index=False)
        (folder / _HELD_FILE).unlink(missing_ok=True)
        if self.held is not None:
            self.held.save(folder / _HELD_FILE)
        write_json(folder / _ABOUT_FILE, about)
        write_manifest(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` has written.

        Raises
        ------
        ArtefactError
            If a file is missing, damaged, of a later format, or can carry code.
        """
        refuse_code(folder)
        path = verify_manifest(folder).folder / _ABOUT_FILE
        about = read_json(path)
        if (found := about.get("format") if isinstance(about, dict) else None) != FORMAT:
            raise ArtefactError(f"{path}: has format {found!r}, this Baton reads {FORMAT}; run again")
        for name, kind in {"main_causes": dict, "evaluation": dict, "languages": list}.items():
            if not isinstance(about.get(name), kind):
                raise ArtefactError(f"{path}: lacks {name!r}; delete the folder and run again")
        model = load_text_model(folder / _MODEL_FOLDER)
        return cls(
            model,
            SelectiveRule.from_json(about.get("rule"), str(path)),
            about["main_causes"],
            frozenset(about["languages"]),
            about["evaluation"],
            read_table(folder / _SUSPICIOUS_FILE, SUSPICIOUS_COLUMNS),
            read_table(folder / _SEEN_FILE, _SEEN_COLUMNS),
            HeldAnswers.load(folder / _HELD_FILE, model.classes),
        )

    def _probabilities(self, texts: pd.Series, /) -> np.ndarray:
        # no array of fixed width: one text of a megabyte would make every row as wide
        of_row, distinct = pd.factorize(texts.astype(object))
        parts = [
            self.model.probabilities(list(distinct[start : start + _AT_A_TIME]))
            for start in range(0, len(distinct), _AT_A_TIME)
        ]
        return np.concatenate(parts)[of_row] if parts else np.zeros((0, len(self.classes)))

    def _answer(self, probabilities: np.ndarray, languages: pd.Series, empty: np.ndarray) -> pd.DataFrame:
        return answer_table(
            probabilities,
            self.classes,
            self.rule,
            read=Read(languages.to_numpy(dtype=object), self.languages, empty),
            main_causes=self.main_causes,
        )

    def _seen(self, crossed: Crossed, risk: float) -> pd.DataFrame:
        unseen, frame = crossed.unseen, crossed.unseen.texts.frame
        answered = self._held_out_answers(unseen, self.rule)
        if crossed.stood_in is not None and crossed.stood_in.any():
            # thresholds belong to the model whose probabilities they were set on
            there = crossed.stood_in
            labels = unseen.texts.labels[there]
            own = SelectiveRule.fit(
                unseen.probabilities[there], labels, unseen.classes, risk, groups=unseen.groups[there]
            )
            answered[there] = self._held_out_answers(unseen, own)[there]
        answered.insert(0, "digest", _digests(frame["text"]).to_numpy())
        answered.insert(0, "text_id", frame["text_id"].astype("str").to_numpy())
        return answered

    def _held_out_answers(self, unseen: Unseen, rule: SelectiveRule) -> pd.DataFrame:
        return answer_table(
            unseen.probabilities,
            unseen.classes,
            rule,
            read=Read(
                unseen.texts.frame["language"].to_numpy(dtype=object), self.languages, np.zeros(len(unseen.texts), bool)
            ),
            main_causes=self.main_causes,
        )


def _main_causes(classes: Sequence[str], taxonomy: Taxonomy, /) -> dict[str, str | None]:
    known = {name: taxonomy.find(name) for name in classes}
    return {name: None if cause is None else taxonomy.main(cause.id).id for name, cause in known.items()}


def _digests(texts: pd.Series, /) -> pd.Series:
    of_text = {text: hashlib.blake2b(text.encode(), digest_size=8).hexdigest() for text in texts.unique()}
    return texts.map(of_text).astype("str")
