"""Pilots: which teams try a change, what could be seen, and what came of it."""
