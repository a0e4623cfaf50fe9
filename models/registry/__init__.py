"""Which models are registered, and which of them answers."""
