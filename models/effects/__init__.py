"""What KPIs do to outcomes: estimates, reliability and tests."""
