"""Which KPIs work together in a prediction: exact Shapley interactions, computed when somebody asks."""
