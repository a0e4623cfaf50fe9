"""As of now: a customer's chance of leaving and a team's KPIs from the run's tables and the events since."""
