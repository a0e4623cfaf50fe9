"""The verbs: validate, run, train, score, recommend, simulate, report; also the Python API for notebooks."""
