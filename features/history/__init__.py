"""What was known of customers and employees at a moment, where `valid_from` says since when each row holds."""
