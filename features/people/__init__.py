"""What tells who people are, and how it stays behind."""
