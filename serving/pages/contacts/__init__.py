"""Pages about what people did for customers at risk."""
