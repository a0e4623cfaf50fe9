"""Causes: what customers write of, labels that people correct, and what a team does about a cause."""
