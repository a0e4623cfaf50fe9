"""Alerts: what crosses a threshold goes out, once, to the one who is responsible."""
