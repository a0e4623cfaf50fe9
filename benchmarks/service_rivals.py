"""``mlflow models serve`` around the same model, as its users would set it up; and what the benchmark asks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

MODEL = """
from pathlib import Path

import mlflow
from mlflow.models import set_model


class Churn(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        from models.prediction.predictor import load_predictor

        self.predictor = load_predictor(Path(context.artifacts["model"]))

    def predict(self, context, model_input, params=None):
        return self.predictor.predict(model_input).tolist()


set_model(Churn())
"""
PATH = "/invocations"


def save(folder: Path) -> Path:
    """Write the model of a run as one of MLflow's, from code and without a pickle."""
    import mlflow

    from baton.files import RunFolder
    from baton.outcomes import outcome_folder

    code, place = folder / "mlflow_model.py", folder / "mlflow"
    code.write_text(MODEL, "utf-8")
    model = outcome_folder(RunFolder(folder / "out").models, "churn")
    mlflow.pyfunc.save_model(str(place), python_model=str(code), artifacts={"model": str(model)}, pip_requirements=[])
    return place


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server: what ``mlflow models serve --env-manager local`` starts in its turn, without that parent."""
    command = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    environment = {**os.environ, "__pyfunc_model_path__": str(save(folder))}
    return subprocess.Popen(
        [*command, "--log-level", "warning", "mlflow.pyfunc.scoring_server.app:app"], env=environment
    )


def body(rows: list[dict[str, Any]]) -> bytes:
    """Return what MLflow is sent for rows of features."""
    return json.dumps({"dataframe_records": rows}).encode()


def probabilities(answer: Any) -> list[float]:
    """Return what MLflow has answered."""
    return answer["predictions"]
