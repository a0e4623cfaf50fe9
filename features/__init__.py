"""What was known at a moment: sources, checks, metrics, snapshots, training tables."""
