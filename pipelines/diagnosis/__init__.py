"""The first step: what today's scorecards do to the customer, and what nobody measures."""
