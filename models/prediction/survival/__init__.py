"""When customers leave."""
