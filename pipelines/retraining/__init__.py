"""Training models anew: whether it is time, against whom, by which gates, and back again."""
