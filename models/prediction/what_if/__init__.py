"""What would change a prediction, within what the company can do."""
