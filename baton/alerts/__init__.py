"""Alerts, as the company file asks for them."""
