"""Causes that nobody has named yet."""
