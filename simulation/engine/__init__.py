"""What every simulated company shares."""
