"""The page that managers read."""
