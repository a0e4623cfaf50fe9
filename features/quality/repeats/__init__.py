"""Rows that stand in a table more than once."""
