"""The advice before: what of it stands, and what has changed since."""
