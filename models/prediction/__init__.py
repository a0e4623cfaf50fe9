"""Predictors, one target each, with their encoding, calibration, evaluation and attribution."""
