"""Whom to help with what."""
