"""Finding things: what words mean, and search over what one may see."""
