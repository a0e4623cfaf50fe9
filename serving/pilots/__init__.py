"""Pilots as people run them: who plans, approves, starts, adopts and stops, and what is kept of it."""
