"""What a text is before any model reads it: cleaned, masked, its language detected."""
