"""Tables with a column for each KPI, one row a unit and period: turned into measures and scorecards."""
