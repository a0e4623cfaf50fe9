"""Encoders: texts as vectors by somebody else's transformer."""
