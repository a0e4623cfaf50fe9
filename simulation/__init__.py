"""Simulated companies of known truth."""
