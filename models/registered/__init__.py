"""Where registered models lie, and how they are packed."""
