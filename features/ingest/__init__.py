"""Bringing a company's tables in."""
