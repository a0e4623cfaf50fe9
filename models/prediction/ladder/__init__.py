"""How much capacity the data ask for: small trees, larger ones, a linear model, or a mean of both."""
