"""The steps of a run as data, in the order in which they are done."""

from __future__ import annotations

from baton.run_results import EVALUATION, MODELS
from pipelines.steps import Step

__all__ = [
    "ADVISE",
    "FEATURES",
    "FIGURES",
    "PRICE",
    "PROCESS",
    "REGISTER",
    "REPORT",
    "SCORE",
    "STAGE",
    "STEPS",
    "TEXTS",
    "TRAIN",
    "WHAT_IF",
]

_CAUSES_MODEL = "models/root_cause/"

STAGE = Step(
    "stage",
    keeps=("staged/",),
    code=("features.staging.stage", "features.quality.concentration", "features.quality.observation.gaps"),
)
FIGURES = Step("figures", needs=("stage",), code=("pipelines.figures.measure",))
TEXTS = Step(
    "texts",
    needs=("stage",),
    makes=("texts/",),
    keeps=(_CAUSES_MODEL,),
    code=("pipelines.complaints.read",),
)
FEATURES = Step(
    "features",
    needs=("stage", "texts"),
    # earlier versions kept results of KPIs from run to run
    makes=("training/", "partials/"),
    code=("features.training.build", "features.training.leaks", "pipelines.complaints.read"),
)
TRAIN = Step(
    "train",
    needs=("features",),
    makes=("models/", EVALUATION),
    besides=(_CAUSES_MODEL,),
    code=("pipelines.train",),
)
SCORE = Step("score", needs=("features", "train"), code=("pipelines.score",))
PRICE = Step("price", needs=("texts", "score"), code=("pipelines.complaints.read",))
PROCESS = Step("process", needs=("stage", "score"), code=("pipelines.bottlenecks",))
ADVISE = Step(
    "advise",
    needs=("stage", "texts", "score", "price"),
    makes=("advice/",),
    code=("pipelines.recommend", "features.cases.build"),
    writes_sentences=True,
)
WHAT_IF = Step("what_if", needs=("features", "train", "score", "advise"), code=("pipelines.what_if.find",))
REGISTER = Step("register", needs=("train",), keeps=(MODELS,), code=("pipelines.tracking",))
_BEFORE = (STAGE, FIGURES, TEXTS, FEATURES, TRAIN, SCORE, PRICE, PROCESS, ADVISE, WHAT_IF, REGISTER)
REPORT = Step(
    "report",
    needs=tuple(step.name for step in _BEFORE),
    keeps=("report.html",),
    code=("pipelines.report.write",),
    writes_sentences=True,
)
STEPS = (*_BEFORE, REPORT)
"""All of them; ``pipelines/run.py`` does them."""
