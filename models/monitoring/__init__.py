"""Watching data and models: what has changed more than it does by itself, and what that is."""
