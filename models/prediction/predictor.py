"""What every predictor can do, and the boosted trees that those for churn, declines and case outcomes share."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
import pandas as pd

from baton.errors import ArtefactError, DamagedModelError
from baton.files import write_atomically, write_json
from baton.outcomes import Kind, Outcome, kind_of, table_of
from features.training.table import TrainingTable
from models.folds import group_folds
from models.integrity.manifest import Manifest, verify_manifest, write_manifest
from models.integrity.model_file import MODEL_FILES
from models.integrity.probe import PROBE_FILE, differs, make_probe, probe_rows, read_probe
from models.prediction import calibration as calibrations
from models.prediction.boosting import Boosted, Recipe, Task
from models.prediction.calibration import Calibration
from models.prediction.choice import Judged
from models.prediction.encoding import Encoding, Rows
from models.prediction.fitted_model import FittedModel, read_model
from models.prediction.ladder.climb import climb, refitted
from models.prediction.ladder.prepared import Prepared
from models.prediction.reliability.band import Band
from models.prediction.reliability.learned import learn_band
from models.prediction.reliability.unlike import Familiar, learn_familiar
from models.prediction.sufficiency import LATER_EVENTS, before_and_after, events_in, later_rows, learnable_rows
from models.prediction.survival.curve import Curve
from models.prediction.survival.learned import learn_curve

__all__ = ["BIAS", "BoostedPredictor", "Predictor", "load_predictor", "predictor_class"]

BIAS = "bias"
"""Column of ``contributions`` with what a prediction is before any feature is looked at."""

_FORMAT = 1
_MODULES: Mapping[Kind, str] = {"churn": "churn", "decline": "decline", "case": "case_outcome"}
_FEW_ROWS = 500  # up to so many, starting threads takes longer than they save


class Predictor(Protocol):
    """Learns one outcome from a training table, predicts it, and says why."""

    @classmethod
    def fit(cls, table: TrainingTable, seed: int, /) -> Self:
        """Learn from the labelled rows."""
        ...

    def predict(self, rows: Rows, /) -> np.ndarray:
        """Return a probability, or a number, per row."""
        ...

    def contributions(self, rows: Rows, /) -> pd.DataFrame:
        """Return what each feature adds to the raw score, and the bias."""
        ...

    def save(self, folder: Path, /) -> None:
        """Write the predictor as text."""
        ...

    @classmethod
    def load(cls, folder: Path, /) -> Self:
        """Read what ``save`` has written."""
        ...


@dataclass(frozen=True)
class BoostedPredictor:
    """Boosted trees, or the linear model that takes their place, with a calibration.

    Parameters
    ----------
    outcome : str
        Key in ``evaluation.json``.
    kind : {"probability", "number"}
    unit : str
        What a row is about.
    encoding : Encoding
        Features and the values of categorical ones.
    kpi_of : mapping of str to str
        The KPI each feature belongs to.
    model : FittedModel
        Trees, or a linear model.
    calibration : Calibration or None
        None for numbers.
    curve : Curve or None
        Chances at other days than the horizon; None where no time of the event is known.
    band : Band or None
        What came of rows of the same score; None where that was not learned.
    familiar : Familiar or None
        What rows learned from were like.
    about : mapping
        What it was trained on and how: ``rows``, ``base_rate``, ``seed``, ``trees``, ``parameters``, ``from``, ``to``.
    """

    name: ClassVar[str] = ""
    kinds: ClassVar[frozenset[str]] = frozenset({"probability", "number"})
    recipe: ClassVar[Recipe] = Recipe()

    outcome: str
    kind: Literal["probability", "number"]
    unit: str
    encoding: Encoding
    kpi_of: Mapping[str, str]
    model: FittedModel = field(repr=False)
    calibration: Calibration | None
    about: Mapping[str, Any] = field(default_factory=dict)
    curve: Curve | None = None
    band: Band | None = None
    familiar: Familiar | None = None

    @classmethod
    def fit(cls, table: TrainingTable, seed: int, /) -> Self:
        """Learn from the labelled rows: trees, their number, and the calibration, each from rows held out of the rest.

        Parameters
        ----------
        seed : int
            The same seed and rows give the same predictions.

        Returns
        -------
        Self

        Raises
        ------
        TooLittleDataError
            If the outcome cannot be learned from so few rows, events or groups.
        TableError
            If the table's kind is not one that this predictor knows.
        """
        rows = learnable_rows(table, cls.kinds)
        encoding = Encoding.learn(rows, table.features)
        matrix, label = encoding.matrix(rows[list(table.features)]), rows["label"].to_numpy(dtype=np.float64)
        prepared = Prepared(matrix, label, cls._task(table, encoding, seed))
        held = cls._held_out(table, rows, prepared)
        alone = len(label) >= cls.recipe.hold_out_rows
        final = held.models[0] if alone else refitted(prepared, held)
        known = ~np.isnan(held.raw)
        late = later_rows(table, rows)
        used = known & late if events_in(label[known & late], table.kind) >= LATER_EVENTS else known
        is_forecast = table.forecast is not None
        calibration = None
        if table.kind == "probability":
            calibration = calibrations.fit_calibration(held.raw[used], label[used], is_forecast=is_forecast)
        about = {
            "rows": len(label),
            "base_rate": float(label.mean()),
            "seed": seed,
            "trees": final.trees,
            "leaves": held.leaves,
            "linear_weight": held.weight,
            "linear_share": held.share,
            "of_forecast": held.is_forecast,
            "calibration_rows": int(used.sum()) if calibration is not None else 0,
            "parameters": (held.recipe or cls.recipe).parameters(table.kind, len(label), seed),
            "from": _moment(rows["as_of"].min()),
            "to": _moment(rows["as_of"].max()),
        }
        kpi_of = {name: table.kpi_of.get(name, "_context") for name in table.features}
        found = cls(table.outcome, table.kind, table.unit, encoding, kpi_of, final, calibration, about)
        if calibration is None:
            return found
        band = learn_band(table, rows[used], held.raw[used], calibration)
        curve = learn_curve(table, rows, held.raw, calibration)
        return replace(found, curve=curve, band=band, familiar=learn_familiar(rows, encoding))

    @classmethod
    def cross_fit(cls, table: TrainingTable, seed: int, /) -> tuple[Boosted, Encoding]:
        """Return models that between them have left out every labelled row once.

        Raises
        ------
        TooLittleDataError
            As for ``fit``.
        """
        rows = learnable_rows(table, cls.kinds)
        encoding = Encoding.learn(rows, table.features)
        matrix, label = encoding.matrix(rows[list(table.features)]), rows["label"].to_numpy(dtype=np.float64)
        prepared = Prepared(matrix, label, cls._task(table, encoding, seed))
        return cls._held_out(table, rows, prepared, every_row=True), encoding

    @classmethod
    def _task(cls, table: TrainingTable, encoding: Encoding, seed: int, /) -> Task:
        forecast = encoding.features.index(table.forecast) if table.forecast in encoding.features else None
        return Task(cls.recipe, table.kind, encoding.categorical, seed, forecast)

    @classmethod
    def _held_out(
        cls, table: TrainingTable, rows: pd.DataFrame, prepared: Prepared, /, *, every_row: bool = False
    ) -> Boosted:
        label, group, seed = prepared.label, rows["group"].astype(str).to_numpy(), prepared.task.seed
        part = group_folds(group, label, cls.recipe.folds, seed)
        late = later_rows(table, rows)
        # numbers are not calibrated: for them rows alone decide
        events = events_in(label[(part == 0) & late], table.kind) if table.kind == "probability" else np.inf
        before, after = before_and_after(table, rows)
        numbered, moment = (np.unique(of, return_inverse=True)[1] for of in (group, rows["as_of"].to_numpy()))
        judged = Judged(label, late, numbered, table.kind, table.forecast is not None, before, after, moment)
        once = not every_row and cls.recipe.holds_out_once(len(label), events)
        if not every_row and not once and len(label) >= cls.recipe.three_fold_rows:
            part = group_folds(group, label, 3, seed)
        return climb(prepared, part, judged, once=once, per_fold=every_row)

    def raw(self, rows: Rows, /) -> np.ndarray:
        """Return the score before calibration: log-odds, or the number itself; shape (rows,)."""
        matrix = self.encoding.matrix(rows)
        threads = 1 if len(matrix) <= _FEW_ROWS else 0
        return self.model.raw(matrix, threads=threads)

    def calibrate(self, raw: np.ndarray, /) -> np.ndarray:
        """Turn scores into probabilities; numbers stay as they are."""
        return np.asarray(raw, dtype=np.float64) if self.calibration is None else self.calibration.apply(raw)

    def predict(self, rows: Rows, /) -> np.ndarray:
        """Return a calibrated probability, or a number, per row.

        Parameters
        ----------
        rows : pandas.DataFrame or sequence of mapping
            Feature columns, or each row's features by name; absent ones count as unknown.

        Returns
        -------
        numpy.ndarray, shape (rows,)

        Raises
        ------
        TableError
            If there is a feature that the model does not know.
        """
        return self.calibrate(self.raw(rows))

    def contributions(self, rows: Rows, /) -> pd.DataFrame:
        """Return exact SHAP values, as the model's kind has them.

        Parameters
        ----------
        rows : pandas.DataFrame or sequence of mapping
            As for ``predict``.

        Returns
        -------
        pandas.DataFrame
            One row per row of ``rows`` with its index, one column per feature and ``bias``; they sum to ``raw``:
            log-odds before calibration, or the number's own unit.
        """
        columns = [*self.encoding.features, BIAS]
        index = rows.index if isinstance(rows, pd.DataFrame) else pd.RangeIndex(len(rows))
        if len(rows) == 0:
            return pd.DataFrame({name: np.zeros(0) for name in columns}, index=index)
        values = self.model.contributions(self.encoding.matrix(rows))
        return pd.DataFrame(values, columns=columns, index=index)

    def save(self, folder: Path, /) -> None:
        """Write the model (LightGBM's text, or JSON where a linear one has a share) and ``predictor.json``."""
        encoding = self.encoding
        matrix = probe_rows(encoding.features, encoding.categories, encoding.ranges, encoding.medians)
        for name in MODEL_FILES:
            (folder / name).unlink(missing_ok=True)
        with write_atomically(folder / self.model.file) as path:
            path.write_text(self.model.text, encoding="utf-8", newline="\n")
        write_json(folder / PROBE_FILE, make_probe(self.model, matrix))
        write_json(
            folder / "predictor.json",
            {
                "format": _FORMAT,
                "predictor": self.name,
                "outcome": self.outcome,
                "kind": self.kind,
                "unit": self.unit,
                "features": list(self.encoding.features),
                "categories": {name: list(values) for name, values in self.encoding.categories.items()},
                "usual": dict(self.encoding.medians),
                "ranges": {name: list(ends) for name, ends in self.encoding.ranges.items()},
                "rare": {name: list(values) for name, values in self.encoding.rare.items()},
                "kpi_of": dict(self.kpi_of),
                "calibration": None if self.calibration is None else self.calibration.to_json(),
                **{name: None if each is None else each.to_json() for name, each in self._learned_besides().items()},
                "about": dict(self.about),
            },
        )
        write_manifest(folder)

    def _learned_besides(self) -> dict[str, Curve | Band | Familiar | None]:
        return {"curve": self.curve, "band": self.band, "familiar": self.familiar}

    @classmethod
    def load(cls, folder: Path, /) -> Self:
        """Read what ``save`` has written.

        Raises
        ------
        ArtefactError
            If it is not there, or is another predictor's.
        DamagedModelError
            If a file is not as it was written, or its model cannot be followed.
        """
        import lightgbm as lgb

        manifest = verify_manifest(folder)
        described = _described(manifest)
        if described.get("format") != _FORMAT or described.get("predictor") != cls.name:
            raise ArtefactError(f"{folder}: holds no {cls.name} predictor of this version; `baton train` makes one")
        try:
            found = described["calibration"]
            curve, band, familiar = (described.get(name) for name in ("curve", "band", "familiar"))
            encoding = Encoding(
                tuple(described["features"]),
                {name: tuple(values) for name, values in described["categories"].items()},
                described["usual"],
                {name: (low, high) for name, (low, high) in described.get("ranges", {}).items()},
                {name: tuple(values) for name, values in described.get("rare", {}).items()},
            )
            loaded = cls(
                outcome=described["outcome"],
                kind=described["kind"],
                unit=described["unit"],
                encoding=encoding,
                kpi_of=described["kpi_of"],
                model=read_model(manifest, len(encoding.features)),
                calibration=None if found is None else calibrations.from_json(found),
                about=described["about"],
                curve=None if curve is None else Curve.from_json(curve),
                band=None if band is None else Band.from_json(band),
                familiar=None if familiar is None else Familiar.from_json(familiar),
            )
            probe = read_probe(manifest.text(PROBE_FILE), folder / PROBE_FILE)
            wrong = differs(loaded.model, probe)
            if not wrong and not np.isfinite(loaded.calibrate(probe[1])).all():
                wrong = "its calibration gives no numbers"
        except (KeyError, TypeError, ValueError, AttributeError, lgb.basic.LightGBMError) as error:
            raise DamagedModelError(f"{folder}: cannot be read ({error}); `baton run` trains it again") from error
        if wrong:
            raise DamagedModelError(
                f"{folder / loaded.model.file}: {wrong}; it is not used, `baton run` trains it again"
            )
        return loaded


def predictor_class(outcome: str, /) -> type[BoostedPredictor]:
    """Return the predictor of an outcome: each kind has a module of ``models/prediction/``.

    Raises
    ------
    ArtefactError
        If there is none.
    """
    return _class_of(Outcome.parse(outcome).kind)


def load_predictor(folder: Path, /) -> BoostedPredictor:
    """Read a predictor of any outcome.

    Raises
    ------
    ArtefactError
        If none is there.
    """
    name = str(_described(verify_manifest(folder)).get("predictor", ""))
    kind = kind_of(name)
    if kind is None:
        raise ArtefactError(f"{folder}: holds a predictor {name!r}, which this version does not know; train again")
    return _class_of(kind).load(folder)


def _class_of(kind: Kind, /) -> type[BoostedPredictor]:
    module = importlib.import_module(f"models.prediction.{_MODULES[kind]}")
    return next(
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, BoostedPredictor) and found.name == table_of(kind)
    )


def _described(manifest: Manifest, /) -> dict[str, Any]:
    """Return ``predictor.json``."""
    try:
        found = json.loads(manifest.text("predictor.json"))
    except ValueError as error:
        raise DamagedModelError(f"{manifest.folder / 'predictor.json'}: is no JSON ({error}); train again") from None
    if not isinstance(found, dict):
        raise DamagedModelError(f"{manifest.folder / 'predictor.json'}: describes no predictor; train again")
    return found


def _moment(value: Any, /) -> str | None:
    return None if pd.isna(value) else pd.Timestamp(value).isoformat()
