"""Watching the data that come in and the predictions that went out."""
