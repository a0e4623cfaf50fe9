"""What customers write: a cause per case, what the report says of each cause, and the settings of both."""
