"""Baton: the shared language and the front door."""
