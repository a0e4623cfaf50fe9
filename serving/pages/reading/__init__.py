"""What pages read from a run, once for each run."""
