"""KPIs for people who write no SQL: which there are, which a company can compute, and how to add one."""
