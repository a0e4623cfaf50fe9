"""Each table as Baton understands it, before anything is computed from it."""
