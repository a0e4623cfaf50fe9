"""Trying a change on a few teams: the plan, and what came of it."""
