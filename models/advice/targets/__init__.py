"""What a team's KPIs may be expected to reach, what today's targets are worth, and drafts of objectives."""
