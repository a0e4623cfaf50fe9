"""How far today's scorecards serve the customer, and where they do not."""
