"""How single values are read: numbers, times, ratings, and words that stand for no value."""
